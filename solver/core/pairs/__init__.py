"""Rated pairs of users and items as tensors: sorted, counted by row, and their dot products with gradients.

Stands on `solver.data` and on torch. You may make these passes faster, on the CPU or on a GPU; values and gradients must
stay the same.
"""
