"""Methods that step after every batch of ratings: one batch at a time, replayed as a graph on a GPU, or with a user's own module.

Stands on `solver.core` and `solver.kernels`. You may add a way to run batches; its numbers must be those of `mini_batch`.
"""
