"""How long LibreOffice calculates after a rating was typed on the sheet `ratings`: python tests/benchmarks/bench_recalculation.py

Seconds of processor time of LibreOffice itself, so that a busy machine tells the same; the median of five ratings. First what depends
on the rating, until all sheets have been counted; then all formulas, as after opening a file of another program.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

import workbook
from pyxl.engines import choose_engine
from solver import Ratings


def made(users: int, items: int, n: int) -> Ratings:
    """So many ratings in half steps, anywhere in the table."""
    rng = np.random.default_rng(0)
    table = np.full(users * items, np.nan)
    table[rng.choice(users * items, n, replace=False)] = rng.integers(1, 11, n) / 2
    return Ratings.from_crosstab(table.reshape(users, items), range(1, users + 1), [f"film {item}" for item in range(items)])


def office_seconds() -> float:
    """What the LibreOffice that this process started has computed so far (Linux)."""
    stats = {int(path.parent.name): path.read_text().rpartition(")") for path in Path("/proc").glob("[0-9]*/stat")}
    fields = {pid: (name, rest.split()) for pid, (name, _, rest) in stats.items()}
    parent = {pid: int(rest[1]) for pid, (_, rest) in fields.items()}

    def is_ours(pid: int) -> bool:
        return pid == os.getpid() or pid in parent and is_ours(parent[pid])

    ticks = sum(int(rest[11]) + int(rest[12]) for pid, (name, rest) in fields.items() if "soffice" in name and is_ours(pid))
    return ticks / os.sysconf("SC_CLK_TCK")


def seconds_of(action: Callable[[], object]) -> float:
    """What LibreOffice computes meanwhile."""
    before = office_seconds()
    action()
    return office_seconds() - before


def read_all(book) -> None:
    """Have LibreOffice count the numbers of every sheet: array formulas are computed when they are looked at."""
    import uno

    count = uno.Enum("com.sun.star.sheet.GeneralFunction", "COUNT")
    for sheet in book.api.Sheets:
        cursor = sheet.createCursor()
        cursor.gotoEndOfUsedArea(True)
        cursor.computeFunction(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("users", 300), ("items", 200), ("ratings", 20_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    choose_engine("libreoffice")
    import xlwings

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.xlsx"
        layouts = workbook.build(made(args.users, args.items, args.ratings), path)
        app = xlwings.App(visible=False, add_book=False)
        try:
            book = app.books.open(str(path))
            rmse = book.sheets["bias"].range(tuple(layouts["bias"].rmse))
            app.calculate()
            reading = seconds_of(lambda: read_all(book))
            dependents, everything, seen = [], [], {rmse.value}
            for typed in (0.5, 5.0, 1.0, 4.5, 2.0):
                def follow(typed=typed) -> None:
                    book.sheets["ratings"].range("B8").value = typed
                    book.api.calculate()
                    read_all(book)
                dependents.append(seconds_of(follow) - reading)
                seen.add(rmse.value)
                everything.append(seconds_of(app.calculate))
            assert len(seen) >= 5, "the sheets do not follow"
            print(f"{args.users} × {args.items}, {args.ratings:,} ratings: {statistics.median(dependents):.2f} s of LibreOffice's processor time "
                  f"after a rating is typed; {statistics.median(everything):.2f} s for all formulas")
        finally:
            app.quit()


if __name__ == "__main__":
    main()
