"""Large files: read by pyarrow as far as they are plain, and never otherwise than line by line."""

from __future__ import annotations

import gzip
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ratings_files import HEAD, table, write  # noqa: F401  (fixture)

from solver import UserError, read_ratings
from solver.reading import readers
from solver.reading.formats.delimited_text import large_files, text_columns

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def outcome(path, monkeypatch, *, large: int, block: int = large_files._BLOCK, **options):
    """What reading gives: labels, indices, values, times and notes, or the sentence."""
    with monkeypatch.context() as patch:
        patch.setattr(text_columns, "_LARGE", large)
        patch.setattr(large_files, "_BLOCK", block)
        try:
            ratings, notes = read_ratings(path, **options)
        except UserError as error:
            return str(error)
    times = None if ratings.times is None else ratings.times.tolist()
    return (ratings.users, ratings.items, ratings.user_index.tolist(), ratings.item_index.tolist(),
            ratings.values.tolist(), times, notes)


def both_ways(path, monkeypatch, *, block: int = large_files._BLOCK, **options):
    """The outcome, which must not depend on the way."""
    slow = outcome(path, monkeypatch, large=2**60, **options)
    assert outcome(path, monkeypatch, large=0, block=block, **options) == slow
    return slow


# ---- the two ways never disagree

FIELD = st.one_of(st.sampled_from(["1", "2", "3", "4.5", "", " 1", "1 ", '"1"', '"a,b"', '"a""b"', 'a"b', '"', "é", "x", "\u00a01",
                                   "007", "nan", "1e400", "-1", "\t", '" 1"', "\ufeff1", '","', "2024-05-01", "\x1f",
                                   "\x00", "a\rb", '"a\nb"']),
                  st.integers(1, 5).map(str))
LINES = st.lists(st.lists(FIELD, min_size=1, max_size=5), max_size=8)
PLAIN = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["a", "b", '"c"', '"d,e"', "é"]),
                           st.sampled_from(["1", "2.5", "5", "-1", "", "3 "]), st.integers(1, 99)), min_size=2, max_size=20)


@quick
@given(lines=st.one_of(LINES, PLAIN), head=st.sampled_from(["user,item,rating", "user,item,rating,timestamp", '"user","item","rating","time"',
                                                           "user,item,rating,", "", "a,b,c,d", "\n\nuser,item,rating"]),
       end=st.sampled_from(["\n", "\r\n", "\r"]), sep=st.sampled_from([",", ";", "::", "\t"]),
       block=st.integers(1, 60), last=st.sampled_from(["", "\n", "\n\n", "\r"]), mark=st.sampled_from(["", "\ufeff"]))
@example(lines=[["1", "1", "1"], ["1", "2", "2"]], head='user,item,"rating\n"', end="\n", sep=",", block=9, last="\n", mark="")
@example(lines=[["1", '",', '"', "3"], ["1", '","', "2"], ["2", 'a"b', "2"]], head="user,item,rating", end="\n", sep=",", block=99, last="\n", mark="")
def test_a_file_means_the_same_in_blocks_and_line_by_line(tmp_path, monkeypatch, lines, head, end, sep, block, last, mark):
    rows = ([head.replace(",", sep)] if head else []) + [sep.join(map(str, line)) for line in lines]
    (path := tmp_path / "any.csv").write_bytes((mark + end.join(rows) + last).encode())
    both_ways(path, monkeypatch, block=block)


@quick
@given(content=st.one_of(st.binary(max_size=120), st.text(alphabet='12,\n\r" .x%é-:', max_size=80).map(str.encode)),
       block=st.integers(1, 40))
def test_whatever_the_bytes_the_ways_agree(tmp_path, monkeypatch, content, block):
    (path := tmp_path / "any.csv").write_bytes(HEAD.encode() + content)
    both_ways(path, monkeypatch, block=block)


def rows_read_fast(path, monkeypatch, **patched) -> int:
    """The number of the first line that was not read in blocks."""
    reached = []
    read = large_files.read_plain
    monkeypatch.setattr(text_columns, "_LARGE", 0)
    for name, value in patched.items():
        monkeypatch.setattr(large_files, name, value)
    monkeypatch.setattr(large_files, "read_plain", lambda *a: reached.append(read(*a)) or reached[-1])
    read_ratings(path)
    return reached[0][1]


GOOD = "".join(f"{u},{i},{(u * i) % 5 + 1},{u + i}\n" for u in range(1, 30) for i in range(1, 30))
MANY = GOOD.count("\n")


