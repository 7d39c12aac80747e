"""The parameters as they were before the last fit, kept in a hidden sheet of the workbook itself.

Sheet `before_fit`, a line for each row of each block: the model sheet, the block's role, the
values. Blocks are kept by role, not by address, so that rows and columns inserted since do no harm;
only the cells of a problem stated by hand have no other name than their address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pyxl.detect.detect import detect
from pyxl.grid.cells import Cell, Range, Value, quoted
from pyxl.grid.problem import CHANGING, SheetRange
from pyxl.grid.sheet_names import area_of, lasting_name
from pyxl.grid.stored_problem import stored_problem
from pyxl.hosts.host import Host
from pyxl.hosts.refresh_results import Changes
from pyxl.xlsx import NewSheet
from solver.errors import UserError

SHEET = "before_fit"
_HEADERS = ("sheet", "block", "values before the last fit")

Blocks = Mapping[str, SheetRange]               # role -> its cells
Lines = dict[str, list[tuple[str, list[Value]]]]  # model sheet -> (role, a row of its block), in order


def make_place(host: Host) -> tuple[str, ...]:
    """Give the workbook the sheet for the parameters of before, unless it has one; a note where it takes none."""
    try:
        host.add_sheet(NewSheet(SHEET, hidden=True))
    except UserError as why:
        return (f"The parameters of before are not kept: {why}",)
    return ()


def cells_to_keep(host: Host, fitted: Mapping[str, Blocks]) -> Changes:
    """What to write into the sheet `before_fit` so that it keeps what the blocks of these model
    sheets hold now; nothing where the workbook has no such sheet."""
    if SHEET not in host.sheets:
        return {}
    lines = _lines(host)
    for sheet, blocks in fitted.items():
        lines[lasting_name(host, sheet)] = [(role, row) for role, (place, area) in blocks.items()
                                    for row in host.grid(place).block(area)]
    wanted: dict[Cell, Value] = {Cell(1, col): text for col, text in enumerate(_HEADERS, 1)}
    row = 2
    for sheet, rows in lines.items():
        for role, values in rows:
            for col, value in enumerate((sheet, role, *values), 1):
                wanted[Cell(row, col)] = value
            row += 1
    there = host.grid(SHEET).values
    return {SHEET: {cell: wanted.get(cell) for cell in wanted.keys() | there.keys()
                    if wanted.get(cell) != there.get(cell)}}


def restored(host: Host, sheets: Iterable[str] | None = None) -> Changes:
    """The cells that put the kept parameters back, for the sheets named, or all that have some.

    Raises UserError where nothing is kept, or a sheet's blocks have another size by now.
    """
    lines = _lines(host) if SHEET in host.sheets else {}
    chosen = [sheet for sheet in host.sheets if lasting_name(host, sheet) in lines] if sheets is None else list(sheets)
    if not chosen:
        raise UserError(f"'{host.name}' keeps no parameters from before a fit. Fit it first: workbooks of "
                        "`collabsheet new`, and live fits, keep them.")
    changes: dict[str, dict[Cell, Value]] = {}
    for sheet in chosen:
        host.grid(sheet)  # raises where there is none of that name
        if lasting_name(host, sheet) not in lines:
            raise UserError(f"No parameters of {quoted(sheet)} are kept from before a fit: it was not fitted yet.")
        kept_rows: dict[str, list[list[Value]]] = {}
        for role, values in lines[lasting_name(host, sheet)]:
            kept_rows.setdefault(role, []).append(values)
        for role, (place, area) in _blocks(host, sheet, kept_rows).items():
            changes.setdefault(place, {}).update(_placed(place, role, area, kept_rows.get(role, []), host.grid(place).values))
    return changes


def _blocks(host: Host, sheet: str, roles: Iterable[str]) -> Blocks:
    """Where the blocks of a model sheet are now: by Solver's names, by address, or by what its formulas say."""
    addresses = {role: area for role in roles if (area := area_of(role)) is not None}     # of a stated problem, or of a scenario
    if any(role.startswith(CHANGING) for role in roles):
        problem = stored_problem(host, sheet)
        if problem is None:
            raise UserError(f"{quoted(sheet)}: Solver's model is gone, by which the numbers from before the fit were kept.")
        return problem.blocks | addresses
    return addresses or detect(host, sheet).layout.areas


def _placed(sheet: str, role: str, where: Range, rows: list[list[Value]], there) -> Iterator[tuple[Cell, Value]]:
    height, width = where.shape
    if len(rows) != height or any(value is not None for values in rows for value in values[width:]):
        raise UserError(f"{quoted(sheet)}!{where} ({role}) has another size than before the last fit; nothing was restored.")
    for row, values in enumerate(rows, where.top):
        for col, value in enumerate((values + [None] * width)[:width], where.left):
            if there.get(cell := Cell(row, col)) != value:
                yield cell, value


def _lines(host: Host) -> Lines:
    grid = host.grid(SHEET)
    lines: Lines = {}
    if grid.used is not None:
        for sheet, role, *values in grid.block(Range(1, 1, grid.used.bottom, max(2, grid.used.right)))[1:]:
            if isinstance(sheet, str) and isinstance(role, str):
                lines.setdefault(sheet, []).append((role, values))
    return lines
