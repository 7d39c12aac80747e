"""Formulas compiled to torch: values and derivatives against the evaluator, which believes nothing but Excel's rules."""

from __future__ import annotations

import math
import random
import re
from pathlib import Path

import numpy as np
import pytest
import random_formulas
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sheets_in_memory import Sheets, at, sheets

import workbook
from pyxl.detect.verified_model import verified_model
from pyxl.formulas.compile_formulas import RULES, compile_formulas
from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.functions.all_functions import FUNCTIONS
from pyxl.formulas.language.formula_errors import FormulaError, Unsupported
from pyxl.formulas.language.syntax.formula_text import moved
from pyxl.grid.cells import Range
from pyxl.grid.grid import DefinedName, Formula, Grid
from pyxl.grid.parameters import parameter_cells
from pyxl.xlsx import open_workbook
from solver import Ratings, Settings, UserError, predict
from solver.model.array_factors import as_tensors

COURSE = {"dotprod": 0.392901, "movielens_emb": 0.392901, "bias": 0.318655}


def of_model(book, sheet: str):
    """(the factor model of a sheet compiled, its cells -> derivative of the hand-written model's RMSE)."""
    ready = verified_model(book, sheet, Settings())
    layout = ready.model.layout
    compiled = compile_formulas(book, [(sheet, layout.rmse)],
                                [(sheet, block.range) for block in layout.parameters.values()])
    factors = as_tensors(ready.start).map(lambda tensor: tensor.clone().requires_grad_())
    users, items, values = map(torch.as_tensor, (ready.ratings.user_index, ready.ratings.item_index, ready.ratings.values))
    bounds = ready.settings.bounds if layout.variant == "bounded" else None
    ((predict(factors, users, items, bounds=bounds) - values) ** 2).mean().sqrt().backward()
    return ready, compiled, parameter_cells(layout, factors.map(lambda tensor: tensor.grad))


@pytest.mark.parametrize("sheet, best", COURSE.items())
def test_the_lessons_sheets_by_formulas_alone(shared, sheet, best):
    from scipy.optimize import minimize
    with open_workbook(shared / "workbooks" / "course_collab_filter.xlsx") as book:
        ready, compiled, slopes = of_model(book, sheet)
        cached = book.grid(sheet).values[ready.model.layout.rmse]
    value, gradient = compiled.value_and_gradient(compiled.start)
    assert value == pytest.approx(cached, abs=1e-12) and not compiled.not_smooth
    for (_, cell), slope in zip(compiled.cells, gradient.tolist()):
        assert slope == pytest.approx(slopes[cell], abs=1e-10)
    found = minimize(compiled.value_and_gradient, compiled.start, jac=True, method="L-BFGS-B",
                     options={"maxiter": 2000, "maxfun": 4000, "ftol": 1e-12, "gtol": 1e-8})
    assert found.fun == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("large", [False, True])  # a large block is one array formula, large columns too
def test_sheets_that_we_build(tmp_path, monkeypatch, large):
    if large:
        monkeypatch.setattr("workbook.model_sheets.crosstab_sheet.MOST_FORMULAS", 20)
        monkeypatch.setattr("workbook.builder.MOST_COPIES", 20)
    n_users, n_items = 14, 11
    rng = np.random.default_rng(3)
    rated = rng.random((n_users, n_items)) < 0.7
    users, items = np.nonzero(rated)
    ratings = Ratings.from_triples([f"u{i}" for i in users], [f"=film, {i}" for i in items],
                                   rng.integers(1, 11, len(users)) / 2)
    workbook.build(ratings, tmp_path / "book.xlsx", n_factors=2)
    with open_workbook(tmp_path / "book.xlsx") as book:
        for sheet in ("dotprod", "bias", "bounded", "embedding"):
            ready, compiled, slopes = of_model(book, sheet)
            value, gradient = compiled.value_and_gradient(compiled.start)
            assert value == pytest.approx(ready.rmse, abs=1e-12)
            assert dict(zip((cell for _, cell in compiled.cells), gradient.tolist())) == pytest.approx(slopes, abs=1e-10)
            assert len(compiled.program.steps) < 40, "grouped: steps must not grow with the sheet"


