"""Whether genres and times of ratings make predictions better: hold-out RMSE with and without them.

    python tests/benchmarks/bench_side_columns.py --data ../shared/data/ml-latest-small

`--data` is a folder with MovieLens' ratings.csv and movies.csv; without it only planted data are tried,
of which one kind has genres and a drift in it that ought to be found, and one has not. Held out is a tenth:
at random, by seed; the latest of each user; or the latest of all, most of which are of users that are new by
then. In the last two the seeds decide start values and order. What the base and each part are penalised by is chosen on a tenth
of the ratings to learn from. Shown is the gain in RMSE over the base, the mean over the seeds, with its standard error from the
held-out squared errors, clustered by user (ratings of one user are not independent); `pays` where it
is above 0.002 and above two standard errors. Not a test: nothing here fails.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

from side_columns import PARTS, columns, fitted, squared_errors  # noqa: E402

from solver import Ratings, read_ratings, rmse, split_off  # noqa: E402
from solver.judging.baselines import bias_only  # noqa: E402

BASE_DECAYS, DECAYS = (0.02, 0.04, 0.08, 0.16, 0.32), (0.02, 0.1, 0.5)
SPLITS, SEEDS = ("random", "each user's latest", "time"), (0, 1, 2)


def films(folder: Path) -> tuple[Ratings, torch.Tensor]:
    """The ratings and (n_items, n_genres) shares of the genres, 0 where none is listed."""
    ratings, _ = read_ratings(folder / "ratings.csv")
    of = pd.read_csv(folder / "movies.csv").set_index("movieId").genres
    genres = of.reindex(ratings.items).fillna("").replace("(no genres listed)", "").str.get_dummies("|")
    return ratings, shares(genres.to_numpy(float))


def shares(many_hot: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(many_hot / np.maximum(many_hot.sum(1, keepdims=True), 1), dtype=torch.float32)


def planted(*, effect: float, users: int = 500, items: int = 800, n: int = 40_000, seed: int = 0
            ) -> tuple[Ratings, torch.Tensor]:
    """Ratings with biases, 5 factors, noise, and `effect` times a taste in genres, a drift of users and one of items."""
    rng = np.random.default_rng(seed)
    pairs = rng.choice(users * items, n, replace=False)
    user, item, times = pairs // items, pairs % items, rng.random(n)
    many_hot = (rng.random((items, 15)) < 0.15).astype(float)
    genres = shares(many_hot)
    taste = rng.normal(0, 0.8, (users, 15)) @ genres.numpy().T
    drift = rng.normal(0, 0.6, users)[user] * (times - 0.5) + rng.normal(0, 0.6, items)[item] * (times - 0.5)
    p, q = rng.normal(size=(users, 5)), rng.normal(size=(items, 5))
    x = (3.5 + rng.normal(0, 0.4, users)[user] + rng.normal(0, 0.5, items)[item] + 0.2 * (p[user] * q[item]).sum(1)
         + effect * (taste[user, item] + drift) + rng.normal(0, 0.75, n))
    return Ratings(tuple(range(users)), tuple(range(items)), user, item, x.clip(0.5, 5), times), genres


def compare(name: str, ratings: Ratings, genres: torch.Tensor, *, epochs: int) -> pd.DataFrame:
    """A row for every split and part."""
    clip, rows = (float(ratings.values.min()), float(ratings.values.max())), []
    for by in SPLITS:
        errors: dict[str, list[np.ndarray]] = {}
        chosen: dict[str, tuple[float, float]] = {}
        users = []
        for seed in SEEDS:
            learnt, held = split(ratings, by=by, seed=seed)
            if not chosen:
                chosen = choose(learnt, genres, clip, by=by, epochs=epochs)
            data, unseen = columns(learnt, held)
            users.append(held.user_index)
            errors.setdefault("biases alone", []).append(alone(learnt, held, clip))
            for part, parts in PARTS.items():
                model = fitted(data, genres, ratings.n_users, parts=parts, decays=chosen[part], epochs=epochs, seed=seed)
                errors.setdefault(part, []).append(squared_errors(model, unseen, clip))
        for part, found in errors.items():
            gains = [gain(base, here, user) for base, here, user in zip(errors["base"], found, users)]
            mean = float(np.mean([g for g, _ in gains]))
            # the same ratings are held out by time whatever the seed, others by each random split
            error = float(np.mean([e for _, e in gains])) / (np.sqrt(len(SEEDS)) if by == "random" else 1)
            rows.append({"data": name, "split": by, "part": part, "decays": chosen.get(part), "gain": mean, "error": error,
                         "rmse": float(np.mean([np.sqrt(one.mean()) for one in found])),
                         "pays": mean > 0.002 and mean > 2 * error})
    return pd.DataFrame(rows)


def choose(learnt: Ratings, genres: torch.Tensor, clip, *, by: str, epochs: int) -> dict[str, tuple[float, float]]:
    """For every part the decays, of the base and its own, that are best on a tenth of the ratings to learn from, split off in the same way."""
    some, judged = split(learnt, by=by, seed=99)
    data, unseen = columns(some, judged)

    def error(parts: tuple[str, ...], decays: tuple[float, float]) -> float:
        model = fitted(data, genres, learnt.n_users, parts=parts, decays=decays, epochs=epochs, seed=99)
        return float(squared_errors(model, unseen, clip).mean())

    base = min(BASE_DECAYS, key=lambda decay: error((), (decay, 0.0)))
    return {part: (base, min(DECAYS, key=lambda decay: error(parts, (base, decay))) if parts else 0.0)
            for part, parts in PARTS.items()}


def split(ratings: Ratings, *, by: str, seed: int) -> tuple[Ratings, Ratings]:
    """(ratings to learn from, ratings held out: a tenth)"""
    if by != "each user's latest":
        return split_off(ratings, 0.1, seed=seed, by=by)
    order = np.lexsort((ratings.times, ratings.user_index))
    counts = np.bincount(ratings.user_index, minlength=ratings.n_users)
    place = np.empty(len(ratings), np.int64)
    place[order] = np.arange(len(ratings)) - np.repeat(np.cumsum(counts) - counts, counts)
    latest = place >= np.round(0.9 * counts)[ratings.user_index]
    return ratings.take(~latest), ratings.take(latest)


def alone(learnt: Ratings, held: Ratings, clip) -> np.ndarray:
    """Squared errors of the biases alone."""
    factors = bias_only(learnt)
    predicted = factors.raw(torch.as_tensor(held.user_index), torch.as_tensor(held.item_index)).numpy().clip(*clip)
    assert abs(np.sqrt(((predicted - held.values) ** 2).mean()) - rmse(factors, held, clip=clip)) < 1e-9
    return (predicted - held.values) ** 2


def gain(base: np.ndarray, here: np.ndarray, users: np.ndarray) -> tuple[float, float]:
    """How much lower the RMSE is, and its standard error, clustered by user (delta method)."""
    less = base - here
    apart = np.bincount(users, less - less.mean())
    spread = np.sqrt((apart ** 2).sum()) / len(less)
    return float(np.sqrt(base.mean()) - np.sqrt(here.mean())), float(spread / (2 * np.sqrt(base.mean())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with ratings.csv and movies.csv")
    parser.add_argument("--epochs", type=int, default=6)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tried = {arguments.data.resolve().name: films(arguments.data)} if arguments.data else {}
    tried |= {"planted, with effects": planted(effect=1.0), "planted, without": planted(effect=0.0)}
    for name, (ratings, genres) in tried.items():
        began = time.process_time()
        table = compare(name, ratings, genres, epochs=arguments.epochs)
        print(f"\n{name}: {len(ratings):,} ratings, {genres.shape[1]} genres, "
              f"{time.process_time() - began:.0f} s of one processor")
        for by, part in table.groupby("split", sort=False):
            print(f"\n  {'held out: ' + by:<31}{'decays':>12}{'RMSE':>9}{'gain':>9}{'±':>8}")
            for row in part.itertuples():
                known = f"{row.decays[0]:6g}{row.decays[1]:6g}" if row.decays else f"{'':12}"
                print(f"  {row.part:<31}{known}{row.rmse:9.4f}{row.gain:+9.4f}{row.error:8.4f}{'  pays' if row.pays and row.decays else ''}",
                      flush=True)


if __name__ == "__main__":
    main()
