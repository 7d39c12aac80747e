"""What is known of the items beforehand: learnt with exactly as given, kept, named, and refused in a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from fused_ways import assert_same_factors, gone_through
from trained_model import asked, run

from solver import CollabFilter, Ratings, Settings, UserError, fit, read_genres, read_ratings, split_off
from solver.core.steps import FitTask
from solver.fitting.start_values import start_values
from solver.fused.sgd import FusedSGD
from solver.kernels import compiled_kernels as kernels
from solver.kernels import reference
from solver.kernels.parts.packed import pack_factors

ML = Path(__file__).resolve().parents[2] / "shared" / "data" / "ml-latest-small"
GENRES = ("Comedy", "Drama", "Horror")
ONE_BY_ONE = Settings(model="dot+bias", n_factors=3, optimizer="sgd", batch_size=1, lr=0.02, weight_decay=0.05, epochs=3)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """A row for each of 60 items, 1 for their genres; the last has none."""
    rng = np.random.default_rng(3)
    has = (rng.random((60, 3)) < 0.4).astype(float)
    has[has.sum(1) == 0, 0] = 1
    has[-1] = 0
    return pd.DataFrame(has, index=[f"film {n}" for n in range(60)], columns=GENRES)


@pytest.fixture(scope="module")
def ratings(table) -> Ratings:
    """By 300 users with a liking for each genre, and nothing else but noise; nobody rated film 58."""
    rng = np.random.default_rng(4)
    liking = rng.normal(0, 0.7, (300, 3))
    rated = rng.random((300, 60)) < 0.2
    rated[:, 58] = False
    values = 3 + liking @ (table.to_numpy() / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1)).T
    values = np.where(rated, values + rng.normal(0, 0.4, values.shape), np.nan)
    return Ratings.from_crosstab(values, [f"user {n}" for n in range(300)], list(table.index))


def given(ratings: Ratings, width: int = 3) -> Ratings:
    rng = np.random.default_rng(width)
    return replace(ratings, item_columns=rng.standard_normal((ratings.n_items, width)))


@pytest.mark.parametrize("width", [1, 3, 16, 20])
@pytest.mark.parametrize("model", ["dot", "dot+bias", "bounded"])
def test_compiled_and_reference_agree_and_leave_them_as_they_are(ratings, width, model):
    some = given(ratings.take(slice(0, 400)), width)
    chosen = replace(ONE_BY_ONE, model=model, **({"low": 0.0, "high": 7.0} if model == "bounded" else {}))
    asked_ = FitTask(ratings=some, start=start_values(some, chosen), settings=chosen, holdout=some.take(slice(0, 9)), clip=(1, 5))
    fast, plain = FusedSGD(asked_, kernels=kernels), FusedSGD(asked_, kernels=reference)
    for one, two in zip(gone_through(fast), gone_through(plain)):
        assert one.loss == pytest.approx(two.loss, rel=1e-10) and one.holdout_rmse == pytest.approx(two.holdout_rmse, rel=1e-10)
    assert_same_factors(fast.packed.factors(), plain.packed.factors())
    found = fast.packed.factors()
    torch.testing.assert_close(found.item[:, :width], torch.as_tensor(some.item_columns), rtol=0, atol=0)
    assert found.given == width and found.user[some.user_index, :width].abs().min() > 0


@pytest.mark.parametrize("width, k", [(1, 1), (16, 14), (17, 15), (5, 50)])
def test_a_table_of_rows_gives_the_factors_back(ratings, width, k):
    start = start_values(given(ratings, width), replace(ONE_BY_ONE, n_factors=k))
    assert_same_factors(pack_factors(start).factors(), start)


def test_they_make_predictions_better_where_they_matter(ratings, table):
    learnt, held = split_off(ratings, 0.2, seed=0)
    with_, without = (CollabFilter(4, effort="quick").fit(learnt, item_columns=columns) for columns in (table, None))
    assert with_.score(held) > without.score(held) + 0.05
    likings = with_.factors_.user[:, :3].numpy()
    truth = np.random.default_rng(4).normal(0, 0.7, (300, 3))
    assert all(np.corrcoef(likings[:, n], truth[:, n])[0, 1] > 0.6 for n in range(3))


def test_the_scale_of_ratings_changes_nothing(ratings, table):
    one = CollabFilter(4, effort="quick").fit(ratings, item_columns=table)
    ten = CollabFilter(4, effort="quick").fit(replace(ratings, values=10 * ratings.values), item_columns=table)
    np.testing.assert_allclose(ten.predict(ratings), 10 * one.predict(ratings), rtol=1e-4)


@pytest.mark.parametrize("side", ["item", "user"])
def test_draws_follow_what_is_known_of_rows_with_few_ratings(ratings, table, side):
    """Of twenty members of the side a single rating is left: columns say what they are like. Also the other way round, users for items."""
    if side == "user":
        ratings = replace(ratings, users=ratings.items, items=ratings.users, user_index=ratings.item_index, item_index=ratings.user_index)
    own = ratings.item_index if side == "item" else ratings.user_index
    first = np.zeros(len(own), bool)
    first[np.unique(own, return_index=True)[1]] = True
    hidden = (own < 20) & ~first
    learnt, asked_of = ratings.take(~hidden), ratings.take(hidden)
    columns = {"item": {"item_columns": table}, "user": {"user_columns": table}}[side]
    with_, without = (CollabFilter(4, effort="best").fit(learnt, **known).score(asked_of) for known in (columns, {}))
    assert with_ > without + 0.05


def test_draws_say_what_each_user_thinks_of_each_column_and_one_set_of_factors_nearly_as_well(ratings, table):
    model = CollabFilter(4, effort="best", epochs=24).fit(ratings, item_columns=table)
    known = table.to_numpy() / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1)
    for factors in model.result_.samples[::7]:
        assert factors.given == 3
        np.testing.assert_allclose(factors.item[:, :3], known, atol=1e-6)      # film 58, which nobody rated, among them
    likings, truth = model.factors_.user[:, :3].numpy(), np.random.default_rng(4).normal(0, 0.7, (300, 3))
    assert all(np.corrcoef(likings[:, n], truth[:, n])[0, 1] > 0.6 for n in range(3))
    mean = np.mean([draw.raw_table().numpy() for draw in model.result_.samples], 0)
    assert np.abs(model.factors_.raw_table().numpy() - mean).mean() < 0.05
    loved = model.fold_in_likes({"Horror": 5.0}).recommend(5)["item"]
    assert table.loc[loved, "Horror"].mean() > table["Horror"].mean()


def test_draws_are_learnt_on_with_the_columns_as_they_were_given(ratings, table):
    model = CollabFilter(4, effort="best", epochs=6).fit(ratings.take(slice(0, 2_000)), item_columns=table)
    model.partial_fit(ratings.take(slice(2_000, 2_100)))
    assert model.item_columns_ == GENRES
    held = model.result_.samples[0].item[[model.items_.index("film 0"), model.items_.index("film 58")], :3]
    known = table.loc[["film 0", "film 58"]].to_numpy()
    np.testing.assert_allclose(held, known / np.linalg.norm(known, axis=1, keepdims=True), atol=1e-6)


def test_balanced_factors_predict_the_same(ratings):
    factors = fit(given(ratings), None, ONE_BY_ONE).factors
    balanced = factors.balanced()
    torch.testing.assert_close(balanced.raw_table(), factors.raw_table())
    torch.testing.assert_close(balanced.user[:, :3].norm(dim=0), balanced.item[:, :3].norm(dim=0))


def test_an_item_that_nobody_rated_is_liked_by_those_who_like_its_genre(ratings, table):
    alone = table.copy()
    alone.loc["film 58"] = [0.0, 0.0, 1.0]
    model = CollabFilter(4, effort="quick").fit(ratings, item_columns=alone)
    liking = model.factors_.user[:, 2].numpy()
    predicted = model.predict(pd.DataFrame({"user": list(model.users_), "item": "film 58"}))
    assert np.corrcoef(liking, predicted)[0, 1] > 0.8


@pytest.mark.parametrize("effort", ["quick", "best"])
def test_a_saved_model_knows_them(ratings, table, effort, tmp_path):
    model = CollabFilter(4, effort=effort, epochs=12).fit(ratings, item_columns=table)
    model.save(tmp_path / "m")
    again = CollabFilter.load(tmp_path / "m")
    assert again.item_columns_ == GENRES and again.factor_names_ == (*GENRES, "factor 1", "factor 2", "factor 3", "factor 4")
    assert again.factors_.given == 3 and (again.predict(ratings) == model.predict(ratings)).all()
    parts = again.explain("user 0", "film 0")
    assert len(parts.factors) == len(again.factor_names_)
    assert any("Of 1 of 60 items" in note for note in model.notes_)


@pytest.mark.parametrize("wrong, sentence", [
    (lambda t: t.to_dict(), "is a dict. Give a DataFrame"),
    (lambda t: pd.concat([t, t.iloc[:1]]), "two rows for the item 'film 0'"),
    (lambda t: t.assign(Comedy=[[1]] * 60), "column 'Comedy' of item_columns holds neither numbers nor texts"),
    (lambda t: t.mask(t == 1), "item_columns lacks a number for 'film 0'"),
    (lambda t: 0 * t, "no column with a number other than 0"),
    (lambda t: t.set_index(np.arange(60)), "knows none of the 60 items, such as 'film 0': its index begins with 0"),
])
def test_what_is_no_such_table_is_said(ratings, table, wrong, sentence):
    with pytest.raises(UserError, match=sentence.replace("(", r"\(")):
        CollabFilter(2, effort="quick").fit(ratings, item_columns=wrong(table))


@pytest.mark.parametrize("options", [{"n_factors": 2, "optimizer": "adamw"}, {"model": "net"}])
def test_ways_of_fitting_that_cannot_say_so(ratings, table, options):
    with pytest.raises(UserError, match="Only SGD a rating at a time and gibbs learn with item columns"):
        CollabFilter(**options).fit(ratings, item_columns=table)


def test_genres_are_read_as_people_write_them(tmp_path):
    (tmp_path / "films.csv").write_text('movieId,title,genres\n1,"A, b",Comedy|Drama\n2,C,(no genres listed)\n03,D,Drama\n9,E,Horror\n')
    table, notes = read_genres(tmp_path / "films.csv", items=(1, 2, 3, 4))
    assert table.to_dict("index") == {1: {"Comedy": 1.0, "Drama": 1.0}, 3: {"Comedy": 0.0, "Drama": 1.0}}
    assert notes == ["films.csv gives 2 genres to 2 items, Drama to most of them."]
    (tmp_path / "books.tsv").write_text("isbn\tcategories\na\tPoems; Plays\nb\tPlays\n")
    assert set(read_genres(tmp_path / "books.tsv", items=("a", "b"))[0]) == {"Poems", "Plays"}
    with pytest.raises(UserError, match="films.csv has a genre for none of the 1 item"):
        read_genres(tmp_path / "films.csv", items=("x",))


def test_train_with_genres_and_explain_by_their_names(tmp_path, capsys, ratings, table):
    lines = [f"{ratings.users[u]},{ratings.items[i]},{v:.2f}"
             for u, i, v in zip(ratings.user_index, ratings.item_index, ratings.values)]
    (tmp_path / "r.csv").write_text("user,item,rating\n" + "\n".join(lines) + "\n")
    rows = [f"{item},{'|'.join(name for name in GENRES if table.loc[item, name])}" for item in table.index]
    (tmp_path / "g.csv").write_text("item,genres\n" + "\n".join(rows) + "\n")
    with_ = asked(capsys, "train", tmp_path / "r.csv", "-o", tmp_path / "m", "--factors", 4, "--genres", tmp_path / "g.csv")
    without = asked(capsys, "train", tmp_path / "r.csv", "-o", tmp_path / "n", "--factors", 4)
    assert with_["holdout_rmse"] < without["holdout_rmse"] - 0.01
    assert any("gives 3 genres to 58 items" in note for note in with_["notes"])
    code, out, _ = run(capsys, "explain", tmp_path / "m", "--user", "user 1", "--item", "film 1")
    assert code == 0 and all(name in out for name in GENRES)


@pytest.mark.skipif(not ML.exists(), reason="needs ml-latest-small")
def test_on_real_films_genres_take_a_hundredth_off_the_error():
    everything, _ = read_ratings(ML / "ratings.csv")
    learnt, held = split_off(everything, 0.1, seed=0)
    genres, _ = read_genres(ML / "movies.csv", items=everything.items)
    with pytest.warns(UserWarning, match="No rating was learnt from"):
        with_, without = (CollabFilter(effort="quick").fit(learnt, item_columns=columns).score(held) for columns in (genres, None))
    assert with_ > without + 0.01
