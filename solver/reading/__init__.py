"""Ratings from files of any format and size, their columns, titles, and one person's ratings.

Stands on `solver.data`. You may add a format, a synonym for a column's name or a clearer sentence; a file
that was read rightly must stay read the same way.
"""
