"""Measures of predictions and of orders, against their definitions and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score, precision_score, recall_score, roc_auc_score
from sklearn.metrics import mean_absolute_error as sklearn_mae
from sklearn.metrics import root_mean_squared_error as sklearn_rmse

from solver import CollabFilter, Ratings, Settings, UserError, split_off
from solver.collab.judged.search import cross_validate, grid_search
from solver.judging import ranking as ranking_module
from solver.judging.metrics import (
    METRICS,
    Metric,
    auc,
    average_precision,
    hit_rate,
    mean_absolute_error,
    ndcg,
    precision,
    ranks,
    recall,
    reciprocal_rank,
    root_mean_squared_error,
)
from solver.judging.ranking import ranking

few_scores = st.lists(st.integers(0, 5), min_size=1, max_size=12)  # few values: many ties


def test_errors_of_predictions_are_scikit_learns():
    rng = np.random.default_rng(0)
    predicted, actual = rng.normal(size=(2, 50))
    assert root_mean_squared_error(predicted, actual) == pytest.approx(sklearn_rmse(actual, predicted))
    assert mean_absolute_error(predicted, actual) == pytest.approx(sklearn_mae(actual, predicted))
    assert root_mean_squared_error([1, 2], [1, 4]) == pytest.approx(np.sqrt(2)) and mean_absolute_error([1, 2], [1, 4]) == 1


@settings(max_examples=60, deadline=None)
@given(few_scores, few_scores)
def test_auc_is_scikit_learns_ties_included(positive, negative):
    labels = [1] * len(positive) + [0] * len(negative)
    assert auc(positive, negative) == pytest.approx(roc_auc_score(labels, positive + negative))


@settings(max_examples=60, deadline=None)
@given(few_scores, few_scores)
def test_a_rank_counts_those_above_and_half_of_those_level(positive, negative):
    expected = [1 + sum(n > p for n in negative) + sum(n == p for n in negative) / 2 for p in positive]
    np.testing.assert_array_equal(ranks(positive, negative), expected)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20).flatmap(lambda m: st.tuples(st.permutations(range(m)), st.integers(1, m))), st.integers(1, 12))
def test_ndcg_is_scikit_learns(order_and_relevant, n):
    scores, relevant = order_and_relevant
    truth = np.zeros(len(scores))
    truth[:relevant] = 1
    places = np.argsort(np.argsort(-np.array(scores)))[:relevant] + 1
    if len(scores) > 1:  # scikit-learn refuses a list of one
        assert ndcg(places, n) == pytest.approx(ndcg_score([truth], [scores], k=n))


orders = st.integers(2, 20).flatmap(lambda m: st.tuples(st.permutations(range(m)), st.integers(1, m), st.integers(1, 12)))


@settings(max_examples=60, deadline=None)
@given(orders)
def test_precision_recall_and_average_precision_are_scikit_learns(case):
    scores, relevant, n = np.array(case[0]), *case[1:]
    truth = (np.arange(len(scores)) < relevant).astype(int)
    at = np.argsort(np.argsort(-scores)) + 1
    places, first = at[:relevant], (at <= n).astype(int)
    assert recall(places, n) == pytest.approx(recall_score(truth, first))
    if n <= len(scores):    # a shorter list is not full, which scikit-learn does not know
        assert precision(places, n) == pytest.approx(precision_score(truth, first))
    assert average_precision(places, len(scores)) == pytest.approx(average_precision_score(truth, scores))
    assert reciprocal_rank(places, n) == (1 / min(places) if min(places) <= n else 0)


def test_average_precision_of_the_first_few_by_hand():
    assert average_precision([2, 5, 30], 10) == pytest.approx((1 / 2 + 2 / 5) / 3)
    assert average_precision([1, 2, 3], 2) == 1.0 and average_precision([4], 3) == 0.0


def test_hit_rate_is_the_share_among_the_first():
    assert hit_rate([1, 10, 11, 200], 10) == 0.5


def pairs(of: dict[int, list[int]], n_users: int = 4, n_items: int = 8) -> Ratings:
    users, items = (np.array(column) for column in zip(*((u, i) for u, those in of.items() for i in those)))
    return Ratings(tuple(range(n_users)), tuple(range(n_items)), users, items, np.ones(len(users)))


SCORES = np.array([[8., 7, 6, 5, 4, 3, 2, 1], [1, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 0, 0, 0, 0, 0], [5, 1, 5, 1, 5, 1, 5, 1]])
KNOWN, HELD = pairs({0: [0, 1], 1: [7], 2: [0]}), pairs({0: [2, 7], 1: [0], 2: [3]})


def test_a_ranking_leaves_out_what_is_known_and_is_a_mean_over_users():
    """User 0: items 2 3 4 5 6 7 in this order, 2 and 7 held out. User 1: 6 5 … 0, 0 held out. User 2: all level."""
    found = ranking(lambda users: SCORES[users], KNOWN, HELD, n=2)
    assert found.n_users == 3
    assert found["auc"] == pytest.approx(np.mean([4 / 8, 0, 0.5]))
    assert found["hit_rate"] == pytest.approx(1 / 3)
    assert found["recall"] == pytest.approx(np.mean([1 / 2, 0, 0]))
    assert found["ndcg"] == pytest.approx(np.mean([1 / (1 + 1 / np.log2(3)), 0, 0]))


def test_what_a_ranking_says_of_lists_by_hand():
    """First two of user 0: items 2, 3; of user 1: 6, 5; of user 2, all level: any two of 1 … 7."""
    found = ranking(lambda users: SCORES[users], KNOWN, HELD, n=2)
    assert found["precision"] == pytest.approx(np.mean([1 / 2, 0, 0]))
    assert found["map"] == pytest.approx(np.mean([1 / 2, 0, 0])) and found["mrr"] == pytest.approx(1 / 3)
    two = ranking(lambda users: SCORES[users], pairs({0: [0], 1: [0], 2: [2]}), pairs({0: [7], 1: [1]}), n=2)
    assert two["coverage"] == 4 / 8                                            # items 1, 2 and 7, 6
    assert two["novelty"] == pytest.approx(np.mean([2, 2, 2, 2]))              # 1 of 4 users, or none
    known = ranking(lambda users: SCORES[users], pairs({0: [7], 1: [7], 2: [0, 1], 3: [0, 1]}), pairs({0: [6]}), n=2)
    assert known["novelty"] == pytest.approx(1)                                # both are known to 2 of 4 users


def test_held_out_items_stand_among_one_another():
    """Two held-out items on top are first and second, not both first."""
    found = ranking(lambda users: SCORES[users], pairs({0: [7]}), pairs({0: [0, 1]}), n=1)
    assert (found["ndcg"], found["recall"], found["precision"], found["auc"]) == (1.0, 0.5, 1.0, 1.0)
    assert ranking(lambda users: SCORES[users], pairs({0: [7]}), pairs({0: [0, 1]}), n=2)["ndcg"] == 1.0


@pytest.mark.parametrize("at_once", [1, 8, 10**6])
def test_users_are_ranked_in_parts_with_the_same_result(monkeypatch, at_once):
    whole, asked = ranking(lambda users: SCORES[users], KNOWN, HELD), []
    monkeypatch.setattr(ranking_module, "SCORES_AT_ONCE", at_once)
    assert ranking(lambda users: asked.append(len(users)) or SCORES[users], KNOWN, HELD) == whole
    assert sum(asked) == 3 and max(asked) == (3 if at_once > 8 else 1)


def test_sampled_negatives_are_drawn_by_seed_and_flatter():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(50, 300))
    held = pairs({user: [user] for user in range(50)}, 50, 300)
    known = pairs({user: [user + 100] for user in range(50)}, 50, 300)
    all_items, one, same, other = (ranking(lambda users: scores[users], known, held, **how) for how in (
        {}, dict(negatives=20), dict(negatives=20), dict(negatives=20, seed=1)))
    assert one == same != other
    assert one["hit_rate"] > 3 * all_items["hit_rate"]          # chance: 10/21 against 10/299
    assert one["auc"] == pytest.approx(all_items["auc"], abs=0.1)
    assert ranking(lambda users: scores[users], known, held, negatives=10**6) == all_items


def test_a_user_with_everything_is_not_counted():
    everything = pairs({0: [2, 3, 4, 5, 6, 7], 1: [7]})
    assert ranking(lambda users: SCORES[users], everything, pairs({0: [0, 1], 1: [0]})).n_users == 1
    with pytest.raises(UserError, match="Every user with held-out pairs has all items"):
        ranking(lambda users: SCORES[users], everything, pairs({0: [0, 1]}))


@pytest.mark.parametrize("measure", [lambda: auc([], [1]), lambda: auc([1], []), lambda: ndcg([]),
                                     lambda: root_mean_squared_error([], [])])
def test_nothing_cannot_be_measured(measure):
    with pytest.raises(UserError, match="There is nothing to measure: an array is empty"):
        measure()


def test_as_many_predictions_as_ratings_are_needed():
    with pytest.raises(UserError, match="There are 2 predictions and 3 ratings"):
        mean_absolute_error([1, 2], [1, 2, 3])
    with pytest.raises(UserError, match="No pair is held out to rank"):
        ranking(lambda users: SCORES[users], KNOWN, KNOWN.take(np.zeros(len(KNOWN), bool)))


# ---- the table

def test_a_metric_is_added_by_a_row_of_the_table(monkeypatch):
    """It is measured wherever metrics are."""
    from planted import planted
    monkeypatch.setitem(METRICS, "worst", Metric("Largest error.", False, of_ratings=lambda p, a: float(np.abs(p - a).max())))
    monkeypatch.setitem(METRICS, "last", Metric("Place of the last.", False, of_user=lambda user, n: float(user.places.max())))
    chosen = Settings(model="dot+bias", n_factors=2, epochs=5)
    both = cross_validate(planted(), chosen, folds=2, metrics=("worst", "last"))
    assert (both.folds.worst > 0.1).all() and (both.folds["last"] >= 1).all()
    assert grid_search(planted(), chosen, n_factors=(1, 2), metric="last", folds=2).results["last"].is_monotonic_increasing
    learnt, held = split_off(planted(), 0.3)
    model = CollabFilter(2, optimizer="lbfgs", epochs=5).fit(learnt)
    found = model.evaluate(held, metrics=("last", "worst", "rmse"))
    assert list(found) == ["last", "worst", "rmse"]
    assert found["worst"] == pytest.approx(np.abs(model.predict(held) - held.values).max())
    assert found["rmse"] == pytest.approx(-model.score(held))


def test_more_is_better_where_the_table_says_so():
    from planted import planted
    found = grid_search(planted(30, 20), Settings(model="dot+bias", epochs=20), n_factors=(1, 4), metric="ndcg", folds=2)
    assert found.results.ndcg.is_monotonic_decreasing and found.best.n_factors == found.results.n_factors[0]


def test_every_metric_judges_one_thing_and_says_what():
    for metric in METRICS.values():
        assert sum(of is not None for of in (metric.of_ratings, metric.of_user, metric.of_all)) == 1
        assert metric.help.endswith(".")
    with pytest.raises(UserError, match="The metric 'cake' is not known. Choose some of: " + ", ".join(METRICS)):
        cross_validate(Ratings((), (), np.zeros(0, int), np.zeros(0, int), np.zeros(0)), Settings(), metrics=("cake",))


def test_what_a_user_likes_is_what_is_rated_highly():
    from planted import planted
    learnt, held = split_off(planted(30, 20), 0.3)
    model = CollabFilter(2, optimizer="lbfgs", epochs=20).fit(learnt)
    liked = held.take(held.values >= learnt.values.mean())
    assert model.evaluate(held, metrics=("auc",)) == pytest.approx(
        {"auc": ranking(lambda users: model.predict_crosstab().to_numpy()[users], learnt, liked)["auc"]}, abs=1e-3)
    with pytest.raises(UserError, match="No held-out rating is 99 or more"):
        model.evaluate(held, metrics=("ndcg",), liked=99)


def test_implicit_feedback_is_cross_validated_by_its_order():
    from planted import planted
    model = CollabFilter(2, feedback="implicit", epochs=2)
    found = cross_validate(planted(20, 30, blanks=0.7), model, folds=2, metrics=("ndcg", "recall"))
    assert set(found.folds.columns) == {"fold", "ndcg", "recall", "seconds"} and found.mean("recall") > 0
