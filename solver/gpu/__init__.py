"""What runs on a CUDA GPU by Triton kernels of our own: SGD a rating at a time, and the regressions of ALS and Gibbs sampling.

Stands on `solver.fused`, `solver.kernels` and `solver.core`. You may change a kernel as long as it agrees with the CPU's; none has
ever run on a real GPU, and the README says so.
"""
