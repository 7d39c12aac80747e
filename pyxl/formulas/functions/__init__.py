"""The worksheet functions that can be evaluated: one table, put together from the rooms below.

Stands on `pyxl.formulas.language`. You may add a function: a line in the table of its kind, with a test that
holds it against Excel's or LibreOffice's value.
"""
