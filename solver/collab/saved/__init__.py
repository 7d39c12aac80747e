"""A fitted model as a folder of two files: how it is written, how it is read, and what it must hold to be believed.

Stands on `solver.disk`, `solver.model` and `solver.collab.labels`. You may add entries and checks; a folder that an
earlier version wrote must stay readable, and no file may be able to run code.
"""
