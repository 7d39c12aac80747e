"""The functions for cells in LibreOffice: Basic functions there, which ask this process.

LibreOffice takes a Basic function of its user's for a cell function. Ours have one line each: they hand
their arguments to an object of this process that the office knows as a service, and give its answer back.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pyxl.engines.libreoffice.find_office import load_uno

from .udfs import CELL_FUNCTIONS

_ERROR_RESULTS, _NO_NAME = 4, 525   # com.sun.star.sheet.FormulaResult.ERROR; the error behind #NAME?
SERVICE, _MODULE = "collabsheet.Functions", "CollabsheetFunctions"

_ASK = f"""' Made by collabsheet: functions for cells, which work while `collabsheet functions` runs.
Private Function Asked(name, arguments)
    On Error GoTo nobody
    answer = createUnoService("{SERVICE}").callFunction(name, arguments)
    If Not IsArray(answer) Then
        Asked = answer
        Exit Function
    End If
    Dim cells(0 To UBound(answer), 0 To UBound(answer(0)))
    For row = 0 To UBound(answer)
        For col = 0 To UBound(answer(0))
            cells(row, col) = answer(row)(col)
        Next col
    Next row
    Asked = cells
    Exit Function
nobody:
    Asked = "Nobody answers: run `collabsheet functions` and recalculate (Ctrl+Shift+F9)."
End Function
"""


@contextmanager
def functions_in(office) -> Iterator[None]:
    """While it lasts, the office (`engines.libreoffice.office.Office`) has the functions; its user's Basic library
    keeps the module, which else says that nobody answers."""
    service = _service()
    office.services.insert(service)
    try:
        library = _basic_library(office)
        (library.replaceByName if library.hasByName(_MODULE) else library.insertByName)(_MODULE, basic_source())
        yield
    finally:
        with suppress(load_uno().getClass("com.sun.star.uno.Exception")):   # the office may have ended
            office.services.remove(service)


def enter_again(document) -> None:
    """Enter the formulas of an open document that were read when the office did not know our functions:
    it looks for a function when a formula is entered, and not again."""
    for n in range(document.Sheets.Count):
        sheet = document.Sheets.getByIndex(n)
        for cell in _unknown(sheet):
            if cell.getArrayFormula():
                block = sheet.createCursorByRange(cell)
                block.collapseToCurrentArray()
                block.setArrayFormula(cell.Formula.strip("{}"))     # what getArrayFormula gives has other separators
            else:
                cell.Formula = cell.Formula


def _unknown(sheet) -> Iterator:
    """The cells that are #NAME? because of one of our functions."""
    for found in sheet.queryFormulaCells(_ERROR_RESULTS).RangeAddresses:
        for row in range(found.StartRow, found.EndRow + 1):
            for col in range(found.StartColumn, found.EndColumn + 1):
                cell = sheet.getCellByPosition(col, row)
                if cell.getError() == _NO_NAME and any(name in cell.Formula.upper() for name in CELL_FUNCTIONS):
                    yield cell


def basic_source() -> str:
    """The Basic module."""
    return "\n".join([_ASK, *map(_basic_function, CELL_FUNCTIONS.values())])


def _basic_function(function) -> str:
    parameters = inspect.signature(function).parameters.values()
    optional = [p.name for p in parameters if p.default is not p.empty]
    head = ", ".join(f"Optional {p.name}" if p.name in optional else p.name for p in parameters)
    lines = [f"Function {function.__name__}({head})", *(f"    If IsMissing({name}) Then {name} = Empty" for name in optional)]
    call = f'Asked("{function.__name__}", Array({", ".join(p.name for p in parameters)}))'
    return "\n".join([*lines, f"    {function.__name__} = {call}", "End Function", ""])


def _basic_library(office):
    libraries = office.service("com.sun.star.script.ApplicationScriptLibraryContainer")
    libraries.loadLibrary("Standard")
    return libraries.getByName("Standard")


def _service():
    """The object that answers, and its own factory: what a service manager takes."""
    load_uno()
    import unohelper
    from com.sun.star.lang import XServiceInfo, XSingleComponentFactory
    from com.sun.star.sheet import XFunctionAccess

    class Functions(unohelper.Base, XSingleComponentFactory, XServiceInfo, XFunctionAccess):
        def createInstanceWithContext(self, _context):
            return self

        def createInstanceWithArgumentsAndContext(self, _arguments, _context):
            return self

        def getImplementationName(self):
            return SERVICE

        def supportsService(self, name):
            return name == SERVICE

        def getSupportedServiceNames(self):
            return (SERVICE,)

        def callFunction(self, name, arguments):
            answer = CELL_FUNCTIONS[name](*arguments)
            return tuple(map(tuple, answer)) if isinstance(answer, list) else answer

    return Functions()
