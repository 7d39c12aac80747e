"""What holds a workbook: a file, or a program in which it is open, behind one port.

Stands on `pyxl.grid.grid`, `pyxl.xlsx` and `pyxl.formulas`. You may add a host; it must pass the contract tests
that the others pass.
"""
