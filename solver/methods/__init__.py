"""How each optimizer takes its steps: a module for every way of fitting, and `steps_for`, which chooses one.

Stands on `solver.core`, `solver.kernels` and `solver.gpu`. You may add a method: a class with the protocol
`Steps`, and its line in `steps_for`.
"""
