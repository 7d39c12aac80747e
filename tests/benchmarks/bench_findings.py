"""What was found when the workbook was tried as a student and a manager would, and what holds now.

    python tests/benchmarks/bench_findings.py --data ../shared/data/ml-latest-small

Six findings, each tried anew: on the demo, on a regression of our own and, with `--data` (a folder with MovieLens' ratings.csv), on
the lesson's ratings. The first, whether a sheet's models beat the mean and biases, is worked out by `bench_small_sheets`, which has
the table of all sizes; `--splits` says over how many hold-outs. Not a test: nothing here fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

import numpy as np  # noqa: E402
from bench_small_sheets import always, errors  # noqa: E402
from records import say, table  # noqa: E402
from xlsxwriter import Workbook  # noqa: E402

import workbook  # noqa: E402
from pyxl import fit_workbook, open_workbook  # noqa: E402
from pyxl.detect.verified_model import verified_model  # noqa: E402
from pyxl.grid.cells import Cell  # noqa: E402
from pyxl.grid.sheet_names import area_named  # noqa: E402
from pyxl.hosts.refresh_results import refreshed  # noqa: E402
from solver import Ratings, Settings, read_ratings  # noqa: E402
from workbook.update import update_workbook  # noqa: E402

MODEL_SHEETS = ("dotprod", "bias", "bounded", "embedding")
Line = tuple[str, str, str]     # what was looked at, what was found, what holds now
FIRST = Cell(8, 2)              # of the ratings on the sheet `ratings`


def worse_than_the_mean(films: Ratings | None, splits: int) -> Iterator[Line]:
    """The mean of so many hold-outs, with the weight decay that a sheet chooses."""
    found = {(15, 15): "mean 0.959, biases 0.957, `bias` 1.053", (40, 25): "biases 0.8565, `bias` 0.8621 (one hold-out)"}
    for size, before in found.items() if films else ():
        part = always(films.top(users=size[0], items=size[1]))
        each = [errors(part(seed), seed) for seed in range(splits)]
        now = {what: np.mean([one[what] for one in each]) for what in ("mean", "biases", "bias", "bounded")}
        yield (f"1. a new workbook predicts worse than the mean: {size[0]} × {size[1]} of MovieLens, held out", before,
               ", ".join(f"{what if what in ('mean', 'biases') else f'`{what}`'} {value:.4f}" for what, value in now.items()))


def one_source(book: Path) -> Line:
    """A rating typed on the sheet `ratings`, and the sheets whose own ratings are others then."""
    with open_workbook(book) as read:
        typed = 5.0 if read.grid("ratings").values.get(FIRST) != 5.0 else 1.0
        results, _ = refreshed(read, {"ratings": {FIRST: typed}})
        blocks = {sheet: area_named(read, f"{sheet}_ratings")[1] for sheet in MODEL_SHEETS}
        follow = [sheet for sheet, block in blocks.items() if any(cell in block for cell in results.get(sheet, {}))]
    return "2. a rating changed at its place", "no other sheet follows: five copies, unlinked", f"{len(follow)} of {len(MODEL_SHEETS)} model sheets follow"


def grows(book: Path, out: Path) -> Line:
    """A user below the last one and a film beside the last one, typed, and an update."""
    before = _factors(book)
    with open_workbook(book) as read:
        source = area_named(read, "bias_user_ids")[1].size, area_named(read, "bias_item_ids")[1].size
        row, col = FIRST.row + source[0], FIRST.col + source[1]
        typed = {Cell(row, 1): "Ann", Cell(row, 2): 5.0, Cell(row, 4): 2.0, Cell(FIRST.row - 1, col): "A new film", Cell(FIRST.row, col): 4.0}
        read.save({"ratings": typed}, out=out, overwrite=True)
    done = update_workbook(out)
    after = _factors(out)
    kept = sum(after[who] == numbers for who, numbers in before.items())
    return ("3. a user and a film typed beside the others, then Update", "ignored, or 85 error cells, or settings dropped",
            f"{source[0]} × {source[1]} became {done.users} × {done.items}; {kept} of {len(before)} rows of factors kept to the last digit")


def sorted_by_hand(book: Path, out: Path) -> Line:
    """The rows of the sheet `ratings`, labels and all, in reverse."""
    before = _ratings(book)
    with open_workbook(book) as read:
        grid, users = read.grid("ratings"), area_named(read, "bias_user_ids")[1].size
        items = area_named(read, "bias_item_ids")[1].size
        edits = {Cell(FIRST.row + users - 1 - row, col): grid.values.get(Cell(FIRST.row + row, col)) for row in range(users) for col in range(1, items + 2)}
        results, _ = refreshed(read, {"ratings": edits})
        read.save({**results, "ratings": edits}, out=out, overwrite=True)
    after = _ratings(out)
    fit_workbook(out, out=out, sheets=["bias"], overwrite=True, options={"epochs": 3})
    return ("4. ratings sorted by user", "labels stay where they were: held-out RMSE .72 → .81, and the fit says ok",
            f"{sum(before[pair] != after.get(pair) for pair in before)} of {len(before)} ratings belong to another user or film")


def regression(folder: Path) -> Line:
    """Forty rows of data, five coefficients that Solver's model changes."""
    rng, path = np.random.default_rng(0), folder / "regression.xlsx"
    data = np.hstack([np.ones((40, 1)), rng.standard_normal((40, 4))])
    y = data @ [1, 2, -1, 0.5, 3] + 0.1 * rng.standard_normal(40)
    with Workbook(path) as book:
        sheet = book.add_worksheet("Linear")
        sheet.write_row("A1", [0.0] * 5)
        for row, (xs, value) in enumerate(zip(data.tolist(), y.tolist()), 3):
            sheet.write_row(row - 1, 0, xs)
            sheet.write_formula(row - 1, 5, f"=SUMPRODUCT($A$1:$E$1,A{row}:E{row})", None, 0)
            sheet.write_number(row - 1, 6, value)
        sheet.write_formula("H1", "=SUMXMY2(F3:F42,G3:G42)", None, float(y @ y))
        for name, text in (("adj", "=Linear!$A$1:$E$1"), ("opt", "=Linear!$H$1"), ("typ", "=2"), ("num", "=0"), ("neg", "=2")):
            book.define_name(f"Linear!solver_{name}", text)
    fitted = folder / "fitted.xlsx"
    fit_workbook(path, out=fitted, overwrite=True)
    with open_workbook(path) as then, open_workbook(fitted) as now:
        old, new = then.grid("Linear"), now.grid("Linear").values
        changed = [cell for cell, value in old.values.items() if cell not in old.formulas and new.get(cell) != value]
        off = max(abs(new[Cell(1, col)] - best) for col, best in enumerate(np.linalg.lstsq(data, y, rcond=None)[0], 1))
    return ("5. a regression of five coefficients with Solver's model", "240 data cells overwritten by invented factors",
            f"{len(changed)} cells changed, the coefficients; off from least squares by {off:.0e}")


