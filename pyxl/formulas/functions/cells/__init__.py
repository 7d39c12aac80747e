"""Worksheet functions that look at cells and choose among them: lookups, conditions, conditional sums, subtotals.

Stands on `pyxl.formulas.language`. You may add functions.
"""
