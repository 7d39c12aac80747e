"""Whether a sheet's models predict better than biases alone, with the weight decay that a blank cell chooses.

    python tests/benchmarks/bench_small_sheets.py --data ../shared/data/ml-latest-small

Each kind of data is held out from 20 times, a tenth at random by seed; made data are drawn anew each time. Shown is
the mean hold-out RMSE of each model, and by how many per cent that of `bias` and of `bounded` is above or below that of
biases alone: the ratio of the means, with the standard error of the paired differences. `--data` is a folder with
MovieLens' ratings.csv; without it only the demo and made data are tried. Not a test: nothing here fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

from records import say, table  # noqa: E402

from solver import Ratings, Settings, fit, read_ratings, rmse, split_off  # noqa: E402
from solver.judging.baselines import bias_only, mean_only  # noqa: E402
from workbook.write.content import default_bounds  # noqa: E402

EXAMPLE = Path(__file__).resolve().parents[2] / "workbook" / "data" / "example_ratings.csv"
MODELS = {"bias": "dot+bias", "bounded": "bounded", "dotprod": "dot"}      # sheet -> model
FACTORS, SHARE = 5, 0.1
SIGNALS = {"none": 0.0, "weak": 0.3, "middling": 0.6, "strong": 1.2}       # spread of what factors explain, in stars

Draw = Callable[[int], Ratings]     # the number of the hold-out -> ratings


def kinds(folder: Path | None) -> dict[str, Draw]:
    """What is tried, by name."""
    found: dict[str, Draw] = {}
    if folder:
        films, _ = read_ratings(folder / "ratings.csv")
        for users, items in ((15, 15), (40, 25), (100, 60)):
            found[f"ml-latest-small, {users} × {items}"] = always(films.top(users=users, items=items))
    found["the demo, 15 × 15"] = always(read_ratings(EXAMPLE)[0].top(users=15, items=15))
    return found | {f"made, 30 × 20, signal {name}": lambda seed, signal=signal: made(signal, seed=seed)
                    for name, signal in SIGNALS.items()}


def always(ratings: Ratings) -> Draw:
    """The same ratings for every hold-out."""
    return lambda _: ratings


def made(signal: float, *, users: int = 30, items: int = 20, seed: int) -> Ratings:
    """Half stars for 70 % of the pairs: biases, three factors whose products have the spread `signal`, noise of 0.7."""
    draw = np.random.default_rng(seed)
    taste = draw.standard_normal((users, 3)) @ draw.standard_normal((3, items)) / np.sqrt(3)
    biases = 0.4 * draw.standard_normal((users, 1)) + 0.4 * draw.standard_normal((1, items))
    stars = np.round(2 * (3.5 + biases + signal * taste + 0.7 * draw.standard_normal((users, items)))) / 2
    return Ratings.from_crosstab(np.where(draw.random((users, items)) < 0.3, np.nan, stars.clip(0.5, 5)),
                                 range(users), range(items))


def errors(ratings: Ratings, seed: int) -> dict[str, float]:
    """The hold-out RMSE of baselines and models."""
    learnt, held = split_off(ratings, SHARE, seed=seed)
    low, high = default_bounds(ratings.values)
    found = {"mean": rmse(mean_only(learnt), held), "biases": rmse(bias_only(learnt), held)}
    for sheet, model in MODELS.items():
        ends = {"low": low, "high": high} if model == "bounded" else {}
        settings = Settings(model=model, n_factors=FACTORS, weight_decay=None, **ends)
        result = fit(learnt, None, settings)
        found[sheet] = rmse(result.factors, held, bounds=settings.bounds)
    return found


def row(name: str, draw: Draw, splits: int) -> list[str]:
    """A row of the table: mean RMSE of each, and the differences of two of them to biases alone."""
    found = [errors(draw(seed), seed) for seed in range(splits)]
    columns = {what: np.array([one[what] for one in found]) for what in found[0]}
    base = columns["biases"]
    cells = [f"{values.mean():.4f}" for values in columns.values()]
    for sheet in ("bias", "bounded"):
        difference = columns[sheet] - base
        error = difference.std(ddof=1) / np.sqrt(splits) / base.mean() if splits > 1 else 0.0
        cells.append(f"{100 * difference.mean() / base.mean():+.1f} ± {100 * error:.1f} %")
    return [name, *cells]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with MovieLens' ratings.csv")
    parser.add_argument("--splits", type=int, default=20, help="hold-outs of each kind of data")
    parser.add_argument("--only", help="only data whose name holds this text")
    chosen = parser.parse_args()
    rows = []
    for name, draw in kinds(chosen.data).items():
        if chosen.only is None or chosen.only in name:
            rows.append(row(name, draw, chosen.splits))
            say("  ".join(rows[-1]))
    print(table(["data", "mean", "biases", *MODELS, "bias / biases", "bounded / biases"], rows))


if __name__ == "__main__":
    main()
