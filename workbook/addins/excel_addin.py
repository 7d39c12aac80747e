"""The add-in of Excel: a tab of the ribbon, and the macros behind it, in a workbook that Excel takes for an add-in."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from xlsxwriter import Workbook

from solver.errors import UserError
from workbook.model_sheets.buttons import add_macros
from workbook.vba.macro_text import macro_text, python_path
from workbook.vba.project import CODE_PAGE

from .office_extension import MENU

RIBBON = "customUI/customUI.xml"
_MODULE = "CollabsheetRibbon"
_TELLS = {      # what Excel shows under the pointer
    "Fit": "Find the model on the sheet in view, or the problem that Solver keeps there, and fit it",
    "Stop": "Stop the fit of this workbook and keep the best so far",
    "Restore": "Put back the parameters of before the last fit",
    "Inspect": "Say what was found on the sheet in view, and in which cells",
}
_WORKBOOK, _ADDIN = (f"application/vnd.ms-excel.{kind}.macroEnabled.main+xml".encode() for kind in ("sheet", "addin"))
_RELATION = (f'<Relationship Id="rIdRibbon" Type="http://schemas.microsoft.com/office/2007/relationships/ui/extensibility" Target="{RIBBON}"/>'
             "</Relationships>").encode()


def excel_addin(python: str) -> bytes:
    """The bytes of an ``.xlam`` whose ribbon starts the Python at the path `python`. Raises UserError for a path that VBA cannot hold."""
    source = macro_text("excel_ribbon.bas", "run_python.bas") + python_path(python)
    try:
        source.encode(CODE_PAGE)
    except UnicodeEncodeError:
        raise UserError(f"Excel's macros cannot hold the path of this Python, {python}: it has letters that code page 1252 lacks. "
                        "Use one in a folder with another name.") from None
    content = BytesIO()
    workbook = Workbook(content, {"in_memory": True})
    workbook.add_worksheet("collabsheet").write(0, 0, "An add-in of collabsheet: its macros stand behind the tab Collabsheet of the ribbon.")
    add_macros(workbook, {_MODULE: source})
    workbook.close()
    return _as_addin(content)


def _as_addin(content: BytesIO) -> bytes:
    """The package of a workbook with macros as that of an add-in: its type, and the ribbon."""
    made = BytesIO()
    with ZipFile(content) as package, ZipFile(made, "w", ZIP_DEFLATED) as addin:
        for info in package.infolist():
            part = package.read(info)
            if info.filename == "[Content_Types].xml":
                part = part.replace(_WORKBOOK, _ADDIN)
            elif info.filename == "_rels/.rels":
                part = part.replace(b"</Relationships>", _RELATION)
            addin.writestr(ZipInfo(info.filename, info.date_time), part, ZIP_DEFLATED)
        addin.writestr(ZipInfo(RIBBON), _ribbon(), ZIP_DEFLATED)
    return made.getvalue()


def _ribbon() -> str:
    buttons = "".join(f'<button id="collabsheet{title}" label="{title}" screentip="{title}" supertip="{_TELLS[title]}" onAction="{_MODULE}.{macro}"/>'
                      for title, macro in MENU.items())
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<customUI xmlns="http://schemas.microsoft.com/office/2006/01/customui"><ribbon><tabs>'
            '<tab id="collabsheetTab" label="Collabsheet"><group id="collabsheetGroup" label="Sheet in view">'
            f"{buttons}</group></tab></tabs></ribbon></customUI>")
