"""SGD a rating at a time on a CUDA GPU, one Triton kernel for each stratum.

Stands on `solver.kernels` and `solver.kernels`. You may change the kernel as long as it agrees with the CPU's;
it has never run on a real GPU, and the README says so.
"""