@pytest.mark.parametrize("content, name", [
    ("user,item,rating,time\n" + GOOD, "r.csv"), ('"user","item","rating","time"\n' + GOOD, "r.csv"), (GOOD, "r.csv"),
    (GOOD.replace(",", "::"), "r.dat"), (GOOD.replace(",", "\t").replace("\n", "\r\n"), "u.data"),
    ("\ufeffuser,item,rating,time\n" + GOOD, "r.csv"), ("\ufeff" + GOOD, "r.csv"),
    (gzip.compress(GOOD.encode()), "r.csv.gz"), ("u,i,r\n" + '"a, b","é",4\n"a, c","x",2\n' * 9, "r.csv")])
def test_plain_files_are_read_in_blocks_to_their_end(write, monkeypatch, content, name):
    path = write(content, name)
    both_ways(path, monkeypatch, block=100)
    text = gzip.decompress(content).decode() if isinstance(content, bytes) else content
    assert rows_read_fast(path, monkeypatch, _BLOCK=100) == text.count("\n") + 1


def test_only_from_the_first_odd_block_on_is_a_file_read_line_by_line(write, monkeypatch):
    path = write(HEAD + "1,10,4\n2,10,3\n" * 100 + "\n" + "1,20,5\n" * 100)
    assert 150 < rows_read_fast(path, monkeypatch, _BLOCK=70) < 202


# ---- what is odd far down has its line and its sentence

@pytest.mark.parametrize("odd, sentence", [
    ("7,7,good,1", "r.csv, line 844: the rating is 'good', not a number. Correct or remove that line."),
    ("7,7,NaN,1", "r.csv, line 844: the rating NaN is not a finite number. Correct or clear it."),
    ("7,7", "r.csv, line 844: 2 fields where the first line has 4. Complete or remove that line. "
            "Such lines are left out with --bad-lines skip."),
    ("7,7,4,1,5", "r.csv, line 844: 5 fields where the first line has 4. "
                  "Put texts and numbers that hold the separator in quotes. Such lines are left out with --bad-lines skip."),
    (",7,4,1", "r.csv, line 844 names no user. Name the user, or remove the line."),
    ("007,7,4,1", "r.csv, lines 176 and 844: the users '7' and '007' are one number in two forms. Write them alike, "
                  "or say --ids exact if they are two."),
    ('7,"7,4,1', "r.csv, line 844: a quotation mark opens a text here that does not close as it should. "
                 "Close it, or write a quotation mark inside a text twice."),
])
def test_an_odd_line_far_down_is_named(write, monkeypatch, odd, sentence):
    path = write("user,item,rating,time\n" + GOOD + "1,1,1,1\n" + odd + "\n" + GOOD, "r.csv")
    assert both_ways(path, monkeypatch, block=500) == sentence


def test_a_file_that_ends_in_the_middle_of_a_line(write, monkeypatch):
    path = write("user,item,rating,time\n" + GOOD + "7,", "r.csv")
    assert both_ways(path, monkeypatch, block=500).startswith("r.csv, line 843: the file ends in the middle of the line")


