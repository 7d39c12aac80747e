"""What a workbook's macros say to Excel's Solver, where no model is stored with a sheet. Macros are read and never run.

`compound_reader` takes streams from a compound file, `vba_modules` the source text of modules from a VBA project; `statements` finds the
calls in it, and `macro_problem` makes Solver's own names of them. Change here what is understood of VBA.
"""
