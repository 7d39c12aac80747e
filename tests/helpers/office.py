"""The oracle of the tests: a headless LibreOffice that recalculates a workbook and tells its values."""

from __future__ import annotations

import json
import re
import selectors
import shutil
import subprocess
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pyxl.grid.cells import ErrorValue, Value

WORKER = Path(__file__).with_name("office_worker.py")
PYTHON = "/usr/bin/python3"  # Debian's, which has `uno`, whatever Python runs the tests


class OfficeMissing(Exception):
    """There is no LibreOffice here, or no python3-uno to drive it."""


class Office:
    """A running LibreOffice with a profile of its own; a context manager that ends it."""

    def __init__(self):
        soffice = shutil.which("soffice")
        if soffice is None:
            raise OfficeMissing("needs LibreOffice: apt-get install libreoffice-calc")
        if not Path(PYTHON).exists() or subprocess.run([PYTHON, "-c", "import uno"], capture_output=True).returncode:
            raise OfficeMissing("needs Debian's python3-uno: apt-get install python3-uno")
        self._worker = subprocess.Popen([PYTHON, str(WORKER), soffice], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self._answer(120)
        except BaseException:
            self.close()
            raise

    def recalculate(self, path, ranges: Mapping[str, Sequence[str]], *,
                    set: Mapping[str, Mapping[str, Value]] | None = None,
                    timeout: float = 300) -> dict[str, dict[str, list[list[Value]]]]:
        """Open a workbook, set some cells, recalculate everything, and read ranges: sheet -> range -> rows.

        The file is not changed. Booleans come as 1.0 and 0.0, as LibreOffice keeps them.
        """
        sheets = self._ask({"do": "recalculate", "path": str(Path(path).resolve()), "set": set or {},
                            "ranges": {sheet: list(addresses) for sheet, addresses in ranges.items()}}, timeout)
        return {sheet: {address: [[ErrorValue(value[0]) if isinstance(value, list) else value for value in row]
                                  for row in rows]
                        for address, rows in blocks.items()}
                for sheet, blocks in sheets.items()}

    def to_pdf(self, path, folder) -> Path:
        """The whole workbook as a PDF of its name in `folder`."""
        out = Path(folder).resolve() / (Path(path).stem + ".pdf")
        self._ask({"do": "pdf", "path": str(Path(path).resolve()), "out": str(out)}, 300)
        return out

    def insert(self, path, out, *, rows: int, columns: int, before: tuple[int, int] = (1, 1)) -> Path:
        """A copy of the workbook with rows inserted above and columns left of the cell (row, column) of every sheet, recalculated.

        LibreOffice refuses where an array formula begins in the first row or column.
        """
        self._ask({"do": "insert", "path": str(Path(path).resolve()), "out": str(Path(out).resolve()),
                   "rows": rows, "columns": columns, "before": list(before)}, 300)
        return Path(out)

    def close(self) -> None:
        self._worker.stdin.close()
        try:
            self._worker.wait(20)
        except subprocess.TimeoutExpired:
            self._worker.kill()
            self._worker.wait()
        self._worker.stdout.close()

    def __enter__(self) -> Office:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _ask(self, request: dict, timeout: float):
        self._worker.stdin.write(json.dumps(request) + "\n")
        self._worker.stdin.flush()
        return self._answer(timeout)

    def _answer(self, timeout: float):
        with selectors.DefaultSelector() as selector:
            selector.register(self._worker.stdout, selectors.EVENT_READ)
            if not selector.select(timeout):
                self._worker.kill()  # its answer, if it ever came, would be taken for the next one
                raise TimeoutError(f"LibreOffice has not answered for {timeout} seconds")
        line = self._worker.stdout.readline()
        if not line:
            raise RuntimeError("the LibreOffice worker ended")
        reply = json.loads(line)
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply["result"]


def until(found, seconds: float = 60.0, *, pause: float = 0.1):
    """What `found()` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(pause)   # looking slows the office down
    raise AssertionError(f"not seen within {seconds} seconds")


def oracle_copy(path, tmp_path) -> Path:
    """A copy of somebody else's workbook that LibreOffice recalculates as Excel would.

    Its pivot tables are detached (LibreOffice would redraw them over the user's cells) and
    ``_xlfn.SINGLE(…)``, which LibreOffice lacks, is unwrapped.
    """
    copy = Path(tmp_path) / Path(path).name
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if re.match(r"xl/pivot(Tables|Cache)/", name):
                continue
            if re.match(r"xl/worksheets/_rels/|xl/_rels/", name):
                content = re.sub(rb"<Relationship [^>]*/pivot(Table|CacheDefinition)\"[^>]*/>", b"", content)
            elif name == "[Content_Types].xml":
                content = re.sub(rb"<Override [^>]*/xl/pivot[^>]*/>", b"", content)
            elif name == "xl/workbook.xml":
                content = re.sub(rb"<pivotCaches>.*?</pivotCaches>", b"", content, flags=re.S)
            elif name.startswith("xl/worksheets/sheet"):
                content = content.replace(b"_xlfn.SINGLE(", b"(")
            target.writestr(name, content)
    return copy
