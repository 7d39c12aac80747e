"""Four recipes of CONTRIBUTING.md, followed by a test: an optimizer, a worksheet function, a metric and a ratings format are
each an entry in their table, and everything that reads the table offers them. All files that the recipes name are there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import lesson_sheet
import numpy as np
import pytest
import torch

from pyxl.__main__ import main
from pyxl.fit.press_fit import fit_workbook
from pyxl.formulas.compile_formulas import RULES
from pyxl.formulas.functions.all_functions import FUNCTIONS
from pyxl.formulas.language.function import Function
from pyxl.formulas.rules.elementwise_rules import each_lane
from pyxl.problems.solve import ByFormulas
from pyxl.problems.stated import Statement
from solver import CollabFilter, Settings, UserError, cross_validate, read_ratings
from solver.core.optimizers import OPTIMIZERS, Optimizer
from solver.judging.metrics import METRICS, Metric
from solver.reading.formats import format_table
from solver.reading.looked_at.bad_rows import BadRows
from solver.reading.looked_at.columns import Growing
from solver.reading.looked_at.roles import FoundColumns
from solver.reading.looked_at.table_port import Format
from workbook import example

ROOT = Path(__file__).resolve().parent.parent


def test_an_optimizer_is_a_line_in_its_table(tmp_path, monkeypatch, capsys):
    with pytest.raises(UserError, match="adamw"):
        Settings(optimizer="rprop")
    monkeypatch.setitem(OPTIMIZERS, "rprop", Optimizer(lambda parameters, constants: torch.optim.Rprop(parameters, **constants),
                                                       {"lr": 0.01}))
    lesson_sheet.write(tmp_path / "book.xlsx", lesson_sheet.table(6, 5), k=2, variant="dot+bias")
    assert main(["fit", str(tmp_path / "book.xlsx"), "--in-place", "--optimizer", "rprop", "--epochs", "200", "--json"]) == 0
    sheet, = json.loads(capsys.readouterr().out)["sheets"].values()
    assert sheet["rmse_after"] < sheet["rmse_before"] / 2
    with pytest.raises(SystemExit):
        main(["fit", "--help"])
    assert "rprop" in capsys.readouterr().out


def test_a_worksheet_function_is_a_line_in_the_evaluators_table_and_one_in_the_compilers(tmp_path, monkeypatch):
    path = tmp_path / "book.xlsx"
    book_with(path, "=(CUBE(A1)-27)^2")
    stated = ByFormulas(problem=Statement("B1", ["A1"]))
    with pytest.raises(UserError, match="CUBE"):
        fit_workbook(path, by_formulas=stated)
    monkeypatch.setitem(FUNCTIONS, "CUBE", Function("n", lambda x: x ** 3))
    monkeypatch.setitem(RULES, "CUBE", each_lane(lambda x: x ** 3))
    result = fit_workbook(path, by_formulas=stated)["Sheet1"]
    assert result.minimum.x.tolist() == pytest.approx([3.0], abs=1e-4) and not result.notes


def test_a_metric_is_a_line_in_its_table(monkeypatch):
    monkeypatch.setitem(METRICS, "worst", Metric("The largest error.", False,
                                                 of_ratings=lambda predicted, actual: float(abs(predicted - actual).max())))
    ratings, _ = example()
    validated = cross_validate(ratings, CollabFilter(n_factors=2, effort="quick"), folds=3, metrics=["worst", "rmse"])
    assert validated.mean("worst") > validated.mean("rmse") > 0


@dataclass(frozen=True)
class FixedWidths:
    """A table whose columns are 8 characters wide, and whose first line names them."""

    path: Path
    unit = "line"
    comma_separated = False
    leaves_out_unrated = False

    @property
    def name(self) -> str:
        return self.path.name

    def at(self, row: int) -> str:
        return f"{self.name}, line {row}"

    def lines(self) -> list[list[str]]:
        return [[line[at:at + 8].strip() for at in range(0, len(line), 8)] for line in self.path.read_text().splitlines()]

    def first_line(self) -> tuple[str, ...]:
        return tuple(self.lines()[0])

    def sample(self) -> list[list[str]]:
        return self.lines()[:10]

    def read(self, found: FoundColumns, rows: Growing, bad: BadRows) -> None:
        lines = self.lines()[found.header:]
        rows.add([rows.codes_of(column, [line[position] for line in lines]) for column, position in enumerate(found.positions)],
                 np.arange(1, len(lines) + 1, dtype=np.int32))

    def read_as(self) -> tuple[str, ...]:
        return ()


def test_a_ratings_format_is_an_entry_in_its_table(tmp_path, monkeypatch):
    ratings, _ = example()
    users, items = np.array(ratings.users)[ratings.user_index], np.array(ratings.items)[ratings.item_index]
    path = tmp_path / "ratings.fixed"
    path.write_text("user    item    rating  \n" + "".join(
        f"{user:<8}{item:<8}{rating:<8g}\n" for user, item, rating in zip(users, items, ratings.values)))
    added = Format("fixed widths", lambda source, head: source.suffix == ".fixed", lambda source, told: FixedWidths(source.path))
    monkeypatch.setattr(format_table, "FORMATS", (added, *format_table.FORMATS))
    found, notes = read_ratings(path)
    assert set(found.users) == set(ratings.users) and set(found.items) == set(ratings.items) and not notes
    assert found.values.tolist() == ratings.values.tolist()


def test_every_file_that_a_recipe_names_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = {name for name in re.findall(r"`((?:solver|pyxl|workbook|tests|docs)/[^`\s]*|README\.md)`", text) if "NAME" not in name}
    assert len(named) > 25 and [name for name in sorted(named) if not (ROOT / name).exists()] == []
    assert len(re.findall(r"^### ", text, re.M)) == 10


def book_with(path: Path, formula: str) -> None:
    """A workbook whose cell A1 is 2 and whose cell B1 holds the formula."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write("A1", 2.0)
        sheet.write_formula("B1", formula)
