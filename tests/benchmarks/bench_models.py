"""Solves every model that Excel's Solver left in folders of workbooks, and writes docs/solver-models.md.

    python tests/benchmarks/bench_models.py FOLDER…

Each model is solved by a process of its own, `collabsheet fit BOOK --sheet SHEET -o COPY --overwrite-formulas --json`; seconds are those of the
processor, start of Python and torch included. A model counts as met where the fitted sheet has an objective as good as the stored
one and meets all constraints, or where it is proved that nothing does.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pyxl.grid.stored_problem import LostModel, stored_problem
from pyxl.xlsx import open_workbook

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "solver-models.md"
HEAD = """# Solver's models in other people's workbooks

<!-- made by tests/benchmarks/bench_models.py -->

Every model that Excel's Solver left in {books} workbooks, public ones and those made for our tests, solved from what the sheet holds:
{met} of {solvable} that say what is to be changed reach Excel's own objective or a better one with all constraints met, or are
proved to have no solution; {refused} more say no changing cells, or have lost their cells.
`stored` is the objective as the workbook was saved: by Excel where it had been solved, and where the stored cells miss
constraints, that is said. Seconds are those of the processor, with the start of Python and torch (about 2); on a machine that
much else runs on they are up to half as many more.

| workbook | sheet | kind | engine | stored | ours | seconds | |
|---|---|---|---|---|---|---|---|
"""
NEAR = 1e-6     # relative above 1: as good as the stored one


def main(folders: list[str]) -> None:
    paths = [path for folder in folders for path in sorted(Path(folder).glob("*.xls[xm]"))]
    lines, counts = [], {"met": 0, "short": 0, "refused": 0}
    for path in paths:
        for sheet in _sheets_with_a_model(path):
            line, verdict = _solved(path, sheet)
            counts[verdict] += 1
            lines.append(line)
            print(line, flush=True)
    head = HEAD.format(books=len(paths), met=counts["met"], solvable=counts["met"] + counts["short"], refused=counts["refused"])
    PAGE.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


def _sheets_with_a_model(path: Path) -> list[str]:
    found = []
    with open_workbook(path) as workbook:
        for sheet in workbook.sheets:
            try:
                if stored_problem(workbook, sheet) is not None:
                    found.append(sheet)
            except LostModel:
                found.append(sheet)
    return found


def _solved(path: Path, sheet: str) -> tuple[str, str]:
    """A line of the table, and whether the model was met, came short or was refused."""
    with tempfile.TemporaryDirectory() as folder:
        before = os.times()
        done = subprocess.run([sys.executable, "-m", "pyxl", "fit", str(path), "--sheet", sheet, "-o", str(Path(folder) / "out.xlsx"), "--overwrite-formulas", "--json"],
                              cwd=ROOT, capture_output=True, text=True, check=False)
        after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    if done.returncode == 3:
        proved = "not proved" not in done.stderr and "proved" in done.stderr
        verdict, cells = "met" if proved else "short", ("", "", "", "no solution", f"{seconds:.1f}", "proved that none meets all constraints" if proved else "none found")
    elif done.returncode != 0:
        verdict, cells = "refused", ("", "", "", "", f"{seconds:.1f}", done.stderr.strip().removeprefix(f"{sheet}: "))
    else:
        report = json.loads(done.stdout)["sheets"][sheet]
        verdict, remark = _judged(report)
        kind = report.get("kind", "factor model").split(", as ")[0]
        cells = (kind, report.get("engine", "gradients"), _shown(report.get("before", report.get("rmse_before"))),
                 _shown(report.get("after", report.get("rmse_after"))), f"{seconds:.1f}", remark)
    return f"| {' | '.join((path.name, sheet, *cells))} |".replace("  ", " "), verdict


def _judged(report: dict) -> tuple[str, str]:
    if "before" not in report:      # a factor model, whose RMSE fell
        return "met", ""
    before, after, goal = report["before"], report["after"], report["goal"]
    near = NEAR * max(1.0, abs(before))
    missed = report.get("missed_before", 0.0) > NEAR
    good = {"max": after >= before - near, "min": after <= before + near,
            "value": math.isclose(after, report["target"] or 0.0, abs_tol=max(near, abs(before - (report["target"] or 0.0))))}[goal]
    proof = "optimum proved" if report["proved"] else "" if report["gap"] is None else f"within {report['gap']:.1%} of what is possible"
    remark = "; ".join(filter(None, ("stored cells miss constraints" if missed else "", proof)))
    return "met" if report["feasible"] and (good or missed) else "short", remark


def _shown(number: float) -> str:
    return f"{number:.9g}"


if __name__ == "__main__":
    main(sys.argv[1:])
