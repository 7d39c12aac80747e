"""The sheet `served`: LibreOffice's formulas and ours tell of lists and errors what `solver.judging.who_is_served` does."""

from __future__ import annotations

import numpy as np
import pytest
from planted import planted

from pyxl import open_workbook
from pyxl.grid.cells import Range
from solver import predict_table, random_factors
from solver.judging import who_is_served as served
from workbook.builder import build_with
from workbook.views.served.served_plan import ACTIVE, DISCOUNT, IN_LIST, ORDERS, POPULAR, ServedPlan
from workbook.write.content import Content, content_of


def lists(content: Content, table: np.ndarray, n: int, discount: float) -> list[list]:
    """The lines of the two orders."""
    learnt, held = content.ratings, content.held
    counts = {side: np.bincount(getattr(learnt, f"{side}_index"), minlength=getattr(learnt, f"n_{side}s")) for side in ("user", "item")}
    users, lines = np.unique(learnt.user_index), []
    scores = table.copy()
    scores[learnt.user_index, learnt.item_index] = -np.inf
    scores[:, counts["item"] == 0] = -np.inf
    usual = served.mean_popularity(learnt.user_index, learnt.item_index, counts["item"], learnt.n_users)[users]
    liked = np.zeros(table.shape, bool)
    liked[held.user_index, held.item_index] = held.values >= learnt.values.mean()
    for ranked in (scores, served.discounted(scores, counts["item"], discount * learnt.values.std())):
        chosen = served.best(ranked[users], n)
        shown, worth = served.shown_of(chosen, scores[users]), np.take_along_axis(scores[users], chosen, 1)
        lines.append([*served.exposure(shown, served.fifth_of_each(counts["item"])), served.popularity_lift(shown, usual, counts["item"]),
                      len(np.unique(shown)) / (counts["item"] > 0).sum(), worth[np.isfinite(worth)].clip(*content.rating_range).mean(),
                      served.share_found(chosen, liked[users]) if len(held) else "–"])
    return lines


def expected(content: Content, table: np.ndarray, n: int, discount: float) -> list[list]:
    judged = content.held if len(content.held) else content.ratings
    errors, rows = judged.values - table[judged.user_index, judged.item_index], []
    for side in ("user", "item"):
        counts = np.bincount(getattr(content.ratings, f"{side}_index"), minlength=getattr(content.ratings, f"n_{side}s"))
        rows.append(["" if one is None else one for one in
                     served.rmse_by_fifth(errors, served.fifth_of_each(counts)[getattr(judged, f"{side}_index")])])
        rows.append([served.share_of_most_active(counts)])
    return [*rows, *lists(content, table, n, discount)]


@pytest.mark.parametrize("model, users, items, holdout", [("dot+bias", 25, 20, 0.15), ("bounded", 7, 11, 0.0)])
def test_every_figure_is_pythons(tmp_path, office, model, users, items, holdout):
    ratings = planted(users, items, blanks=0.4)
    ratings = ratings.take((ratings.item_index != items - 1) | (ratings.user_index == 0))
    content = content_of(ratings, titles=None, n_factors=2, seed=0, bounds=None, holdout=holdout)
    low, high = content.bounds
    factors = random_factors(content.ratings, model=model, n_factors=2, seed=3, low=low, high=high)
    build_with(content, tmp_path / "book.xlsx", parameters={model: factors})
    table = predict_table(factors, bounds=content.bounds if model == "bounded" else None).numpy()
    plan = ServedPlan(users, items)
    asked = [plan.of_errors("user"), Range.around([ACTIVE]), plan.of_errors("item"), Range.around([POPULAR]), *map(plan.of_list, ORDERS)]

    def same(found: list[list], n: int, discount: float) -> None:
        for line, wanted in zip(found, expected(content, table, n, discount), strict=True):
            assert [cell if isinstance(cell, str) else pytest.approx(cell, abs=1e-9) for cell in wanted] == line
    with open_workbook(tmp_path / "book.xlsx") as book:
        grid = book.grid("served")
        same([grid.block(where)[0] for where in asked], int(grid.values[IN_LIST]), grid.values[DISCOUNT])
    told = office.recalculate(tmp_path / "book.xlsx", {"served": [str(where) for where in asked]}, set={"served": {str(IN_LIST): 4, str(DISCOUNT): 0.8}})
    same([told["served"][str(where)][0] for where in asked], 4, 0.8)
