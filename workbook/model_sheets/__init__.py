"""The sheets that hold models: `dotprod`, `bias`, `bounded`, `embedding` and `net`, with their buttons, charts and Solver's names.

Stands on `workbook.write` and the names that `pyxl.fit` reads. You may add a sheet; `detect` must find again
what is built here.
"""
