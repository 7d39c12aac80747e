"""Ways of learning, judged on ratings that they have not seen: cross-validation, searches of settings, a report on biases.

Stands on `solver.collab.collab_filter` and `solver.judging`. You may add searches and what is reported; no rating that
judges may be among those that were learnt.
"""
