"""Builds the optimizer workbook: gradient descent on a line, a data row at a time, in live formulas.

`sheet_formulas` holds each update rule as formulas, beside `solver.tracing`, which holds them as numbers; `training_plan`
says what stands where, `training_sheet` writes it. Stands on `workbook.write` and `solver.tracing`. You may add an update
rule (there and here) or a sheet.
"""
