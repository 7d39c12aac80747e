"""Fits by a cluster that is there already: `collabsheet.distributed.ray` and `collabsheet.distributed.spark`.

Each takes the cluster's own table of ratings, and has its workers do what the processes of `collabsheet train STORE` do; it stands
on `solver.distributed` and adds no scheduling of its own. Neither ray nor pyspark is imported before a fit asks for it.
"""
