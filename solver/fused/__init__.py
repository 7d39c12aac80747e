"""Ways of fitting that run on the compiled kernels: SGD a rating at a time, and AdamW on batches.

Stands on `solver.kernels` and `solver.core`. You may change how work is shared among threads; results must
not depend on the number of threads where they do not today.
"""
