"""Workbooks of one sheet with a problem on it, as Excel's Solver keeps one."""

from __future__ import annotations

from pathlib import Path

import xlsxwriter

from pyxl.grid.cells import Cell

SHEET = "my sheet"


def write(path: Path, cells: dict[str, float | str], *, solver: dict[str, str] | None = None, names: dict[str, str] | None = None) -> Path:
    """A workbook of one sheet: texts beginning with = are formulas; `solver` are Solver's names without their prefix,
    where ``!`` stands for the sheet."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet(SHEET)
        for address, value in cells.items():
            cell = Cell.parse(address)
            sheet.write(cell.row - 1, cell.col - 1, value)
        for name, refers_to in (solver or {}).items():
            book.define_name(f"'{SHEET}'!solver_{name}", "=" + refers_to.replace("!$", f"'{SHEET}'!$"))
        for name, refers_to in (names or {}).items():
            book.define_name(name, "=" + refers_to.replace("!", f"'{SHEET}'!"))
    return path


def solver(objective: str | None, changing: str, *constraints: tuple[str, str, str], goal: str = "min", value: float = 0.0, non_negative: bool = True) -> dict[str, str]:
    """Solver's names, without their prefix, for `write`; a constraint is (``B1:B3``, ``<=``, ``4`` or cells)."""
    cells = lambda text: ",".join("!" + ":".join(f"${a.rstrip('0123456789')}${a[len(a.rstrip('0123456789')):]}" for a in part.split(":"))  # noqa: E731
                                  for part in text.split(",")) if text[:1].isalpha() else text
    names = {**({} if objective is None else {"opt": cells(objective)}), "adj": cells(changing), "typ": {"max": "1", "min": "2", "value": "3"}[goal], "val": str(value),
             "neg": "1" if non_negative else "2", "num": str(len(constraints))}
    for n, (left, relation, right) in enumerate(constraints, 1):
        names |= {f"lhs{n}": cells(left), f"rel{n}": {"<=": "1", "=": "2", ">=": "3", "int": "4", "bin": "5", "dif": "6"}[relation],
                  f"rhs{n}": cells(right) if right else f'"{relation}"'}
    return names
