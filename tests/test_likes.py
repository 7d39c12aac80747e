"""The sheet `likes`: the cross-entropy of zeros and ones in formulas, fitted by them, and judged by LibreOffice, torch and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss

from pyxl import fit_workbook
from pyxl.__main__ import main
from pyxl.fit.inspect_sheet import inspect_workbook
from pyxl.grid.cells import Cell, Range
from pyxl.xlsx import open_workbook
from solver import Ratings, UserError
from solver.core.implicit import cross_entropy
from workbook.likes_book import LIKES, LikesPlan, build_likes


def some_pairs(*, zeros: bool) -> Ratings:
    """12 users and 9 items in three tastes; half of the pairs, of which with `zeros` a third are 0."""
    drawn = np.random.default_rng(3)
    users, items = np.nonzero(drawn.random((12, 9)) < 0.5)
    values = ((users + items) % 3 > 0).astype(float) if zeros else np.ones(len(users))
    return Ratings.from_triples([f"u{u}" for u in users], [f"i{i}" for i in items], values)


def read(path, plan: LikesPlan) -> dict:
    with open_workbook(path) as book:
        grid = book.grid(LIKES)
        of = {name: np.array(grid.block(where), dtype=float) for name, where in (
            ("happened", plan.table(0)), ("chance", plan.table(2)), ("items", plan.item_parameters), ("users", plan.user_parameters))}
        return of | {label: grid.values[plan.cell(label)] for label in ("cross-entropy", "weight decay", "a blank weighs", "loss")}


@pytest.mark.parametrize("zeros", [False, True])
def test_fit_minimises_the_cross_entropy_that_the_cells_say(tmp_path, office, zeros):
    pairs, path = some_pairs(zeros=zeros), tmp_path / "likes.xlsx"
    plan = build_likes(pairs, path, n_factors=2)
    (result,) = fit_workbook(path, out=path).values()
    seen = read(path, plan)
    assert result.minimum.converged and not result.notes and seen["loss"] < 0.7 * result.minimum.value_before

    bias, factors = seen["items"][0], seen["items"][1:]
    x = torch.as_tensor(seen["users"][:, 1:] @ factors + bias + seen["users"][:, :1])
    t, weights = np.nan_to_num(seen["happened"]), np.where(np.isnan(seen["happened"]), 0 if zeros else 0.3, 1.0)
    mean = float(cross_entropy(x, torch.as_tensor(t), weight=torch.as_tensor(weights), reduction="sum")) / weights.sum()
    decay = (seen["users"] ** 2).sum() / plan.users + (seen["items"] ** 2).sum() / plan.items
    asked = {str(plan.cell(label)): wanted for label, wanted in (("cross-entropy", mean), ("loss", mean + seen["weight decay"] * decay))}
    told = office.recalculate(path, {LIKES: [*asked, str(plan.table(2))]})[LIKES]
    for cell, wanted in asked.items():
        assert told[cell][0][0] == pytest.approx(wanted, abs=1e-9)
    assert result.minimum.value == pytest.approx(asked[str(plan.cell("loss"))], abs=1e-9)
    assert log_loss(t.ravel(), np.array(told[str(plan.table(2))]).ravel(), sample_weight=weights.ravel()) == pytest.approx(mean, abs=1e-9)
    liked = seen["happened"] == 1
    assert seen["chance"][liked].mean() > 0.8 > 0.4 > seen["chance"][seen["happened"] == 0 if zeros else ~liked].mean()


def test_what_may_come_next_is_the_best_that_did_not_happen(tmp_path):
    path = tmp_path / "likes.xlsx"
    plan = build_likes(some_pairs(zeros=False), path, n_factors=2)
    seen, last = read(path, plan), plan.table(2)
    with open_workbook(path) as book:
        grid = book.grid(LIKES)
        items = grid.block(Range(5, plan.ids + 1, 5, plan.ids + plan.items))[0]
        told = [grid.values[Cell(row, last.right + 2)] for row in range(last.top, last.bottom + 1)]
    assert told == [items[place] for place in np.where(seen["happened"] == 1, -1, seen["chance"]).argmax(1)]


def test_the_sheet_is_no_model_of_ratings_and_says_so(tmp_path):
    path = tmp_path / "likes.xlsm"
    build_likes(some_pairs(zeros=True), path)
    report = inspect_workbook(path)[LIKES]
    assert not report["recognised"] and "no cell compares" in report["reason"] and report["problem"]["solvable"]


def test_the_command_builds_it_and_refuses_what_is_of_ratings(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pairs = some_pairs(zeros=False)
    lines = [f"{pairs.users[u]},{pairs.items[i]}" for u, i in zip(pairs.user_index, pairs.item_index)]
    (tmp_path / "plays.csv").write_text("\n".join(["user,item", *lines]))
    assert main(["new", "plays.csv", "--feedback", "implicit", "-o", "likes.xlsm"]) == 0
    assert f"{len(pairs)} of {len(pairs)} pairs" in capsys.readouterr().out
    assert main(["new", "plays.csv", "--feedback", "implicit", "-o", "other.xlsx", "--net"]) == 2
    assert "--net is for models of ratings" in capsys.readouterr().err
    with pytest.raises(UserError, match="nothing to tell apart"):
        build_likes(Ratings.from_triples([1, 1, 2, 2], [1, 2, 1, 2], [1, 1, 1, 1]), "full.xlsx")
