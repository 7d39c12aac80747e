"""What compiling formulas gives: seconds to compile and for a gradient, beside the hand-written factor model and beside
Solver's way, one recalculation of the sheet for every changing cell.

    python tests/benchmarks/bench_formulas.py [--sizes 300x200 1000x1000] [--rounds 20]

The sheet is the lesson's crosstab with a formula in every cell of the block of predictions. Both gradients are
taken in turn, so that both meet the same load, and on as many threads. LibreOffice recalculates the lesson's size, 15 × 15 × 5 with 150
changing cells, live over UNO: set a cell, read the RMSE, set it back. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", nargs="*", default=["15x15", "300x200", "1000x1000"])
    parser.add_argument("--factors", type=int, default=5)
    parser.add_argument("--share", type=float, default=0.3, help="of the pairs that are rated")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers"), str(Path(__file__).parent)]
    from machine import about
    print(", ".join(about().values()), "\n")
    with tempfile.TemporaryDirectory() as folder:
        print("| users × items × factors | formulas | read, s | compile, s | gradient by formulas, ms "
              "| by the factor model, ms | ratio |")
        print("|---|---|---|---|---|---|---|")
        for size in options.sizes:
            users, items = map(int, size.split("x"))
            print(beside_the_model(Path(folder) / f"{size}.xlsx", users, items, options), flush=True)
        print()
        print(beside_an_office(Path(folder) / "office.xlsx", options), flush=True)


def beside_the_model(path: Path, users: int, items: int, options) -> str:
    import lesson_sheet

    from pyxl.formulas.compile_formulas import WIDE, compile_formulas
    from pyxl.xlsx import open_workbook
    from solver.threads import one_thread
    places = lesson_sheet.write(path, lesson_sheet.table(users, items, share=options.share), k=options.factors)
    began = time.perf_counter()
    with open_workbook(path) as book:
        grid = book.grid("Sheet1")
        read = time.perf_counter()
        compiled = compile_formulas(book, *of_lesson(places))
        done = time.perf_counter()
        by_model = model_of(book, places)
    with one_thread(compiled.widest < WIDE):
        seconds = in_turn(options.rounds, lambda: compiled.value_and_gradient(compiled.start), by_model)
    ours, theirs = compiled.value_and_gradient(compiled.start), by_model()
    if abs(ours[0] - theirs[0]) > 1e-9 or abs(abs(ours[1]).max() - theirs[1]) > 1e-9:
        raise SystemExit(f"{path.name}: the two do not agree: {ours[0]} and {theirs[0]}")
    return (f"| {users:,} × {items:,} × {options.factors} | {len(grid.formulas):,} | {read - began:.1f} | {done - read:.2f} "
            f"| {1e3 * seconds[0]:.2f} | {1e3 * seconds[1]:.2f} | {seconds[0] / seconds[1]:.1f} |")


def of_lesson(places: dict[str, str]):
    """(outputs, changing) of the sheet."""
    from pyxl.grid.cells import Range
    return ([("Sheet1", Range.parse(places["rmse"]).first)],
            [("Sheet1", Range.parse(places[role])) for role in ("user_factors", "item_factors")])


def model_of(book, places: dict[str, str]):
    """The hand-written objective on the same numbers: a call gives (RMSE, largest derivative)."""
    import numpy as np
    import torch

    from pyxl.grid.cells import Range
    from solver import Factors, Ratings
    from solver.core.objective import Objective

    def numbers(role: str) -> np.ndarray:
        return np.array(book.grid("Sheet1").block(Range.parse(places[role])), dtype=float)
    table = numbers("ratings")
    objective = Objective.of(Ratings.from_crosstab(table, range(table.shape[0]), range(table.shape[1])))
    user, item = (torch.tensor(numbers(role).T if role == "item_factors" else numbers(role)).contiguous().requires_grad_()
                  for role in ("user_factors", "item_factors"))

    def call() -> tuple[float, float]:
        user.grad = item.grad = None
        rmse = objective.mean_squared_error(Factors(user, item)).sqrt()
        rmse.backward()
        return rmse.item(), max(float(user.grad.abs().max()), float(item.grad.abs().max()))
    return call


def beside_an_office(path: Path, options) -> str:
    """The lesson's size: our gradient, and one recalculation a changing cell in LibreOffice."""
    import lesson_sheet

    from pyxl.engines import choose_engine
    from pyxl.formulas.compile_formulas import compile_formulas
    from pyxl.xlsx import open_workbook
    places = lesson_sheet.write(path, lesson_sheet.table(15, 15, share=0.9))
    with open_workbook(path) as book:
        compiled = compile_formulas(book, *of_lesson(places))
    value, gradient = compiled.value_and_gradient(compiled.start)
    ours, = in_turn(10 * options.rounds, lambda: compiled.value_and_gradient(compiled.start))
    engine = choose_engine("libreoffice")
    app = engine.apps.add(visible=False)
    try:
        sheet = app.books.open(str(path)).sheets["Sheet1"]
        app.calculate()
        rmse = sheet.range(places["rmse"])
        step, before = 1e-6, rmse.value
        began, slopes = time.perf_counter(), []
        for (_, cell), start in zip(compiled.cells, compiled.start.tolist()):
            here = sheet.range(str(cell))
            here.value = start + step
            slopes.append((rmse.value - before) / step)
            here.value = start
        theirs = time.perf_counter() - began
    finally:
        app.quit()
    worst = max(abs(slope - exact) for slope, exact in zip(slopes, gradient.tolist()))
    return (f"150 changing cells, LibreOffice live: {theirs:.2f} s for one gradient by differences "
            f"({1e3 * theirs / len(slopes):.1f} ms a cell), by formulas {1e3 * ours:.2f} ms: **{theirs / ours:,.0f} times** as "
            f"fast. The differences (step {step:g}) are off by up to {worst:.0e}.")


def in_turn(rounds: int, *calls) -> list[float]:
    """The median seconds of each, all called in every round; a first round is not counted."""
    seconds: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds + 1):
        for call, kept in zip(calls, seconds):
            began = time.perf_counter()
            call()
            kept.append(time.perf_counter() - began)
    return [statistics.median(kept[1:]) for kept in seconds]


if __name__ == "__main__":
    main()
