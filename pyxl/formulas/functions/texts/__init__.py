"""Worksheet functions of text and dates, and number formats.

Stands on `pyxl.formulas.language`. You may add functions.
"""
