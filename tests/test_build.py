"""The workbook we build: where things stand, what they are called, and that LibreOffice agrees."""

from __future__ import annotations

import re
import zipfile
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pytest
from planted import ADDITIVE, random_ratings

import workbook
from pyxl.grid.block_names import RESULTS, ROLES, SETTINGS, block_name, history_name, result_name, setting_name
from pyxl.grid.cells import Cell, Range
from pyxl.grid.layout import Block
from solver import OPTIMIZERS, Ratings, UserError, predict_table, random_factors, rmse
from solver.core.options import AUTO, Names, Number, Whole
from solver.core.settings import OPTIONS
from workbook.all_views import VIEWS
from workbook.data_sheets.ratings_sheet import SourcePlan
from workbook.model_sheets.crosstab_sheet import MOST_FORMULAS
from workbook.model_sheets.embedding_sheet import MOST_COPIES
from workbook.model_sheets.geometry import crosstab, long_form
from workbook.write.content import content_of, default_bounds, usual_scale

SIZES = [(15, 15, 5), (8, 20, 3), (40, 25, 5), (1, 2, 1), (3, 1, 8), (60, 50, 4)]  # users, items, factors
SEED = 3
NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """`built(users, items, factors)`: a workbook of random ratings and its layouts, built once and not to be changed."""
    @cache
    def of(users: int, items: int, factors: int = 5):
        path = tmp_path_factory.mktemp("built") / "b.xlsx"
        return path, workbook.build(random_ratings(users, items), path, n_factors=factors, seed=SEED)
    return of


def names_of(path) -> list[dict]:
    """The defined names as the file holds them."""
    with zipfile.ZipFile(path) as package:
        root = ElementTree.fromstring(package.read("xl/workbook.xml"))
    sheets = [s.get("name") for s in root.find("m:sheets", NS)]
    return [{"name": d.get("name"), "hidden": d.get("hidden") == "1", "refers_to": d.text,
             "sheet": sheets[int(d.get("localSheetId"))] if d.get("localSheetId") else None}
            for d in root.find("m:definedNames", NS)]


def sheet_xml(path, sheet: str) -> str:
    with zipfile.ZipFile(path) as package:
        order = [s.get("name") for s in ElementTree.fromstring(package.read("xl/workbook.xml")).find("m:sheets", NS)]
        return package.read(f"xl/worksheets/sheet{order.index(sheet) + 1}.xml").decode()


def range_of(where) -> Range:
    return where.range if isinstance(where, Block) else Range.around([where]) if isinstance(where, Cell) else where


# ---- where things stand

def test_dotprod_stands_in_the_lessons_cells(built):
    path, layouts = built(15, 15)
    layout = layouts["dotprod"]
    assert [str(x) for x in (layout.ratings, layout.item_factors.range, layout.user_factors.range,
                             layout.predictions, layout.rmse, layout.item_ids, layout.user_ids)] == \
        ["H2:V16", "H19:V23", "B25:F39", "H25:V39", "V41", "H1:V1", "G2:G16"]
    sheet = openpyxl.load_workbook(path)["dotprod"]
    assert sheet["H25"].value == '=IF(H2="",0,MMULT($B25:$F25,H$19:H$23))'
    assert sheet["V39"].value == '=IF(V16="",0,MMULT($B39:$F39,V$19:V$23))'
    rmse = sheet["V41"].value       # the lesson's, with 0 for a blank, which is an empty text: LibreOffice's SUMXMY2 stumbles over it
    assert (rmse.ref, rmse.text) == ("V41", "=SQRT(SUMXMY2(IF(ISNUMBER(H2:V16),H2:V16,0),H25:V39)/COUNT(H2:V16))")
    assert [sheet[c].value for c in ("H1", "H24", "V24", "G2", "G25", "G39")] == ["=H$24", "i0", "i14", "=$G25", 101, 115]


@pytest.mark.parametrize("name", ["bias", "bounded"])
def test_bias_stands_in_the_lessons_cells(built, name):
    layout = built(15, 15)[1][name]
    assert [str(x) for x in (layout.ratings, layout.item_bias.range, layout.item_factors.range,
                             layout.user_bias.range, layout.user_factors.range, layout.predictions, layout.rmse)] == \
        ["H2:V16", "H19:V19", "H20:V24", "A26:A40", "B26:F40", "H26:V40", "V42"]


