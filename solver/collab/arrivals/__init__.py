"""Users, items and ratings that came after a fit, or that have no ratings: rows of factors for them, beside the fitted ones.

Stands on `solver.collab.answers`, `solver.collab.labels` and `solver.model`. You may add ways to describe a newcomer; the
rows that were fitted must stay as they are.
"""
