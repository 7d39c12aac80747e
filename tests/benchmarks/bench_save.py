"""How long a save takes and how much memory: `python tests/benchmarks/bench_save.py [--rows 100000]`.

Makes sheets of ten columns of numbers, and edits a few cells, then all of them. openpyxl loads and
saves a smaller sheet for comparison; ours is timed on the same one, so that the ratio is fair.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = 10


def make(path: Path, rows: int) -> None:
    import xlsxwriter
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet("R")
    for row in range(rows):
        for col in range(COLUMNS):
            sheet.write_number(row, col, (row * 31 + col * 7) % 1000 / 7)
    book.close()


def few(path: str) -> None:
    sys.path.insert(0, str(ROOT))
    from pyxl.grid.cells import Cell
    from pyxl.xlsx import open_workbook
    with open_workbook(path) as book:
        book.save({"R": {Cell(2, 2): 0.5, Cell(999, 3): 1.5}})


def every(path: str, rows: int) -> None:
    sys.path.insert(0, str(ROOT))
    from pyxl.grid.cells import Cell
    from pyxl.xlsx import open_workbook
    with open_workbook(path) as book:
        book.save({"R": {Cell(row, col): row / 3 for row in range(1, rows + 1) for col in range(1, COLUMNS + 1)}})


def read(path: str) -> None:
    sys.path.insert(0, str(ROOT))
    from pyxl.xlsx import open_workbook
    with open_workbook(path) as book:
        book.grid("R")


def openpyxl(path: str) -> None:
    import openpyxl as other
    book = other.load_workbook(path)
    book["R"]["B2"] = 0.5
    book.save(path)


def measured(task: str, path: Path, rows: int) -> tuple[float, float]:
    """(seconds, peak MiB) of one task in a process of its own, interpreter and imports included."""
    started = time.perf_counter()
    run = subprocess.run([sys.executable, __file__, "--task", task, "--path", path, "--rows", str(rows)],
                         check=True, capture_output=True, text=True)
    return time.perf_counter() - started, float(run.stdout)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    options.add_argument("--rows", type=int, default=100_000, help="rows of the large sheet, ten cells each")
    options.add_argument("--task", help=argparse.SUPPRESS)
    options.add_argument("--path", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.task:
        if chosen.task == "every":
            every(chosen.path, chosen.rows)
        else:
            {"few": few, "read": read, "openpyxl": openpyxl}[chosen.task](chosen.path)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    small = max(chosen.rows // 5, 1)
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'task':34} {'cells':>10} {'seconds':>8} {'MiB':>6}")
        results = {}
        for rows, tasks in ((chosen.rows, ("few", "every", "read")), (small, ("few", "openpyxl"))):
            path = Path(folder, f"{rows}.xlsx")
            make(path, rows)
            for task in tasks:
                seconds, peak = results[rows, task] = measured(task, path, rows)
                name = {"few": "save, 2 cells edited", "every": "save, every cell edited", "read": "read into a Grid",
                        "openpyxl": "openpyxl: load, edit, save"}[task]
                print(f"{name:34} {rows * COLUMNS:10,} {seconds:8.2f} {peak:6.0f}")
        theirs, ours = results[small, "openpyxl"], results[small, "few"]
        print(f"openpyxl / ours on the same sheet: {theirs[0] / ours[0]:.1f} x the time, "
              f"{theirs[1] / ours[1]:.1f} x the memory")


if __name__ == "__main__":
    main()