def test_the_models_formulas(built):
    book = openpyxl.load_workbook(built(15, 15)[0])
    assert book["bias"]["H26"].value == '=IF(H2="",0,MMULT($B26:$F26,H$20:H$24)+H$19+$A26)'
    assert book["bounded"]["H26"].value == \
        '=IF(H2="",0,$B$2+($B$3-$B$2)/(1+EXP(-(MMULT($B26:$F26,H$20:H$24)+H$19+$A26))))'


def test_embedding_stands_in_the_lessons_cells(tmp_path, shared):
    """The course's movielens_emb, from its own ratings, cell for cell where the models stand."""
    course = openpyxl.load_workbook(shared / "workbooks" / "course_collab_filter.xlsx", read_only=True,
                                    data_only=True)
    rows = list(course["dotprod"].iter_rows(1, 16, 7, 22, values_only=True))
    table = np.array([[np.nan if v is None else v for v in row[1:]] for row in rows[1:]], dtype=float)
    ratings = Ratings.from_crosstab(table, [row[0] for row in rows[1:]], rows[0][1:])
    layout = workbook.build(ratings, tmp_path / "b.xlsx")["embedding"]
    assert [str(x) for x in (layout.user_factors.range, layout.item_factors.range, layout.user_ids, layout.item_ids,
                             layout.user_keys, layout.item_keys, layout.ratings, layout.predictions, layout.rmse)] == \
        ["C4:G18", "C22:G36", "B4:B18", "B22:B36", "I3:I227", "J3:J227", "K3:K227", "X3:X227", "AA3"]   # and rows for more ratings
    ours = openpyxl.load_workbook(tmp_path / "b.xlsx", data_only=True)
    for sheet, block in (("dotprod", "G2:V16"), ("dotprod", "H1:V1"), ("bias", "G2:V16")):
        theirs = [[cell.value for cell in row] for row in course[sheet][block]]
        assert [[cell.value or None for cell in row] for row in ours[sheet][block]] == theirs


@pytest.mark.parametrize("users, items, factors", SIZES)
def test_blocks_do_not_overlap(users, items, factors):
    plans = [crosstab(name, name, users=users, items=items, factors=factors) for name in ADDITIVE]
    plans += [long_form("long", users=users, items=items, factors=factors, ratings=users * items, copies=copies)
              for copies in (True, False)]
    for plan in plans:
        layout = plan.layout
        blocks = [range_of(getattr(layout, role)) for role in ROLES if getattr(layout, role) is not None]
        blocks += [block for block in (getattr(plan, name, None) for name in (
            "filled", "places", "user_index", "item_index", "user_copies", "item_copies", "errors")) if block]
        assert not [(str(a), str(b)) for i, a in enumerate(blocks) for b in blocks[:i] if a.overlaps(b)]
        assert all(plan.used.bottom >= b.bottom and plan.used.right >= b.right for b in blocks)
        assert not plan.history.overlaps(plan.used)
        covered = Range(*plan.chart, plan.chart.row + 14, plan.chart.col + 7 if plan.chart.col > 1 else layout.user_ids.left - 1)
        assert not [str(b) for b in (*blocks, plan.history) if covered.overlaps(b)]
        assert layout.user_factors.shape == (users, factors) and layout.item_factors.shape == (items, factors)


# ---- names

@pytest.mark.parametrize("users, items, factors", [(15, 15, 5), (8, 20, 3), (60, 50, 4)])
def test_every_block_has_its_name(built, users, items, factors):
    path, layouts = built(users, items, factors)
    names = {n["name"]: n for n in names_of(path) if n["sheet"] is None}
    assert list(layouts) == ["dotprod", "bias", "bounded", "embedding"]
    for sheet, layout in layouts.items():
        for role in ROLES:
            where = getattr(layout, role)
            found = names.get(block_name(sheet, role))
            assert (found is None) == (where is None), (sheet, role)
            if found:
                assert found["refers_to"] == f"{sheet}!{range_of(where).absolute}" and not found["hidden"]
        assert names[history_name(sheet)]["refers_to"].startswith(f"{sheet}!")
        for what in RESULTS:
            assert re.fullmatch(r"start!\$[E-H]\$\d+", names[result_name(sheet, what)]["refers_to"])
    printed = {n["sheet"] for n in names_of(path) if n["name"] == "_xlnm.Print_Area"}
    assert set(layouts) <= printed  # without the history on the right
    assert {"dotprod_filled", "bias_filled", "bounded_filled"} <= names.keys()
    assert {setting_name(option) for option in SETTINGS} <= names.keys()


