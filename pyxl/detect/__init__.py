"""Finds the factor model on a sheet by its formulas, verifies it by its own numbers, and reads them.

Stands on `pyxl.formulas` and `pyxl.hosts`. You may teach it another arrangement of the model; it must refuse
rather than guess.
"""
