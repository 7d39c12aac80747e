"""What is wrong or odd in a ratings file gets its sentence, with file and line.

The numbers in comments are those of the list of bad input that the project keeps.
"""

from __future__ import annotations

import gzip
import io
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ratings_files import HEAD, read, refuse, table, write  # noqa: F401  (fixtures)

from solver import UserError, read_ratings

# Ratings that are none

@pytest.mark.parametrize("text, sentence", [
    ("good", "the rating is 'good', not a number. Correct or remove that line."),                 # 1
    ('"4,5"', "the rating is the text '4,5', written with a decimal comma. "                       # 2
              "Write all ratings alike, or pass --decimal comma."),
    ("80%", "the rating is 80%, a percentage. Write it as a number on the scale of the others."),  # 4
    ("2024-05-04", "the rating '2024-05-04' is a date. Enter a rating, "                           # 5
                   "or say with --columns which column holds the ratings."),
    ("4.5.2024", "the rating '4.5.2024' is a date. "), ("04/05/24", "the rating '04/05/24' is a date. "),
    ("4-May", "the rating '4-May' is a date. "), ("May-04", "the rating 'May-04' is a date. "),
    ("2024-05-04 10:00:00", "the rating '2024-05-04 10:00:00' is a date. "),
    ("TRUE", "TRUE is not a rating. Replace it with a number."),                                   # 6
    ("#N/A", "the rating is #N/A, an error of the sheet it came from. Correct or clear it."),      # 7
    ("1E+308", "the rating 1E+308 is too large to compute with. Correct it."),                     # 20
    ("-1e999", "the rating -1e999 is too large to compute with. Correct it."),
    ("NaN", "the rating NaN is not a finite number. Correct or clear it."),                        # 21
    ("-inf", "the rating -inf is not a finite number. Correct or clear it."),
    ("4 stars", "the rating is '4 stars', not a number."), ("1_0", "the rating is '1_0', not a number."),
    ("٤", "the rating is '٤', not a number."), ("0x4", "the rating is '0x4', not a number."),
    ("4..5", "the rating is '4..5', not a number."), ("e5", "the rating is 'e5', not a number."),
    ("x" * 99, "the rating is '" + "x" * 39 + "…', not a number."),
])
def test_a_rating_that_is_none_is_named_with_its_line(refuse, text, sentence):
    found = refuse(HEAD + f"1,10,4.5\n1,20,3\n2,10,{text}\n2,20,{text}\n")
    assert found.startswith(f"ratings.csv, line 4: {sentence}")


def test_a_point_among_decimal_commas_is_named(refuse):
    content = "user;item;rating\n1;10;3,5\n1;20;4.5\n"
    assert refuse(content) == (
        "ratings.csv, line 2: the rating is the text '3,5', written with a decimal comma. "
        "Write all ratings alike, or pass --decimal comma.")
    assert refuse(content, decimal="comma") == (
        "ratings.csv, line 3: the rating is the text '4.5', written with a decimal point. "
        "Write all ratings alike, or pass --decimal point.")


@pytest.mark.parametrize("text", ["4 ", "4\u00a0", "\u00a04", " 4\t"])  # 3
def test_a_space_beside_a_number_is_read_over_and_said(read, text):
    triples, notes = read(HEAD + f"1,10,3\n1,20,{text}\n2,10,5\n")
    assert triples[1] == (1, 20, 4.0)
    assert notes == ["ratings.csv, line 3: the rating has a space beside it; 1 such text read as numbers."]


def test_a_line_without_a_rating_is_left_out_and_said(write):
    ratings, notes = read_ratings(write(HEAD + "1,10,4\n3,30,\n2,10, \n2,20,5\n"))
    assert (ratings.users, ratings.items, len(ratings)) == ((1, 2), (10, 20), 2)
    assert notes[0] == "ratings.csv, line 3: there is no rating; 2 such lines left out."


@pytest.mark.parametrize("line, sentence", [  # 12
    (",10,4", "ratings.csv, line 3 names no user. Name the user, or remove the line."),
    ("1, ,4", "ratings.csv, line 3 names no item. Name the item, or remove the line."),
    (",10,4\n,20,4\n,30,4", "ratings.csv, line 3 names no user, nor 2 lines more. "
                            "Name the user, or remove the line."),
])
def test_a_blank_id_is_named_with_its_line(refuse, line, sentence):
    assert refuse(HEAD + f"1,20,3\n{line}\n") == sentence


@pytest.mark.parametrize("one, two, how", [
    ("Bob", "bob", "differ only by spaces or capitals"),                 # 13
    ("Bob", "Bob ", "differ only by spaces or capitals"),
    ("Ann Lee", "Ann  Lee", "differ only by spaces or capitals"),
    ("STRASSE", "straße", "differ only by spaces or capitals"),
    ("14", "014", "are one number in two forms"),                        # 14
    ("0014.0", "x", None), ("14", "140", None), ("Bob", "Bobby", None), ("1.5", "1.50", None),
])
def test_ids_that_are_most_likely_one_are_named(read, refuse, one, two, how):
    content = HEAD + f"{one},10,4\nother,10,3\n{two},20,5\n"
    if how is None:
        assert len({user for user, _, _ in read(content)[0]}) == 3
    else:
        assert refuse(content) == (f"ratings.csv, lines 2 and 4: the users '{one}' and '{two}' {how}. "
                                   "Write them alike, or say --ids exact if they are two.")
        assert len({user for user, _, _ in read(content, ids="exact")[0]}) == (2 if two == "Bob " else 3)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5)), min_size=2,
                max_size=25))
