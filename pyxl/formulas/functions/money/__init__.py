"""Worksheet functions of money: loans, annuities, cash flows and depreciation.

Stands on `pyxl.formulas.language`. You may add functions.
"""
