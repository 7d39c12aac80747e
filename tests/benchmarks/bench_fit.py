"""How long each optimizer takes, measured in one run so that the ratios mean something.

    python tests/benchmarks/bench_fit.py [--limit 2000]

A row is an optimizer, with its default rate and at most `--limit` epochs; `to 1.001` is the time
until RMSE is within a thousandth of the best that any optimizer found, and `×` that time as a
multiple of lbfgs'. Not a test: nothing here fails.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from planted import planted  # noqa: E402

from solver import OPTIMIZERS, FitResult, Settings, fit  # noqa: E402

PROBLEMS = ((15, 15, 5, 0.1), (300, 200, 20, 0.5))  # users, items, factors, share of blanks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=2000, help="most epochs of a fit")
    limit = parser.parse_args().limit
    fit(planted(), settings=Settings(epochs=5))  # warm up
    for users, items, factors, blanks in PROBLEMS:
        ratings = planted(users, items, factors=factors, noise=0.5, blanks=blanks)
        print(f"\n{users} × {items}, {factors} factors, {len(ratings):,} ratings, dot+bias")
        print(f"{'':10}{'RMSE':>10}{'epochs':>8}{'seconds':>9}{'ms/epoch':>10}{'to 1.001':>10}{'×':>7}")
        results = {name: fit(ratings, settings=Settings(n_factors=factors, optimizer=name,
                                                        epochs=min(limit, method.epochs)))
                   for name, method in OPTIMIZERS.items()}
        goal = 1.001 * min(result.rmse_after for result in results.values())
        unit = seconds_to(goal, results["lbfgs"])
        for name, result in results.items():
            reached = seconds_to(goal, result)
            print(f"{name:10}{result.rmse_after:10.6f}{result.epochs:8}{result.seconds:9.2f}"
                  f"{1e3 * result.seconds / max(1, result.epochs):10.2f}"
                  f"{'-' if reached is None else f'{reached:.2f} s':>10}"
                  f"{'-' if not (reached and unit) else f'{reached / unit:.1f}':>7}")


def seconds_to(goal: float, result: FitResult) -> float | None:
    return next((epoch.seconds for epoch in result.history if epoch.rmse <= goal), None)


if __name__ == "__main__":
    main()
