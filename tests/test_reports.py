"""`-o report.xlsx`: a workbook with the numbers that the command prints with --json, to 15 digits."""

from __future__ import annotations

import openpyxl
import pytest
from trained_model import TITLES, asked, run, trained  # noqa: F401  (a fixture)

ASKING = {"recommend": ("--user", 3, "-n", 4), "similar": ("--item", 105, "-n", 4), "explain": ("--user", 3, "--item", 110),
          "evaluate": ("ratings.csv",), "fold-in": ("mine.csv",)}


@pytest.fixture
def folder(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ratings.csv").write_text((trained / "ratings.csv").read_text())
    (tmp_path / "movies.csv").write_text(TITLES.replace("Film 1", '"=1+1 Film, no. 1').replace("\n", '"\n').replace('title"', "title"))
    (tmp_path / "mine.csv").write_text("item,rating\n101,5\n102,1\n")
    return tmp_path


def cells(path) -> list[list]:
    """The sheet's rows, each up to its last cell that is not blank."""
    sheet = openpyxl.load_workbook(path).active
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def table(path, first: str) -> list[list]:
    """The rows below the header that begins with `first`."""
    rows = cells(path)
    start = next(n for n, row in enumerate(rows) if (row[0] or "") == first and n > 1)
    return rows[start:]


def near(numbers):
    return pytest.approx(numbers, rel=1e-14)


def ask(capsys, trained, command, *more):
    return asked(capsys, command, trained / "model", *ASKING[command], *more)


@pytest.mark.parametrize("command, measure", [("recommend", "prediction"), ("similar", "similarity"), ("fold-in", "prediction")])
def test_lists(trained, folder, capsys, command, measure):
    said = ask(capsys, trained, command, "--titles", "movies.csv", "-o", "r.xlsx")
    assert said["report"] == "r.xlsx"
    head, *rows = table("r.xlsx", "place")
    assert head == ["place", "item", measure, "title"]
    assert [row[:2] + row[3:] for row in rows] == [[n, row["item"], row["title"]] for n, row in enumerate(said["items"], 1)]
    assert [row[2] for row in rows] == near([row[measure] for row in said["items"]])
    assert any(row[3].startswith("=1+1 Film, no. 1") for row in rows)   # text, no formula
    said = ask(capsys, trained, command, "-o", "plain.xlsx")
    assert table("plain.xlsx", "place")[0] == ["place", "item", measure]


def test_users_of_a_new_item_and_neighbours_of_a_user(trained, folder, capsys):
    (folder / "film.csv").write_text("user,rating\n1,5\n2,4.5\n")
    said = asked(capsys, "fold-in", trained / "model", "film.csv", "--new-item", "-o", "a.xlsx")
    assert [row[1] for row in table("a.xlsx", "place")[1:]] == [row["user"] for row in said["users"]]
    said = asked(capsys, "similar", trained / "model", "--user", 3, "-o", "b.xlsx")
    assert [row[1] for row in table("b.xlsx", "place")[1:]] == [row["user"] for row in said["users"]]


def test_the_parts_of_a_prediction(trained, folder, capsys):
    said = ask(capsys, trained, "explain", "-o", "r.xlsx")
    parts = dict(row[:2] for row in table("r.xlsx", "part")[1:])
    names = ("mean", "user's bias", "item's bias", "sum", "prediction", *(f"factor {n}" for n in range(1, 5)))
    assert [parts[name] for name in names] == near([*(said[name] for name in ("offset", "user_bias", "item_bias", "raw", "prediction")),
                                                    *said["factors"]])


def test_errors(trained, folder, capsys):
    said = ask(capsys, trained, "evaluate", "-o", "r.xlsx")
    rows = {row[0]: row[1:3] for row in cells("r.xlsx") if row[0]}
    assert [rows[name] for name in ("model", "biases", "mean")] == [
        near([said[f"{name}rmse"], said[f"{name}mae"]]) for name in ("", "biases_", "mean_")]
    assert rows["known"][0] == said["known"]


def test_nothing_left_is_said(trained, folder, capsys):
    (folder / "all.csv").write_text("item,rating\n" + "".join(f"{item},4\n" for item in range(101, 131)))
    said = asked(capsys, "fold-in", trained / "model", "all.csv", "-o", "r.xlsx")
    assert said["items"] == [] and table("r.xlsx", "place")[1][0] == "Nothing is left to list."


@pytest.mark.parametrize("command", ASKING)
def test_an_existing_report_is_kept_and_replaced_when_told(trained, folder, capsys, command):
    (folder / "r.xlsx").write_text("precious")
    code, out, err = run(capsys, command, trained / "model", *ASKING[command], "-o", "r.xlsx")
    assert (code, out) == (2, "") and "'r.xlsx' exists already; it was not touched." in err
    assert (folder / "r.xlsx").read_text() == "precious"
    code, out, _ = run(capsys, command, trained / "model", *ASKING[command], "-o", "r.xlsx", "--overwrite")
    assert code == 0 and out.splitlines()[-1] == "Wrote r.xlsx" and cells("r.xlsx")[0][0]
    assert sorted(p.name for p in folder.iterdir()) == ["mine.csv", "movies.csv", "r.xlsx", "ratings.csv"]


@pytest.mark.parametrize("path, sentence", [("r.docx", "r.docx: a report is written as .xlsx."), ("nowhere/r.xlsx", "The folder of 'r.xlsx' does not exist.")])
def test_a_name_that_is_none(trained, folder, capsys, path, sentence):
    code, out, err = run(capsys, "recommend", trained / "model", *ASKING["recommend"], "-o", path)
    assert (code, out) == (2, "") and sentence in err


def test_an_unknown_user_leaves_no_report(trained, folder, capsys):
    code, _, err = run(capsys, "recommend", trained / "model", "--user", 999, "-o", "r.xlsx")
    assert code == 2 and "no user 999" in err and not (folder / "r.xlsx").exists()