def test_bytes_that_are_no_text_and_a_broken_archive(write, monkeypatch):
    path = write("7,é,4,1\n".encode() + GOOD.encode() + b"7,\xff,4,1\n", "r.csv")
    assert both_ways(path, monkeypatch, block=500).startswith("r.csv, line 843 is not UTF-8 text. Save the file as CSV UTF-8,")
    path = write(GOOD.encode() + "7,Amélie,4,1\n".encode("latin-1"), "r.csv")  # told by its letters, however late they come
    *_, items, _, _, _, _, notes = both_ways(path, monkeypatch, block=500)
    assert items[-1] == "Amélie" and "Windows-1252 (Latin-1)" in notes[0]
    packed = gzip.compress((GOOD * 9).encode())
    for cut in (packed[:-9], packed[:len(packed) // 2]):
        assert "r.csv.gz" in both_ways(write(cut, "r.csv.gz"), monkeypatch, block=500)


def test_the_notes_of_a_large_file_are_those_of_a_small_one(write, monkeypatch):
    path = write("user;item;rating\n1;1;3,5\n1;2;\n1;1; 4\n2;1;2 \n2;1;2,5\n", "r.csv")
    *_, notes = both_ways(path, monkeypatch, block=10)
    for note, beginning in zip(notes, (
            "r.csv was read with ';' between the columns, UTF-8, decimal comma", "r.csv, line 3: there is no rating",
            "r.csv, line 5: the rating has a space beside it", "r.csv, line 4 rates the same user and item as line 2; of 2 "),
            strict=True):
        assert note.startswith(beginning)


# ---- large data are kept in half the space

def test_from_a_million_ratings_on_numbers_have_32_bits_where_nothing_is_lost(write, monkeypatch):
    monkeypatch.setattr(readers, "_LARGE", 4)
    small, large = write(table(rows=[(1, 1, 4.5), (1, 2, 3), (2, 1, 1)]), "s.csv"), write(GOOD, "l.csv")
    assert [a.dtype for a in arrays(small)] == [np.int64, np.int64, np.float64]
    assert [a.dtype for a in arrays(large)] == [np.int32, np.int32, np.float32]
    tenths = write(table(rows=[(1, 1, 0.1), (1, 2, 3), (2, 1, 1), (2, 2, 1)]), "t.csv")
    assert arrays(tenths)[2].dtype == np.float64 and arrays(tenths)[2][0] == 0.1


def arrays(path):
    ratings, _ = read_ratings(path)
    return ratings.user_index, ratings.item_index, ratings.values


# ---- times

@pytest.mark.parametrize("name", ["timestamp", "Time", "date", "datetime"])
@pytest.mark.parametrize("texts, seconds", [
    (["5", "3.5", "1e3"], [5, 3.5, 1000]), (["1970-01-02", "1970-01-01", "1971-01-01"], [86400, 0, 31536000]),
    (["1970-01-01 00:01", "1970-01-01T00:00:01.5", "1970-01-02"], [60, 1.5, 86400]),
    (["1970-01-01T01:00:00+01:00", "1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z"], [0, 1, 2])])
def test_a_column_of_times_is_found_by_its_name(write, monkeypatch, name, texts, seconds):
    path = write(f"user,{name},item,rating\n" + "".join(f"1,{text},{n},{n}\n" for n, text in enumerate(texts)))
    *_, times, notes = both_ways(path, monkeypatch, block=20)
    assert times == seconds and notes == []


def test_times_without_a_header_are_the_fourth_column_of_seconds(write, monkeypatch):
    path = write("1::10::4::978300760\n1::20::3::978302109\n", "ratings.dat")
    assert both_ways(path, monkeypatch)[5] == [978300760, 978302109]
    assert both_ways(write("1,10,4,7\n1,20,3,8\n"), monkeypatch)[5] is None
    assert both_ways(write("1,10,4,7\n1,20,3,8\n"), monkeypatch, columns=[1, 2, 3, 4])[5] == [7, 8]
    assert both_ways(write("a,b,c,when\n1,10,4,7\n1,20,3,8\n"), monkeypatch, columns="a,b,c,when")[5] == [7, 8]


@pytest.mark.parametrize("texts, note", [
    (["1", "", "2"], "line 3: there is no time"), (["1", "nan", "2"], "line 3: there is no time"),
    (["1", "2024-05-01", "2"], "line 3: the time is '2024-05-01'"), (["4. May", "2", "3"], "line 2: the time is '4. May'"),
    (["2024-05-01", "2024-05-01", "soon"], "line 4: the time is 'soon'")])
def test_times_that_are_not_understood_are_left_out_and_that_is_said(write, monkeypatch, texts, note):
    path = write("user,item,rating,time\n" + "".join(f"1,{n},{n},{text}\n" for n, text in enumerate(texts)))
    *_, times, notes = both_ways(path, monkeypatch, block=20)
    assert times is None
    assert notes == [f"ratings.csv, {note}, so the column 'time' was not read. Write times as numbers, or as "
                     "2024-05-31 18:00:00."]


def test_times_stay_with_their_ratings(write, monkeypatch):
    path = write("user,item,rating,time\n1,1,4,10\n1,2,,\n1,1,5,30\n2,1,3,40\n")
    users, items, u, i, values, times, notes = both_ways(path, monkeypatch, block=20)
    assert (values, times) == ([5, 3], [30, 40]) and len(notes) == 2


# ---- Parquet

def parquet(path, rows=None, **columns):
    pq.write_table(pa.table(columns), path, row_group_size=2)
    return path


COLUMNS = {"userId": [3, 1, 3], "movieId": ["b", "a", "a"], "rating": [4.5, 3.0, 1.0]}


@pytest.mark.parametrize("users", [pa.array([3, 1, 3]), pa.array(["3", "1", "3"]), pa.array([3.0, 1.0, 3.0]),
                                   pa.array([3, 1, 3], pa.uint16()), pa.array(["3", "1", "3"]).dictionary_encode()])
@pytest.mark.parametrize("values", [pa.array([4.5, 3, 1]), pa.array([4.5, 3, 1], pa.float32()), pa.array(["4.5", "3", "1"])])
def test_parquet_is_read_whatever_its_types(tmp_path, users, values):
    path = parquet(tmp_path / "r.parquet", userId=users, movieId=["b", "a", "a"], rating=values,
                   timestamp=pa.array([0, 10**6, 2 * 10**6], pa.timestamp("us")))
    ratings, notes = read_ratings(path)
    assert (ratings.users, ratings.items, notes) == ((3, 1), ("b", "a"), [])
    assert (ratings.values.tolist(), ratings.times.tolist()) == ([4.5, 3, 1], [0, 1, 2])
    assert ratings.user_index.tolist() == [0, 1, 0] and ratings.item_index.tolist() == [0, 1, 1]


def test_a_folder_of_parquet_files_is_one_table(tmp_path):
    (tmp_path / "parts").mkdir()
    parquet(tmp_path / "parts" / "b.parquet", rating=[1.0, 2.0], movieId=["c", "a"], userId=[1, 2])
    parquet(tmp_path / "parts" / "a.parquet", **COLUMNS)
    ratings, _ = read_ratings(tmp_path / "parts")
    assert (ratings.users, ratings.items) == ((3, 1, 2), ("b", "a", "c"))
    assert ratings.values.tolist() == [4.5, 3, 1, 1, 2]
    parquet(tmp_path / "parts" / "c.parquet", userId=[1], movieId=["c"], stars=[1.0])
    with pytest.raises(UserError, match="c.parquet has no column 'rating', as the first file"):
        read_ratings(tmp_path / "parts")


@quick
@given(rows=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4), st.one_of(st.none(), st.integers(-1, 5)),
                               st.integers(0, 9)), max_size=12))