def test_solver_finds_its_model(built):
    path, layouts = built(15, 15)
    solver = {(n["sheet"], n["name"]): n for n in names_of(path) if n["name"].startswith("solver_")}
    assert all(n["hidden"] and n["sheet"] in layouts for n in solver.values())
    adjusted = {"dotprod": "dotprod!$H$19:$V$23,dotprod!$B$25:$F$39",
                "bias": "bias!$H$19:$V$24,bias!$A$26:$F$40",
                "bounded": "bounded!$H$19:$V$24,bounded!$A$26:$F$40"}
    for sheet, layout in layouts.items():
        get = {name: n["refers_to"] for (where, name), n in solver.items() if where == sheet}
        assert get["solver_opt"] == f"{sheet}!{Range.around([layout.rmse]).absolute}"
        assert get["solver_adj"] == adjusted.get(sheet, get["solver_adj"])
        assert (get["solver_typ"], get["solver_val"], get["solver_neg"], get["solver_num"], get["solver_eng"],
                get["solver_ver"]) == ("2", "0", "2", "0", "1", "3")
        changing = [Range.parse(part.split("!")[1]) for part in get["solver_adj"].split(",")]
        assert sum(r.size for r in changing) == sum(b.range.size for b in layout.parameters.values())


def test_solver_names_are_those_of_the_course(built, shared):
    def solver(path):
        return {n["name"] for n in names_of(path) if n["name"].startswith("solver_")}
    assert solver(built(15, 15)[0]) == solver(shared / "workbooks" / "course_collab_filter.xlsx")


def test_a_sheet_too_large_for_solver_says_so(built):
    book = openpyxl.load_workbook(built(40, 25)[0])
    for sheet, place in (("dotprod", "B91"), ("start", "C8")):
        assert "at most 200" in book[sheet][place].value, sheet


# ---- LibreOffice agrees

@pytest.mark.parametrize("users, items, factors", SIZES)
def test_libreoffice_and_torch_agree(built, office, users, items, factors):
    ratings = random_ratings(users, items)
    path, layouts = built(users, items, factors)
    filled = {n["name"].removesuffix("_filled"): n["refers_to"].split("!")[1].replace("$", "")
              for n in names_of(path) if n["name"].endswith("_filled")}
    wanted = {sheet: [str(layout.predictions), str(layout.rmse)] + ([filled[sheet]] if sheet in filled else [])
              for sheet, layout in layouts.items()}
    got = office.recalculate(path, wanted)
    cached = openpyxl.load_workbook(path, data_only=True, read_only=True)
    table = ratings.crosstab()
    for sheet, layout in layouts.items():
        bounds = default_bounds(ratings.values) if layout.variant == "bounded" else None
        low, high = bounds or (None, None)
        factors_now = random_factors(ratings, model=layout.variant, n_factors=factors, seed=SEED, low=low, high=high)
        all_pairs = predict_table(factors_now, bounds=bounds).numpy()
        expected = np.where(np.isnan(table), 0, all_pairs)
        if layout.form == "long":
            expected = np.zeros(layout.ratings.shape)      # 0 in the rows to spare; a rating a row, user by user
            expected[:len(ratings), 0] = all_pairs[~np.isnan(table)]
        else:
            np.testing.assert_allclose(got[sheet][filled[sheet]], np.where(np.isnan(table), all_pairs, table),
                                       rtol=0, atol=1e-9)
        np.testing.assert_allclose(got[sheet][str(layout.predictions)], expected, rtol=0, atol=1e-9)
        exact = rmse(factors_now, ratings, bounds=bounds)
        assert got[sheet][str(layout.rmse)][0][0] == pytest.approx(exact, abs=1e-9)
        assert cached[sheet][str(layout.rmse)].value == pytest.approx(exact, abs=1e-9)


def test_dotprod_and_embedding_start_alike(tmp_path, office):
    layouts = workbook.build(random_ratings(9, 7), tmp_path / "b.xlsx")
    got = office.recalculate(tmp_path / "b.xlsx", {s: [str(layouts[s].rmse)] for s in ("dotprod", "embedding")})
    a, b = (next(iter(values.values()))[0][0] for values in got.values())
    assert a == pytest.approx(b, abs=1e-12)