def ties(films: Ratings) -> Line:
    """The lesson's crosstab of its own data."""
    return "6. the lesson's 15 × 15 of its own data (206 ratings)", "204 ratings", f"{len(films.top(users=15, items=15))} ratings"


def _factors(book: Path) -> dict[tuple, list[float]]:
    found = {}
    with open_workbook(book) as read:
        for sheet in MODEL_SHEETS:
            ready = verified_model(read, sheet, Settings())
            for side, labels in (("user", ready.ratings.users), ("item", ready.ratings.items)):
                for n, label in enumerate(labels):
                    found[sheet, side, label] = [float(x) for name, block in ready.start.tensors().items() if name.startswith(side)
                                                 for x in np.reshape(block[n], -1)]
    return found


def _ratings(book: Path) -> dict[tuple, float]:
    with open_workbook(book) as read:
        ratings = verified_model(read, "bias", Settings()).ratings
    return {(ratings.users[user], ratings.items[item]): value for user, item, value in zip(ratings.user_index, ratings.item_index, ratings.values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with MovieLens' ratings.csv")
    parser.add_argument("--splits", type=int, default=20, help="hold-outs for the first finding")
    chosen = parser.parse_args()
    films = read_ratings(chosen.data / "ratings.csv")[0] if chosen.data else None
    lines = list(worse_than_the_mean(films, chosen.splits))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ratings, titles = workbook.example()
        workbook.build(workbook.with_names(ratings.top(users=15, items=15)), folder / "demo.xlsx", titles=titles, holdout=0.1)
        fit_workbook(folder / "demo.xlsx", out=folder / "demo.xlsx")
        lines += [one_source(folder / "demo.xlsx"), grows(folder / "demo.xlsx", folder / "grown.xlsx"),
                  sorted_by_hand(folder / "demo.xlsx", folder / "sorted.xlsx"), regression(folder)]
    lines += [ties(films)] if films else []
    for line in lines:
        say("  ".join(line))
    print(table(["what was tried", "what was found", "what holds now"], lines, left=3))


if __name__ == "__main__":
    main()
