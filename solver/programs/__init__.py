"""Smooth functions of any kind, minimised within bounds and constraints by their exact gradients.

`program` says what is to be minimised, `minimising` does it by the methods of scipy (`scipy_methods`),
which see it through `trials`: scaled, guarded and remembered. `sensitivity` says what holds it there.
"""
