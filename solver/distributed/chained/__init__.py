"""Methods that solve or draw all rows of a side at once, on a store: every process has all items, and users stay with their process.

`items_everywhere` holds what the methods share; `chained_als` and `chained_gibbs` are the methods. Only Gibbs sampling uses
`stored_sets` and `kept_draws`. Stands on `solver.distributed` except `fit_store`, and on `solver.methods`, which has the same
equations. You may make a pass faster; sums must stay in the order of the user blocks, whichever process has them.
"""