def test_small_blocks_have_a_formula_a_cell_and_large_ones_an_array(built):
    assert 15 * 15 <= MOST_FORMULAS < 60 * 50 and 15 * 15 <= MOST_COPIES < 60 * 50
    # the RMSE and the line of errors, and in a large sheet ratings, predictions and the filled table; of `embedding` in a small one
    # every place and the numbers above each user and in all, in a large one both numbers, the errors, the RMSE and the warning
    for size, arrays, of_embedding in (((15, 15, 5), 2, lambda layout: layout.ratings.size + 15 + 1), ((60, 50, 4), 5, lambda layout: 5)):
        path, layouts = built(*size)
        for sheet in ("dotprod", "bias", "bounded"):
            assert sheet_xml(path, sheet).count('t="array"') == arrays
        assert sheet_xml(path, "embedding").count('t="array"') == of_embedding(layouts["embedding"])


def test_typed_ratings_are_followed(tmp_path, office):
    """A rating typed into a blank cell of the source unmasks its prediction and moves from guess to fact."""
    path, ratings = tmp_path / "b.xlsx", random_ratings(8, 6)
    layout = workbook.build(ratings, path)["bias"]
    user, item = np.argwhere(np.isnan(ratings.crosstab()))[0]
    rating, predicted = SourcePlan(8, 6).ratings.first.moved(user, item), layout.predictions.first.moved(user, item)
    before = office.recalculate(path, {"bias": [str(predicted), str(layout.rmse)]})["bias"]
    after = office.recalculate(path, {"bias": [str(predicted), str(layout.rmse)]},
                               set={"ratings": {str(rating): 2.5}})["bias"]
    assert before[str(predicted)] == [[0]] and after[str(predicted)][0][0] > 0
    assert before[str(layout.rmse)] != after[str(layout.rmse)]


# ---- labels

HOSTILE = ['=HYPERLINK("http://x","y")', "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "http://example.org/film",
           "{=1+1}", "M*A*S*H", "MxAxSxH", "Who?", "Whom", "tilde~film", "4,5", "  spaced  out ", "a" * 300]


def test_titles_stay_text(tmp_path, office):
    path = tmp_path / "b.xlsx"
    ratings = Ratings.from_crosstab(np.arange(1.0, 29.0).reshape(2, 14), ["u1", "=u2"], range(14))
    layouts = workbook.build(ratings, path, titles=dict(enumerate(HOSTILE)))
    book, results = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
    shown = [cell.value for cell in results["dotprod"][str(layouts["dotprod"].item_ids)][0]]
    assert shown[:12] == HOSTILE[:12] and shown[12] == "spaced out" and len(shown[13]) == 100
    typed = book["ratings"][str(SourcePlan(2, 14).item_labels)][0][:14]
    assert [cell.value for cell in typed] == shown and all(cell.data_type == "s" for cell in typed)
    assert results["dotprod"][str(layouts["dotprod"].user_ids)][1][0].value == "=u2"
    with zipfile.ZipFile(path) as package:
        links = [name for name in package.namelist() if "worksheets/_rels" in name
                 and b"hyperlink" in package.read(name)]
    assert not links
    # MATCH must not take * ? ~ for wildcards: every rating finds its own film
    embedding = layouts["embedding"]
    got = office.recalculate(path, {s: [str(layouts[s].rmse)] for s in ("dotprod", "embedding")})
    assert got["dotprod"][str(layouts["dotprod"].rmse)][0][0] == pytest.approx(
        got["embedding"][str(embedding.rmse)][0][0], abs=1e-9)


def test_titles_that_occur_twice_get_their_id(tmp_path):
    ratings = Ratings.from_crosstab([[1.0, 2, 3, 4]], ["u"], [7, 8, 9, "x"])
    layout = workbook.build(ratings, tmp_path / "b.xlsx", titles={7: "Emma", 8: "Emma", 9: " emma "})["dotprod"]
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx", data_only=True)["dotprod"]
    assert [c.value for c in sheet[str(layout.item_ids)][0]] == ["Emma (7)", "Emma (8)", "emma (9)", "x"]


