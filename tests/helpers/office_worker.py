"""One headless LibreOffice, driven over stdin and stdout: a JSON request a line, a JSON answer a line.

Run by Debian's python, which has `uno`; see office.py. Requests: {"do": "recalculate", "path",
"ranges": {sheet: [A1, …]}, "set": {sheet: {A1: value}}}, {"do": "pdf", "path", "out"} and
{"do": "insert", "path", "out", "rows", "columns", "before"}.
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


def properties(**values):
    return tuple(PropertyValue(name, 0, value, 0) for name, value in values.items())


def start(soffice, profile):
    """(process, desktop); a fresh profile makes soffice end once with code 81, then it starts."""
    pipe = "collabsheet" + os.path.basename(profile)
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


def recalculate(document, ranges, cells):
    for sheet, values in cells.items():
        page = document.Sheets.getByName(sheet)
        for address, value in values.items():
            cell = page.getCellRangeByName(address)
            if value is None:
                cell.clearContents(1 | 2 | 4 | 16)
            elif isinstance(value, str):
                cell.setString(value)
            else:
                cell.setValue(value)
    document.calculateAll()
    return {sheet: {address: read(document.Sheets.getByName(sheet).getCellRangeByName(address))
                    for address in addresses}
            for sheet, addresses in ranges.items()}


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
    for row in range(address.StartRow, address.EndRow + 1):
        for col in range(address.StartColumn, address.EndColumn + 1):
            yield row - home.StartRow, col - home.StartColumn


def answer(desktop, request):
    document = opened(desktop, request["path"])
    try:
        if request["do"] == "recalculate":
            return recalculate(document, request["ranges"], request.get("set") or {})
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
        try:
            for line in sys.stdin:
                try:
                    reply = {"result": answer(desktop, json.loads(line))}
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