def test_of_a_pair_rated_twice_the_last_counts_and_the_first_such_line_is_named(tmp_path, rows):  # 11
    last = {(user, item): float(rating) for user, item, rating in rows}
    if len(set(last.values())) < 2:
        return  # nothing to learn: refused, and tested elsewhere
    (path := tmp_path / "ratings.csv").write_text(table(rows))
    ratings, notes = read_ratings(path)
    assert {(ratings.users[u], ratings.items[i]): v for u, i, v in
            zip(ratings.user_index, ratings.item_index, ratings.values)} == last
    assert len(ratings) == len(last)
    pairs = [row[:2] for row in rows]
    twice = {pair for pair in pairs if pairs.count(pair) > 1}
    if not twice:
        assert notes == []
        return
    again = next(n for n, pair in enumerate(pairs) if pair in pairs[:n])
    first = pairs.index(pairs[again])
    assert notes == [f"ratings.csv, line {again + 2} rates the same user and item as line {first + 2}; "
                     f"of {len(twice)} pair{'s' * (len(twice) > 1)} rated more than once the last "
                     "rating was kept."]


def test_equal_ratings_teach_nothing(refuse):  # 16
    assert refuse(HEAD + "1,10,4\n1,20,4.0\n2,10,4\n") == (
        "ratings.csv: all 3 ratings are 4; there is nothing to learn. "
        "Say with --columns which column holds the ratings.")


@pytest.mark.parametrize("rows", ["1,10,4\n", "\n1,10,4\n1,20,\n"])  # 17
def test_one_rating_is_too_few(refuse, rows):
    line = 2 + rows.startswith("\n")
    assert refuse(HEAD + rows) == (f"ratings.csv, line {line} holds the only rating; a fit needs 2 or "
                                   "more. Add some.")


def test_a_lone_negative_rating_is_said_and_a_scale_with_negatives_is_not(read):  # 22
    rows = [(1, item, item % 5 + 1) for item in range(20)] + [(2, 1, -3)]
    triples, notes = read(table(rows))
    assert triples[-1] == (2, 1, -3.0)
    assert notes == ["ratings.csv, line 22: the rating -3 lies outside 1 to 5, where all but 1 of the "
                     "ratings lie; it was kept. Correct it if it is a mistake."]
    assert read(table([(1, item, (-1) ** item) for item in range(20)]))[1] == []


# Files that are no table of ratings

@pytest.mark.parametrize("content, sentence", [
    ("", "ratings.csv is empty. Give a file with a line for every entry."),
    ("\ufeff \n\n", "ratings.csv is empty. Give a file with a line for every entry."),
    (",,\n,,\n", "ratings.csv is empty. Give a file with a line for every entry."),
    (HEAD, "ratings.csv holds no rating. Add a line for every rating: user, item, rating."),
    (HEAD + "1,10,\n", "ratings.csv holds no rating. Add a line for every rating: user, item, rating."),
    ("user,item,text\n1,10,fine\n", "ratings.csv has no column for: rating. It has 3 columns: 'user', "
     "'item', 'text'. Say with --columns which are user, item, rating."),
    ("user,rating\n1,4\n", "ratings.csv has 2 columns: 'user', 'rating', but 3 are needed: user, item, "
     "rating. Separate them by one of , ; tab | :: or blanks, or say with --sep what stands between."),
    ("user/item/rating\n1/2/3\n", "ratings.csv has 1 column: 'user/item/rating', but 3 are needed: user, "
     "item, rating. Separate them by one of , ; tab | :: or blanks, or say with --sep what stands between."),
    ("1,10,good\n", "ratings.csv, line 1: the rating is 'good', not a number. "
     "Correct or remove that line."),
    (HEAD + "1,10,4\n1,20\n2,10,5\n", "ratings.csv, line 3: 2 fields where the first line has 3. "
     "Complete or remove that line."),
    (HEAD + "1,10,4\n1,20,4,5\n", "ratings.csv, line 3: 4 fields where the first line has 3. "
     "Put texts and numbers that hold the separator in quotes."),
    (HEAD + "1,10,4\n1,2", "ratings.csv, line 3: the file ends in the middle of the line, after 2 of 3 "
     "fields. Get a whole copy, or remove that line."),
    (HEAD + '1,"Alien,4\n1,20,5\n', "ratings.csv, line 2: a quotation mark opens a text here that does "
     "not close as it should. Close it, or write a quotation mark inside a text twice."),
    (HEAD + '1,10,4\n1,"Alien" 3,4\n', "ratings.csv, line 3: a quotation mark opens a text here that "
     "does not close as it should. Close it, or write a quotation mark inside a text twice."),
    (HEAD + "1," + "x" * 2_000_000 + ",4\n", "ratings.csv, line 2: "),
])
def test_a_file_that_is_no_table_of_ratings_gets_its_sentence(refuse, content, sentence):
    assert refuse(content).startswith(sentence)


