"""What pressing Fit does, step by step: choose sheets, fit, write parameters, recalculate, compare, keep what was
before.

Stands on `pyxl.detect.detect`, `pyxl.problems` and `pyxl.hosts`. You may change what a fit reports and keeps; only
parameters may be written.
"""
