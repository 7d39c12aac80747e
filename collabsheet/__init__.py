"""collabsheet: collaborative filtering in a live spreadsheet. The public face of `solver`, `pyxl` and `workbook`.

    import collabsheet as cs

    ratings, notes = cs.read_ratings("ratings.csv")
    cs.build(ratings, "films.xlsx")                     # a workbook with live formulas
    cs.fit_workbook("films.xlsx", out="fitted.xlsx")    # its parameters, fitted
    cs.CollabFilter(holdout=0.1).fit(ratings)           # the same model without a sheet

Every name is loaded when it is first used; ``__init__.pyi`` lists them.
"""

from solver.lazy import lazy
from solver.version import __version__ as __version__

__getattr__, __all__ = lazy(__name__)
