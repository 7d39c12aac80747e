"""Gradient descent on a line, a data row at a time, with every number on the way: what the optimizer workbook shows.

`update_rules` holds the equations, one table of them, and `trace_rows` walks through the data. Plain Python numbers,
so that each equation can be read beside its cell; the tests hold both against `torch.optim`. Stands on `solver.errors`
alone. You may add an update rule.
"""
