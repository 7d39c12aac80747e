"""Worksheet functions of numbers: arithmetic, matrices, statistics, regression, distributions and finance.

Stands on `pyxl.formulas.language`. You may add functions.
"""
