"""The sheets that hold no model: `start` with its settings, `ratings`, and the run log.

Stands on `workbook.model_sheets`, for its buttons, and on the names that `pyxl.fit` reads. You may add a sheet; all other sheets
follow `ratings` by formulas.
"""
