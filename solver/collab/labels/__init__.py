"""Tables as other libraries hold them in memory, taken in: from labels of any kind to rows of factors.

Stands on `solver.data` and `solver.reading`. You may take in further kinds of tables and labels; a label that a model has
learnt must lead to the same row ever after, because a saved model keeps labels and rows.
"""
