"""The settings of a fit, what is minimised, the optimizers and schedules, and the one loop that drives every method.

Stands on `solver.data` and `solver.model.models`. You may add an optimizer, a schedule or a setting to its table;
the loop exists once and stays one.
"""
