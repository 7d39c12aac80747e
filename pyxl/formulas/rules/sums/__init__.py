"""Rules for functions that make one number of many cells: sums, counts, means and other statistics, also of those that fit a condition.

Stands on `pyxl.formulas.compiled` and the rules for single numbers in the folder above. You may add a rule; which cells count must
follow Excel, which decides it by the kind of their values.
"""
