"""Who takes part in the comparison, with what settings, and on what data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
from frontier_tables import BASELINE, INFORMED, OURS, PEER_INFORMED
from my_fm import MyFM
from peers import Cornac, FastAI, LensKit, LibMF, PlainTorch, Surprise
from synthetic import PRESETS, generate

from solver import CollabFilter, Ratings, read_genres, read_ratings
from solver.collab.labels.item_columns import known_columns_of
from solver.judging.baselines import bias_only

LATEST = "ml-latest-small"
SMALL, MILLION = "ml-100k-like", "ml-1m-like"
DATA = (SMALL, LATEST, MILLION)


class Fitter(Protocol):
    needs: dict[str, str]  # module: how to get it
    warm: bool             # whether it compiles on first use

    def prepare(self, train: Ratings) -> None: ...
    def fit(self) -> None: ...
    def predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray: ...


@dataclass
class Ours:
    """CollabFilter as it comes: nothing is told but how much effort, and for some of it how many epochs."""

    effort: str
    informed: bool = False  # of the items' genres, where they are known
    epochs: int | None = None
    needs = {}
    warm = True

    def prepare(self, train: Ratings) -> None:
        self.train = train if self.informed else replace(train, item_columns=None)

    def fit(self) -> None:
        self.model = CollabFilter(effort=self.effort, epochs=self.epochs, device="cpu", random_state=0).fit(self.train)

    def predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        import pandas as pd
        return self.model.predict(pd.DataFrame({"user": np.array(self.train.users)[users],
                                                "item": np.array(self.train.items)[items]}))


class Biases:
    """What factors have to beat: the mean, users' and items' biases."""

    needs = {}
    warm = False

    def prepare(self, train: Ratings) -> None:
        self.train = train

    def fit(self) -> None:
        self.factors = bias_only(self.train)

    def predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return (self.factors.offset + self.factors.user_bias[users] + self.factors.item_bias[items]).numpy()


@dataclass(frozen=True)
class System:
    """A row of the table. `family` is the curve it lies on; `threads` those that it may use."""

    name: str
    family: str
    make: Callable[[], Fitter]
    data: tuple[str, ...] = DATA
    threads: int = 1
    quick: bool = True  # part of a smoke test

    @property
    def missing(self) -> str | None:
        """How to install what it needs, where that is not there."""
        return next((how for module, how in self.make().needs.items() if find_spec(module) is None), None)


HUNDRED = (SMALL, LATEST)
EFFORTS: tuple[tuple[str, dict], ...] = (("quick", {}), ("good", {}), ("best, 24 sweeps", {"epochs": 24}), ("best", {}))
TOLD: tuple[tuple[str, dict], ...] = (("sets", {"sets": True}), ("genres", {"genres": True}), ("sets and genres", {"sets": True, "genres": True}))
SYSTEMS = (
    System("biases alone", BASELINE, Biases),
    *(System(f"{OURS}, {name}", OURS, lambda name=name, more=more: Ours(name.partition(",")[0], **more), threads=2) for name, more in EFFORTS),
    *(System(f"{OURS} {INFORMED}, {name}", INFORMED, lambda name=name, more=more: Ours(name.partition(",")[0], informed=True, **more),
             (LATEST,), threads=2) for name, more in EFFORTS),
    *(System(f"LIBMF, k = {k}, {rounds} rounds{', 2 threads' * (threads == 2)}", "LIBMF",
             lambda k=k, rounds=rounds, threads=threads: LibMF(k, rounds, threads, decay=0.1), threads=threads)
      for k, rounds, threads in ((48, 6, 1), (48, 20, 1), (48, 20, 2), (128, 20, 2))),
    System("cornac MF, 5 epochs", "cornac", lambda: Cornac(epochs=5), threads=2),
    System("cornac MF, 20 epochs", "cornac", lambda: Cornac(), threads=2),
    System("cornac MF, tuned", "cornac", lambda: Cornac(epochs=30, rate=0.02, decay=0.1), threads=2),
    System("Surprise SVD, default", "Surprise", Surprise),
    System("Surprise SVD, tuned, 10 epochs", "Surprise", lambda: Surprise(50, 10, 0.01, 0.1)),
    System("Surprise SVD, tuned", "Surprise", lambda: Surprise(50, 30, 0.01, 0.1)),
    System("lenskit biased ALS, 3 epochs", "lenskit", lambda: LensKit(epochs=3), threads=2),
    System("lenskit biased ALS", "lenskit", LensKit, threads=2),
    System("plain torch, 2 epochs", "plain torch", lambda: PlainTorch(epochs=2), HUNDRED),
    System("plain torch", "plain torch", PlainTorch, HUNDRED),
    System("plain torch, 2 epochs, batch 1024", "plain torch", lambda: PlainTorch(1024, epochs=2), (MILLION,)),
    System("plain torch, batch 1024", "plain torch", lambda: PlainTorch(1024), (MILLION,)),
    System("fastai, batch 512", "fastai", lambda: FastAI(512)),
    System("fastai, batch 64", "fastai", lambda: FastAI(64), HUNDRED, quick=False),  # on a million, minutes
    System("myFM, rank 10, 60 draws", "myFM", lambda: MyFM(10, 60)),
    System("myFM, rank 10, 200 draws", "myFM", lambda: MyFM(10, 200), HUNDRED, quick=False),
    System("myFM, rank 50, 60 draws", "myFM", lambda: MyFM(50, 60), quick=False),
    System("myFM, rank 50, 200 draws", "myFM", lambda: MyFM(50, 200), HUNDRED, quick=False),  # on a million, over 100 s
    *(System(f"myFM with {what}, rank 10, {draws} draws", PEER_INFORMED if "genres" in what else "myFM with sets",
             lambda draws=draws, told=told: MyFM(10, draws, **told),
             (LATEST,) if "genres" in what else DATA if draws == 60 else HUNDRED, quick=False) for what, told in TOLD for draws in (60, 200)),
)


def ratings_of(data: str, folder: Path) -> Ratings | None:
    """The data set, with the items' genres where they are known, or None where its files are not there."""
    if data != LATEST:
        return generate(PRESETS[data.removesuffix("-like")])
    if not (folder / "ratings.csv").exists():
        return None
    ratings, _ = read_ratings(folder / "ratings.csv")
    genres, _ = read_genres(folder / "movies.csv", items=ratings.items)
    return replace(ratings, item_columns=known_columns_of(genres, ratings.items, "item")[0])
