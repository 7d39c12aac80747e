"""The commands on workbooks: build one, fit it, inspect it, recalculate it, repair it.

Stands on `pyxl.cli.arguments`, on all of `pyxl` and on `workbook`. You may add a command here: a module with a `Command`,
and its line in `pyxl.__main__`.
"""
