"""The workbook of implicit feedback: what happened as a table of 0 and 1, its chance by factors, and the cross-entropy of the two.

    x = p_u · q_i + b_u + b_i        chance = 1 / (1 + e^−x)        surprise = w · (−t·ln chance − (1 − t)·ln(1 − chance))

t is 1 where a pair happened, and 0 else; a blank counts as 0 and weighs w, every other cell 1. The loss is the mean surprise and the
weight decay. Fit minimises it by its formulas, as Solver does: its model is stored with the sheet.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from xlsxwriter import Workbook

from pyxl.grid.block_names import CONTROLS, PYTHON, control_name
from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.problem import SolverProblem
from solver import Ratings, Settings
from solver.errors import UserError
from workbook.model_sheets.buttons import BUTTONS, MODULE, add_macros, macro_source
from workbook.model_sheets.controls import STOP, write_before_fit
from workbook.model_sheets.geometry import check_size
from workbook.model_sheets.solver_names import define_solver_names
from workbook.optimizers.training_buttons import insert_buttons
from workbook.write.content import Content, content_of
from workbook.write.display_labels import put_label
from workbook.write.references import box, ref
from workbook.write.styles import Styles, colour_scale, make_styles, print_setup
from workbook.write.write_cells import put_array, put_number, put_text

from .new_file import checked_new_target, compute_formulas, new_file, new_workbook

LIKES = "likes"
_DECAY, _SPREAD = 0.01, 0.3     # the weight decay, and the spread of the start values
_TOP = 5        # the row of the first table's headers
_LABELS = ("cross-entropy", "weight decay", "a blank weighs", "loss", "status", "stop", "Fit starts this Python")
_LINES = ("Yellow: 1 = it happened, 0 = it did not, blank = nobody knows. Orange cells are fitted, so that the loss is least; all else is a live formula.",
          "x = user factors · item factors + biases; chance = 1/(1+EXP(−x)); surprise = −LN of the chance given to what is there; a blank counts as 0, and for less.")


@dataclass(frozen=True)
class LikesPlan:
    """Where everything stands: four tables of users and items below each other, with the factors around the second."""

    users: int
    items: int
    factors: int

    def table(self, number: int) -> Range:
        """What happened (0), x (1), the chance (2) and the surprise (3)."""
        left, height = self.ids + 1, self.users + 2
        top = _TOP + 1 if number == 0 else self.item_parameters.bottom + 2 + (number - 1) * height
        return Range(top, left, top + self.users - 1, left + self.items - 1)

    @property
    def ids(self) -> int:
        """The column of the users: right of labels, bias and factors."""
        return self.factors + 3

    @property
    def item_parameters(self) -> Range:
        """A row of biases and a row for every factor, below the first table and the cells beside it."""
        top = max(_TOP + self.users, _TOP + len(_LABELS) - 1) + 2
        return Range(top, self.ids + 1, top + self.factors, self.ids + self.items)

    @property
    def user_parameters(self) -> Range:
        """A column of biases and a column for every factor, left of x."""
        x = self.table(1)
        return Range(x.top, 2, x.bottom, self.ids - 1)

    def cell(self, label: str) -> Cell:
        """The cell beside a label."""
        return Cell(_TOP + _LABELS.index(label), 2)

    @property
    def problem(self) -> SolverProblem:
        """What Fit and Solver are asked."""
        return SolverProblem(LIKES, (LIKES, self.cell("loss")), ((LIKES, self.item_parameters), (LIKES, self.user_parameters)), stored=True)


def happened(ratings: Ratings) -> tuple[Ratings, float]:
    """(zeros and ones, what a blank weighs): a table of zeros and ones is what it is, and its blanks are unknown; else every pair is
    one that happened, and a blank, which did not, weighs as much as for als."""
    if np.isin(ratings.values, (0, 1)).all() and (ratings.values == 0).any():
        return ratings, 0.0
    return replace(ratings, values=np.ones_like(ratings.values)), Settings.unobserved


def build_likes(ratings: Ratings, path, *, n_factors: int = 5, titles: Mapping | None = None, seed: int = 0, python: str = sys.executable,
                overwrite: bool = False) -> LikesPlan:
    """Write the workbook, an .xlsm with buttons. Raises UserError, with nothing written, for what no sheet can hold or tell apart, and
    where `path` exists (unless `overwrite`), is open elsewhere or cannot be written."""
    target = checked_new_target(path, overwrite=overwrite)
    pairs, blank = happened(ratings)
    content = replace(content_of(pairs, titles=titles, n_factors=n_factors, seed=seed, bounds=(-1, 2)), python=python,
                      macros=target.suffix.lower() == ".xlsm")
    plan = LikesPlan(pairs.n_users, pairs.n_items, n_factors)
    last = plan.table(3)
    check_size(users=plan.users, items=plan.items, factors=n_factors, ratings=len(pairs), bottom=last.bottom, right=last.right + 3)
    if blank and len(content.given) == plan.users * plan.items:
        raise UserError(f"All {plan.users} users have all {plan.items} items: there is nothing to tell apart. Take more of them, by --users "
                        "and --items, or leave out the pairs that do not count.")
    with new_file(target, overwrite=overwrite) as draft:
        with new_workbook(draft) as workbook:
            workbook.set_size(2400, 1500)
            _write(workbook, make_styles(workbook), plan, content, blank)
            define_solver_names(workbook, plan.problem)
            write_before_fit(workbook)
            if content.macros:
                add_macros(workbook, {MODULE: macro_source()})
        compute_formulas(draft)
    return plan


def _write(workbook: Workbook, styles: Styles, plan: LikesPlan, content: Content, blank: float) -> None:
    sheet = workbook.add_worksheet(LIKES)
    sheet.set_column(0, 0, 22, styles.text)
    sheet.set_column(1, plan.ids - 2, 8, styles.text)
    sheet.set_column(plan.ids - 1, plan.ids - 1, max(11, min(24, max(len(str(user)) for user in content.users) + 2)), styles.text)
    sheet.set_column(plan.ids, plan.table(0).right - 1, 6.2, styles.text)
    sheet.set_column(plan.table(0).right + 1, plan.table(0).right + 1, 32, styles.text)
    sheet.set_row(0, 32)
    put_text(sheet, Cell(1, 1), "Likes: what happened, and its chance", styles.title)
    for row, line in enumerate(_LINES, 2):
        put_text(sheet, Cell(row, 1), line, styles.note)
    for number, corner in enumerate(("happened", "x", "chance", "surprise")):
        _labels(sheet, styles, plan, content, plan.table(number), corner)
    _happened(sheet, styles, plan, content)
    _parameters(sheet, styles, plan, content.seed)
    _formulas(sheet, styles, plan)
    _next_item(sheet, styles, plan)
    _controls(workbook, sheet, styles, plan, content, blank)
    sheet.freeze_panes(1, plan.ids if plan.factors <= 8 else 0)
    print_setup(sheet, one_page=True)


def _labels(sheet, styles: Styles, plan: LikesPlan, content: Content, table: Range, corner: str) -> None:
    """Users at the left and items above: typed at the first table, which all others follow."""
    first, head = plan.table(0), table.top - 1
    longest = max(len(str(item)) for item in content.items)
    looks = styles.header if longest <= 6 else styles.header_up
    if longest > 6:
        sheet.set_row(head - 1, min(18 + 4.9 * longest, 140))
    put_text(sheet, Cell(head, plan.ids), f"{corner}: user ↓  item →", styles.corner)
    for shift, item in enumerate(content.items):
        if table == first:
            put_label(sheet, head, first.left + shift, item, looks)
        else:
            sheet.write_formula(head - 1, table.left + shift - 1, f"={ref(Cell(_TOP, first.left + shift), rows=True)}", looks)
    for shift, user in enumerate(content.users):
        if table == first:
            put_label(sheet, first.top + shift, plan.ids, user, styles.user)
        else:
            sheet.write_formula(table.top + shift - 1, plan.ids - 1, f"={ref(Cell(first.top + shift, plan.ids), cols=True)}", styles.user)


def _happened(sheet, styles: Styles, plan: LikesPlan, content: Content) -> None:
    where = plan.table(0)
    for row, line in enumerate(content.table, where.top):
        for col, value in enumerate(line, where.left):
            if np.isnan(value):
                sheet.write_blank(row - 1, col - 1, None, styles.choice)
            else:
                put_number(sheet, Cell(row, col), float(value), styles.option)
    sheet.data_validation(*box(where), {"validate": "list", "source": [1, 0], "error_title": "1, 0 or blank",
                                        "error_message": "Type 1 where it happened, 0 where it did not, or leave the cell blank."})


def _parameters(sheet, styles: Styles, plan: LikesPlan, seed: int) -> None:
    """Biases of 0 and factors at random: were all alike, they would stay so."""
    drawn = np.random.default_rng(seed)
    of_items, of_users = plan.item_parameters, plan.user_parameters
    for block, across in ((of_items, False), (of_users, True)):
        for cell in block.cells():
            bias = (cell.col == block.left) if across else (cell.row == block.top)
            put_number(sheet, cell, 0.0 if bias else float(drawn.normal(0, _SPREAD)), styles.factor)
    for shift in range(plan.factors + 1):
        put_text(sheet, Cell(of_items.top + shift, plan.ids), "item factors →" if shift else "item bias →", styles.corner)
    put_text(sheet, Cell(of_users.top - 1, of_users.left), "bias ↓", styles.corner_left)
    put_text(sheet, Cell(of_users.top - 1, of_users.left + 1), "user factors ↓", styles.corner_left)


def _formulas(sheet, styles: Styles, plan: LikesPlan) -> None:
    first, x, chance, surprise = (plan.table(number) for number in range(4))
    items, users, weighs = plan.item_parameters, plan.user_parameters, ref(plan.cell("a blank weighs"), rows=True, cols=True)

    def score(row: int, col: int) -> str:
        own = ref(Range(x.top + row, users.left + 1, x.top + row, users.right), cols=True)
        item = ref(Range(items.top + 1, items.left + col, items.bottom, items.left + col), rows=True)
        bias = f"{ref(Cell(items.top, items.left + col), rows=True)}+{ref(Cell(x.top + row, users.left), cols=True)}"
        return f"=MMULT({own},{item})+{bias}"

    def probability(row: int, col: int) -> str:
        return f"=1/(1+EXP(-{ref(x.first.moved(row, col))}))"

    def its_surprise(row: int, col: int) -> str:
        """−t·ln σ(x) − (1 − t)·ln(1 − σ(x)) = ln(1 + e^−x) + (1 − t)·x, which no rounding of the chance to 0 or 1 spoils."""
        t, of = ref(first.first.moved(row, col)), ref(x.first.moved(row, col))
        return f'=IF({t}="",{weighs},1)*(LN(1+EXP(-{of}))+(1-{t})*{of})'

    filled: tuple[tuple[Range, Callable[[int, int], str]], ...] = ((x, score), (chance, probability), (surprise, its_surprise))
    for where, formula in filled:
        for row in range(plan.users):
            for col in range(plan.items):
                sheet.write_formula(where.top + row - 1, where.left + col - 1, formula(row, col), styles.prediction)
    sheet.conditional_format(*box(chance), colour_scale(0.0, 0.5, 1.0))
    sheet.conditional_format(*box(first), {"type": "formula", "criteria": f'={ref(first.first)}=""', "format": styles.unrated_here})


def _next_item(sheet, styles: Styles, plan: LikesPlan) -> None:
    """Right of the chances: the item with the highest one, of those that have not happened to the user."""
    first, chance = plan.table(0), plan.table(2)
    names = ref(Range(_TOP, first.left, _TOP, first.right), rows=True, cols=True)
    put_text(sheet, Cell(chance.top - 1, chance.right + 2), "what may come next", styles.header_left)
    for row in range(plan.users):
        had, own = (ref(Range(of.top + row, of.left, of.top + row, of.right), cols=True) for of in (first, chance))
        left = f"IF({had}=1,-1,{own})"
        put_array(sheet, Cell(chance.top + row, chance.right + 2), f'=IF(MAX({left})<0,"",INDEX({names},MATCH(MAX({left}),{left},0)))', styles.listed)


def _controls(workbook: Workbook, sheet, styles: Styles, plan: LikesPlan, content: Content, blank: float) -> None:
    cells, told = plan.cell, ref(plan.table(0), rows=True, cols=True)
    for label in _LABELS[:None if content.macros else -1]:
        put_text(sheet, cells(label).moved(0, -1), label, styles.label)
    put_number(sheet, cells("weight decay"), _DECAY, styles.option)
    put_number(sheet, cells("a blank weighs"), blank, styles.option)
    mean = f"=SUM({plan.table(3)})/(COUNT({told})+{cells('a blank weighs')}*COUNTBLANK({told}))"
    decay = f"SUMSQ({plan.user_parameters})/{plan.users}+SUMSQ({plan.item_parameters})/{plan.items}"
    for label, formula in (("cross-entropy", mean), ("loss", f"={cells('cross-entropy')}+{cells('weight decay')}*({decay})")):
        sheet.write_formula(cells(label).row - 1, cells(label).col - 1, formula, styles.calculated)
    for what, style in zip(CONTROLS, (styles.status, styles.option)):
        sheet.write_blank(cells(what).row - 1, cells(what).col - 1, None, style)
        workbook.define_name(control_name(LIKES, what), f"={quoted(LIKES)}!{Range.around([cells(what)]).absolute}")
    sheet.data_validation(*box(Range.around([cells("stop")])), {"validate": "any", "input_title": "Stop", "input_message": STOP})
    if content.macros:
        insert_buttons(sheet, {caption: BUTTONS[caption] for caption in ("Fit", "Stop", "Restore")}, Cell(1, plan.ids + 1))
        put_text(sheet, cells(_LABELS[-1]), content.python, styles.code)
        workbook.define_name(PYTHON, f"={quoted(LIKES)}!{Range.around([cells(_LABELS[-1])]).absolute}")
