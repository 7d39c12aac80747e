"""The file format: an .xlsx as a zip of parts that stay bytes until edited. Knows no model.

`open_workbook` reads and checks a package; `WorkbookFile.grid` gives a sheet's cells; `WorkbookFile.save` splices
new values into the sheets' XML and copies everything else as the bytes it was.
"""

from pyxl.xlsx.parts.cell_xml import Cached, Edit, InsteadOfFormula, OwnFormula

from .atomic_file import same_file
from .new_sheets import NewSheet
from .package import Limits
from .workbook_file import WorkbookFile, open_workbook

__all__ = ["Cached", "Edit", "InsteadOfFormula", "Limits", "NewSheet", "OwnFormula", "WorkbookFile", "open_workbook", "same_file"]