def rounding(value: float, x: np.ndarray, gradient: np.ndarray) -> float:
    """How far two ways to compute a value may differ: 1e-12 of it, and of what each changing cell adds to it."""
    return 1e-12 * (1 + abs(value) + float(np.abs(x * gradient).sum()))


def agree(book, compiled, output, x) -> None:
    """Value and gradient at x are those of the evaluator and of its central differences."""
    def recalculated(x) -> float:
        return Calculator(book, overrides={key: float(v) for key, v in zip(compiled.cells, x)}).value(*output)
    value, gradient = compiled.value_and_gradient(x)
    truth = recalculated(x)
    if not isinstance(truth, (float, bool)):
        assert not math.isfinite(value), (book.grid('S').formulas.get(output[1]), truth, value)
        return
    assert np.isfinite(gradient).all()
    assert value == pytest.approx(float(truth), abs=rounding(truth, x, gradient))
    if compiled.not_smooth:
        return
    for i in random.Random(0).sample(range(len(x)), min(len(x), 8)):
        slope = float(gradient[i])
        coarse, fine = (central_difference(recalculated, x, i, 1e-4 * max(1.0, abs(x[i])) / n) for n in (1, 8))
        if coarse is not None and fine is not None:  # as exact as the two say themselves that they are
            assert slope == pytest.approx(fine, rel=1e-5, abs=1e-5 * max(1.0, abs(truth)) + 4 * abs(fine - coarse)), (
                book.grid(output[0]).formulas[output[1]])


