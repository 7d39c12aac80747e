"""Times that are learnt from: the days of each user, what they tell, and every way on which a model with them is asked."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from planted import planted, settings

from pyxl.__main__ import main
from pyxl.grid.cells import Cell
from pyxl.xlsx import open_workbook
from solver import CollabFilter, Ratings, Settings, UserError, fit
from solver.core.steps import FitTask
from solver.data.days import Days
from solver.fitting.start_values import start_values
from solver.methods.gibbs import features_of
from solver.methods.gibbs_by_day import GibbsByDay
from workbook.export import busiest, export
from workbook.views.days_sheet import listed_block

DAY = 86_400.0
FEW = {"optimizer": "gibbs", "model": "dot+bias", "n_factors": 2, "epochs": 30}


def moody(users: int = 60, items: int = 40, *, seed: int = 0) -> Ratings:
    """Ratings of low rank, to which each user adds a mood on each of three days, and noise."""
    rng = np.random.default_rng(seed)
    plain = planted(users, items, noise=0.2, blanks=0.4, seed=seed)
    day = rng.integers(0, 3, len(plain))
    mood = rng.normal(0, 0.8, (users, 3))[plain.user_index, day]
    return replace(plain, values=plain.values + mood, times=(12_000 + 10 * day + rng.random(len(plain))) * DAY)


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    return moody()


@pytest.fixture(scope="module")
def apart(ratings) -> tuple[Ratings, Ratings]:
    held = np.random.default_rng(3).random(len(ratings)) < 0.15
    return ratings.take(~held), ratings.take(held)


@pytest.fixture(scope="module")
def model(apart) -> CollabFilter:
    return CollabFilter(learn_times=True, holdout=0.1, **FEW).fit(apart[0])


# ---- days -------------------------------------------------------------------------------------

def test_each_day_of_each_user_is_a_row_behind_those_of_the_users():
    given = Ratings(("a", "b", "c"), (0, 1), np.array([1, 0, 1, 1, 0]), np.array([0, 0, 1, 1, 1]), np.ones(5),
                    np.array([3 * DAY + 5, 2 * DAY, 3 * DAY + 9, 1 * DAY, 2 * DAY + 1]) + 9000 * DAY)
    days = Days.of(given)
    assert list(zip(days.users.tolist(), (days.numbers - 9000).tolist())) == [(0, 2), (1, 1), (1, 3)]
    assert days.rows(given.user_index, given.times).tolist() == [5, 3, 5, 4, 3] and days.in_rows(given).n_users == days.n_rows == 6
    assert days.latest.tolist() == [3, 5, 2]        # c never rated
    asked = np.array([0, 0, 1, 2, -1]), np.array([9002.5, 9003, np.nan, 9003, 9002]) * DAY
    assert days.rows(*asked).tolist() == [3, 0, 5, 2, -1]


@pytest.mark.parametrize("unit, per_day", [(1.0, 86_400.0), (1e3, 86_400e3), (1e6, 86_400e6), (1e9, 86_400e9)])
def test_times_since_1970_are_known_by_their_size(unit, per_day):
    ratings = planted(4, 3, blanks=0)
    days = Days.of(replace(ratings, times=unit * (1_260_759_144.0 + np.arange(12) * 7_200)))
    assert days.per_day == per_day and set(np.diff(days.numbers[days.users == 0])) <= {1} and len(days) < 12


def test_smaller_numbers_are_days_themselves():
    ratings = planted(4, 3, blanks=0)
    days = Days.of(replace(ratings, times=20240501.0 + np.arange(12) // 6))
    assert days.per_day == 1 and days.numbers.tolist() == [20240501, 20240501, 20240502, 20240502]


# ---- the chain --------------------------------------------------------------------------------

def test_the_rows_of_days_have_the_mean_of_their_posterior(ratings):
    chosen = Settings(learn_times=True, implicit_sets="both", **FEW)
    chain = GibbsByDay(FitTask(ratings=ratings, start=start_values(ratings, chosen), settings=chosen))
    for _ in range(3):
        chain.step(last=False)
    every = chain._every_row(chain.user.rows)
    left = chain.user.ratings.values - chain._predicted(chain.train.pairs, chain.user.rows, chain.item.rows)
    assert torch.allclose(chain.residual, left, atol=1e-12)
    alpha, draws = torch.tensor(2.0, dtype=torch.float64), []
    before = chain.precisions.clone()
    for _ in range(200):
        chain.precisions = before.clone()
        chain._draw_moves(alpha)
        draws.append(chain.moves[7].clone())
    features, known = features_of(chain.item.rows, biases=True)
    mine = chain.by_day.starts[7], chain.by_day.starts[8]
    others = chain.by_day.others[mine[0]:mine[1]].long()
    phi, own = features[others], chain.user.rows[chain.of_day[7]]
    target = chain.by_day.values[mine[0]:mine[1]] - known[others] - phi @ own
    precision = torch.diag(torch.stack([before[1], before[1], before[2]])) + 2 * phi.T @ phi
    expected, covariance = torch.linalg.solve(precision, 2 * phi.T @ target), torch.linalg.inv(precision)
    found = torch.stack(draws)
    assert ((found.mean(0) - expected).abs() < 5 * covariance.diagonal().sqrt() / len(draws) ** 0.5).all()
    assert torch.allclose(found.T.cov(), covariance, atol=0.4 * float(covariance.max()))
    assert len(every) == chain.days.n_rows


def test_what_a_user_is_like_on_a_day_is_found(apart):
    learnt, held = apart
    errors = {}
    for times in (False, True):
        fitted = CollabFilter(learn_times=times, **FEW).fit(learnt)
        errors[times] = -fitted.score(held)
    assert errors[True] < 0.6 * errors[False]
    assert abs(np.sqrt(np.mean((fitted.predict(held) - held.values) ** 2)) - errors[True]) < 1e-12


# ---- a model that has learnt from times -------------------------------------------------------

def test_without_a_time_a_user_is_as_on_the_latest_day(model, apart):
    held = apart[1]
    latest = np.array([model.learnt_ratings_.times[model.learnt_ratings_.user_index == user].max() for user in range(len(model.users_))])
    at_latest = replace(held, times=latest[held.user_index])
    plain = model.predict(replace(held, times=None))
    assert np.array_equal(model.predict(at_latest), plain) and np.abs(model.predict(held) - plain).max() > 0.3
    label = model.users_[0]
    frame = model.recommend(label, 3, exclude_seen=False).assign(user=label)
    assert np.array_equal(model.predict(frame[["user", "item"]]), frame["prediction"])
    assert any("as on their latest one" in note for note in model.notes_)


def test_what_is_held_out_is_judged_on_its_own_days(model):
    held = model.holdout_ratings_
    assert held.times is not None
    rmse = float(np.sqrt(np.mean((model.predict(held) - held.values) ** 2)))
    assert abs(model.evaluate()["rmse"] - rmse) < 1e-12
    assert abs(min(epoch.holdout_rmse for epoch in model.result_.history) - rmse) < 1e-6     # the best epoch is kept
    middle, low, high = model.predict(held, return_interval=0.8)
    assert abs(np.mean((low <= held.values) & (held.values <= high)) - 0.8) < 0.05 and np.allclose(middle, model.predict(held))
    strangers = Ratings(("nobody",), held.items, np.zeros(2, int), np.array([0, 1]), np.ones(2), held.times[:2])
    with pytest.warns(UserWarning, match="No rating was learnt from for 1 user"):
        assert np.isfinite(model.predict(strangers)).all()


def test_it_is_saved_and_loaded_to_the_last_bit(model, apart, tmp_path):
    held = apart[1]
    model.save(tmp_path / "model")
    again = CollabFilter.load(tmp_path / "model")
    for asked in (held, replace(held, times=None)):
        assert np.array_equal(again.predict(asked), model.predict(asked))
    assert np.array_equal(again.factors_.arrays()["user"], model.factors_.arrays()["user"])
    assert again.learn_times and np.array_equal(again.ratings_.times, model.ratings_.times)
    again.save(tmp_path / "model", overwrite=True)
    assert np.array_equal(CollabFilter.load(tmp_path / "model").predict(held), model.predict(held))


def test_it_learns_on_with_times_and_not_without(model, apart, tmp_path):
    held = apart[1]
    model.save(tmp_path / "model")
    again = CollabFilter.load(tmp_path / "model")
    again.partial_fit(held)
    assert len(again.result_.by_day.days) >= len(model.result_.by_day.days) and again.ratings_.times is not None
    with pytest.raises(UserError, match="the ratings have no times"):
        again.partial_fit(replace(held, times=None, values=held.values[::-1]))


@pytest.mark.parametrize("options, sentence", [
    ({"optimizer": "sgd", "batch_size": 1}, "learn_times is True, and SGD rating by rating does not use it"),
    ({"optimizer": "als"}, "learn_times is True, and als does not use it")])
def test_who_does_not_learn_from_times_says_so(options, sentence):
    with pytest.raises(UserError, match=sentence):
        Settings(learn_times=True, **options)


def test_times_that_are_not_there_are_asked_for(ratings):
    with pytest.raises(UserError, match="the ratings have no times. Give a column of times"):
        CollabFilter(learn_times=True, **FEW).fit(replace(ratings, times=None))
    with pytest.raises(UserError, match="rating 3 has no time"):
        CollabFilter(learn_times=True, **FEW).fit(replace(ratings, times=np.where(np.arange(len(ratings)) == 2, np.nan, ratings.times)))
    with pytest.raises(UserError, match="draws its start itself"):
        chosen = settings(optimizer="gibbs", learn_times=True)
        fit(ratings, start_values(ratings, chosen), chosen)


# ---- the commands -----------------------------------------------------------------------------

def test_commands_learn_from_times_and_predict_at_times(ratings, tmp_path, capsys):
    frame = {"user": [ratings.users[u] for u in ratings.user_index], "item": [ratings.items[i] for i in ratings.item_index],
             "rating": ratings.values.round(3), "date": np.datetime_as_string((ratings.times * 1e6).astype("datetime64[us]"), unit="s")}
    lines = [",".join(map(str, row)) for row in zip(*frame.values())]
    (tmp_path / "r.csv").write_text("\n".join([",".join(frame), *lines]))
    where = str(tmp_path / "model")
    assert main(["train", str(tmp_path / "r.csv"), "-o", where, "--effort", "best", "--epochs", "20", "--factors", "2", "--learn-times"]) == 0
    assert "as on their latest one" in capsys.readouterr().out
    assert main(["evaluate", where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rmse"] < 0.5       # 0.9 without days
    (tmp_path / "asked.csv").write_text("user,item,date\n" + "".join(f"user 1,item 1,{day}\n" for day in ("2002-11-09",)))
    (tmp_path / "plain.csv").write_text("user,item\nuser 1,item 1\n")
    told = {}
    for name in ("asked", "plain"):
        assert main(["predict", where, str(tmp_path / f"{name}.csv"), "-o", str(tmp_path / f"{name}-predicted.csv")]) == 0
        told[name] = capsys.readouterr().out
        head, row = (tmp_path / f"{name}-predicted.csv").read_text().splitlines()
        assert head == "user,item,prediction" and row.startswith("user 1,item 1,")
    assert main(["prepare", str(tmp_path / "r.csv"), "-o", str(tmp_path / "store")]) == 0
    assert main(["train", str(tmp_path / "store"), "-o", str(tmp_path / "other"), "--effort", "best", "--learn-times"]) != 0
    assert "A store keeps no times. Leave out --learn-times" in capsys.readouterr().err
    assert "at its time" in told["asked"] and "as on their latest day" in told["plain"]


def test_genres_and_times_are_learnt_together(apart, tmp_path):
    import pandas as pd

    learnt, held = apart
    genres = pd.DataFrame({"even": np.arange(learnt.n_items) % 2 == 0, "low": np.arange(learnt.n_items) < 20}, index=list(learnt.items)).astype(float)
    model = CollabFilter(learn_times=True, effort="best", n_factors=2, epochs=20).fit(learnt, item_columns=genres)
    assert model.item_columns_ == ("even", "low") and -model.score(held) < 0.5
    model.save(tmp_path / "model")
    again = CollabFilter.load(tmp_path / "model")
    assert np.array_equal(again.predict(held), model.predict(held))
    assert np.array_equal(again.factors_.arrays()["user"], model.factors_.arrays()["user"])


# ---- the sheet --------------------------------------------------------------------------------

def test_libreoffice_predicts_each_day_as_the_model_does(model, tmp_path, office):
    part = busiest(model.ratings_, users=7, items=6)
    export(model, part, tmp_path / "book.xlsx")
    where = listed_block(len(part))
    last = where.bottom - 4        # the first row to spare
    label, other = part.users[0], 40_000            # a day on which nobody rated
    asked = {Cell.parse(cell): value for cell, value in ((f"A{last}", label), (f"B{last}", part.items[0]), (f"C{last}", other),
                                                         (f"A{last + 1}", label), (f"B{last + 1}", part.items[0]))}
    with open_workbook(tmp_path / "book.xlsx") as book:
        book.save({"days": asked}, out=tmp_path / "asked.xlsx")
    found = office.recalculate(tmp_path / "asked.xlsx", {"days": [f"D{where.top}:F{where.bottom}", "E6:F6"]})["days"]
    on_day, latest = (np.array([row[col] for row in found[f"D{where.top}:F{where.bottom}"][:len(part)]], float) for col in (1, 2))
    days, every = model.result_.by_day.days, model.factors_by_day_.map(lambda tensor: tensor.double())
    users, items = (np.array([list(all_labels).index(label) for label in labels])[index] for all_labels, labels, index in
                    ((model.users_, part.users, part.user_index), (model.items_, part.items, part.item_index)))

    def told(rows: np.ndarray, of: np.ndarray) -> np.ndarray:
        return every.raw(torch.as_tensor(rows), torch.as_tensor(of)).numpy()

    expected = told(days.rows(users, part.times), items)
    assert np.abs(on_day - expected).max() < 1e-9 and np.abs(latest - told(days.latest[users], items)).max() < 1e-9
    assert np.abs(on_day - latest).max() > 0.3
    assert found["E6:F6"][0] == pytest.approx([np.sqrt(np.mean((one - part.values) ** 2)) for one in (on_day, latest)], abs=1e-9)
    user, item = list(model.users_).index(label), list(model.items_).index(part.items[0])
    spare = [row[1] for row in found[f"D{where.top}:F{where.bottom}"][len(part):len(part) + 2]]
    assert spare == pytest.approx(told(np.array([user, days.latest[user]]), np.array([item, item])), abs=1e-9)
