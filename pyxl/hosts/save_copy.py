"""A copy of a workbook that is open, as it is now: what was typed and not saved is in it, and the open one stays as it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pyxl.base.retry_while_busy import retry_while_busy

if TYPE_CHECKING:
    import xlwings


def save_copy(book: xlwings.Book, path: Path) -> None:
    """Write the copy to a new file, of the kind that its name says. Excel on a Mac knows no copies: there the book is saved first."""
    engine = book.app.engine.name
    if engine == "libreoffice":
        retry_while_busy(lambda: book.impl.save_copy(str(path)))
    elif hasattr(book.api, "SaveCopyAs"):
        retry_while_busy(lambda: book.api.SaveCopyAs(str(path)))
    else:
        retry_while_busy(book.save)
        shutil.copyfile(book.fullname, path)
