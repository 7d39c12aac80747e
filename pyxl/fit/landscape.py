"""The objective around the present point: over a grid of two cells' values, with the way that the last fit went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pyxl.detect.detect import detect
from pyxl.detect.model_sheet import NotRecognised
from pyxl.detect.verified_model import VerifiedModel
from pyxl.formulas.compile_formulas import compile_formulas
from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.parameters import parameter_cells
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.sheet_names import area_of
from pyxl.hosts.file_host import FileHost
from pyxl.macros.macro_problem import stored_or_in_macro
from pyxl.problems.solve import ByFormulas
from pyxl.problems.stated import Statement, stated_problem
from pyxl.xlsx import open_workbook
from solver.errors import UserError

from .fittable_sheets import fittable_sheets
from .own_sheets.run_log import last_run

_Place = tuple[str, Cell]
_MARGIN = 0.25          # of what the way spans, around it
_LEAST = 0.5            # how far the grid goes to each side where no way is known, relative above 1
MOST_ON_THE_WAY = 200


@dataclass(frozen=True, eq=False)
class Landscape:
    """`heights` (n, n) are values of the cell `objective`, over the values `xs` (n,) of the first cell, across, and `ys` (n,) of the
    second, down; all others stand as they are. `here` are both cells' present values and the objective; `way` (m, 2) is where both were
    from epoch to epoch of the last fit, (0, 2) where none is known."""

    objective: str
    cells: tuple[str, str]
    xs: np.ndarray
    ys: np.ndarray
    heights: np.ndarray
    here: tuple[float, float, float]
    way: np.ndarray
    notes: tuple[str, ...] = ()


def landscape(path, cells: Sequence[str], *, sheet: str | None = None, objective: str | None = None, points: int = 25) -> Landscape:
    """Look at a workbook around where it is, by `cells`, two addresses or names. `objective` None is the sheet's own error, or what
    Solver minimises there. Nothing is written. Raises UserError."""
    if len(cells) != 2:
        raise UserError(f"A landscape has two directions, and {len(cells)} cells are given. Give two, such as B25 and B26.")
    if points < 3:
        raise UserError(f"A landscape of {points} points a side shows nothing. Take 3 or more, such as 25.")
    with open_workbook(path) as book:
        where = sheet or next((named[0] for text in cells if (named := area_of(text))), None)
        problem = stated_problem(book, Statement(objective or _objective(book, where), tuple(cells)), where)
        places = tuple((place, cell) for place, area in problem.changing for cell in area.cells())
        if len(places) != 2 or places[0] == places[1] or problem.objective is None:
            raise UserError(f"{' and '.join(cells)} are {len(set(places))} different cells. Give two, one for each direction.")
        program = compile_formulas(book, [problem.objective], [(place, Range.around([cell])) for place, cell in places])
        way, notes = _way(FileHost(book), places)
    x, y = program.start
    xs, ys = (_span(at, way[:, side], points) for side, at in enumerate((x, y)))
    grid = np.stack([part.ravel() for part in np.meshgrid(xs, ys)], axis=1)
    heights = program.values_of_many(grid)[:, 0].reshape(points, points)
    if not np.isfinite(heights).all():
        raise UserError(f"{_told(problem.objective)} is no number at {np.count_nonzero(~np.isfinite(heights))} of {heights.size} points. Choose other cells.")
    first, second = map(_told, places)
    return Landscape(_told(problem.objective), (first, second), xs, ys, heights, (float(x), float(y), float(program.values(program.start)[0])), way, notes)


def _objective(book: ReadableWorkbook, sheet: str | None) -> str:
    """The cell that a fit of the sheet makes small."""
    if sheet is None:
        raise UserError("On which sheet are these cells? Say --sheet, or write bias!B25.")
    try:
        return _told((sheet, detect(book, sheet).layout.rmse))
    except NotRecognised:
        asked = stored_or_in_macro(book, sheet)
    if asked is None or asked.problem.objective is None:
        raise UserError(f"{quoted(sheet)} has no model that we know, and Solver minimises nothing there. Say --objective CELL.")
    return _told(asked.problem.objective)


def _way(host: FileHost, places: Sequence[_Place]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Where both cells were in the last run of their sheet, which is done once more, and notes."""
    from solver import fit
    from solver.model.array_factors import as_tensors

    nowhere, sheet = np.zeros((0, 2)), places[0][0]
    number = last_run(host, sheet)
    if number is None or places[1][0] != sheet:
        return nowhere, ("No fit of the sheet is in the run log, so there is no way to show: fit it first.",)
    try:
        ready = fittable_sheets(host, sheets=None, settings=None, options={}, repeat=number, by_formulas=ByFormulas())[0][0]
    except UserError as why:
        return nowhere, (f"The way of the last fit is not shown: {why}",)
    if not isinstance(ready, VerifiedModel) or not {cell for _, cell in places} <= parameter_cells(ready.model.layout, ready.start).keys():
        return nowhere, ("A fit does not change both cells, so there is no way to show.",)
    layout, seen = ready.model.layout, list[tuple[float, ...]]()

    def look(factors) -> None:
        at = parameter_cells(layout, factors())
        seen.append(tuple(at[cell] for _, cell in places))

    fit(ready.ratings, as_tensors(ready.start), ready.settings, on_factors=look)
    kept = np.unique(np.linspace(0, len(seen) - 1, min(len(seen), MOST_ON_THE_WAY)).round().astype(int))
    return np.array(seen).reshape(-1, 2)[kept], ready.notes


def _span(at: float, way: np.ndarray, points: int) -> np.ndarray:
    """The values of a side of the grid: around the present one and all on the way."""
    low, high = min([at, *way]), max([at, *way])
    room = max(_MARGIN * (high - low), 0.0 if len(way) else _LEAST * max(1.0, abs(at)))
    return np.linspace(low - room, high + room, points)


def _told(place: _Place) -> str:
    return f"{quoted(place[0])}!{place[1]}"
