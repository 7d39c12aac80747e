"""How each worksheet function is compiled to torch, so that it can be differentiated: one table of rules a module.

Stands on `pyxl.formulas.compiled`. You may add a rule for a function; its values must equal the evaluator's
and its derivatives finite differences.
"""
