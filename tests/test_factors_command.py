"""RMSE by number of factors: the command's numbers are those of single fits, and the sheet holds them, with a chart."""

from __future__ import annotations

import json

import pytest
from planted import planted

from pyxl.__main__ import main
from pyxl.xlsx import open_workbook
from solver import Settings, fit, hold_out, read_ratings, rmse


def test_every_number_of_factors_is_fitted_and_judged(tmp_path, capsys, office):
    made = planted(12, 9)
    (tmp_path / "r.csv").write_text("user,item,rating\n" + "".join(
        f"u{u},i{i},{value}\n" for u, i, value in zip(made.user_index, made.item_index, made.values)))
    command = ["factors", str(tmp_path / "r.csv"), "-o", str(tmp_path / "f.xlsx"), "--most", "4", "--weight-decay", "0.05", "--holdout", "0.2"]
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    ratings = read_ratings(tmp_path / "r.csv")[0].top(users=15, items=15)
    apart = hold_out(ratings, 0.2, seed=0)
    one = fit(ratings.take(~apart), None, Settings(model="dot+bias", n_factors=3, weight_decay=0.05))
    assert told["training"][2] == pytest.approx(one.rmse_after) and told["held_out"][2] == pytest.approx(rmse(one.factors, ratings.take(apart)))
    found = office.recalculate(tmp_path / "f.xlsx", {"factors": ["A6:C9", "B11"]})["factors"]
    assert [row[0] for row in found["A6:C9"]] == [1, 2, 3, 4] and found["B11"] == [[told["best"]]]
    assert [row[2] for row in found["A6:C9"]] == pytest.approx(told["held_out"])
    with open_workbook(tmp_path / "f.xlsx") as book:
        assert list(book.sheets) == ["factors"]
    assert main(command) == 2 and "f.xlsx" in capsys.readouterr().err
    assert main([*command, "--overwrite", "--holdout", "0"]) == 2 and "nothing could be judged" in capsys.readouterr().err
