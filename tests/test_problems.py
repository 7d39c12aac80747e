"""Any problem that formulas state: Solver's stored model, or one said by hand, read, refused, solved and undone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from problem_books import SHEET, write

from pyxl import fit_workbook, open_workbook
from pyxl.__main__ import main
from pyxl.grid.cells import Cell, Range
from pyxl.grid.problem import Constraint, SolverProblem
from pyxl.grid.stored_problem import stored_problem
from pyxl.hosts.file_host import FileHost
from pyxl.problems.pose import pose
from pyxl.problems.solve import ByFormulas
from pyxl.problems.stated import Statement, stated_problem
from pyxl.xlsx import NewSheet
from solver import NoSolution, UserError

CUPS = {"A1": 1.0, "A2": 2.0, "B1": "=A1^2+A2^2", "B2": "=A1+A2", "C1": 4.0, "D1": "text", "D2": "=1/0", "E1": "=LN(A1-10)"}


@pytest.fixture
def cups(tmp_path) -> Path:
    return write(tmp_path / "cups.xlsx", CUPS, names={"both": "!$A$1:$A$2"})


def stated(path, objective="B1", change=("A1:A2",), **options):
    with open_workbook(path) as book:
        return stated_problem(book, Statement(objective, change, **options), None)


def solve(path, objective="B1", change=("A1:A2",), *, starts=1, out=None, write_anyway=False, **options):
    how = ByFormulas(problem=Statement(objective, change, **options), starts=starts, write_anyway=write_anyway)
    results = fit_workbook(path, out=out, by_formulas=how)
    return results[SHEET]


# What Solver keeps

def test_solvers_names_are_read(tmp_path):
    path = write(tmp_path / "w.xlsx", CUPS, solver={
        "opt": "!$B$1", "adj": "!$A$1,!$A$2", "typ": "3", "val": "7.5", "neg": "1", "num": "3",
        "lhs1": "!$A$1:$A$2", "rel1": "1", "rhs1": "!$C$1", "lhs2": "!$B$2", "rel2": "3", "rhs2": "1.5",
        "lhs3": "!$B$2", "rel3": "2", "rhs3": "2*!$C$1", "lhs9": "!$A$1", "rel9": "4"})
    with open_workbook(path) as book:
        problem = stored_problem(book, SHEET)
    here = lambda text: (SHEET, Range.parse(text))  # noqa: E731
    assert problem == SolverProblem(SHEET, (SHEET, Cell(1, 2)), (here("A1"), here("A2")), "value", 7.5, (
        Constraint(here("A1:A2"), "<=", here("C1")), Constraint(here("B2"), ">=", 1.5),
        Constraint(here("B2"), "=", f"2*'{SHEET}'!$C$1")), non_negative=True, stored=True)
    assert problem.told() == (f"bring B1 to 7.5 by changing A1, A2, where A1:A2 <= C1, B2 >= 1.5, B2 = 2*'{SHEET}'!$C$1, "
                              "nothing negative")


def test_the_stored_model_is_solved_whole(tmp_path):
    """min A1² + A2² where A1 + A2 = 2·C1 = 8 and A1 <= 3: (3, 5)."""
    path = write(tmp_path / "w.xlsx", CUPS, solver={
        "opt": "!$B$1", "adj": "!$A$1:$A$2", "typ": "2", "neg": "1", "num": "2",
        "lhs1": "!$B$2", "rel1": "2", "rhs1": "2*!$C$1", "lhs2": "!$A$1", "rel2": "1", "rhs2": "3"})
    minimum = fit_workbook(path)[SHEET].minimum
    assert minimum.x == pytest.approx([3, 5], abs=1e-8) and minimum.x[0] == 3 and minimum.converged
    assert minimum.sensitivity.multipliers == pytest.approx([10], abs=1e-6)     # one more to share out: the second takes it
    assert minimum.sensitivity.reduced_gradient == pytest.approx([-4, 0], abs=1e-6)


def test_a_solver_model_without_objective_or_cells_is_refused(tmp_path):
    for solver, what in (({"adj": "!$A$1"}, "no objective"), ({"opt": "!$B$1"}, "no changing cells")):
        with pytest.raises(UserError, match=what):
            fit_workbook(write(tmp_path / "w.xlsx", CUPS, solver=solver))
    for name in ("opt", "adj"):
        with pytest.raises(UserError, match="#REF!"):
            fit_workbook(write(tmp_path / "w.xlsx", CUPS, solver={"opt": "!$B$1", "adj": "!$A$1", name: "#REF!"}))


# Stated by hand

def test_a_problem_is_stated_in_the_words_of_a_sheet(cups):
    problem = stated(cups, "b1", ["$A$1", f"'{SHEET}'!A2"], goal="max", where=["SUM(A1:A2) <= C1", "A1 >= -1e3", "IF(A1>1,2,3)=A2"])
    assert problem.cells == ((SHEET, Cell(1, 1)), (SHEET, Cell(2, 1))) and problem.goal == "max"
    assert [c.told(SHEET) for c in problem.constraints] == ["SUM(A1:A2) <= C1", "A1 >= -1000", "IF(A1>1,2,3) = A2"]
    assert stated(cups, change=["both"]).cells == problem.cells
    assert stated(cups, change=["A1,A2"]).cells == problem.cells


@pytest.mark.parametrize("statement, what", [
    (dict(objective="B1:B2"), "one cell"), (dict(objective="nothing"), "no cell, range or name"),
    (dict(objective="Other!B1"), "no sheet 'Other'"), (dict(goal="least"), "no goal"), (dict(goal="value"), "no goal"),
    (dict(goal="min=3"), "no goal"), (dict(where=["A1"]), "no constraint"), (dict(where=["A1 <="]), "no constraint"),
    (dict(where=["A1 < 3"]), "no constraint"), (dict(change=["A0"]), "not a cell|no cell")], ids=str)
def test_what_is_no_statement_is_a_sentence(cups, statement, what):
    with pytest.raises(UserError, match=what):
        stated(cups, **statement)


@pytest.mark.parametrize("options, what", [
    (dict(change=["B2"]), "B2, a changing cell, holds a formula"), (dict(change=["A1", "D1"]), "D1, a changing cell, holds 'text'"),
    (dict(objective="C1"), "No sheet has a formula in C1"), (dict(objective=f"'{SHEET}'!C1"), "C1, the objective, holds no formula"), (dict(change=["C1"]), "B1, the objective, depends on none"),
    (dict(where=["A1:A2 >= C1:C3"]), "compares 2 cells with 3"), (dict(where=["C1 <= 3"]), "can never be met: no changing cell moves either side, and they are 4 and 3|3 and 4"),
    (dict(where=["A1 >= 5", "A1 <= 3"]), "A1 must be at least 5 and at most 3"), (dict(where=["B2 <= D1"]), "D1 is 'text'"),
    (dict(where=["B2 <= D2"]), "D2 is #DIV/0!"), (dict(objective="E1"), "E1 is #NUM! at the start values")], ids=str)
def test_what_cannot_be_solved_is_refused_with_its_cell(cups, options, what):
    before = cups.read_bytes()
    with pytest.raises(UserError, match=what):
        solve(cups, out=cups, **options)
    assert cups.read_bytes() == before


def test_the_first_cell_with_an_error_is_named(tmp_path):
    path = write(tmp_path / "w.xlsx", {"A1": -1.0, "B1": "=SQRT(A1)", "B2": "=B1*2", "B3": "=SUM(B1:B2)"})
    with pytest.raises(UserError, match=r"'my sheet'!B1 is #NUM! at the start"):
        solve(path, "B3", ["A1"])


def test_a_formula_that_is_not_compiled_is_named_and_evaluated_point_by_point(tmp_path):
    path = write(tmp_path / "w.xlsx", {"A1": 2.0, "B1": "=CELL(\"row\",A1)*A1", "C1": "=(B1-3)^2"})
    problem = Statement("C1", ["A1"], where=["A1 <= 10"])
    solved = fit_workbook(path, by_formulas=ByFormulas(problem=problem, seconds=1.0))[SHEET]
    assert solved.minimum.x == pytest.approx([3], abs=1e-4) and any("B1: CELL" in note for note in solved.notes)


@pytest.mark.parametrize("formula, best", [("=LOOKUP(A1,C1:C3,D1:D3)+A1", 13), ("=VALUE(A1&\"5\")-A1^2*5", 10)])
def test_formulas_that_are_not_compiled_reach_the_best_of_all_points(tmp_path, formula, best):
    path = write(tmp_path / "w.xlsx", {"A1": 2.0, "B1": formula, **{f"C{n}": v for n, v in enumerate((1.0, 4.0, 6.0), 1)},
                                       **{f"D{n}": v for n, v in enumerate((2.0, 8.0, 3.0), 1)}})
    minimum = solve(path, "B1", ["A1"], goal="max", where=["A1 <= 8", "A1 >= 1", "A1 int"]).minimum
    assert minimum.value == best and minimum.proved


def test_numbers_drawn_anew_are_no_problem_to_solve(tmp_path):
    path = write(tmp_path / "w.xlsx", {"A1": 2.0, "B1": "=RAND()*A1"})
    with pytest.raises(UserError, match="RAND gives something else at every recalculation"):
        solve(path, "B1", ["A1"])


# Solved

def test_goals(cups):
    assert solve(cups).minimum.x == pytest.approx([0, 0], abs=1e-6)
    assert solve(cups, goal="value=7").minimum.value == pytest.approx(7, abs=1e-9)
    most = solve(cups, goal="max", where=["A1:A2 <= 3", "A1:A2 >= 0"]).minimum
    assert most.x.tolist() == [3, 3] and most.value == 18 and most.converged


def test_constraints_of_every_shape(cups):
    """Cells against cells, a number on the left, a formula on either side, a bound turned round."""
    found = solve(cups, where=["2 <= A1", "A2 >= A1", "SUM(A1:A2)*2 >= C1*2+2"]).minimum
    assert found.x == pytest.approx([2.5, 2.5], abs=1e-7) and found.feasible
    found = solve(cups, where=["A1:A2 >= C1", "B2 = 9"]).minimum
    assert found.x == pytest.approx([4.5, 4.5], abs=1e-7)


def test_a_blank_changing_cell_is_zero(tmp_path):
    """As for Solver; and where AVERAGE would skip a blank, it does not skip what is written there."""
    path = write(tmp_path / "w.xlsx", {"A1": 6.0, "B1": "=(AVERAGE(A1:A2)-5)^2+(A1-6)^2"})
    result = solve(path, change=["A1:A2"], out=tmp_path / "o.xlsx")
    assert result.posed.program.start.tolist() == [6, 0] and result.minimum.value_before == 4
    assert result.minimum.x == pytest.approx([6, 4], abs=1e-6) and not result.notes


def test_a_start_outside_the_bounds_is_moved_and_said(cups):
    result = solve(cups, where=["A1:A2 >= 3"])
    assert result.minimum.x.tolist() == [3, 3] and "2 cells, A1 the first, began outside" in result.notes[0]


def test_constraints_that_are_missed_are_said(cups):
    with pytest.raises(NoSolution, match="contradict each other, or start elsewhere. B2 >= 10 is missed by 6. The cells are as they were"):
        solve(cups, where=["B2 >= 10", "A1:A2 <= 2"])
    result = solve(cups, where=["B2 >= 10", "A1:A2 <= 2"], write_anyway=True)
    assert not result.minimum.feasible and any(note.startswith("B2 >= 10 is missed by 6") for note in result.notes)


def test_an_objective_without_end_is_written_nowhere(tmp_path):
    path = write(tmp_path / "w.xlsx", {"A1": 1.0, "B1": 1.0, "C1": "=A1*B1", "C2": "=-EXP(-A1)"})
    with pytest.raises(NoSolution, match="no maximum, it goes on without end. Add a bound"):
        solve(path, objective="C1", change=["A1:B1"], goal="max")
    assert solve(path, objective="C2", change=["A1"], goal="max").minimum.value == pytest.approx(0, abs=1e-6)     # its limit is one


def test_what_is_written_is_what_the_sheet_says(cups, tmp_path, office):
    result = solve(cups, out=tmp_path / "o.xlsx", goal="value=7")
    value = office.recalculate(tmp_path / "o.xlsx", {SHEET: ["B1", "A1:A2"]})[SHEET]
    assert value["B1"][0][0] == pytest.approx(result.minimum.value, abs=1e-9)
    assert [row[0] for row in value["A1:A2"]] == result.minimum.x.tolist()
    with open_workbook(tmp_path / "o.xlsx") as book:
        assert book.grid(SHEET).values[Cell(1, 2)] == pytest.approx(7, abs=1e-9)


def test_more_starts_find_the_lower_valley(tmp_path):
    path = write(tmp_path / "w.xlsx", {"A1": 3.0, "B1": "=A1^2/10-COS(3*A1)"})
    alone, best = (solve(path, change=["A1"], starts=n).minimum for n in (1, 12))
    assert alone.value > -0.7 and best.value == pytest.approx(-1, abs=1e-9) and "12 starts" in best.stop


def test_ctrl_c_writes_the_best_so_far(tmp_path):
    path = write(tmp_path / "w.xlsx", {"A1": -1.2, "A2": 1.0, "B1": "=(1-A1)^2+100*(A2-A1^2)^2"})

    def press(sheet, step):
        if step.number == 5:
            raise KeyboardInterrupt
    result = fit_workbook(path, out=tmp_path / "o.xlsx", by_formulas=ByFormulas(problem=Statement("B1", ["A1:A2"])), on_epoch=press)[SHEET]
    assert result.stopped and 0 < result.minimum.value < 24.2 and "Ctrl-C" in result.stop
    with open_workbook(tmp_path / "o.xlsx") as book:
        assert book.grid(SHEET).values[Cell(1, 2)] == pytest.approx(result.minimum.value, abs=1e-9)


# As a user does it

def test_a_problem_in_place_and_undone(cups, tmp_path, capsys):
    """The hidden sheet keeps what was there, in somebody else's workbook too."""
    before = cups.read_bytes()
    assert main(["fit", str(cups), "--in-place", "--objective", "B1", "--change", "A1:A2", "--where", "B2 = 6"]) == 0
    assert "minimise B1" in capsys.readouterr().out
    with open_workbook(cups) as book:
        assert book.sheets == (SHEET, "before_fit") and book.grid(SHEET).values[Cell(1, 1)] == pytest.approx(3)
    assert main(["restore", str(cups), "--in-place"]) == 0
    with open_workbook(cups) as book:
        assert [book.grid(SHEET).values[Cell(row, 1)] for row in (1, 2)] == [1, 2]
        assert book.grid(SHEET).values[Cell(1, 2)] == 5
    assert cups.read_bytes() != before