def test_parquet_means_what_the_same_table_means_as_text(tmp_path, rows):
    names = ("user", "item", "rating", "time")
    (text := tmp_path / "r.csv").write_text(table([["" if x is None else x for x in row] for row in rows], head=names))
    path = parquet(tmp_path / "r.parquet", **{name: pa.array(column, pa.int64()) for name, column in
                                              zip(names, zip(*rows) if rows else ((),) * 4)})

    def said(path):
        try:
            r, notes = read_ratings(path)
            return r.users, r.items, r.user_index.tolist(), r.values.tolist(), r.times.tolist(), notes
        except UserError as error:
            return str(error)
    if rows:
        assert said(path) == as_rows(said(text))


def as_rows(said):
    """What is said of lines of r.csv, said of rows of r.parquet, which have no header above them."""
    if isinstance(said, tuple):
        return *said[:-1], [as_rows(note) for note in said[-1]]
    said = re.sub(r"(lines?) (\d+)", lambda m: f"{m[1]} {int(m[2]) - 1}", said).replace("r.csv", "r.parquet")
    return re.sub("(?<!that )line", "row", said)


@pytest.mark.parametrize("columns, sentence", [
    (COLUMNS | {"rating": [4.0, float("nan"), 1.0]}, "r.parquet, row 2: the rating nan is not a finite number."),
    (COLUMNS | {"rating": [4.0, 1e300, 1.0]}, "r.parquet, row 2: the rating 1e+300 is too large to compute with."),
    (COLUMNS | {"rating": ["4", "good", "1"]}, "r.parquet, row 2: the rating is 'good', not a number."),
    (COLUMNS | {"userId": [1, 2, None]}, "r.parquet, row 3 names no user. Name the user, or remove the row."),
    (COLUMNS | {"movieId": [[1], [2], [3]]}, "r.parquet: the column 'movieId' holds list<"),
    ({"userId": [1], "movieId": [2]}, "r.parquet has a user and an item in every row and no rating: pairs that happened."),
    ({"userId": [1], "rating": [2]}, "r.parquet has 2 columns: 'userId', 'rating', but 3 are needed"),
    ({"userId": [1], "movieId": [2], "text": ["x"]}, "r.parquet has no column for: rating."),
    ({n: pa.array([], pa.int64()) for n in ("user", "item", "rating")}, "r.parquet is empty."),
])
def test_what_is_odd_in_parquet_has_its_row(tmp_path, columns, sentence):
    with pytest.raises(UserError) as error:
        read_ratings(parquet(tmp_path / "r.parquet", **columns))
    assert str(error.value).startswith(sentence) and str(tmp_path) not in str(error.value)


def test_a_damaged_parquet_file_a_missing_one_and_an_empty_folder(tmp_path):
    whole = parquet(tmp_path / "r.parquet", **COLUMNS).read_bytes()
    for name, content, sentence in (("cut.parquet", whole[:-40], "'cut.parquet' is no Parquet file, or a damaged one"),
                                    ("text.parquet", b"user,item,rating\n", "'text.parquet' is no Parquet file")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=sentence):
            read_ratings(tmp_path / name)
    with pytest.raises(UserError, match="There is no file 'no.parquet'"):
        read_ratings(tmp_path / "no.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="'empty' is a folder"):
        read_ratings(tmp_path / "empty")
