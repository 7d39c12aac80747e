"""What a program protects from being written, and the sentence on it."""

from __future__ import annotations

from solver.errors import UserError

# what Excel (on Windows, on a Mac) and LibreOffice are asked, of a sheet or of a workbook
_QUESTIONS = ("isProtected", "ProtectContents", "ProtectStructure", "protect_contents", "protect_structure")


class Protected(UserError):
    """Why a cell of a workbook cannot be written, or a sheet not be added."""


def is_protected(native) -> bool:
    """Whether a sheet, or the structure of a workbook, is protected: `native` is the program's own object (xlwings' ``api``)."""
    for question in _QUESTIONS:
        try:
            found = getattr(native, question)
        except Exception:   # another program's word: each says so by an error of its own
            continue
        return bool(found() if callable(found) else found)
    return False
