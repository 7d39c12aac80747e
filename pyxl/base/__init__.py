"""Small things that everything in pyxl may use: the log file, locks, retrying while a program is busy, plain output.

Stands on `solver.errors` alone. You may add a helper that at least two rooms use.
"""
