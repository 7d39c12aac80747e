"""CollabFilter: every table means the same ratings, answers are those of the factors, mistakes get a sentence."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import planted

from solver import CollabFilter, Factors, Ratings, Settings, UserError, fit, predict, split_off
from solver.collab.answers.predictions import Everybody, predict_for_user, predict_pairs, predict_rows
from solver.collab.labels.frames import pairs_from, ratings_from
from solver.data.rated import RatedItems
from solver.fitting.effort import choose_settings, recipe

LONG = pd.DataFrame({"user": [7, 7, 9, 9, 8], "item": ["b", "a", "b", "c", "a"], "rating": [4.0, 3, 5, 1, 2]})
QUICK = dict(n_factors=3, optimizer="adamw", epochs=3, batch_size=32)


def long_table(ratings: Ratings) -> pd.DataFrame:
    return pd.DataFrame({"user": [ratings.users[u] for u in ratings.user_index],
                         "item": [ratings.items[i] for i in ratings.item_index], "rating": ratings.values})


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    return planted(25, 20, noise=0.2)


@pytest.fixture(scope="module", params=["dot", "dot+bias", "bounded"])
def model(request, ratings) -> CollabFilter:
    return CollabFilter(**QUICK, model=request.param, lr=0.05).fit(ratings)


def quiet(function, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


def refused(function, *arguments, **options) -> str:
    with pytest.raises(UserError) as error:
        function(*arguments, **options)
    assert "\n" not in str(error.value) and str(error.value).endswith((".", "?"))
    return str(error.value)


def triples(ratings: Ratings) -> list[tuple]:
    return [(ratings.users[u], ratings.items[i], float(v))
            for u, i, v in zip(ratings.user_index, ratings.item_index, ratings.values)]


# Tables

EXPECTED = [(7, "b", 4.0), (7, "a", 3.0), (9, "b", 5.0), (9, "c", 1.0), (8, "a", 2.0)]


@pytest.mark.parametrize("table", [
    LONG, LONG.rename(columns={"user": "UserID", "item": "movie_id", "rating": "Stars"}),
    LONG[["rating", "item", "user"]].assign(title="x"), LONG.set_axis(["x", "y", "z"], axis=1),
    LONG.set_axis(range(3), axis=1), LONG.to_numpy(), LONG.values.tolist(), LONG.to_dict("list"),
    list(LONG.itertuples(index=False, name=None)), LONG.astype({"user": float, "item": "category", "rating": np.int8}),
    LONG.astype(object), LONG[::-1][::-1].set_index(pd.Index([3, 1, 4, 1, 5])),
    LONG.convert_dtypes(), LONG.assign(rating=LONG.rating.astype("Float64")),
], ids=range(14))
def test_every_long_table_means_the_same_ratings(table):
    found, _ = ratings_from(table)
    assert triples(found) == EXPECTED
    assert all(type(user) is int for user in found.users) and found.users == (7, 9, 8)


@pytest.mark.parametrize("crosstab", [
    LONG.pivot(index="user", columns="item", values="rating"),
    LONG.pivot(index="user", columns="item", values="rating").rename_axis(index=None, columns=None).set_axis(
        ["u7", "u8", "u9"], axis=0),
    pd.DataFrame([[3, 4, np.nan], [2, np.nan, np.nan], [np.nan, 5, 1]], index=pd.Index([7, 8, 9], name="who")),
    pd.DataFrame([[3, 4, None, None, 1]] * 2), pd.DataFrame([[3, "4", None]], index=["u"]).replace("4", 4),
    pd.DataFrame(np.eye(6) + 1, columns=list("abcdef"), index=[10, 11, 12, 13, 14, 16]),
], ids=range(6))
def test_a_crosstab_is_known_by_its_labels_or_its_width(crosstab):
    found, notes = ratings_from(crosstab)
    np.testing.assert_array_equal(found.crosstab(), crosstab.to_numpy(float))
    assert found.users == tuple(crosstab.index) and found.items == tuple(crosstab.columns)
    assert notes == (f"The table was read as a crosstab of {len(crosstab)} users × {crosstab.shape[1]} items.",)


def test_columns_with_y_are_taken_row_by_row():
    for y in (LONG.rating, LONG.rating.tolist(), LONG[["rating"]].to_numpy(), LONG.rating.set_axis(list("abcde"))):
        assert triples(ratings_from(LONG[["user", "item"]], y)[0]) == EXPECTED


def test_times_are_kept_as_numbers_or_seconds():
    days = pd.to_datetime(["2024-01-01", "1970-01-02", "2024-01-01", "2024-01-01", "2024-01-01"])
    for times, first in ((days, 1704067200), (days.strftime("%Y-%m-%d"), 1704067200), (range(3, 8), 3)):
        found, _ = ratings_from(LONG.assign(timestamp=times))
        assert found.times[0] == first and len(found.times) == 5
    assert ratings_from(LONG)[0].times is None


def test_of_a_pair_rated_twice_the_last_is_kept_and_said():
    again = pd.concat([LONG, pd.DataFrame({"user": [9, 9], "item": ["b", "b"], "rating": [2, 3]})], ignore_index=True)
    found, notes = ratings_from(again)
    assert ("b", 3.0) in [t[1:] for t in triples(found) if t[0] == 9] and len(found) == 5
    assert notes == ("Row 5 rates the same user and item as an earlier row; of 1 pair rated more than once the last "
                     "rating was kept.",)
    assert CollabFilter(**QUICK).fit(again).notes_ == notes


def test_numbers_and_texts_are_different_ids():
    mixed = pd.DataFrame({"user": [14, "14", 14], "item": ["x", "x", "y"], "rating": [1, 2, 3]})
    found, _ = ratings_from(mixed)
    assert found.users == (14, "14") and found.user_index.tolist() == [0, 1, 0]
    model = CollabFilter(**QUICK).fit(mixed)
    assert model.predict([(14, "x")]) != model.predict([("14", "x")])
    assert refused(model.recommend, 14.5).startswith("There is no user 14.5")


def test_any_hashable_is_an_id():
    days = pd.date_range("2024-01-01", periods=3)
    found, _ = ratings_from(pd.DataFrame({"user": [("a", 1), ("a", 2), ("a", 1)], "item": days, "rating": [1, 2, 3]}))
    assert found.users == (("a", 1), ("a", 2)) and found.items == tuple(days)
    model = CollabFilter(**QUICK).fit(found)
    assert model.recommend(("a", 2), 1, exclude_seen=False).item[0] in days


def test_large_tables_get_small_indices_and_keep_their_type(monkeypatch):
    monkeypatch.setattr("solver.collab.labels.frame_columns._SMALL", 4)
    found, _ = ratings_from(LONG.astype({"rating": np.float32}))
    assert found.user_index.dtype == np.int32 and found.values.dtype == np.float32


@pytest.mark.parametrize("table, sentence", [
    (LONG.assign(rating=[4, 3, "good", 1, 2]), "Row 2: the rating is the text 'good', not a number."),
    (LONG.assign(rating=LONG.rating.astype(str)), "Row 0: the rating is the text '4.0', not a number."),
    (LONG.assign(rating=[True] * 5), "Row 0: the rating is True, not a number."),
    (LONG.assign(rating=[4, np.nan, 5, 1, 2]), "Row 1 has no rating (NaN). Leave out rows without a rating."),
    (LONG.assign(rating=[np.nan, None, 5, 1, 2]), "Row 0 has no rating (NaN), and so does 1 more."),
    (LONG.assign(rating=[4, 3, -np.inf, 1, 2]), "Row 2: the rating -inf is not a finite number."),
    (LONG.assign(rating=[4, 3, 1e300, 1, 2]), "Row 2: the rating 1e+300 is too large to compute with."),
    (LONG.assign(user=[7, -1, 9, 9, 8]), "Row 1: the user is -1; a negative id mostly stands for a missing one."),
    (LONG.assign(user=[7, np.nan, 9, 9, 8]), "Row 1 names no user."),
    (LONG.assign(item=["b", "a", None, "c", "a"]).set_axis(list("vwxyz")), "Row 'x' names no item."),
    (LONG.assign(item=[["b"], "a", "b", "c", "a"]), "Row 0: the item is ['b'], which cannot be an id."),
    (LONG[["user", "rating"]], "The table has 2 columns: 'user', 'rating', and three are needed: user, item, rating."),
    (LONG[:0], "The table holds no rating."), (pd.DataFrame(), "The table has no columns"),
    (LONG.rating, "One column is no table of ratings."), ([], "The table has no columns"),
    (pd.DataFrame(np.eye(5), columns=list("abcde")), "The table has 5 columns: 'a', 'b', 'c', 'd', 'e'. For a long"),
    (pd.DataFrame(np.eye(5), columns=["user", *"bcde"]), "of which only user could be told"),
    (pd.DataFrame([[1, "x"], [2, 3]], index=["u", "v"]), "Row 'u': the column 1 is the text 'x', not a number."),
    (pd.DataFrame([[1, 2], [2, 3]], index=["u", "u"]), "The crosstab has the user 'u' twice."),
    (pd.DataFrame([[1, 2], [2, 3]], index=["u", None]), "A row of the crosstab names no user."),
    (pd.DataFrame([[1, 2], [2, np.inf]], index=["u", "v"]), "The rating of 1 by 'v' is inf, which cannot be computed"),
    (LONG.assign(time="soon"), "The column 'time' holds no times, such as 'soon'."),
    (LONG.assign(rating=3), "All 5 ratings are 3; there is nothing to learn."),
    (LONG[:1], "There is only 1 rating; a fit needs 2 or more."),
    (pd.DataFrame(np.nan, index=["u"], columns=["i"]), "There is no rating; a fit needs 2 or more."),
])
def test_what_is_no_table_of_ratings_gets_its_sentence(table, sentence):
    assert sentence in refused(CollabFilter(**QUICK).fit, table)


def test_columns_of_unequal_length_are_refused():
    assert "There are 5 pairs of users and items in X and 2 " in refused(ratings_from, LONG[["user", "item"]], [1, 2])
    assert refused(ratings_from, planted(), [1]) == "X holds ratings already: leave out y."


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(1, 5)), min_size=1, max_size=40))
def test_rows_read_from_a_frame_are_those_of_a_dict(rows):
    found, _ = ratings_from(pd.DataFrame(rows, columns=["user", "item", "rating"]))
    assert {t[:2]: t[2] for t in triples(found)} == {(u, i): float(r) for u, i, r in rows}
    users, items = pairs_from(found)
    assert list(zip(users, items)) == [t[:2] for t in triples(found)]


# Fitting

def test_it_is_the_fit_of_its_settings_and_the_same_every_time(ratings):
    model = CollabFilter(**QUICK).fit(long_table(ratings))
    direct = fit(ratings_from(long_table(ratings))[0], None, model.settings_)
    assert all(torch.equal(tensor, direct.factors.tensors()[name]) for name, tensor in model.factors_.tensors().items())
    same, other = (CollabFilter(**QUICK, random_state=seed).fit(long_table(ratings)) for seed in (None, 1))
    assert torch.equal(same.factors_.user, model.factors_.user)
    assert not torch.equal(other.factors_.user, model.factors_.user)
    assert (model.n_ratings_, model.rating_range_) == (len(ratings), (ratings.values.min(), ratings.values.max()))
    np.testing.assert_array_equal(model.user_counts_, np.bincount(ratings.user_index))


@pytest.mark.parametrize("option, value", [("model", "bounded"), ("epochs", 2), ("lr", 0.02), ("weight_decay", 0.3),
                                           ("batch_size", 16), ("schedule", "constant"), ("patience", 1)])
def test_what_is_said_goes_before_what_effort_chooses(ratings, option, value):
    model = CollabFilter(n_factors=2, holdout=0.2, **({"epochs": 1, option: value})).fit(ratings)
    assert getattr(model.settings_, option) == value and model.settings_.n_factors == 2


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "momentum"])
def test_another_optimizer_comes_with_its_own_rate(ratings, optimizer):
    model = CollabFilter(n_factors=2, optimizer=optimizer, epochs=3).fit(ratings)
    assert (model.settings_.optimizer, model.settings_.lr, model.settings_.weight_decay) == (optimizer, None, 0.05)


@pytest.mark.parametrize("effort", ["quick", "good", "best"])
def test_effort_chooses_what_is_not_said(ratings, effort):
    chosen = recipe(effort, ratings, n_factors=3)
    model = CollabFilter(n_factors=3, effort=effort, random_state=5, epochs=3).fit(ratings)
    assert model.settings_ == replace(chosen, seed=5, epochs=3)
    for other, optimizer, schedule in (({"model": "net"}, "adamw", "one-cycle"), ({"batch_size": 64}, "adamw", "one-cycle"),
                                       ({"feedback": "implicit"}, "als", "constant")):
        settled = CollabFilter(effort=effort, epochs=1, **other).fit(ratings).settings_
        assert (settled.optimizer, settled.schedule) == (optimizer, schedule) and settled.weight_decay > 0
    bounded = CollabFilter(n_factors=3, effort=effort, epochs=1, model="bounded").fit(ratings).settings_
    assert bounded.optimizer == ("adamw" if effort == "best" else chosen.optimizer)
    assert bounded.low < ratings.values.min()


def test_good_effort_tries_nothing_in_vain(ratings, monkeypatch):
    asked = []
    monkeypatch.setattr("solver.collab.preparation.choose_settings", lambda effort, *_, **options: asked.append(effort) or choose_settings(
        effort, *_, **options))
    CollabFilter(n_factors=2, optimizer="adam", epochs=1).fit(ratings)
    assert asked == ["quick"]


def test_a_bounded_model_reaches_beyond_the_range_and_predictions_do_not(ratings):
    model = CollabFilter(**QUICK, model="bounded", rating_range=(1, 9)).fit(ratings)
    assert model.settings_.low < 1 and model.settings_.high > 9 and model.rating_range_ == (1, 9)
    tight = CollabFilter(**QUICK, lr=1.0).fit(ratings)
    predicted = tight.predict_crosstab().to_numpy()
    assert predicted.min() >= tight.rating_range_[0] and predicted.max() <= tight.rating_range_[1]


def test_a_hold_out_is_a_share_or_a_table(ratings):
    learnt, held = split_off(ratings, 0.2, seed=0)
    by_share = CollabFilter(**QUICK, holdout=0.2).fit(ratings)
    by_table = CollabFilter(**QUICK).fit(learnt, holdout=long_table(held))
    at_fit = CollabFilter(**QUICK).fit(ratings, holdout=0.2)
    assert by_share.n_ratings_ == by_table.n_ratings_ == len(learnt)
    assert by_share.result_.holdout_rmse == by_table.result_.holdout_rmse == at_fit.result_.holdout_rmse > 0
    assert by_share.rating_range_ == (ratings.values.min(), ratings.values.max())
    strange = pd.concat([pd.DataFrame({"user": ["new"], "item": ["item 0"], "rating": [1.5]}), long_table(held)])
    model = CollabFilter(**QUICK).fit(learnt, holdout=strange)
    assert model.result_.holdout_rmse == by_table.result_.holdout_rmse
    assert model.notes_ == (f"1 of {len(strange)} held-out ratings are of users or items without a rating to learn "
                            "from; they were not used to judge by.",)


def test_a_hold_out_by_time_takes_the_latest(ratings):
    table = long_table(ratings).assign(time=np.arange(len(ratings))[::-1])
    model = CollabFilter(**QUICK, holdout=0.25, holdout_by="time").fit(table)
    assert model.n_ratings_ == len(ratings) - round(len(ratings) / 4)
    assert model.user_counts_[0] == 0  # whose ratings are all among the latest
    assert "have no times to split by" in refused(CollabFilter(holdout=0.2, holdout_by="time").fit, ratings)


def test_epochs_are_shown_and_can_be_ended(ratings):
    seen = []
    model = CollabFilter(**QUICK).fit(ratings, on_epoch=lambda epoch: seen.append(epoch) or epoch.epoch == 2)
    assert model.result_.stopped and tuple(seen) == model.result_.history and len(seen) == 2


@pytest.mark.parametrize("options, sentence", [
    ({"rating_range": (1, 2)}, "lies outside 1 to 2. Correct it, or widen rating_range."),
    ({"rating_range": 5}, "rating_range is 5."), ({"rating_range": (5, 1)}, "rating_range is (5, 1)."),
    ({"random_state": "x"}, "random_state is 'x'."), ({"random_state": -1}, "seed is -1."),
    ({"holdout": True}, "The hold-out share is True."), ({"holdout": 1.0}, "The hold-out share is 1.0."),
    ({"model": "cake"}, "model is 'cake'. Choose one of:"), ({"optimizer": "cake"}, "optimizer is 'cake'. Choose one"),
    ({"feedback": "cake"}, "feedback is 'cake'."), ({"n_factors": 0}, "n_factors is 0."), ({"lr": 0}, "lr is 0."),
    ({"device": "abacus"}, "device is 'abacus'."), ({"effort": "none"}, "effort is 'none'. Choose one of: quick, good"),
])
def test_options_that_make_no_sense_get_a_sentence(ratings, options, sentence):
    assert sentence in refused(CollabFilter(**(QUICK | options)).fit, ratings)


def test_implicit_feedback_needs_no_values():
    pairs = long_table(planted(30, 20, blanks=0.7))
    one = CollabFilter(**QUICK, feedback="implicit").fit(pairs)
    counted = "Implicit feedback: every pair counts as one that happened, whatever its value. Where values say how often, say counts=1 (--counts)."
    assert one.notes_ == (counted,) and one.rating_range_ == (0.0, 1.0)
    two = CollabFilter(**QUICK, feedback="implicit").fit(pairs[["user", "item"]])
    assert two.notes_ == () and torch.equal(one.factors_.user, two.factors_.user)
    assert two.predict(pairs).min() >= 0 and two.predict(pairs).max() <= 1
    held = CollabFilter(**QUICK, feedback="implicit").fit(pairs[::2], holdout=pairs[["user", "item"]][1::2])
    assert held.result_.holdout_rmse > 0
    assert "implicit feedback lists only pairs that happened" in refused(one.fit, pairs.assign(rating=0))


# Predicting

def test_predictions_are_those_of_the_equation(model, ratings):
    expected = predict(model.factors_.map(torch.Tensor.double), torch.as_tensor(ratings.user_index),
                       torch.as_tensor(ratings.item_index), bounds=model.settings_.bounds).clamp(*model.rating_range_)
    table = long_table(ratings)
    pairs = table[["user", "item"]]
    for X in (table, table[["item", "user"]], ratings, pairs.to_numpy(), list(zip(table.user, table.item)),
              pairs.astype("category"), pairs.astype(object), pairs.convert_dtypes()):
        np.testing.assert_allclose(model.predict(X), expected, rtol=0, atol=1e-12)
    crosstab = model.predict_crosstab()
    found = crosstab.to_numpy()[ratings.user_index, ratings.item_index]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert model.score(table) == pytest.approx(-np.sqrt(np.mean((expected.numpy() - ratings.values) ** 2)), rel=1e-12)
    assert model.score(pairs, table.rating) == model.score(ratings)


def test_chunks_change_nothing(model, ratings, monkeypatch):
    whole = model.predict(ratings)
    monkeypatch.setattr("solver.collab.answers.predictions._CHUNK", 7)
    np.testing.assert_allclose(model.predict(ratings), whole, rtol=0, atol=1e-14)


def test_a_part_of_the_crosstab_is_that_part(model):
    part = model.predict_crosstab(users=model.users_[5:2:-1], items=[model.items_[4]])
    whole = model.predict_crosstab()
    assert part.index.tolist() == list(model.users_[5:2:-1])
    assert (part.index.name, part.columns.name) == ("user", "item")
    np.testing.assert_allclose(part, whole.loc[part.index, part.columns], rtol=0, atol=1e-12)


def test_a_crosstab_too_large_for_any_memory_is_refused(model, monkeypatch):
    monkeypatch.setattr("solver.collab.predicting.LARGEST_TABLE", 100)
    assert refused(model.predict_crosstab).startswith("A table of 25 users × 20 items needs 0 GB. Choose fewer")


def test_strangers_get_the_average_and_one_warning(model):
    pairs = [("user 3", "item 2"), ("nobody", "item 2"), ("user 3", "nothing"), ("nobody", "nothing"), (3, "nothing")]
    with pytest.warns(UserWarning) as caught:
        predicted = model.predict(pairs)
    assert [str(warning.message) for warning in caught] == [
        "No rating was learnt from for 2 users (the first is 'nobody') and 1 item (the first is 'nothing'): "
        "they get the predictions of the mean of the others."]
    assert caught[0].filename == __file__
    mean = {name: tensor.double().mean(0, keepdim=True) for name, tensor in model.factors_.tensors().items()}
    with_them = model.factors_.with_tensors({name: torch.cat([tensor.double(), mean[name]])
                                             for name, tensor in model.factors_.tensors().items()})
    users, items = torch.tensor([3, 25, 3, 25, 25]), torch.tensor([2, 2, 20, 20, 20])
    expected = predict(with_them, users, items, bounds=model.settings_.bounds).clamp(*model.rating_range_)
    np.testing.assert_allclose(predicted, expected, atol=1e-9)


def test_who_has_no_rating_to_learn_from_is_a_stranger_too(ratings):
    wider = replace(ratings, users=(*ratings.users, "idle"), items=(*ratings.items, "unseen"))
    model, plain = CollabFilter(**QUICK).fit(wider), CollabFilter(**QUICK).fit(ratings)
    assert model.user_counts_[-1] == 0
    with pytest.warns(UserWarning, match=r"1 user \(the first is 'idle'\) and 1 item \(the first is 'unseen'\)"):
        model.predict([("idle", "unseen")])
    fold = quiet(model.fold_in, {}).predict()
    np.testing.assert_allclose(quiet(model.predict, [("idle", item) for item in model.items_]), fold, atol=1e-6)
    assert len(model.similar_items("unseen")) == 0 and "unseen" not in model.similar_items("item 0", 99).item.tolist()
    assert len(plain.items_) == len(model.items_) - 1


def test_nothing_is_predicted_before_a_fit():
    sentence = "This CollabFilter has learnt nothing yet. Call fit first, or load a model."
    for ask in (lambda m: m.predict(LONG), lambda m: m.recommend(7), lambda m: m.similar_items("a"),
                lambda m: m.explain(7, "a"), lambda m: m.fold_in({}), lambda m: m.predict_crosstab()):
        assert refused(ask, CollabFilter()) == sentence


def test_draws_from_a_posterior_are_averaged_and_say_how_much_they_differ(ratings):
    draws = [fit(ratings, None, Settings(**QUICK, seed=seed)).factors for seed in range(3)]
    counts = {"user": np.ones(25), "item": np.ones(20)}
    users, items = ratings.user_index, ratings.item_index
    pairs = torch.as_tensor(users), torch.as_tensor(items)
    each = np.stack([predict(draw.map(torch.Tensor.double), *pairs) for draw in draws])
    everybody = [Everybody.of(draw, counts) for draw in draws]
    means, spreads = predict_pairs(everybody, users, items)
    np.testing.assert_allclose(means, each.mean(0), atol=1e-12)
    np.testing.assert_allclose(spreads, each.std(0, ddof=1), atol=1e-12)
    np.testing.assert_allclose(predict_for_user(everybody, 3, 20)[items[users == 3]], means[users == 3], atol=1e-12)
    np.testing.assert_allclose(predict_rows(everybody, users[:5], items[:4])[0, 0], means[0], atol=1e-12)
    assert predict_pairs(everybody[:1], users, items)[1].max() == 0


def test_a_model_fitted_by_gibbs_says_how_sure_it_is(ratings, tmp_path):
    model = CollabFilter(n_factors=2, optimizer="gibbs", epochs=20).fit(ratings)
    means, spreads = model.predict(ratings, return_std=True)
    draws = torch.stack([predict(draw, torch.as_tensor(ratings.user_index), torch.as_tensor(ratings.item_index))
                         for draw in model.result_.samples]).double()
    assert len(draws) > 5 and (spreads > 0).all()
    np.testing.assert_allclose(means, draws.mean(0).clamp(*model.rating_range_), atol=1e-5)
    np.testing.assert_allclose(spreads, draws.std(0), atol=1e-5)
    np.testing.assert_array_equal(model.predict(ratings), means)
    assert model.recommend("user 1", 1).prediction[0] == pytest.approx(model.predict_crosstab().loc["user 1"].drop(
        [ratings.items[i] for i in ratings.item_index[ratings.user_index == 1]]).max(), abs=1e-9)
    model.save(tmp_path / "m")
    again = CollabFilter.load(tmp_path / "m").predict(ratings, return_std=True)
    np.testing.assert_array_equal(again, (means, spreads))


def test_the_typical_row_is_the_mean_of_those_who_have_ratings():
    factors = Factors(torch.tensor([[1.0], [5.0], [9.0]]), torch.ones(2, 1))
    everybody = Everybody.of(factors, {"user": np.array([2, 0, 1]), "item": np.array([1, 2])})
    assert everybody.typical["user"].tolist() == [5.0] and everybody.factors.user.tolist() == [[1], [5], [9]]
    everybody = Everybody.of(factors, {"user": np.array([0, 2, 1]), "item": np.array([1, 2])})
    assert everybody.typical["user"].tolist() == [7.0] and everybody.factors.user.tolist() == [[7], [5], [9]]
    assert factors.user.tolist() == [[1], [5], [9]]


def test_a_single_set_of_factors_cannot_say_how_sure_it_is(model, ratings):
    assert refused(model.predict, ratings, return_std=True).startswith(
        "A model fitted by adamw has one set of factors and cannot say how sure it is. Fit with optimizer='gibbs'")


# Recommending

@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=30))
def test_rated_items_are_kept_once_each_by_user(pairs):
    users, items = np.array(pairs, int).reshape(-1, 2).T
    rated = RatedItems.of(Ratings(tuple(range(5)), tuple(range(4)), users, items, np.ones(len(pairs))))
    for user in range(5):
        assert rated.by(user).tolist() == sorted({i for u, i in pairs if u == user})
    assert rated.items.dtype == np.int32


def test_recommendations_are_the_best_unseen_predictions(model, ratings):
    for user in model.users_[:6]:
        seen = {ratings.items[i] for u, i in zip(ratings.user_index, ratings.item_index) if ratings.users[u] == user}
        found = model.recommend(user, 99)
        assert list(found.columns) == ["item", "prediction"] and set(found.item) == set(model.items_) - seen
        np.testing.assert_allclose(found.prediction, model.predict([(user, item) for item in found.item]), atol=1e-14)
        assert found.prediction.is_monotonic_decreasing
        everything = model.recommend(user, 99, exclude_seen=False)
        assert set(everything.item) == set(model.items_)
        assert model.recommend(user, 2).equals(found[:2])


def test_recommendations_are_ranked_before_they_are_clipped(ratings):
    model = CollabFilter(**QUICK, lr=0.05).fit(ratings)
    model.rating_range_ = (0.0, 0.1)  # all predictions lie above it
    found = model.recommend("user 1", 5)
    assert (found.prediction == 0.1).all()
    model.rating_range_ = (-99.0, 99.0)
    assert model.recommend("user 1", 5).item.tolist() == found.item.tolist()


def test_who_rated_everything_gets_an_empty_frame():
    full = planted(6, 5, blanks=0.0)
    found = CollabFilter(**QUICK).fit(full).recommend("user 0")
    assert len(found) == 0 and list(found.columns) == ["item", "prediction"]


@pytest.mark.parametrize("k", [1, 5, 17, 50])
def test_items_alike_get_predictions_alike_to_the_last_bit(k):
    """So that they are recommended in their order; BLAS would not grant it."""
    alike = Factors(torch.randn(1, k), torch.randn(1, k).expand(10_001, k), torch.zeros(1), torch.ones(10_001), 3.0)
    everybody = Everybody.of(alike, {"user": np.ones(1), "item": np.ones(10_001)})
    one = predict_for_user([everybody], 0, 10_001)
    assert len(set(one)) == 1
    np.testing.assert_array_equal(one, predict_pairs([everybody], np.zeros(10_001, int), np.arange(10_001))[0])


def test_what_was_held_out_was_seen_all_the_same(ratings):
    model = CollabFilter(**QUICK, holdout=0.5).fit(ratings)
    of_all = CollabFilter(**QUICK).fit(ratings)
    assert set(model.recommend("user 0", 99).item) == set(of_all.recommend("user 0", 99).item)


def test_neighbours_are_those_of_the_cosine(model):
    rows = model.factors_.item.double().numpy()
    rows = rows - rows.mean(0)
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = rows @ rows[4]
    found = model.similar_items("item 4", 3)
    expected = [i for i in np.argsort(-cosines) if i != 4][:3]
    assert found.item.tolist() == [model.items_[i] for i in expected] and list(found.columns) == ["item", "similarity"]
    np.testing.assert_allclose(found.similarity, cosines[expected], atol=1e-6)
    users = model.similar_users("user 1", 99)
    assert list(users.columns) == ["user", "similarity"] and len(users) == 24


@pytest.mark.parametrize("n", [-1, 2.5, True, None, "3"])
def test_n_is_a_whole_number(model, n):
    assert refused(model.recommend, "user 1", n).startswith(f"n is {n!r}.")
    assert refused(model.similar_items, "item 1", n).startswith(f"n is {n!r}.")


def test_an_unknown_label_names_the_nearest(model):
    assert refused(model.recommend, "User 4") == "There is no user 'User 4'; did you mean 'user 4'?"
    assert refused(model.similar_items, 4) == ("There is no item 4. There are 20 items, such as 'item 0', 'item 1', "
                                               "'item 2'.")
    numbers = CollabFilter(**QUICK).fit(LONG)
    assert refused(numbers.recommend, "7") == "There is no user '7'; there is the number 7: give it as a number."
    assert refused(numbers.explain, 7, "d").startswith("There is no item 'd'")
    texts = CollabFilter(**QUICK).fit(LONG.assign(user=LONG.user.astype(str)))
    assert refused(texts.similar_users, 7) == "There is no user 7; there is the text '7': give it as a text."
    assert refused(texts.recommend, [["7"]]).startswith("There is no user ['7']")


# Understanding

def test_an_explanation_adds_up_to_the_prediction(model):
    for user, item in (("user 0", "item 0"), ("user 24", "item 19")):
        parts = model.explain(user, item)
        assert parts.prediction == pytest.approx(model.predict([(user, item)])[0], abs=1e-12)
        assert len(parts.factors) == 3 and (model.model != "dot" or parts.offset == 0)


@pytest.mark.parametrize("side", ["user", "item"])
def test_a_newcomer_predicts_and_recommends(model, side):
    others = model.items_ if side == "user" else model.users_
    given = {others[1]: 5, others[2]: 1.5, others[3]: np.float32(4)}
    found = model.fold_in(given, side=side)
    assert found.factors.shape == (3,) and found.predict(others[:4]).shape == (4,)
    ranked = found.recommend(99)
    assert set(ranked.iloc[:, 0]) == set(others) - set(given) and ranked.prediction.is_monotonic_decreasing
    np.testing.assert_array_equal(ranked.prediction, found.predict(ranked.iloc[:, 0]))
    assert ranked.columns[0] == ("item" if side == "user" else "user")
    assert len(found.recommend(99, exclude_seen=False)) == len(others)
    same = model.fold_in(pd.Series(given), side=side)
    np.testing.assert_array_equal(same.predict(), found.predict())


def test_a_newcomer_with_a_users_ratings_and_no_decay_fits_them_as_well_as_the_user(model, ratings):
    """No row fits a user's ratings better than the one that least squares finds."""
    mine = ratings.take(ratings.user_index == 3)
    given = {ratings.items[i]: float(value) for i, value in zip(mine.item_index, mine.values)}
    found = model.fold_in(given, weight_decay=0)
    errors = [np.sum((predicted - mine.values) ** 2) for predicted in
              (found.predict(given), model.predict(mine))]
    assert errors[0] <= errors[1] + 1e-9


