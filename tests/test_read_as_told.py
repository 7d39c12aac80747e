"""What is said of how a table is written is honoured, or refused where it says nothing; times are read whichever way they are written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ratings_files import table, write  # noqa: F401  (a fixture)
from trained_model import run, trained  # noqa: F401  (a fixture)

from pyxl.__main__ import main
from solver import UserError, read_ratings

RATED = [(f"u{u}", f"i{i}", (u * i) % 5 + 1) for u in range(6) for i in range(5) if (u + i) % 4]
DAYS = [dt.datetime(2024, 1, 1, 9, 30) + dt.timedelta(days=17 * n % 350) for n in range(len(RATED))]


@pytest.fixture(scope="module")
def formats(tmp_path_factory) -> Path:
    """The same ratings in every format; a crosstab of them, as pandas stores it with its index, too."""
    folder = tmp_path_factory.mktemp("formats")
    frame = pd.DataFrame(RATED, columns=["user", "item", "rating"])
    frame.to_csv(folder / "a.csv", index=False)
    frame.to_json(folder / "a.jsonl", orient="records", lines=True)
    frame.to_parquet(folder / "a.parquet")
    frame.to_feather(folder / "a.feather")
    frame.to_excel(folder / "a.xlsx", index=False)
    frame.pivot_table(index="user", columns="item", values="rating").to_parquet(folder / "wide.parquet")
    (folder / "blocks.txt").write_text("".join(f"{i}:\n" + "".join(f"{u},{u % 5 + 1}\n" for u in range(i, i + 4)) for i in range(1, 5)))
    return folder


@pytest.mark.parametrize("file, deaf_to", [("a.csv", ("sheet",)), ("a.jsonl", ("sep", "sheet")), ("a.parquet", ("sep", "encoding", "sheet")),
                                           ("a.feather", ("sep", "encoding", "sheet")), ("a.xlsx", ("sep", "encoding")), ("blocks.txt", ("sep", "sheet"))])
def test_an_option_is_used_or_refused(formats, file, deaf_to):
    for option, value in (("sep", ","), ("encoding", "utf-8"), ("sheet", "Sheet1")):
        if option in deaf_to:
            with pytest.raises(UserError, match=f"--{option}"):
                read_ratings(formats / file, **{option: value})
        else:
            read_ratings(formats / file, **{option: value})


@pytest.mark.parametrize("file", ["a.csv", "a.jsonl", "blocks.txt"])
def test_an_encoding_is_one_of_texts_and_the_file_has_its_mark(formats, file):
    with pytest.raises(UserError, match="does not begin with the mark of UTF-16. Say --encoding utf-16-le"):
        read_ratings(formats / file, encoding="utf-16")
    with pytest.raises(UserError, match="There is no encoding 'hex'"):
        read_ratings(formats / file, encoding="hex")


@pytest.mark.parametrize("before, between, after", [("", "\n", ""), ("[", ",", "]")])
def test_json_in_another_encoding_is_asked_for(tmp_path, before, between, after):
    rows = between.join(f'{{"user": "Zoë{u}", "item": "{i}", "rating": {r}}}' for u, i, r in RATED)
    (tmp_path / "a.json").write_bytes(f"{before}{rows}{after}".encode("latin-1"))
    with pytest.raises(UserError, match="is not UTF-8, as JSON is written. Say --encoding, such as latin-1."):
        read_ratings(tmp_path / "a.json")
    assert read_ratings(tmp_path / "a.json", encoding="latin-1")[0].users[0].startswith("Zoë")


def test_ids_within_objects_are_read(write):
    rows = "\n".join(f'{{"user": {{"id": "{u}", "name": "n"}}, "item": {{"id": "{i}"}}, "rating": {r}}}' for u, i, r in RATED)
    ratings, _ = read_ratings(write(rows, "a.jsonl"))
    assert ratings.users[:2] == ("u0", "u1") and ratings.items[0] == RATED[0][1] and len(ratings) == len(RATED)


def test_a_crosstab_in_parquet_is_one(formats, tmp_path):
    ratings, notes = read_ratings(formats / "wide.parquet")
    assert "a user in every row and an item in every column of a crosstab" in notes[0]
    assert {(ratings.users[u], ratings.items[i], v) for u, i, v in zip(ratings.user_index, ratings.item_index, ratings.values)} == set(RATED)
    survey = pd.DataFrame(np.random.default_rng(0).integers(1, 6, (30, 8)), columns=list("abcdefgh"))
    survey.to_parquet(tmp_path / "survey.parquet")
    survey.to_csv(tmp_path / "survey.csv", index=False)
    for name in ("survey.parquet", "survey.csv"):       # no column of users: the first item is an item
        read, _ = read_ratings(tmp_path / name)
        assert (read.crosstab() == survey.to_numpy()).all() and read.items == tuple("abcdefgh")


@pytest.mark.parametrize("written", ["%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M", "%m/%d/%y %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M:%SZ",
                                     "%Y-%m-%dT%H:%M:%S.000000000+00:00", "%Y-%m-%d %H:%M:%S UTC", "%a %b %d %H:%M:%S %Y"])
@pytest.mark.parametrize("header", ["user;item;rating;date", ""])
def test_times_are_read_however_they_are_written(write, written, header):
    if not header and not written.startswith(("%d/", "%m/", "%Y-%m-%dT")):
        return      # without a name a fourth column is of times where it looks like them
    lines = [";".join(map(str, (*rated, day.strftime(written)))) for rated, day in zip(RATED, DAYS)]
    ratings, notes = read_ratings(write("\n".join([header] * bool(header) + lines)))
    assert ratings.times is not None, notes
    assert ratings.times.tolist() == [day.replace(tzinfo=dt.UTC).timestamp() for day in DAYS]


def test_dates_that_may_be_either_are_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    days = [f"{n % 12 + 1}/{n % 11 + 1}/2024" for n in range(len(RATED))]
    Path("amb.csv").write_text("user,item,rating,date\n" + "\n".join(f"{u},{i},{r},{day}" for (u, i, r), day in zip(RATED, days)))
    ratings, notes = read_ratings("amb.csv")
    assert ratings.times is None and "as well with the day first as with the month first, so it was not read. Say --dates day-first or" in notes[-1]
    for dates, written in (("day-first", "%d/%m/%Y"), ("month-first", "%m/%d/%Y")):
        told = [dt.datetime.strptime(day, written).replace(tzinfo=dt.UTC).timestamp() for day in days]
        assert read_ratings("amb.csv", dates=dates)[0].times.tolist() == told
    assert main(["train", "amb.csv", "-o", "m", "--split", "time"]) == 2
    assert "Say --dates day-first or --dates month-first. Until then there are no times" in capsys.readouterr().err
    assert main(["prepare", "amb.csv", "-o", "s", "--dates", "day-first"]) == 2 and "a store keeps none" in capsys.readouterr().err


@pytest.mark.parametrize("days", [["31/02/2024", "1/1/2024"], ["20/1/2024", "1/20/2024"], ["1/1/2024", "yesterday"]])
def test_a_date_that_is_none_is_told(write, days):
    _, notes = read_ratings(write(table([(1, n, n, day) for n, day in enumerate(days)], head=("user", "item", "rating", "date"))))
    assert "the time is '" in notes[-1] and "was not read" in notes[-1]


@pytest.mark.parametrize("words, sentence", [
    (("evaluate", "model", "--sep", ";"), "--sep says how a table of ratings is read, and none is given. Give a table, too"),
    (("similar", "model", "--user", "1", "--titles", "movies.csv"), "--titles is of items, and users are listed here"),
    (("lr-find", "ratings.csv", "--epochs", "3"), "lr-find goes once through all rates"),
])
def test_an_option_without_effect_is_refused(trained, monkeypatch, capsys, words, sentence):
    monkeypatch.chdir(trained)
    code, out, err = run(capsys, *words)
    assert code == 2 and sentence in err, (out, err)


def test_lists_for_many_users_have_titles(trained, monkeypatch, capsys):
    monkeypatch.chdir(trained)
    code, out, _ = run(capsys, "recommend", "model", "--user", "1", "--user", "2", "-n", "2", "--titles", "movies.csv", "-o", "lists.csv")
    found = pd.read_csv("lists.csv")
    assert code == 0 and found.title.tolist() == [f"Film {item}" for item in found.item] and "Film" in out
