"""A table that was looked at, wherever it is stored: the port of formats, what its columns mean, its texts, and its bad rows.

Stands on `solver.errors` and `solver.data`. You may add a synonym for a column's name; a table that was read rightly must stay
read the same way.
"""