def test_a_newcomers_decay_counts_for_each_rating(ratings):
    """The formula of the sheet, with the model's own numbers: x̄ + (FᵀF + λnS)⁻¹ Fᵀ(r − o − b − F x̄), S the spread for factors and 1 for the bias."""
    model = CollabFilter(**QUICK, lr=0.05).fit(ratings)
    given, factors = {"item 3": 5.0, "item 7": 2.0, "item 1": 4.0}, model.factors_.map(torch.Tensor.double)
    rows = [model.items_.index(item) for item in given]
    features = np.c_[factors.item[rows], np.ones(3)]
    mean = np.r_[factors.user.mean(0), factors.user_bias.mean()]
    wanted = np.array(list(given.values())) - factors.offset - factors.item_bias[rows].numpy() - features @ mean
    x = mean + np.linalg.inv(features.T @ features + 0.2 * 3 * np.diag([model.spread_] * 3 + [1.0])) @ features.T @ wanted
    found = model.fold_in(given, weight_decay=0.2)
    np.testing.assert_allclose(np.r_[found.factors, found.bias], x, atol=1e-9)


def test_newcomers_opinions_show_in_what_they_are_predicted(model):
    low, high = (model.fold_in(dict.fromkeys(model.items_[:10], value)).predict().mean() for value in (1, 5))
    assert low < model.fold_in({}).predict().mean() < high


