"""How good predictions are: metrics, the baselines that a model has to beat, and plots.

Stands on `solver.data` and `solver.model.models`. You may add a metric or a plot.
"""