def central_difference(call, x: np.ndarray, i: int, step: float) -> float | None:
    """Of fourth order; None where the function has errors."""
    around = [call(x + n * step * np.eye(len(x))[i]) for n in (-2, -1, 1, 2)]
    if all(isinstance(value, float) for value in around):
        return (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / (12 * step)
    return None



@settings(max_examples=8, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
          suppress_health_check=list(HealthCheck))
@given(random_formulas.grids(), st.lists(random_formulas.formulas(arrays=False), min_size=15, max_size=15),
       st.lists(random_formulas.formulas(arrays=True), min_size=15, max_size=15), st.randoms(use_true_random=False))
def test_random_formulas_agree_with_the_evaluator(values, plain, arrays, rng):
    numbers = sorted(cell for cell, value in values.items() if isinstance(value, float))
    output = at("Z50")
    for text, array in [(text, None) for text in plain] + [(text, Range(*output, *output)) for text in arrays]:
        if "COUNT(" in text:
            continue  # counts what is a number when compiling, an error that comes later too
        book = Sheets({"S": Grid("S", dict(values), {output: Formula(text, output, array)})})
        try:
            found = compile_formulas(book, [("S", output)], [
                ("S", Range(*cell, *cell)) for cell in rng.sample(numbers, min(len(numbers), 8))])
        except Unsupported:
            continue
        except UserError:  # whatever the changing cells hold
            assert not isinstance(Calculator(book).value("S", output), float)
            continue
        agree(book, found, ("S", output), found.start)
        agree(book, found, ("S", output), found.start + rng.uniform(-0.3, 0.3))


@settings(max_examples=3, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
          suppress_health_check=list(HealthCheck))
@given(random_formulas.grids(), st.lists(random_formulas.formulas(arrays=False), min_size=12, max_size=12),
       st.lists(random_formulas.formulas(arrays=True), min_size=12, max_size=12), st.randoms(use_true_random=False))
def test_random_formulas_filled_over_a_block_agree_in_every_cell(values, plain, arrays, rng):
    """The cells of a group: each as the evaluator has it by itself, array formulas of several cells too."""
    numbers = sorted(cell for cell, value in values.items() if isinstance(value, float))
    for text, array in [(text, False) for text in plain] + [(text, True) for text in arrays]:
        if "COUNT(" in text:
            continue
        rows, cols = rng.choice([(4, 3), (1, 4), (5, 1)])
        height, width = rng.choice([(1, 1), (2, 2)]) if array else (1, 1)
        grid, cells = Grid("S", dict(values)), []
        for i, j in np.ndindex(rows, cols):
            block = Range(10 + i * height, 9 + j * width, 9 + (i + 1) * height, 8 + (j + 1) * width)
            grid.formulas[block.first] = Formula(moved(text, i * height, j * width), block.first, block if array else None)
            cells += block.cells()
        book = Sheets({"S": grid})
        calculator = Calculator(book)
        outputs = [cell for cell in cells if isinstance(calculator.value("S", cell), float)]
        if not outputs:
            continue
        try:
            found = compile_formulas(book, [("S", cell) for cell in outputs], [
                ("S", Range(*cell, *cell)) for cell in rng.sample(numbers, min(len(numbers), 8))])
        except Unsupported:
            continue
        for x in (found.start, found.start + rng.uniform(-0.3, 0.3)):
            there = Calculator(book, overrides=dict(zip(found.cells, x.tolist())))
            for cell, value, slopes in zip(outputs, *found.values_and_jacobian(x)):
                truth = there.value("S", cell)
                if isinstance(truth, (float, bool)):
                    assert value == pytest.approx(float(truth), abs=rounding(truth, x, slopes)), (text, cell)
                else:
                    assert not math.isfinite(value), (text, cell)


def compiled(book, output="Z50", changing="A1:A3"):
    return compile_formulas(book, [("S", at(output))], [("S", Range.parse(changing))])


def filled(cell: str, formula: str, to: str) -> dict[str, str]:
    """A formula filled from `cell` to `to`, as the text that Excel shows in each."""
    area = Range.parse(f"{cell}:{to}")
    return {str(c): "=" + moved(formula, c.row - area.top, c.col - area.left) for c in area.cells()}


CHAINS = {
    "a running total": {**filled("B2", "B1+A2*2", "B200"), "B1": "=A1", "Z50": "=SUMSQ(B1:B200)", "A1": 1.5, "A2": 0.5,
                        "A3": 2.0},
    "sums from the top": {**filled("B1", "SUM(A$1:A1)", "B60"), "Z50": "=SUM(B1:B60)+MAX(B1:B60)", "A1": 1.0, "A2": -0.5,
                          "A3": 2.0},
    "steps of momentum": {  # columns need each other, row by row
        "D1": 0.9, "B1": "=A1", "C1": "=A2", **filled("B2", "B1-0.1*C2", "B40"),
        **filled("C2", "$D$1*C1+(1-$D$1)*2*(B1-$A$3)", "C40"), "A1": 5.0, "A2": 0.0, "A3": 2.0, "Z50": "=B40*C40"},
    "a recurrence that IF begins": {**filled("B1", 'IF(ROW()=1,$A$1,B1048576*0.9+$A$2)', "B1"), "A1": 1.0, "A2": 2.0,
                                    **filled("B2", "IF(A2=\"\",B1,B1*0.9+A2)", "B30"), "A3": 3.0, "Z50": "=SUM(B1:B30)"},
}


@pytest.mark.parametrize("name", CHAINS)
def test_cells_of_a_group_that_need_each_other(name):
    book = sheets(S=CHAINS[name])
    found = compiled(book)
    for x in (found.start, found.start + np.array([0.3, -0.2, 0.1])):
        agree(book, Smooth(found), ("S", at("Z50")), x)


class Smooth:
    """As if no kink were noted: the points of a test lie beside them."""

    not_smooth = ()

    def __init__(self, compiled):
        self.cells, self.value_and_gradient = compiled.cells, compiled.value_and_gradient


@pytest.mark.parametrize("formula", [
    "IF(A1>0,SQRT(A1),A1*A1)", "IF(A1<0,LN(A1),A2)", "IFERROR(LN(-A1),A2^2)", "SUM(IFERROR(IF({1;0;1},A1:A3,1/0*A3),A3))",
    "SUMIF(B1:B3,\"x\",A1:A3)", "SUMIFS(A1:A3,B1:B3,\"x\",A1:A3,\">0\")", "AVERAGEIF(A1:A3,\">1\")",
    "COUNTIF(A1:A3,\">1\")*A1", "MINIFS(A1:A3,B1:B3,\"x\")", "VLOOKUP(\"y\",B1:C3,2,FALSE)*A2", "INDEX(A1:A3,2)*A1",
    "SUM(OFFSET(A1,1,0,2,1))^2", "SUM(A1:INDEX(A1:A3,2))*A3", "LOOKUP(2,{1,2,3},A1:A3)", "CHOOSE(2,1/0,A2)*A1",
    "SUM(INDIRECT(\"A\"&2):A3)*A2", "MDETERM(A1:A3*{1,0.5,2}+{1,0,0;0,2,0;0,0,3})", 
    "SUM(MINVERSE(A1:A3*{1,0.5,2}+{4,0,0;0,5,0;0,0,6}))",
    "SLOPE(A1:A3,{1;2;4})", "INTERCEPT(A1:A3,{1;2;4})", "RSQ({1;2;4},A1:A3)", "COVARIANCE.S(A1:A3,{1;2;4})",
    "NORM.DIST(A1,A2,A3,TRUE)", "NORM.DIST(A1,A2,A3,FALSE)", "NORM.S.INV(A2/10)", "ATAN2(A1,A2)+ASIN(A2/9)+ACOSH(A1+2)",
    "POWER(A1,A2)", "0^A1+A1^0.5", "LOG(A1,A3)+LOG10(A2)", "MOD(A1*7,A3)", "PRODUCT(A1:A3,B1:B3)", "GEOMEAN(A1:A3)",
    "STDEV(A1:A3)*VAR.P(A1:A3)", "MEDIAN(A1:A3,7)", "LARGE(A1:A3,2)*SMALL(A1:A3,1)", "SUM(A1:A3*(B1:B3=\"x\"))",
    "AND(A1>0,A2>0)*A1", "IF(ISNUMBER(A1),A1*2,0)", "N(A1)+COUNT(A1:B3)*A2", "ROUND(A1*3,1)+INT(A2)+A3", "-A1%",
    "SUM(A:A)*2", "SUMPRODUCT((B1:B3=\"x\")*A1:A3,A1:A3)", "XLOOKUP(\"y\",B1:B3,A1:A3)*A1",
    "IFS(A1>9,A1,A2<9,A2*A3,TRUE,0)", "SWITCH(B2,\"x\",A1,\"y\",A2^2,7)", "FORECAST(A1,A1:A3,{1;2;4})",
    "STEYX(A1:A3,{1;2;4})", "PERCENTILE(A1:A3,0.4)+QUARTILE(A1:A3,1)", "SKEW(A1:A3,5)+KURT(A1:A3,5)",
    "PV(A1/100,12,A2,A3)+FV(A1/50,A3,A2)+PMT(A2/10,24,A1,0,1)", "PMT(A1*0,10,A2)", "NPV(A1/10,A2:B3,A3,4)",
    "LOGNORM.DIST(A1,A2,A3,TRUE)+PHI(A1)+GAUSS(A2)+EXPON.DIST(A1,A2,FALSE)", "SUM((A1:A2,A3),A1)",
    "GAMMALN(A1+5)+ERF(A1)+ERF(A2,A3)",
])
def test_functions_and_their_derivatives(formula):
    book = sheets(S={"A1": 1.3, "A2": 0.7, "A3": 2.1, "B1": "x", "B2": "y", "B3": "x", "C1": 1.0, "C2": "=A1*A3",
                     "Z50": f"{{={formula}}}"})
    try:
        Calculator(book).value("S", at("Z50"))
    except Unsupported:
        pytest.skip("the evaluator lacks the function")
    found = compiled(book)
    for x in (found.start, found.start + np.array([0.2, -0.1, 0.3]), found.start - 2.5):
        agree(book, found if "ROUND" in formula or "MOD" in formula else Smooth(found), ("S", at("Z50")), x)


def test_names_other_sheets_and_tables():
    from pyxl.grid.grid import DefinedName, Table
    names = [DefinedName("rate", "=Other!$B$1"), DefinedName("left_of", "=S!XFD1", scope="S")]
    rows = {f"D{i}": float(i) for i in (2, 3, 4)} | {f"E{i}": "=[@x]*rate+Fits[[#Headers],[x]]" for i in (2, 3, 4)}
    book = sheets(names, S={"A1": 1.3, "A2": 0.7, "A3": 2.0, "B2": "=left_of^2", **rows, "D1": 5.0,
                            "Z50": "=SUM(Fits[y])*B2+'Other'!B2"},
                  Other={"B1": "=S!A1*S!A2", "B2": "=SUM(S!A1:A3)+SUM(S!$A:$A)"})
    book.tables = (Table("Fits", "S", Range.parse("D1:E4"), ("x", "y")),)
    found = compiled(book)
    for x in (found.start, found.start + 0.4):
        agree(book, found, ("S", at("Z50")), x)


def test_an_epoch_of_gradient_descent_is_differentiated_by_its_settings(shared):
    """The lesson's sheets of optimizers: what a slight change of rate and start would do to where the epoch ends."""
    with open_workbook(shared / "workbooks" / "course_graddesc.xlsm") as book:
        for sheet, ends in (("momentum", "H32 I32"), ("adam", "H32 I32")):
            changing = [(sheet, Range.parse("C1:C2")), (sheet, Range.parse("D2"))]
            for end in ends.split():
                found = compile_formulas(book, [(sheet, at(end))], changing)
                agree(book, found, (sheet, at(end)), found.start)
                assert found.value_and_gradient(found.start)[1].all()


def test_what_has_no_derivative_is_named():
    found = compiled(sheets(S={"A1": 1.0, "A2": 2.0, "A3": 3.0, "B7": "=ROUND(A1,1)", "B8": "=ABS(A2)",
                               "Z50": "=B7+B8+IF(A3>2,A3,0)+MATCH(A1,{0,5})"}))
    assert [note.partition(":")[0] for note in found.not_smooth] == ["S!B7", "S!B8", "S!Z50", "S!Z50"]
    assert any("ROUND" in note for note in found.not_smooth) and any("MATCH" in note for note in found.not_smooth)
    assert found.value_and_gradient(found.start)[1].tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("cells, words", [
    ({"B1": "=A1&\"x\"", "Z50": "=LEN(B1)"}, "S!B1: '&' makes text"),
    ({"B1": "=RAND()*A1", "Z50": "=B1"}, "S!B1: RAND changes at every recalculation"),
    ({"B1": "=A1*[2]Other!C3", "Z50": "=B1"}, "another workbook"),
    ({"B1": "=A1+Z50", "Z50": "=B1*2"}, "circular"),
    ({"Z50": "=Z50+A1"}, "circular"),
    ({"Z50": "=A1+(A2"}, "S!Z50: The formula ends too early"),
    ({"Z50": "=WEEKNUM(A1)"}, "S!Z50: WEEKNUM"),
    ({"Z50": "=OFFSET(B1,A1,0)"}, "OFFSET selects cells by a value that depends on the changing cells"),
    ({"Z50": "=IF(A1>0,\"up\",1)"}, "IF chooses between text and numbers"),
])
def test_what_cannot_be_compiled_is_said_with_its_cell(cells, words):
    with pytest.raises(FormulaError) as caught:
        compiled(sheets(S={"A1": 1.0, "A2": 2.0, **cells}))
    assert words in str(caught.value) and str(caught.value).startswith("S!") and str(caught.value).count("!Z50:") < 2


@pytest.mark.parametrize("cells, words", [
    ({"A2": "=1+1"}, "S!A2 is to be changed but holds a formula, =1+1."),
    ({"A2": "two"}, "S!A2 is to be changed but holds 'two'"),
    ({"Z50": "text"}, "S!Z50 holds 'text', where a number is needed"),
])
def test_changing_cells_and_outputs_that_are_none(cells, words):
    with pytest.raises(UserError, match=words.replace("+", r"\+")):
        compiled(sheets(S={"A1": 1.0, "Z50": "=A1", **cells}))


def test_blank_changing_cells_are_zero_and_outputs_may_be_constants():
    found = compiled(sheets(S={"A1": 1.0, "Z50": 7.0}))
    assert found.start.tolist() == [1.0, 0.0, 0.0]
    value, gradient = found.value_and_gradient(found.start)
    assert value == 7.0 and not gradient.any()


def test_values_and_jacobian():
    book = sheets(S={"A1": 2.0, "A2": 3.0, "B1": "=A1*A2", "B2": "=A1^2", "B3": 4.0})
    found = compile_formulas(book, [("S", at(cell)) for cell in ("B1", "B2", "B3")], [("S", Range.parse("A1:A2"))])
    values, jacobian = found.values_and_jacobian(found.start)
    assert values.tolist() == [6.0, 4.0, 4.0] and jacobian.tolist() == [[3.0, 2.0], [4.0, 0.0], [0.0, 0.0]]


def test_a_column_of_outputs_is_a_few_steps_and_they_keep_their_order():
    cells = {"A1": 2.0, "A2": 3.0, "C4": "=A1-A2", **{f"B{n}": f"=$A$1*D{n}+A$2" for n in range(1, 41)}, **{f"D{n}": float(n) for n in range(1, 41)}}
    outputs = [("S", at("B40")), ("T", at("A1")), ("S", at("D3")), *(("S", at(f"B{n}")) for n in range(1, 40)), ("S", at("C4"))]
    found = compile_formulas(sheets(S=cells, T={"A1": "=S!A1^2"}), outputs, [("S", Range.parse("A1:A2"))])
    assert len(found.program.steps) < 20
    assert found.values(np.array([5.0, 1.0])).tolist() == [201.0, 25.0, 3.0, *(5.0 * n + 1 for n in range(1, 40)), 4.0]


def test_only_what_is_needed_is_compiled():
    """A formula beside the way that we could not compile does no harm."""
    book = sheets(S={"A1": 2.0, "B1": "=TEXT(A1,\"dddd\")", "Z50": "=A1^2"})
    assert compiled(book).value_and_gradient(np.array([3.0, 0, 0]))[0] == 9.0


def test_a_block_of_formulas_is_one_group_however_they_are_written():
    """Text for each cell, as XlsxWriter writes, or shared; with blanks under a mask."""
    rng = np.random.default_rng(0)
    cells = {str(c): float(rng.integers(1, 6)) for c in Range.parse("H2:AA21").cells() if rng.random() < 0.6}
    cells |= {str(c): float(v) for c, v in zip(Range.parse("B25:F44").cells(), rng.normal(size=100))}
    cells |= {str(c): float(v) for c, v in zip(Range.parse("H47:AA51").cells(), rng.normal(size=100))}
    cells |= filled("H25", 'IF(H2="","",MMULT($B25:$F25,H$47:H$51))', "AA44")
    book = sheets(S={**cells, "AB60": "=SQRT(SUMXMY2(H2:AA21,H25:AA44)/COUNT(H2:AA21))"})
    found = compile_formulas(book, [("S", at("AB60"))], [("S", Range.parse("B25:F44")), ("S", Range.parse("H47:AA51"))])
    assert len(found.program.steps) < 20
    agree(book, Smooth(found), ("S", at("AB60")), found.start)


def test_the_page_says_which_functions_have_no_derivative():
    page = (Path(__file__).resolve().parent.parent / "docs" / "formulas.md").read_text()
    refused = set(re.findall(r"`([^`]+)`", page.partition("nor have ")[2].partition("a model with")[0]))
    other = {name for kind in ("Text", "Dates", "Digits and bits", "Arrays", "Functions of one's own", "Lists with criteria")
             for name in re.findall(r"`([^`]+)`", page.partition(f"| {kind} |")[2].split("\n")[0])}
    assert refused.isdisjoint(RULES)
    assert set(FUNCTIONS) - set(RULES) - other - {"FALSE", "MUNIT", "NA", "PI", "SHEET", "SHEETS", "TRUE"} == refused


@pytest.mark.parametrize("formula", [
    "=IFERROR(SUMXMY2(G1:G2,A1:A2),5)+A1", "=IFERROR(SUMX2PY2(A1:A2,G1:G2),5)+A1", "=SUMXMY2(A1:A3,H1:H3)+A1",
    "=IFERROR(SUMPRODUCT(A1,I1),7)*A1", "=SUMPRODUCT(A1:A3,G1:G3)+A1", "=N(A1:H1)*A1", "=INT(A1*10)+A1"])
def test_what_counts_as_a_number_is_the_same_when_compiled(formula):
    book = sheets(S={"A1": 2.0, "A2": 3.0, "A3": 1.0, "G1": "x", "G2": "y", "H1": 1.0, "H3": 4.0, "I1": "4", "Z50": formula})
    compiled = compile_formulas(book, [("S", at("Z50"))], [("S", Range.parse("A1"))])
    agree(book, compiled, ("S", at("Z50")), np.array([2.0]))


NEWER_FUNCTIONS = ["=LET(x,A1,y,x*2,x*y+A2)", "=LET(s,SUM(A1:A3),s^2)", "=LAMBDA(x,y,x*y)(A1,A2)", "=square(A1)+square(A2+1)",
                   "=LET(f,LAMBDA(v,v^2),f(A1)+f(A2))", "{=SUM(LET(r,A1:A3,r^2))}", "=AGGREGATE(9,4,A1:A3)^2", "=AGGREGATE(4,0,A1:A3)",
                   "=AGGREGATE(14,4,A1:A3,2)", "=SUBTOTAL(109,A1:A3)", "=SUBTOTAL(1,A1:A3,H1)", "=AVERAGEA(A1:A3,G1:H3)",
                   "=MAXA(A1,H1:H2)", "=MINA(A1:A3,G1:G2)", "=VARA(A1:A3,G1)", "=STDEVPA(A1:A3,G1:G2)", "=SUM(S:T!A1:A2)*2",
                   "=CEILING.PRECISE(A1/3)+A1", "=FLOOR.PRECISE(-A1/3,2)+A1", "=ISO.CEILING(A1/3)+A1",
                   "=IF(A1>1,LET(a,A1,IF(a>0,a^2,B1)),0)", "=HEX2DEC(\"FF\")*A1"]


@pytest.mark.parametrize("formula", NEWER_FUNCTIONS)
def test_newer_functions_of_changing_cells(formula):
    names = [DefinedName("square", "LAMBDA(x,x^2+S!$H$1)")]
    book = sheets(names, S={"A1": 2.0, "A2": 3.5, "A3": 1.0, "G1": "x", "G2": True, "H1": 1.0, "H3": 4.0, "B1": "=A1*3",
                            "Z50": formula}, T={"A1": 5.0, "A2": "=S!A1+1"})
    compiled = compile_formulas(book, [("S", at("Z50"))], [("S", Range.parse("A1:A3"))])
    agree(book, compiled, ("S", at("Z50")), np.array([2.3, 3.5, 1.2]))


@pytest.mark.parametrize("formula, said", [
    ("=SUM(MAP(A1:A3,LAMBDA(x,x^2)))", "MAP of cells that depend"), ("=REDUCE(0,A1:A3,LAMBDA(a,b,a+b))", "REDUCE of cells"),
    ("=AGGREGATE(9,6,A1:A3)", "AGGREGATE that leaves out errors"), ("=SUM(SORT(A1:A3))", "SORT of cells that depend"),
    ("=SUM(FILTER(A1:A3,A1:A3>1))", "FILTER of cells that depend"), ("=SUM(SEQUENCE(A1))", "SEQUENCE of cells"),
    ("=COUNT(S:T!A1)", "goes through several sheets")])
def test_what_is_not_compiled_is_named(formula, said):
    book = sheets(S={"A1": 2.0, "A2": 3.5, "A3": 1.0, "Z50": formula}, T={})
    with pytest.raises(Unsupported, match=rf"^S!Z50: .*{said}"):
        compile_formulas(book, [("S", at("Z50"))], [("S", Range.parse("A1:A3"))])
