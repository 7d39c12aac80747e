"""The sheets that show what factors are good for: `recommend`, `you`, `why`, `items`, `users`, `map`, `check`.

Stands on `workbook.write` and `workbook.model_sheets`. You may add a view; all of its numbers are live
formulas.
"""