def test_a_broken_byte_in_a_file_of_utf8_is_named_with_its_line(refuse):  # 38
    content = (HEAD + "1,Amélie,4\n" * 15).encode() + b"1,Am\xe9lie,4\n2,10,5\n"
    assert refuse(content) == ("ratings.csv, line 17 is not UTF-8 text. Save the file as CSV UTF-8, or say with --encoding how it "
                               "is written. Such lines are left out with --bad-lines skip.")
    late = (HEAD + "1,é,4\n").encode() + b"1,10,4\n" * 20_000 + b"1,\xff,4\n"
    assert refuse(late).startswith("ratings.csv, line 20003 is not UTF-8 text.")


def workbook() -> bytes:
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as package:
        package.writestr("[Content_Types].xml", "<Types/>")
    return buffer.getvalue()


@pytest.mark.parametrize("content, what", [  # 48, the other way round
    (workbook(), "no workbook, or a damaged one. Save it again as .xlsx."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "no workbook, or a damaged one. Save it again as .xlsx."),
    (b"PAR1" + bytes(99), "no Parquet file, or a damaged one. Get a whole copy of it."),
    (b"ARROW1" + bytes(99), "no Feather file, or a damaged one. Get a whole copy of it."),
    (b"%PDF-1.7\n", "a PDF, not a text file. Save the table as CSV UTF-8."),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a binary file, not a text file. Save the table as CSV UTF-8."),
    (gzip.compress(bytes(999)), "a binary file, not a text file. Save the table as CSV UTF-8.")])
@pytest.mark.parametrize("name", ["ratings.xlsx", "ratings.csv"])
def test_a_file_that_is_no_text_is_named_for_what_it_is(refuse, name, content, what):
    assert refuse(content, name) == f"'{name}' is {what}"


def test_a_missing_file_a_folder_and_a_broken_archive(tmp_path, refuse):
    for path, sentence in ((tmp_path / "no.csv", "There is no file 'no.csv'. Check its name and folder."),
                           (tmp_path, f"'{tmp_path.name}' is a folder. Name the file in it.")):
        with pytest.raises(UserError) as error:
            read_ratings(path)
        assert str(error.value) == sentence  # and nothing of the path to it
    packed = gzip.compress(table([(u, i, u * i % 5) for u in range(300) for i in range(300)]).encode())
    assert "cannot be read" in refuse(packed[:-12]) or "Get a whole copy" in refuse(packed[:-12])
    assert "cannot be read" in refuse(packed[:200]) or "Get a whole copy" in refuse(packed[:200])
    assert "r" in refuse(packed[:60] + bytes(40) + packed[100:])


@pytest.mark.parametrize("columns, sentence", [
    (["user", "film", "rating"], "ratings.csv has no column 'film'; it has 3 columns: 'user', 'item', "
     "'rating'. Give their names, or positions counted from 1."),
    ([0, 1, 2], "ratings.csv has no column '0'; "), ([1, 2, 4], "ratings.csv has no column '4'; "),
    (["user", "item"], "--columns names 2; give 3: user, item, rating."),
    (["user", "item", "item"], "--columns names a column twice. Give 3 different ones: "),
    ([1, "user", 3], "--columns names a column twice."), ([1, None, 3], "ratings.csv has no column 'None'; "),
])
def test_columns_that_are_not_there_are_named_and_the_others_listed(refuse, columns, sentence):
    assert refuse(table(), columns=columns).startswith(sentence)


@pytest.mark.parametrize("sep", ["x", '"', "\n", "12"])
def test_a_separator_that_cannot_be_one_is_refused(refuse, sep):
    assert refuse(table(), sep=sep).startswith(f"The separator is {sep!r}. Give a sign")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200),
                 st.text(alphabet='12,;|:\t"\n\r .x%é#-', max_size=80).map(str.encode),
                 st.lists(st.tuples(*[st.text(alphabet='12,." x', max_size=5)] * 3), max_size=6)
                 .map(lambda rows: table(rows).encode())))
def test_whatever_the_bytes_there_are_ratings_or_one_sentence(tmp_path, content):
    (path := tmp_path / "any.csv").write_bytes(content)
    try:
        ratings, notes = read_ratings(path)
    except UserError as error:
        assert "any.csv" in str(error) and str(tmp_path) not in str(error)
        assert str(error).endswith(".") and len(str(error)) < 400
    else:
        assert len(ratings) >= 2 and np.isfinite(ratings.values).all()
        assert ratings.user_index.max() < ratings.n_users and ratings.item_index.max() < ratings.n_items
        assert all(note.endswith(".") for note in notes)