@pytest.mark.parametrize("opinions, options, sentence", [
    ({"item 99": 3}, {}, "There is no item 'item 99'; did you mean"),
    ({"item 1": "good"}, {}, "The rating of 'item 1' is 'good'"),
    ({"item 1": np.nan}, {}, "The rating of 'item 1' is nan, not a number."),
    ({"item 1": True}, {}, "is True, not a number."), ([3, 4], {}, "Give ratings by label"),
    ({"item 1": 3}, {"side": "cake"}, "side is 'cake'. Choose one of: user, item."),
    ({"item 1": 3}, {"weight_decay": -1}, "weight_decay is -1."), ({"user 1": 3}, {}, "There is no item 'user 1'"),
    (pd.Series([3, 4], index=["item 1", "item 1"]), {}, "The item 'item 1' is rated twice. Keep one rating."),
])
def test_what_cannot_be_folded_in_gets_its_sentence(model, opinions, options, sentence):
    assert sentence in refused(model.fold_in, opinions, **options)


def test_a_net_predicts_and_recommends_and_says_what_it_cannot_do(ratings):
    model = CollabFilter(model="net", hidden=[8], epochs=2, batch_size=64, dropout=0.1).fit(ratings)
    found = model.recommend("user 1", 99)
    np.testing.assert_allclose(found.prediction, model.predict([("user 1", item) for item in found.item]), atol=1e-12)
    crosstab = model.predict_crosstab().to_numpy()
    np.testing.assert_allclose(model.predict(ratings), crosstab[ratings.user_index, ratings.item_index], atol=1e-9)
    assert np.isfinite(quiet(model.predict, [("nobody", "nothing")])).all()
    assert len(model.similar_items("item 1", 3)) == 3
    assert refused(model.explain, "user 1", "item 1").startswith("A net explains nothing")
    assert refused(model.fold_in, {}).startswith("A net folds nobody in")


