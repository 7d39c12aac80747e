"""How the outputs of a compiled program depend on the changing cells: which are linear, and what makes the others not so.

Stands on `pyxl.formulas.compiled`. You may add a rule for an operation of torch; an operation that no rule knows makes
what it touches smooth or stepwise, never linear.
"""
