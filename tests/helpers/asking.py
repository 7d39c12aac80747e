"""Workbooks whose sheets are asked in tests: the example's, one of films, a large one; and what Python says of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import workbook
from pyxl.grid.layout import Layout
from solver import CollabFilter, Factors, Ratings, random_factors, read_ratings, read_titles
from workbook.builder import build_with
from workbook.export import busiest, export
from workbook.write.content import content_of

N_FILMS, N_VIEWERS = 25, 40


@dataclass(frozen=True, eq=False)
class Book:
    """A workbook, the ratings in it and the model on the sheet that its other sheets stand on."""

    path: Path
    layouts: dict[str, Layout]
    ratings: Ratings
    headers: list           # of the items
    factors: Factors
    bounds: tuple[float, float] | None = None
    model: CollabFilter | None = None

    @property
    def layout(self) -> Layout:
        return self.layouts.get("bias") or next(iter(self.layouts.values()))

    @property
    def table(self) -> np.ndarray:
        return self.ratings.crosstab()


def built(path: Path, ratings: Ratings, *, n_factors: int, titles=None) -> Book:
    """As `collabsheet new` builds it, before a fit; of the models only that on which the other sheets stand."""
    content = content_of(ratings, titles=titles, n_factors=n_factors, seed=1, bounds=None)
    factors = random_factors(content.ratings, model="dot+bias", n_factors=n_factors, seed=1)
    layouts = build_with(content, path, parameters={"dot+bias": factors})
    return Book(path, layouts, content.ratings, content.items, factors)


def exported(path: Path, model: CollabFilter, part: Ratings, *, titles=None) -> Book:
    """As `collabsheet export` builds it."""
    layouts = export(model, part, path, titles=titles)
    content = content_of(part, titles=titles, n_factors=1, seed=0, bounds=None)
    rows = {"user": [model.users_.index(user) for user in part.users], "item": [model.items_.index(i) for i in part.items]}
    factors = model.factors_.map(lambda tensor: tensor.double())
    factors = factors.with_tensors({name: tensor[rows[name.partition("_")[0]]] for name, tensor in factors.tensors().items()})
    return Book(path, layouts, part, content.items, factors, model.settings_.bounds, model)


def example(folder: Path) -> Book:
    ratings, titles = workbook.example()
    return built(folder / "example.xlsx", ratings.top(users=15, items=15), n_factors=5, titles=titles)


def large(folder: Path) -> Book:
    """120 × 80, half of the pairs rated: blocks of array formulas, which begin at 2,500 pairs, and more titles than a chart labels."""
    draw = np.random.default_rng(3)
    table = np.where(draw.random((120, 80)) < 0.5, draw.integers(1, 11, (120, 80)) / 2, np.nan)
    return built(folder / "large.xlsx", Ratings.from_crosstab(table, range(1, 121), range(1001, 1081)), n_factors=6)


def films(folder: Path, shared: Path) -> Book:
    """40 users and 25 films of MovieLens, with titles, of a model trained on all of its ratings."""
    data = shared / "data" / "ml-latest-small"
    ratings, _ = read_ratings(data / "ratings.csv")
    model = CollabFilter(8, effort="quick", epochs=10).fit(ratings)
    part = busiest(ratings, users=N_VIEWERS, items=N_FILMS)
    titles, _ = read_titles(data / "movies.csv", items=part.items)
    return exported(folder / "films.xlsx", model, part, titles=titles)