def test_the_sheet_of_ratings(tmp_path):
    ratings, titles = Ratings.from_triples([1, 1, 2], ["a", "b", "a"], [3, 4.5, 5]), {"a": "Alpha"}
    workbook.build(ratings, tmp_path / "b.xlsx", titles=titles)
    rows = list(openpyxl.load_workbook(tmp_path / "b.xlsx")["ratings"].iter_rows(min_row=6, max_row=9, max_col=3, values_only=True))
    assert rows == [("item id", "a", "b"), ("user ↓  item →", "Alpha", "b"), (1, 3, 4.5), (2, 5, None)]


def test_of_a_pair_rated_twice_the_last_counts_everywhere(tmp_path):
    ratings = Ratings.from_triples([1, 1, 2, 1], ["a", "b", "a", "a"], [3, 4, 5, 1])
    layouts = workbook.build(ratings, tmp_path / "b.xlsx")
    book = openpyxl.load_workbook(tmp_path / "b.xlsx", data_only=True)
    assert [book["ratings"][cell].value for cell in ("B8", "C8", "B9", "C9")] == [1, 4, 5, None]
    assert book["dotprod"][str(layouts["dotprod"].ratings.first)].value == 1
    same = [book[s][str(layouts[s].rmse)].value for s in ("dotprod", "embedding")]
    assert same[0] == pytest.approx(same[1], abs=1e-12)


# ---- settings

def test_settings_are_validated(tmp_path):
    workbook.build(random_ratings(3, 3), tmp_path / "b.xlsx", seed=11)
    names = {n["name"]: n["refers_to"].split("!")[-1].replace("$", "") for n in names_of(tmp_path / "b.xlsx")}
    start = openpyxl.load_workbook(tmp_path / "b.xlsx")["start"]
    rules = {str(rule.sqref): rule for rule in start.data_validations.dataValidation}
    cell = {option: names[setting_name(option)] for option in SETTINGS}
    shown = {option: start[where].value for option, where in cell.items()}
    assert shown == {option: OPTIONS[option].default for option in SETTINGS} | {"weight_decay": AUTO, "seed": 11}
    assert rules[cell["optimizer"]].formula1.strip('"').split(",") == list(OPTIMIZERS)
    types = {Names: "list", Whole: "whole", Number: "decimal"}
    assert {o: rules[cell[o]].type for o in SETTINGS} == {o: types[type(OPTIONS[o].values)] for o in SETTINGS} | {"weight_decay": "custom"}
    assert [bool(rules[cell[o]].allow_blank) for o in SETTINGS] == [OPTIONS[o].values.optional for o in SETTINGS]
    assert all(rules[cell[o]].prompt and rules[cell[o]].error for o in SETTINGS)


def test_bounds():
    assert default_bounds(np.array([0.5, 1, 3.5, 5])) == (0, 5.5)      # the lesson's
    assert default_bounds(np.array([1.0, 2, 3, 5])) == (0.5, 5.5)
    assert default_bounds(np.array([0.0, 1])) == (-0.125, 1.125)
    assert usual_scale(np.array([1.5, 4, 5])) == (0.5, 5) and usual_scale(np.array([0.0, 1])) == (0, 1)
    low, high = default_bounds(np.array([4.0, 4]))
    assert low < 4 < high


def test_given_bounds_stand_in_their_named_cells(tmp_path):
    layout = workbook.build(random_ratings(4, 4), tmp_path / "b.xlsx", bounds=(0, 6))["bounded"]
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx")["bounded"]
    assert (sheet[str(layout.low)].value, sheet[str(layout.high)].value) == (0, 6)


# ---- refusals: a sentence, and nothing written

@pytest.mark.parametrize("users, items, sentence", [
    (1, 20_000, r"^20,000 items and 5 factors need 20,020 columns; an Excel sheet holds 16,384\. Take fewer items"),
    (400_000, 1, r"^400,000 users need 1,2\d\d,\d\d\d rows; an Excel sheet holds 1,048,576\. Take fewer users"),
])
def test_more_than_excel_holds(tmp_path, users, items, sentence):
    n = max(users, items)
    ratings = Ratings.from_triples(range(n) if users > 1 else [0] * n, range(n) if items > 1 else [0] * n, [3.0] * n)
    with pytest.raises(UserError, match=sentence):
        workbook.build(ratings, tmp_path / "b.xlsx")
    assert not list(tmp_path.iterdir())


