"""The sheets that hold ratings, models and settings: `start`, `ratings`, `dotprod`, `bias`, `bounded`, `embedding`,
the run log.

Stands on `workbook.write` and the names that `pyxl.fit` reads. You may add a sheet; `detect` must find again
what is built here.
"""
