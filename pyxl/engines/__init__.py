"""Where sheet code runs: xlwings engines, one for each host of a workbook.

All sheet code is plain xlwings API; `choose_engine` says which host carries it out. Excel is xlwings' own
engine; `libreoffice` drives a live Calc over UNO; `file` needs no office at all. Nothing here uses
`xlwings.pro`.
"""

from .engine_table import ENGINES, choose_engine

__all__ = ["ENGINES", "choose_engine"]
