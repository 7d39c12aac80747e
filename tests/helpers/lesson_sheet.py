"""Somebody else's workbooks, made for tests: the lesson's sheets at any size and place, with no
names of ours, and with cached results that are wrong (XlsxWriter stores 0), so that nothing can
be read off them that was not computed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xlsxwriter
from xlsxwriter.utility import xl_cell_to_rowcol, xl_col_to_name
from xlsxwriter.utility import xl_rowcol_to_cell as a1

from pyxl.grid.cells import Range


def table(n: int, m: int, *, seed: int = 0, share: float = 0.8) -> np.ndarray:
    """A ratings table (n, m) with planted structure, in half steps, NaN where nobody rated."""
    rng = np.random.default_rng(seed)
    truth = 3 + rng.normal(size=(n, 2)) @ rng.normal(size=(2, m)) * 0.7
    ratings = np.clip(np.round(truth * 2) / 2, 0.5, 5)
    ratings[rng.random((n, m)) > share] = np.nan
    ratings[np.arange(n), np.arange(n) % m] = 3.5  # nobody without a rating
    ratings[np.arange(m) % n, np.arange(m)] = 2.5 + np.arange(m) % 3 / 2
    return ratings


def write(path, ratings: np.ndarray, *, k: int = 5, variant: str = "dot", down: int = 0, right: int = 0,
          sheet: str = "Sheet1", seed: int = 0, predict: str = "", rmse: str = "", masked: bool = True,
          array: bool = False, solver: Mapping[str, str] | bool = False, factors=None, edit=None,
          styled: Mapping[str, tuple[float, str]] = {}) -> dict[str, str]:
    """The lesson's crosstab, moved `down` and `right`; returns the A1 addresses of its parts.

    `predict` and `rmse` replace the lesson's formulas: templates over the names of the parts
    (`{rating}`, `{user}`, `{item}`, `{ubias}`, `{ibias}`, `{ratings}`, `{predictions}`).
    `solver` stores Solver's model of the sheet; as a mapping it gives names of it that are others, or
    none: ``{"neg": "1", "adj": ""}``.
    `edit(worksheet, places)` may spoil the sheet before it is saved; `styled` gives cells a number and its format.
    """
    n, m = ratings.shape
    bias = variant != "dot"
    rng = np.random.default_rng(seed)
    user, item = factors or (rng.random((n, k)), rng.random((k, m)))
    first_col = right + k + 2            # of ratings and items; the ids stand left of it
    top_items = down + n + 3 + bias      # factors of the items
    top_users = top_items + k + 1
    book = xlsxwriter.Workbook(str(path))
    ws = book.add_worksheet(sheet)
    for j in range(m):
        for row in (down, top_users - 1):
            ws.write(row, first_col + j, 100 + j)
        for f in range(k):
            ws.write(top_items + f, first_col + j, item[f, j])
        if bias:
            ws.write(top_items - 1, first_col + j, rng.random())
    for i in range(n):
        for row in (down + 1, top_users):
            ws.write(row + i, first_col - 1, f"user {i}")
        for f in range(k):
            ws.write(top_users + i, first_col - 1 - k + f, user[i, f])
        if bias:
            ws.write(top_users + i, first_col - 2 - k, rng.random())
    for i, j in np.argwhere(~np.isnan(ratings)):
        ws.write(down + 1 + i, first_col + j, ratings[i, j])
    places = {
        "ratings": f"{a1(down + 1, first_col)}:{a1(down + n, first_col + m - 1)}",
        "predictions": f"{a1(top_users, first_col)}:{a1(top_users + n - 1, first_col + m - 1)}",
        "user_factors": f"{a1(top_users, first_col - 1 - k)}:{a1(top_users + n - 1, first_col - 2)}",
        "item_factors": f"{a1(top_items, first_col)}:{a1(top_items + k - 1, first_col + m - 1)}",
        "user_ids": f"{a1(down + 1, first_col - 1)}:{a1(down + n, first_col - 1)}",
        "item_ids": f"{a1(down, first_col)}:{a1(down, first_col + m - 1)}",
        "rmse": a1(top_users + n + 1, first_col + m - 1),
    }
    if bias:
        places["user_bias"] = f"{a1(top_users, first_col - 2 - k)}:{a1(top_users + n - 1, first_col - 2 - k)}"
        places["item_bias"] = f"{a1(top_items - 1, first_col)}:{a1(top_items - 1, first_col + m - 1)}"
    dot = "MMULT({user},{item})" + ("+{ibias}+{ubias}" if bias else "")
    if variant == "bounded":
        ws.write(down, right, 0)
        ws.write(down + 1, right, 5.5)
        low, high = (a1(down + r, right, True, True) for r in (0, 1))
        dot = f"{low}+({high}-{low})/(1+EXP(-({dot})))"
    template = predict or ('IF({rating}="",0,%s)' % dot if masked else dot)
    if array:
        formula = template.format(rating=places["ratings"], user=places["user_factors"], item=places["item_factors"],
                                  ibias=places.get("item_bias"), ubias=places.get("user_bias"))
        ws.write_array_formula(places["predictions"], f"{{={formula}}}")
    else:
        for i in range(n):
            for j in range(m):
                col = xl_col_to_name(first_col + j)
                row = top_users + i + 1
                formula = template.format(
                    rating=a1(down + 1 + i, first_col + j),
                    user=f"${xl_col_to_name(first_col - 1 - k)}{row}:${xl_col_to_name(first_col - 2)}{row}",
                    item=f"{col}${top_items + 1}:{col}${top_items + k}",
                    ibias=f"{col}${top_items}", ubias=f"${xl_col_to_name(max(first_col - 2 - k, 0))}{row}")
                ws.write_formula(top_users + i, first_col + j, "=" + formula)
    rmse = rmse or "SQRT(SUMXMY2({ratings},{predictions})/COUNT({ratings}))"
    ws.write_formula(places["rmse"], "=" + rmse.format(**places))
    if solver:
        blocks = (places[role] for role in ("user_factors", "item_factors", "user_bias", "item_bias") if role in places)
        stored = {"opt": places["rmse"], "adj": ",".join(blocks), "typ": "2"} | (solver if isinstance(solver, dict) else {})
        for name, value in ((name, value) for name, value in stored.items() if value):
            refers_to = ",".join(f"'{sheet}'!{Range.parse(area).absolute}" for area in value.split(",")) if value[0].isalpha() else value
            book.define_name(f"'{sheet}'!solver_{name}", f"={refers_to}")
    for address, (number, pattern) in styled.items():
        ws.write_number(address, number, book.add_format({"num_format": pattern}))
    if edit:
        edit(ws, places)
    book.close()
    return places


def overwrite_a_prediction(ws, places: dict[str, str]) -> None:
    """For `edit`: a number in the middle of the predictions, so that the sheet is no model any more."""
    row, col = xl_cell_to_rowcol(places["predictions"].partition(":")[0])
    ws.write_number(row + 1, col + 1, 99.0)
