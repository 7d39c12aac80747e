"""CollabFilter, the estimator in the manner of scikit-learn: fit, predict, recommend, explain, save and load.

Stands on its rooms `labels`, `answers`, `arrivals` and `saved`, and on `solver.fitting.fit_ratings`; `judged` stands on it.
You may add what a trained model can be asked; the parameters of the constructor and the files of a saved model are
promises to users.
"""
