"""Ratings in memory: who rated what, ratings set apart, and what each user has rated.

Stands on `solver.errors` alone. You may add ways to split or filter `Ratings`; their fields are what every
kernel and every sheet relies on.
"""
