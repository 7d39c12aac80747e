"""Methods that solve or draw all rows of a side at once, on a store: every process has all items, and users stay with their process.

`items_everywhere` is what they have in common, `chained_als` and `chained_gibbs` are the methods; `stored_sets` and
`kept_draws` are for the second. Stands on the rest of `solver.distributed` except what begins a fit, and on `solver.methods`,
whose equations these are. You may make a pass faster; sums must stay in the order of the user blocks, whoever has these.
"""
