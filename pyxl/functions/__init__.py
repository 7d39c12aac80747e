"""Functions for cells (CF_…): for Excel through xlwings, and for LibreOffice while `collabsheet functions` runs.

Stands on `pyxl.fit` and the solver. You may add a function that answers within a second.
"""
