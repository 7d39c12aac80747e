"""Worksheet functions of numbers: arithmetic, matrices, statistics, regression and distributions.

Stands on `pyxl.formulas.language`. You may add functions.
"""
