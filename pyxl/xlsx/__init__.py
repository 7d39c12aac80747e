"""The file format: an .xlsx as a zip of parts that stay bytes until edited. Knows no model.

`open_workbook` reads and checks a package; `Book.grid` gives a sheet's cells; `Book.save` splices
new values into the sheets' XML and copies everything else as the bytes it was.
"""

from pyxl.xlsx.parts.cell_xml import Cached

from .atomic_file import same_file
from .book import Book, open_workbook
from .new_sheets import NewSheet
from .package import Limits

__all__ = ["Book", "Cached", "Limits", "NewSheet", "open_workbook", "same_file"]
