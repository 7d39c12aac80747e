"""CollabFilter, the estimator in the manner of scikit-learn: fit, predict, recommend, explain, save and load.

Stands on `solver.fitting.fit_ratings`, `solver.judging` and `solver.reading`. You may add what a trained model can be
asked; the parameters of the constructor and the files of a saved model are promises to users.
"""
