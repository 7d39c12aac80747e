"""A sheet in memory: cell addresses, values, formulas, names, Solver's stored model and the layout of a model. Knows
no file and no program.

Stands on `solver.errors`. You may add a description of what can stand on a sheet; nothing here reads or
computes.
"""