# More factors than items, and only one

@pytest.mark.parametrize("n_factors", [1, 30])
def test_one_factor_and_more_factors_than_items_are_models_too(n_factors):
    model = CollabFilter(n_factors=n_factors, optimizer="adamw", epochs=2, batch_size=8).fit(planted(8, 6))
    assert np.isfinite(model.predict_crosstab()).all(axis=None)
    assert len(model.recommend("user 0", 99, exclude_seen=False)) == 6
    assert model.fold_in({"item 1": 4}, weight_decay=0).predict(["item 1"])[0] == pytest.approx(4, abs=1e-6)
    assert len(model.explain("user 0", "item 0").factors) == n_factors
    assert len(model.similar_items("item 0", 99)) == 5


def test_ratings_and_a_table_of_the_same_pairs_are_predicted_alike_strangers_too():
    """Of Ratings each label is looked up once, of a table every row."""
    model = CollabFilter(2, epochs=2).fit(planted(9, 8, seed=2))
    asked = Ratings(("user 3", "nobody", "user 1"), ("item 2", 14, "item 7"), np.array([0, 1, 2, 0, 1]), np.array([0, 0, 1, 2, 1]), np.ones(5))
    table = pd.DataFrame({"user": [asked.users[u] for u in asked.user_index], "item": [asked.items[i] for i in asked.item_index]})
    with pytest.warns(UserWarning, match=r"1 user \(the first is 'nobody'\) and 1 item \(the first is 14\)"):
        predicted = model.predict(asked)
    with pytest.warns(UserWarning, match="nobody"):
        assert predicted.tolist() == model.predict(table).tolist()
