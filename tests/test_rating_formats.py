"""Every way to store ratings, in generated twins of a few lines, and every file of the campaign: what is read, what is said."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest
import xlsxwriter
from ratings_files import GOOD, HEAD, read, refuse, table, write  # noqa: F401  (fixtures)

from solver import UserError, read_ratings

LINES = [(1, 10, 4.0, 978300760), (1, 20, 3.5, 978302109), (2, 10, 5.0, 978301968)]


def triples(ratings):
    return [(ratings.users[u], ratings.items[i], float(v)) for u, i, v in
            zip(ratings.user_index, ratings.item_index, ratings.values)]


def workbook(path, sheets):
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


# Names and lines as public sets of ratings have them

@pytest.mark.parametrize("content", [
    table(LINES, sep="\t", head=None),                                              # MovieLens 100k: u.data
    table(LINES, sep="::", head=None),                                              # MovieLens 1M: ratings.dat
    table(LINES, head=("userId", "movieId", "rating", "timestamp")),                # MovieLens, the later ones
    table(sep=" ", head=None), table(sep="  ", head=None),                          # FilmTrust
    "\n".join(f" {u}   {i}\t{r} " for u, i, r in GOOD),
    table(sep=";", head=("User-ID", "ISBN", "Book-Rating")),                        # Book-Crossing
    table(head=("user_id", "anime_id", "rating")),                                  # Anime
    table([(i, u, r) for u, i, r in GOOD], head=("anime_id", "user_id", "rating")),
    table([(u, r, i) for u, i, r in GOOD], head=("user_id", "rating", "anime_id")),
    table(sep="\t", head=("userID", "artistID", "weight")),                         # last.fm of HetRec
    table([(t, u, "view", i, r) for u, i, r, t in LINES],
          head=("timestamp", "visitorid", "event", "itemid", "count")),             # Retailrocket, counted
    table([(u, i, r, "fine") for u, i, r in GOOD], head=("username", "game_id", "user_rating", "review")),
    table([(i, "x", u, r) for u, i, r in GOOD], head=("parent_asin", "title", "user_id", "rating")),     # Amazon
    table([(u, r, i, 9) for u, i, r in GOOD], head=("review_profilename", "review_overall", "beer_beerid", "brewery_id")),
    "% bip weighted\n% 3 2 2\n" + table(sep=" ", head=None),                         # KONECT
    "1:\n7,3,2005-09-06\n8,5,2005-05-13\n2:\n7,4,2005-10-19\n".replace("7,", "1,").replace("8,", "2,") and
    "10:\n1,4.0,2005-09-06\n2,5.0,2005-05-13\n20:\n1,3.5,2005-10-19\n",              # Netflix Prize
    "10:\n1,4\n2,5\n20:\n1,3.5\n",
    "".join(json.dumps({"reviewerID": u, "asin": i, "overall": r, "helpful": [0, 1], "style": {"a": "b"}}) + "\n"
            for u, i, r in GOOD),                                                    # Amazon reviews, Yelp
    json.dumps([dict(zip(("user", "item", "rating"), row)) for row in GOOD], indent=1),
], ids=range(20))
@pytest.mark.parametrize("pack", [None, "gz", "bz2", "xz", "zst", "zip"])
def test_it_is_read_however_it_is_written_and_packed(tmp_path, content, pack):
    content = content.encode()
    path = tmp_path / f"r.txt{'.' + pack if pack else ''}"
    if pack == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("README.txt", "Read me.")
            archive.writestr("some/ratings.txt", content)
    else:
        path.write_bytes({None: bytes, "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress,
                          "zst": lambda text: pa.Codec("zstd").compress(text, asbytes=True)}[pack](content)
                         if pack != "zst" else zstandard(content))
    ratings, _ = read_ratings(path)
    assert sorted(triples(ratings)) == sorted(GOOD)


def zstandard(content: bytes) -> bytes:
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as packed:
        packed.write(content)
    return out.getvalue().to_pybytes()


def test_times_of_netflix_blocks_and_json_lines_are_read(write):
    blocks, _ = read_ratings(write("1:\n7,3,1970-01-02\n8,5,1970-01-03\n"))
    lines, _ = read_ratings(write('{"user": 7, "item": 1, "rating": 3, "time": 86400}\n\n{"rating": 5, "time": 172800, "user": 8, "item": 1}\n'))
    assert blocks.times.tolist() == lines.times.tolist() == [86400, 172800]
    assert triples(blocks) == triples(lines)


def test_feather_is_read_and_a_folder_of_any_format(tmp_path):
    frame = pd.DataFrame(GOOD, columns=["user", "item", "rating"])
    for version in (1, 2):
        pyarrow.feather.write_feather(frame, tmp_path / "r.feather", version=version)
        assert triples(read_ratings(tmp_path / "r.feather")[0]) == GOOD
    (parts := tmp_path / "parts").mkdir()
    (parts / "a.csv").write_text(table(GOOD[:2]))
    (parts / "b.csv.gz").write_bytes(gzip.compress(table([(r, u, i) for u, i, r in GOOD[2:]], head=("rating", "user", "item")).encode()))
    (parts / "notes.md").write_text("nothing")
    for given in (parts, [parts / "a.csv", parts / "b.csv.gz"]):
        ratings, notes = read_ratings(given)
        assert triples(ratings) == GOOD and "2 files in the order of their names" in notes[0]
    (parts / "c.csv").write_text(table([(1, 10, 4), (2, 30, "good")]))
    with pytest.raises(UserError, match=r"^c\.csv, line 3: the rating is 'good'"):
        read_ratings(parts)
    (parts / "c.csv").write_text(table(head=("user", "film", "rating")))
    with pytest.raises(UserError, match="c.csv has no column 'item', as the first file beside it has"):
        read_ratings(parts)
    (parts / "ratings.csv").write_text(table())     # as an unpacked MovieLens: what is called after ratings is meant
    assert triples(read_ratings(parts)[0]) == GOOD


def test_numbers_in_one_file_and_texts_in_the_next_make_one_column(tmp_path):
    for name, values in (("a.parquet", [4.0, 3.5]), ("b.parquet", ["5.0"])):
        n = 0 if name[0] == "a" else 2
        pa.parquet.write_table(pa.table({"user": [row[0] for row in GOOD[n:n + len(values)]],
                                         "item": [row[1] for row in GOOD[n:n + len(values)]], "rating": values}), tmp_path / name)
    assert triples(read_ratings(tmp_path)[0]) == GOOD


def test_the_standard_input_is_read(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(table(sep=";").encode()))))
    ratings, notes = read_ratings("-")
    assert triples(ratings) == GOOD and notes[0].startswith("standard input was read with ';'")


# Workbooks

def test_a_sheet_is_a_table_or_a_crosstab(tmp_path):
    long = [("user", "item", "rating"), *GOOD]
    path = workbook(tmp_path / "r.xlsx", {"Sheet1": long})
    assert (triples(read_ratings(path)[0]), read_ratings(path)[1]) == (GOOD, [])
    path = workbook(tmp_path / "r.xlsx", {"about": [("Ratings of films",)], "data": [("All of them",), (), *long]})
    ratings, notes = read_ratings(path)
    assert triples(ratings) == GOOD and "the sheet 'data'" in notes[0]
    bad = workbook(tmp_path / "r.xlsx", {"about": [("x",)], "data": [("All",), (), *long, (3, 10, "good")]})
    with pytest.raises(UserError, match=r"^r.xlsx, data, row 7: the rating is 'good', not a number"):
        read_ratings(bad)
    two = workbook(tmp_path / "r.xlsx", {"a": long, "b": long})
    with pytest.raises(UserError, match="the sheets a, b have columns for user, item, rating. Say with --sheet"):
        read_ratings(two)
    assert triples(read_ratings(two, sheet="b")[0]) == GOOD
    with pytest.raises(UserError, match="has no sheet 'c'; it has a, b"):
        read_ratings(two, sheet="c")
    grid = [("", *"abcdef"), ("Ann", 1, "", 2, "", "", 3), ("Bob", "", 4, "", "", 5, "")]
    ratings, notes = read_ratings(workbook(tmp_path / "r.xlsx", {"Sheet1": grid}))
    assert triples(ratings) == [("Ann", "a", 1), ("Ann", "c", 2), ("Ann", "f", 3), ("Bob", "b", 4), ("Bob", "e", 5)]
    assert "a user in every row and an item in every column of a crosstab" in notes[0]


# Crosstabs

ROWS = np.random.default_rng(0)
TABLE = ROWS.integers(1, 6, (12, 8)).astype(float)
TABLE[ROWS.random(TABLE.shape) < 0.4] = np.nan


def matrix(missing, counts: bool, header: bool, labels: bool) -> str:
    lines = [",".join([""] * labels + [f"i{n}" for n in range(8)])] * header
    for number, row in enumerate(TABLE):
        cells = [missing if np.isnan(value) else f"{value:g}" for value in row]
        lines.append(",".join([f"u{number}"] * labels + [str(int((~np.isnan(row)).sum()))] * counts + cells))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("missing", ["", "99", "NA", "nan"])
@pytest.mark.parametrize("counts, header, labels", [(False, True, True), (True, False, False), (False, False, False), (False, False, True)])
def test_a_crosstab_is_known_by_its_blanks_or_a_number_far_from_the_others(write, missing, counts, header, labels):
    ratings, notes = read_ratings(write(matrix(missing, counts, header, labels)))
    np.testing.assert_array_equal(np.sort(ratings.values), np.sort(TABLE[~np.isnan(TABLE)]))
    assert (ratings.n_users, ratings.n_items) == (12, 8)
    assert ratings.users[0] == ("u0" if labels else 1) and "i0" in ratings.items if header else 1 in ratings.items
    assert ("the first column, which counts the ratings, left out" in notes[0]) == counts
    assert ("99 for unrated" in notes[0]) == (missing == "99")


def test_what_a_zero_means_is_asked_and_can_be_told(write, refuse):
    zeros = np.where(ROWS.random((12, 8)) < 0.7, 0, TABLE)
    content = "\n".join(",".join(f"{0 if np.isnan(value) else value:g}" for value in row) for row in zeros) + "\n"
    sentence = refuse(content, layout="crosstab")
    assert sentence.endswith("% of the cells. Say --missing 0 if it means unrated, or --missing none if it is a rating.")
    unrated, _ = read_ratings(write(content), layout="crosstab", missing="0")
    every, _ = read_ratings(write(content), layout="crosstab", missing="none")
    assert len(unrated) == (np.nan_to_num(zeros) > 0).sum() and len(every) == zeros.size
    assert refuse(content, layout="crosstab", missing="x").startswith("--missing is 'x'.")
    assert refuse(content, layout="wide") == "layout is 'wide'. Choose one of: long, crosstab."


def test_a_crosstab_of_items_by_users_is_turned(write):
    ratings, notes = read_ratings(write("film,ann,bob,cid,dan\nAlien,1,,2,\nBrazil,,3,,4\n"))
    assert triples(ratings)[0] == ("ann", "Alien", 1.0) and ratings.users == ("ann", "cid", "bob", "dan")
    assert "an item in every line and a user in every column" in notes[0]


# What is guessed, and what speaks against it

def test_ratings_in_another_place_than_the_third_are_asked_for(refuse):
    rows = [(u, u % 5 + 1, 1000 + 7 * u) for u in range(60)]
    sentence = refuse(table([(row[2] % 50, row[1], row[2]) for row in rows], head=None))
    assert "column 3 was taken for the rating because of its place, but column 2 looks more like ratings" in sentence
    assert sentence.endswith("Say with --columns which are user, item, rating: 1,3,2 or 1,2,3.")


def test_ids_that_are_different_in_every_row_are_asked_for(refuse, read):
    rows = [(n, n % 7, n % 9, n % 5) for n in range(40)]    # a number of the row first
    assert refuse(table(rows, head=None)).startswith("ratings.csv: column 1 was taken for the user because of its place, but it is different "
                                                     "in each of the 40 rows")
    assert len(read(table([row[1:] for row in rows], head=None))[0]) > 20


def test_two_columns_that_may_be_the_rating_are_asked_for(refuse):
    rows = [(u, i, r, r) for u, i, r in GOOD]
    assert refuse(table(rows, head=("user", "item", "taste_rating", "look_rating"))).startswith(
        "ratings.csv has two columns that may hold the rating: 'taste_rating' and 'look_rating'. Say with --columns")


def test_items_called_like_columns_make_no_crosstab_a_long_table(read):
    rows, _ = read("user,The Score,High Score,Madrid,Rating Agency\n7,1,,2,\n8,,3,,4\n9,5,,,4\n")
    assert rows[:2] == [(7, "The Score", 1), (7, "Madrid", 2)] and len(rows) == 6


@pytest.mark.parametrize("content", [table([row[:2] for row in GOOD], head=("user", "item")), HEAD + "1,10,1\n1,20,1\n2,10,1\n"])
def test_pairs_that_happened_are_pointed_to_implicit_feedback_and_read_for_it(write, refuse, content):
    assert "--feedback implicit" in refuse(content)
    ratings, _ = read_ratings(write(content), unrated=1.0)
    assert triples(ratings) == [(u, i, 1.0) for u, i, _ in GOOD]


# Encodings, quotes, and lines that cannot be read

@pytest.mark.parametrize("encoding, shown", [("latin-1", "Windows-1252 (Latin-1)"), ("utf-16", "UTF-16"), ("cp1251", "CP1251")])
def test_the_encoding_is_found_and_said_or_told(write, encoding, shown):
    name = "Всё хорошо, прекрасная маркиза" if encoding == "cp1251" else "Amélie à Köln, où ça plaît"
    content = (HEAD + "".join(f'{u},"{name} {u}",{u % 5}\n' for u in range(30))).encode(encoding)
    ratings, notes = read_ratings(write(content))
    assert ratings.items[3] == f"{name} 3" and shown in notes[0]
    assert read_ratings(write(content), encoding=encoding)[0].items == ratings.items
    with pytest.raises(UserError, match="There is no encoding 'klingon'"):
        read_ratings(write(content), encoding="klingon")


def test_a_quotation_mark_behind_a_backslash_is_part_of_the_text(read):
    content = HEAD + '1,"The \\"Big\\" Sleep",4\n1,"Good, bad",3\n2,"x",5\n'
    assert read(content)[0] == [(1, 'The "Big" Sleep', 4), (1, "Good, bad", 3), (2, "x", 5)]


ODD = HEAD.encode() + b'1,10,4\n1,2\n1,20,3.5\nx,"y" z,3\n,30,3\n2,\xff,3\n1,30,good\n2,10,5\n2,\xc3\xa9,1,2,3\n'


def test_lines_that_cannot_be_read_are_left_out_counted_and_the_first_told(read, refuse):
    rows, notes = read(ODD, bad_lines="skip", encoding="utf-8")
    assert [(int(u), i, v) for u, i, v in rows] == [(u, str(i), v) if isinstance(i, str) else (u, i, v) for u, i, v in GOOD]
    assert notes[-1].startswith("ratings.csv: 6 lines left out that could not be read. The first: ratings.csv, line 3: 2 fields where")
    assert notes[-1].count("ratings.csv, line") == 3
    assert refuse(ODD, encoding="utf-8").endswith("Such lines are left out with --bad-lines skip.")
    assert refuse(ODD, bad_lines="fix") == "bad_lines is 'fix'. Choose one of: refuse, skip."


def test_bad_lines_of_other_formats_are_left_out_too(write, tmp_path):
    ratings, notes = read_ratings(write('{"user":1,"item":1,"rating":2}\n{"user":1,\n[1]\n{"user":1,"item":2,"rating":3}\n'), bad_lines="skip")
    assert len(ratings) == 2 and "2 lines left out" in notes[-1]
    ratings, notes = read_ratings(write("1:\n7,3\n8\n9,4\n"), bad_lines="skip")
    assert len(ratings) == 2 and "1 line left out" in notes[-1]
    pa.parquet.write_table(pa.table({"user": [1, 2, 3], "item": [1, 1, 1], "rating": [1.0, float("inf"), 2.0]}), tmp_path / "r.parquet")
    ratings, notes = read_ratings(tmp_path / "r.parquet", bad_lines="skip")
    assert len(ratings) == 2 and "1 row left out" in notes[-1]


# The files that failed

READ = {    # ratings, users, items, and what is said of the reading
    "anime_names.csv": (772, 59, 49, None), "book_rating_names.csv": (772, 59, 49, None),
    "backslash_quotes.csv": (772, 59, 50, "';' between the columns"), "crosstab.csv": (772, 59, 49, "a user in every line"),
    "heavy_tailed_plays.csv": (8397, 299, 199, "lies outside 1 to 4689"), "latin1_semicolon_quoted.csv": (772, 59, 49, "Windows-1252"),
    "negative_hash_ids.csv": (772, 59, 49, None), "trailing_empty_rows.csv": (772, 59, 49, "there is no rating"),
    "jester_like_matrix.tsv": (2782, 400, 10, "99 for unrated"), "space_separated.txt": (772, 59, 49, "'blanks' between the columns"),
}
REFUSED = {
    "ids_differ_by_case.csv": ("--ids exact if they are two", {"ids": "exact"}, (772, 59, 50)),
    "implicit_ones.csv": ("--feedback implicit", {"unrated": 1.0}, (772, 59, 49)),
    "implicit_pairs.csv": ("--feedback implicit", {"unrated": 1.0}, (772, 59, 49)),
}


def test_every_file_of_the_campaign_is_read_or_refused_rightly(shared):
    folder = shared / "cases" / "headless"
    files = {path.name for path in folder.iterdir() if path.suffix in (".csv", ".tsv", ".txt")}
    assert files == READ.keys() | REFUSED.keys()
    for name, (*sizes, said) in READ.items():
        ratings, notes = read_ratings(folder / name)
        assert [len(ratings), ratings.n_users, ratings.n_items] == sizes, name
        assert (not notes) if said is None else said in " ".join(notes), name
    for name, (sentence, options, sizes) in REFUSED.items():
        with pytest.raises(UserError, match=sentence):
            read_ratings(folder / name)
        ratings, _ = read_ratings(folder / name, **options)
        assert (len(ratings), ratings.n_users, ratings.n_items) == sizes, name
