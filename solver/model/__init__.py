"""What is predicted: the table of models, the factors, the embedding net, and what posterior draws say together.

Stands on `solver.data`. You may add a model to `MODELS`; the equations of those that exist are the sheet's
own and stay.
"""