def test_more_ratings_than_rows(tmp_path):
    users, items = np.divmod(np.arange(1_050_000), 2_000)
    ratings = Ratings(tuple(range(525)), tuple(range(2_000)), users, items, np.full(1_050_000, 3.0))
    with pytest.raises(UserError, match=r"^1,050,000 ratings need 1,050,002 rows; .* CSV file"):
        workbook.build(ratings, tmp_path / "b.xlsx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ratings, options, sentence", [
    (Ratings.from_triples([], [], []), {}, "no rating"),
    (Ratings.from_triples([1], [1], [float("inf")]), {}, "not a finite number"),
    (Ratings.from_triples([14, "14"], [1, 2], [3, 4]), {}, r"14 and '14' look the same .* Unify"),
    (Ratings.from_triples(["Bob", "bob "], [1, 2], [3, 4]), {}, "look the same"),
    (Ratings.from_triples([1, 2], ["A", "a"], [3, 4]), {}, "item ids 'A' and 'a' look the same"),
    (Ratings.from_triples([1, " "], [1, 2], [3, 4]), {}, "has no id"),
    (Ratings.from_triples([1], [1], [3]), {"n_factors": 0}, "n_factors is 0"),
    (Ratings.from_triples([1], [1], [3]), {"seed": -1}, "seed is -1"),
    (Ratings.from_triples([1], [1], [3]), {"bounds": (5, 1)}, "lower one first"),
    (Ratings.from_triples([1], [1], [0.5]), {"bounds": (1, 5)}, r"0\.5, outside the bounds 1 to 5"),
])
def test_what_cannot_be_built(tmp_path, ratings, options, sentence):
    with pytest.raises(UserError, match=sentence):
        workbook.build(ratings, tmp_path / "b.xlsx", **options)
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_kept(tmp_path):
    path = tmp_path / "b.xlsx"
    path.write_text("precious")
    with pytest.raises(UserError, match="'b.xlsx' exists already"):
        workbook.build(random_ratings(2, 2), path)
    assert path.read_text() == "precious"
    workbook.build(random_ratings(2, 2), path, overwrite=True)
    assert openpyxl.load_workbook(path).sheetnames[0] == "start"
    assert [p.name for p in tmp_path.iterdir()] == ["b.xlsx"]


def test_a_missing_folder(tmp_path):
    with pytest.raises(UserError, match="folder of 'b.xlsx' does not exist"):
        workbook.build(random_ratings(2, 2), tmp_path / "none" / "b.xlsx")


def test_a_failing_save_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch):
    path = tmp_path / "b.xlsx"
    workbook.build(random_ratings(2, 2), path)
    before = path.read_bytes()

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError, match="disk is full"):
        workbook.build(random_ratings(3, 3), path, overwrite=True)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["b.xlsx"]


def test_content_is_checked_once_for_all_sheets():
    content = content_of(random_ratings(4, 3), titles={"i1": "One"}, n_factors=2, seed=0, bounds=None)
    assert content.items == ["i0", "One", "i2"] and content.titled and content.table.shape == (4, 3)


def test_the_same_call_builds_the_same_sheets(tmp_path):
    for name in ("a.xlsx", "b.xlsx"):
        workbook.build(random_ratings(4, 3), tmp_path / name, seed=5)
    assert all(sheet_xml(tmp_path / "a.xlsx", s) == sheet_xml(tmp_path / "b.xlsx", s)
               for s in ("dotprod", "bias", "bounded", "embedding"))


def test_no_function_that_old_offices_lack(built):
    for sheet in ("start", "dotprod", "bias", "bounded", "embedding"):
        xml = sheet_xml(built(60, 50, 4)[0], sheet)
        assert "_xlfn" not in xml and "_xlws" not in xml and " cm=" not in xml and "OFFSET" not in xml


def test_start_tells_what_every_sheet_is_for(tmp_path):
    workbook.build(random_ratings(4, 3), tmp_path / "b.xlsx")
    start = openpyxl.load_workbook(tmp_path / "b.xlsx")["start"]
    told = {cell.value: cell.hyperlink.location for row in start["B1:B80"] for cell in row if cell.hyperlink}
    assert set(VIEWS) <= told.keys()
    assert all(where.startswith(name.partition(". ")[2].partition(" ")[0] or name) for name, where in told.items())    # 1. ratings B8
