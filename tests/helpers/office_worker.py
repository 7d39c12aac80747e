"""One headless LibreOffice, driven over stdin and stdout: a JSON request a line, a JSON answer a line.

Run by Debian's python, which has `uno`; see office.py. Requests: {"do": "recalculate", "path",
"ranges": {sheet: [A1, …]}, "set": {sheet: {A1: value}}}, {"do": "pdf", "path", "out"} and
{"do": "insert", "path", "out", "rows", "columns", "before"}.

Many tests ask one workbook again and again, and to open it takes ten times as long as to recalculate it: the last one
stays open, with the cells that were set put back.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException

ERROR_RESULT = 4      # com.sun.star.sheet.FormulaResult.ERROR
CONTENTS = 1 | 2 | 4 | 16     # com.sun.star.sheet.CellFlags: numbers, dates, texts, formulas
# no lock file beside a workbook that stays open: tests look at what stands in a folder
SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Misc"><prop oor:name="UseLocking" oor:op="fuse"><value>false</value></prop></item>
</oor:items>
"""


def properties(**values):
    return tuple(PropertyValue(name, 0, value, 0) for name, value in values.items())


def start(soffice, profile):
    """(process, desktop); a fresh profile makes soffice end once with code 81, then it starts."""
    pipe = "collabsheet" + os.path.basename(profile)
    os.makedirs(os.path.join(profile, "user"), exist_ok=True)
    with open(os.path.join(profile, "user", "registrymodifications.xcu"), "w", encoding="utf-8") as file:
        file.write(SETTINGS)
    command = [soffice, "--headless", "--invisible", "--norestore", "--nologo", "--nodefault",
               "-env:UserInstallation=file://" + profile, "--accept=pipe,name=%s;urp;" % pipe]
    resolver = uno.getComponentContext().ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver")
    quiet, deadline = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}, time.time() + 90
    process = subprocess.Popen(command, **quiet)
    while time.time() < deadline:
        if process.poll() == 81:
            process = subprocess.Popen(command, **quiet)
        elif process.poll() is not None:
            raise RuntimeError("soffice ended with code %d" % process.poll())
        try:
            context = resolver.resolve("uno:pipe,name=%s;urp;StarOffice.ComponentContext" % pipe)
            return process, context.ServiceManager.createInstance("com.sun.star.frame.Desktop")
        except NoConnectException:
            time.sleep(0.05)
    process.kill()
    raise RuntimeError("soffice does not answer")


def opened(desktop, path):
    document = desktop.loadComponentFromURL(uno.systemPathToFileUrl(path), "_blank", 0,
                                            properties(Hidden=True, ReadOnly=False))
    if document is None:
        raise RuntimeError("LibreOffice cannot open " + os.path.basename(path))
    return document


class LastOpened:
    """The workbook that was recalculated last; it stays open as long as it is the one on disk."""

    def __init__(self, desktop):
        self.desktop, self.document, self.file = desktop, None, None

    def open(self, path):
        status = os.stat(path)
        file = (path, status.st_ino, status.st_size, status.st_mtime_ns)
        if file != self.file:
            self.close()
            self.document, self.file = opened(self.desktop, path), file
        return self.document

    def close(self):
        document, self.document, self.file = self.document, None, None
        if document is not None:
            document.close(True)


def recalculate(last, path, ranges, cells):
    document, before = last.open(path), []
    try:
        for sheet, values in cells.items():
            page = document.Sheets.getByName(sheet)
            for address, value in values.items():
                cell = page.getCellRangeByName(address)
                before.append((cell, content(cell)))
                put(cell, value)
        document.calculateAll()
        found = {sheet: {address: read(document.Sheets.getByName(sheet).getCellRangeByName(address))
                         for address in addresses}
                 for sheet, addresses in ranges.items()}
    except Exception:
        last.close()
        raise
    if any(isinstance(value, Formula) for _, value in before):
        last.close()    # a formula is not put back: it could be part of an array
    else:
        for cell, value in reversed(before):
            put(cell, value)
    return found


class Formula:
    """What a cell holds that is neither a number nor a text."""


def content(cell):
    kind = cell.getType().value
    return {"EMPTY": lambda: None, "VALUE": cell.getValue, "TEXT": cell.getString}.get(kind, Formula)()


def put(cell, value):
    if value is None:
        cell.clearContents(CONTENTS)
    elif isinstance(value, str):
        cell.setString(value)
    else:
        cell.setValue(value)


def read(block):
    """The values of a range: null where blank, [error] where an error; booleans come as 1 and 0."""
    rows = [list(row) for row in block.getDataArray()]
    home = block.getRangeAddress()
    for address in block.queryEmptyCells().getRangeAddresses():
        for row, col in places(address, home):
            rows[row][col] = None
    for address in block.queryFormulaCells(ERROR_RESULT).getRangeAddresses():
        for row, col in places(address, home):
            rows[row][col] = [block.getCellByPosition(col, row).getString()]
    return rows


def places(address, home):
    """Where the cells of an address stand in `home`. Asked for errors beyond the last column that it keeps, LibreOffice answers with
    cells of that column: they are left out."""
    for row in range(max(address.StartRow, home.StartRow), min(address.EndRow, home.EndRow) + 1):
        for col in range(max(address.StartColumn, home.StartColumn), min(address.EndColumn, home.EndColumn) + 1):
            yield row - home.StartRow, col - home.StartColumn


def answer(desktop, last, request):
    if request["do"] == "recalculate":
        return recalculate(last, request["path"], request["ranges"], request.get("set") or {})
    last.close()
    document = opened(desktop, request["path"])
    try:
        kind = "calc_pdf_Export"
        if request["do"] == "insert":
            kind = "Calc MS Excel 2007 XML"
            for name in document.Sheets.ElementNames:
                sheet = document.Sheets.getByName(name)
                if request["rows"]:
                    sheet.Rows.insertByIndex(request["before"][0] - 1, request["rows"])
                if request["columns"]:
                    sheet.Columns.insertByIndex(request["before"][1] - 1, request["columns"])
            document.calculateAll()
        document.storeToURL(uno.systemPathToFileUrl(request["out"]), properties(FilterName=kind))
        return request["out"]
    finally:
        document.close(True)


def main():
    with tempfile.TemporaryDirectory(prefix="office") as profile:
        process, desktop = start(sys.argv[1], profile)
        print(json.dumps({"result": "ready"}), flush=True)
        last = LastOpened(desktop)
        try:
            for line in sys.stdin:
                try:
                    reply = {"result": answer(desktop, last, json.loads(line))}
                except Exception as error:  # whatever UNO throws is the caller's answer
                    reply = {"error": "%s: %s" % (type(error).__name__, error)}
                print(json.dumps(reply), flush=True)
        finally:
            try:
                desktop.terminate()
                process.wait(10)
            except Exception:
                process.kill()
                process.wait()


if __name__ == "__main__":
    main()