def test_a_stored_problem_is_undone_by_solvers_names_wherever_its_cells_are_now(tmp_path):
    """Rows inserted meanwhile move Solver's names along."""
    names = {"opt": "!$B$1", "adj": "!$A$1:$A$2"}
    first = write(tmp_path / "w.xlsx", CUPS, solver=names)
    fit_workbook(first, out=first)
    with open_workbook(first) as book:
        kept = FileHost(book).grid("before_fit").values
    moved = write(tmp_path / "m.xlsx", {"A4": 0.0, "A5": 0.0, "B4": "=A4^2+A5^2"}, solver={"opt": "!$B$4", "adj": "!$A$4:$A$5"})
    from pyxl.fit.restore import restore_on_host
    with open_workbook(moved) as book:
        host = FileHost(book)
        host.add_sheet(NewSheet("before_fit", hidden=True))
        host.write({"before_fit": kept})
        host.save()
    with open_workbook(moved) as book:
        host = FileHost(book)
        assert restore_on_host(host) == {SHEET: 2}
        assert [host.value(SHEET, Cell(row, 1)) for row in (4, 5)] == [1, 2]


def test_json_holds_the_reports(cups, capsys):
    assert main(["fit", str(cups), "-o", str(cups.with_name("o.xlsx")), "--objective", "B1", "--change", "A1:A2",
                 "--where", "B2 = 6", "--where", "A1 <= 2.5", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)["sheets"][SHEET]
    assert report["after"] == pytest.approx(18.5) and report["before"] == 5 and report["feasible"] and report["converged"]
    assert [(c["constraint"], c["binding"]) for c in report["constraints"]] == [("B2 = 6", True), ("A1 <= 2.5", True)]
    assert [c["after"] for c in report["cells"]] == pytest.approx([2.5, 3.5]) and report["cells"][0]["reduced_gradient"] == pytest.approx(-2)
    assert report["constraints"][0]["multiplier"] == pytest.approx(7)


@pytest.mark.parametrize("arguments, what", [
    (["--change", "A1"], "--objective CELL"), (["--objective", "B1"], "Which cells may change"),
    (["--objective", "B1", "--change", "A1", "--optimizer", "adam"], "--optimizer says nothing"),
    (["--objective", "B1", "--change", "A1", "--start", "random"], "--start says nothing"),
    (["--objective", "B1", "--change", "A1", "--via", "model"], "leave out --via"), (["--via", "magic"], "model or formulas"),
    (["--objective", "B1", "--change", "A1", "--starts", "0"], "1 or more"), (["--via", "formulas", "--sheet", SHEET], "keeps no model")],
    ids=str)
def test_options_that_make_no_sense_are_a_sentence(cups, capsys, arguments, what):
    assert main(["fit", str(cups), "-o", str(cups.with_name("o.xlsx")), *arguments]) == 2
    assert what in capsys.readouterr().err and not cups.with_name("o.xlsx").exists()


def test_starts_are_for_problems(tmp_path, capsys):
    import lesson_sheet
    path = tmp_path / "book.xlsx"
    lesson_sheet.write(path, lesson_sheet.table(5, 6), k=2)
    assert main(["fit", str(path), "-o", str(tmp_path / "o.xlsx"), "--starts", "3"]) == 2
    assert "--via formulas" in capsys.readouterr().err


def test_inspect_says_what_it_would_solve(tmp_path, capsys):
    good = write(tmp_path / "g.xlsx", CUPS, solver={"opt": "!$B$1", "adj": "!$A$1:$A$2", "num": "1", "lhs1": "!$A$1", "rel1": "3", "rhs1": "0"})
    bad = write(tmp_path / "b.xlsx", CUPS, solver={"opt": "!$B$1", "adj": "!$D$1"})
    assert main(["inspect", str(good)]) == 0
    said = capsys.readouterr().out
    assert "solved by its formulas" in said and "2 cells, 1 constraint; objective 5 now" in said
    assert main(["inspect", str(bad), "--json"]) == 0
    problem = json.loads(capsys.readouterr().out)["sheets"][SHEET]["problem"]
    assert problem["solvable"] is False and "holds 'text'" in problem["reason"]


# Factor models by their formulas

@pytest.mark.parametrize("sheet", ["dotprod", "bias", "bounded", "embedding"])
def test_formulas_and_factor_model_end_at_the_same_error(built, sheet):
    path, by_model = built
    by_formulas = fit_workbook(path, sheets=[sheet], by_formulas=ByFormulas("formulas"))[sheet]
    assert by_formulas.minimum.value == pytest.approx(by_model[sheet].rmse_after, abs=1e-6)
    assert by_formulas.minimum.value_before == pytest.approx(by_model[sheet].rmse_before, abs=1e-9) and not by_formulas.notes


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    from planted import planted

    import workbook
    path = tmp_path_factory.mktemp("built") / "book.xlsx"
    workbook.build(planted(8, 9), path, n_factors=2)
    return path, fit_workbook(path, options={"weight_decay": 0.0})


def test_the_lessons_workbook_by_its_formulas(shared):
    results = fit_workbook(shared / "workbooks" / "course_collab_filter.xlsx", by_formulas=ByFormulas("formulas"))
    found = {sheet: result.minimum.value for sheet, result in results.items()}
    assert found == {"dotprod": pytest.approx(0.392901, abs=1e-6), "movielens_emb": pytest.approx(0.392901, abs=1e-6),
                     "bias": pytest.approx(0.318655, abs=1e-6)}


def test_weight_decay_typed_into_the_error_cell_is_fitted_by_its_formulas(tmp_path):
    import lesson_sheet
    path = tmp_path / "book.xlsx"
    places = lesson_sheet.write(path, lesson_sheet.table(6, 7), k=2,
                                rmse="SQRT(SUMXMY2({ratings},{predictions})/COUNT({ratings}))+0.01*SUMSQ({user_factors},{item_factors})")
    with pytest.raises(UserError, match="its formulas compute something else"):
        fit_workbook(path)
    stated = Statement(places["rmse"], [places["user_factors"], places["item_factors"]])
    result = fit_workbook(path, by_formulas=ByFormulas(problem=stated))["Sheet1"]
    assert result.minimum.converged and result.minimum.value < result.minimum.value_before
    gradient = result.posed.program.evaluate(result.minimum.x)[1][0]
    assert np.abs(gradient).max() < 1e-5


def test_a_posed_problem_evaluates_as_the_sheet_does(cups):
    with open_workbook(cups) as book:
        posed = pose(book, stated(cups, where=["B2 <= A1", "SUM(A1:A2) >= 2"]))
        values, jacobian = posed.program.evaluate(np.array([3.0, 4.0]))
    assert values.tolist() == [25, 4, 7] and jacobian.tolist() == [[6, 8], [0, 1], [1, 1]]
    assert posed.program.ceiling.tolist() == [0, np.inf] and posed.program.floor.tolist() == [-np.inf, 2]


def test_a_report_is_told_and_stands_on_a_sheet_of_its_own(cups, capsys, office):
    """Twice: the second replaces the first."""
    for n, bound in enumerate(("2.5", "2")):
        arguments = ["--objective", "B1", "--change", "A1:A2", "--where", "B2 = 6", *["--where", f"A1 <= {bound}"][:2 * (1 - n)]]
        assert main(["fit", str(cups), "--in-place", *arguments, "--report"]) == 0
        said = capsys.readouterr().out
        assert "reduced gradient" in said and "multiplier" in said and "B2 = 6" in said and ("A1 <= 2.5" in said) == (n == 0)
        with open_workbook(cups) as book:
            assert book.sheets == (SHEET, "before_fit", f"report {SHEET}")
            told = book.grid(f"report {SHEET}").values.values()
            assert "binding" in told and ("A1 <= 2.5" in told) == (n == 0) and "before" in told
    assert office.recalculate(cups, {f"report {SHEET}": ["A3"]})[f"report {SHEET}"]["A3"] == [[f"'{SHEET}'!B1"]]
