"""The embedded example: ratings of invented films by invented people, made by `make_example`."""

from __future__ import annotations

import csv
from importlib import resources

from solver import Ratings

from .people import with_names

__all__ = ["example", "with_names"]


def example() -> tuple[Ratings, dict[int, str]]:
    """60 users × 40 invented films, about half of the pairs rated; and the titles by item id."""
    folder = resources.files(__package__)
    rows = list(csv.DictReader((folder / "example_ratings.csv").read_text(encoding="utf-8").splitlines()))
    films = csv.DictReader((folder / "example_films.csv").read_text(encoding="utf-8").splitlines())
    titles = {int(row["item"]): row["title"] for row in films}
    ratings = Ratings.from_triples([int(row["user"]) for row in rows], [int(row["item"]) for row in rows],
                                   [float(row["rating"]) for row in rows])
    return ratings, titles
