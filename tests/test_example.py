"""The embedded example: reproducible, and its planted tastes can be found again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import workbook
from solver import Settings, fit, predict_table
from workbook.data import make_example
from workbook.data.people import PEOPLE

DATA = Path(make_example.__file__).parent


@pytest.fixture(scope="module")
def truth():
    return make_example.make()[0]


@pytest.fixture(scope="module")
def true_table(truth):
    """(60, 40) what everyone would rate everything, without noise"""
    return np.array([[truth.rating(u, f) for f in range(len(truth.films))] for u in range(len(truth.users))])


@pytest.fixture(scope="module")
def ratings(truth):
    """The example's ratings, users and items in the truth's order."""
    from solver import Ratings
    table = np.full((len(truth.users), len(truth.films)), np.nan)
    example, _ = workbook.example()
    for u, i, value in zip(example.user_index, example.item_index, example.values):
        table[truth.users.index(example.users[u]), example.items[i] - 1] = value
    return Ratings.from_crosstab(table, truth.users, [item for item, *_ in truth.films])


@pytest.fixture(scope="module")
def fitted(ratings):
    return fit(ratings, settings=Settings(model="dot+bias", n_factors=3, weight_decay=0.003))


def test_the_script_reproduces_the_files(tmp_path):
    make_example.write(tmp_path)
    for name in ("example_ratings.csv", "example_films.csv"):
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes()


def test_what_it_holds():
    ratings, titles = workbook.example()
    assert (ratings.n_users, ratings.n_items, len(titles)) == (60, 40, 40)
    assert len(set(titles.values())) == 40 and set(ratings.items) == set(titles)
    assert any("," in title for title in titles.values()) and any("'" in title for title in titles.values())
    assert np.isin(ratings.values * 2, np.arange(1, 11)).all()
    assert 0.45 < len(ratings) / (60 * 40) < 0.55
    pairs = Counter(zip(ratings.user_index.tolist(), ratings.item_index.tolist()))
    assert max(pairs.values()) == 1
    top = ratings.top(users=15, items=15)
    assert 0.85 <= len(top) / 225 <= 0.90
    popular = np.sort(np.bincount(ratings.item_index))
    assert popular[-1] > 1.7 * np.median(popular) and popular[0] < 0.5 * np.median(popular)   # a long tail


def biases_alone(ratings) -> np.ndarray:
    """Predictions (n_users, n_items) of mean + user bias + item bias by ridge regression: the baseline."""
    n = len(ratings)
    design = np.zeros((n, ratings.n_users + ratings.n_items))
    design[np.arange(n), ratings.user_index] = 1
    design[np.arange(n), ratings.n_users + ratings.item_index] = 1
    mean = ratings.values.mean()
    bias = np.linalg.solve(design.T @ design + 0.5 * np.eye(design.shape[1]), design.T @ (ratings.values - mean))
    return mean + bias[:ratings.n_users, None] + bias[ratings.n_users:]


def test_predictions_of_unrated_pairs_beat_biases_alone(ratings, fitted, true_table):
    unrated = np.isnan(ratings.crosstab())

    def error(table):
        return np.sqrt(np.mean((table - true_table)[unrated] ** 2))
    assert error(predict_table(fitted.factors).numpy()) < 0.6 * error(biases_alone(ratings))


def test_factors_separate_the_tastes(truth, fitted):
    """Films of one taste point one way: a film's nearest neighbour by cosine shares its taste."""
    tastes = [taste for *_, taste in truth.films]
    item = fitted.factors.item.numpy()
    direction = item - item.mean(0)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    likeness = direction @ direction.T - 2 * np.eye(len(tastes))
    right = sum(tastes[film] == tastes[nearest] for film, nearest in enumerate(likeness.argmax(1)))
    assert right >= 0.9 * len(tastes)


def test_factors_are_the_planted_ones_up_to_rotation(truth, fitted):
    """A linear map takes the fitted item factors to the planted tastes."""
    planted = np.array(truth.film_taste)
    found = np.c_[fitted.factors.item.numpy(), np.ones(len(planted))]
    residual = planted - found @ np.linalg.lstsq(found, planted, rcond=None)[0]
    explained = 1 - residual.var(0) / planted.var(0)
    assert (explained > 0.85).all(), explained


def test_the_people_of_the_demo_have_names_and_all_else_stays():
    """In the order of their numbers, so that of equals the same one comes first: every number in the documentation stays."""
    ratings, _ = workbook.example()
    named = workbook.with_names(ratings)
    assert len(set(PEOPLE)) == ratings.n_users and list(PEOPLE) == sorted(PEOPLE)
    for part, other in ((named, ratings), (named.top(users=15, items=15), ratings.top(users=15, items=15))):
        assert part.users == tuple(PEOPLE[number - 1] for number in other.users)
        assert (part.user_index == other.user_index).all() and (part.values == other.values).all()
