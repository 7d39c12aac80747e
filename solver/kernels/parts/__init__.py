"""What kernels are put together from: vectors, tables of factors, errors, small linear systems, and threads.

Stands on `solver.core` and on numba. You may add parts; a file here that kernels use must be in the list of
`kernel_parts`, because by it a compiled kernel knows that it is out of date.
"""
