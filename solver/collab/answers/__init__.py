"""What fitted factors say: predictions and the intervals around them, recommendations for one or for many, explanations.

Stands on `solver.model` and `solver.data`; knows no estimator. You may add questions that factors can answer; an answer
must equal what the formulas of the sheets show, to 1e-9.
"""
