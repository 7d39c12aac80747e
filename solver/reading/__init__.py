"""Ratings from files of any format and size, their columns, titles, and one person's ratings.

Stands on `formats`, `looked_at` and `solver.data`. You may add a kind of table or a clearer sentence; a file
that was read rightly must stay read the same way.
"""
