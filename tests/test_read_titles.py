"""Titles of items out of text files."""

from __future__ import annotations

import pytest
from ratings_files import write  # noqa: F401  (fixture)

from pyxl import open_workbook
from pyxl.__main__ import main
from pyxl.grid.cells import Cell
from solver import UserError, read_titles
from solver.reading.titles import article_first

MOVIES = 'movieId,title,genres\n10,"Sleep, The",Drama\n20,Alien,SciFi\n30,Up,\n'


@pytest.mark.parametrize("items", [(20, 10), ("20", "10"), ("020", "10.0")])
def test_titles_are_found_however_the_id_is_written(write, items):
    titles, notes = read_titles(write(MOVIES, "movies.csv"), items=items)
    assert titles == {items[0]: "Alien", items[1]: "Sleep, The"}
    assert list(titles) == list(items) and notes == []


@pytest.mark.parametrize("content", ["10::Sleep, The::Drama\n20::Alien: Two::SciFi\n",
                                     "id;name\n10;Sleep, The\n20;Alien: Two\n",
                                     "nr\twas\n10\tSleep, The\n20\tAlien: Two\n"])
def test_titles_by_name_or_by_position(write, content):
    titles, _ = read_titles(write(content), items=[10, 20])
    assert titles == {10: "Sleep, The", 20: "Alien: Two"}


@pytest.mark.parametrize("columns", [["genres", "movieId"], [3, 1]])
def test_columns_of_titles_can_be_told(write, columns):
    assert read_titles(write(MOVIES), items=["Drama"], columns=columns)[0] == {"Drama": "10"}


def test_titles_that_look_like_formulas_stay_text(write):  # 41, 42
    content = "id,title\n1,\"=HYPERLINK(\"\"x\"\")\"\n2,+cmd|' /C calc'!A0\n3,@SUM(1)\n"
    titles, _ = read_titles(write(content), items=[1, 2, 3])
    assert titles == {1: '=HYPERLINK("x")', 2: "+cmd|' /C calc'!A0", 3: "@SUM(1)"}


def test_missing_doubled_and_differing_titles_are_said(write):
    content = "id,title\n1,Emma\n2,Emma\n3,\n1,Emma (2020)\n4,Up\n"
    titles, notes = read_titles(write(content, "movies.csv"), items=[1, 2, 3, 4, 5])
    assert titles == {1: "Emma", 2: "Emma", 4: "Up"}
    assert notes == [
        "movies.csv, line 5: item 1 has another title than on line 2; 'Emma' was kept.",
        "movies.csv has no title for 2 items, the first of them 3: the id stands for it.",
        "movies.csv: 'Emma' is the title of 1 and 2."]


def test_titles_of_other_items_are_an_error(write):
    with pytest.raises(UserError) as error:
        read_titles(write(MOVIES, "movies.csv"), items=["a", "b"])
    assert str(error.value) == ("movies.csv has a title for none of the 2 items. Call the columns "
                                "of ids and titles 'item' and 'title' in the first line.")


@pytest.mark.parametrize("content, sentence", [
    ("id,genre\n1,Drama\n", "movies.csv has no column for: title. It has 2 columns: 'id', 'genre'."),
    ("1\n2\n", "movies.csv has 1 column: '1', but 2 are needed: item, title."),
    ("id,title\n1,American President, The\n", "movies.csv, line 2: 3 fields where the first line has 2."),
])
def test_a_file_without_titles_gets_its_sentence(write, content, sentence):
    with pytest.raises(UserError) as error:
        read_titles(write(content, "movies.csv"), items=[1])
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize("title, said", [
    ("Fugitive, The (1993)", "The Fugitive (1993)"), ("Sleep, A", "A Sleep"), ("Good, the Bad and the Ugly, The (1966)", "The Good, the Bad and the Ugly (1966)"),
    ("City of Lost Children, The (Cité des enfants perdus, La) (1995)", "The City of Lost Children (La Cité des enfants perdus) (1995)"),
    ("Atalante, L' (1934)", "L'Atalante (1934)"), ("Misérables, Les (1995)", "Les Misérables (1995)"),
    ("Theme, Then (1)", "Theme, Then (1)"), ("The Goat, the Fence, the Sea", "The Goat, the Fence, the Sea"), ("Up", "Up"), (", The", ", The"), ("", "")])
def test_a_title_as_one_says_it(title, said):
    assert article_first(title) == said


def test_a_workbook_has_titles_as_one_says_them(tmp_path, capsys):
    (tmp_path / "ratings.csv").write_text("user,item,rating\n1,10,4\n1,20,3\n2,10,5\n2,20,2\n")
    (tmp_path / "movies.csv").write_text('movieId,title\n10,"Sleep, The"\n20,Alien\n')
    book = tmp_path / "book.xlsx"
    words = ["new", str(tmp_path / "ratings.csv"), "-o", str(book), "--factors", "1", "--holdout", "0", "--article-first"]
    assert main([*words, "--titles", str(tmp_path / "movies.csv")]) == 0
    with open_workbook(book) as read:
        assert [read.grid("ratings").values[Cell(7, col)] for col in (2, 3)] == ["The Sleep", "Alien"]
    assert main([*words, "--overwrite"]) == 2 and "--article-first is about titles" in capsys.readouterr().err
