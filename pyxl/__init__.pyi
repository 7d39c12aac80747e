"""The public names of `pyxl`, each loaded when it is first used."""

from .fit.press_fit import fit_workbook as fit_workbook
from .xlsx import open_workbook as open_workbook
