"""The linear and discrete examples beside HiGHS called directly: processor time of compiling, of solving, and of HiGHS alone.

    python tests/benchmarks/bench_examples.py

HiGHS is called by scipy.optimize.milp on the numbers of the same model. The round trip has no linear model of its size, and is shown without.
Prints a table in Markdown, for docs/guides/solver.md.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from scipy.optimize import Bounds, LinearConstraint, milp

from pyxl.grid.stored_problem import stored_problem
from pyxl.problems.pose import pose
from pyxl.xlsx import open_workbook
from solver import LinearModel, minimise
from workbook.examples import write_examples

EXAMPLES = ("blending", "staff_schedule", "knapsack", "k_median", "round_trip")
TIMES = 60       # the least of so many runs counts
SAME = 1e-6      # relative above 1


def main() -> None:
    print("| example | cells | compiled | solved | HiGHS alone | ratio | optimum |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        paths = {path.stem: path for path in write_examples(Path(folder))}
        for name in EXAMPLES:
            print(_line(name, paths[name]), flush=True)


def _line(name: str, path: Path) -> str:
    with open_workbook(path) as workbook:
        posed, compiled = _least(lambda: pose(workbook, stored_problem(workbook, workbook.sheets[0])))
        program = posed.program
        times = 1 if program.linear is None else TIMES
        minimum, solved = _least(lambda: minimise(program), times)
    ours = f"| `{name}` | {len(posed.cells)} | {_shown(compiled)} | {_shown(solved)} |"
    if program.linear is None:
        return f"{ours} | | {minimum.value:.9g} |"
    best, alone = _least(lambda: _asked(program.linear, program.goal))
    if abs(best - minimum.value) > SAME * max(1.0, abs(best)):
        raise SystemExit(f"{name}: {minimum.value!r} here, {best!r} by HiGHS alone")
    return f"{ours} {_shown(alone)} | {solved / alone:.1f} | {best:.9g} |"


def _shown(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds < 0.01 else f"{seconds * 1e3:.0f} ms"


def _least(work, times: int = TIMES):
    """(what it gives, the least processor seconds of several runs)."""
    seconds = []
    for _ in range(times):
        began = time.process_time()
        found = work()
        seconds.append(time.process_time() - began)
    return found, min(seconds)


def _asked(model: LinearModel, goal: str) -> float:
    sign = -1.0 if goal == "max" else 1.0
    found = milp(sign * model.cost, integrality=model.whole, bounds=Bounds(model.low, model.high), options={"mip_rel_gap": 1e-9},
                 constraints=LinearConstraint(model.rows, model.floor, model.ceiling))
    return sign * found.fun + model.offset


if __name__ == "__main__":
    main()
