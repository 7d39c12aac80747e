"""Writes the table that a command shows as a workbook: `-o report.xlsx`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyxl.base.plain_output import Say
from pyxl.cli.command_line import Command
from solver.errors import UserError

if TYPE_CHECKING:
    from pyxl.grid.cells import Cell

_SHEET, HEAD_BELOW = "report", 2     # rows between what was asked and the table


@dataclass(frozen=True)
class _Report:
    """A title, what was asked as (name, value), and a table: a header and a value a row for each column."""

    title: str
    asked: Sequence[tuple[str, object]]
    headers: Sequence[str]
    rows: Sequence[Sequence]


def with_report(command: Command, report_of: Callable[[dict], _Report]) -> Command:
    """The same command with ``-o`` and ``--overwrite``: `report_of` makes a Report of what ``--json`` prints."""
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        command.add_arguments(parser)
        add_report_arguments(parser, "the same as a workbook (.xlsx)")

    def run(args: argparse.Namespace, say: Say) -> dict:
        if args.output is None:
            return command.run(args, say)
        checked_report(args.output, overwrite=args.overwrite)
        result = command.run(args, say)
        write_report(report_of(result), args.output, overwrite=args.overwrite)
        say(f"Wrote {args.output}")
        return result | {"report": str(args.output)}

    return replace(command, add_arguments=add_arguments, run=run)


def add_report_arguments(parser: argparse.ArgumentParser, what: str) -> None:
    """Add ``-o`` and ``--overwrite``."""
    parser.add_argument("-o", "--output", metavar="REPORT", help=f"write {what}, too")
    parser.add_argument("--overwrite", action="store_true", help="replace REPORT if it exists")


def checked_report(path: str, *, overwrite: bool) -> None:
    """Before anything is computed: raise UserError where the report cannot be written."""
    from workbook.new_file import checked_new_target

    if Path(path).suffix.lower() != ".xlsx":
        raise UserError(f"{path}: a report is written as .xlsx. Give a name that ends so.")
    checked_new_target(path, overwrite=overwrite)


def write_report(report: _Report, path, *, overwrite: bool = False) -> None:
    """Write the report as a new file. Raises UserError as `new_file`."""
    from pyxl.grid.cells import Cell
    from workbook.new_file import new_file, new_workbook
    from workbook.write.styles import make_styles, print_setup
    from workbook.write.write_cells import put_text

    with new_file(path, overwrite=overwrite) as draft, new_workbook(draft) as book:
        styles, sheet = make_styles(book), book.add_worksheet(_SHEET)
        put_text(sheet, Cell(1, 1), report.title, styles.title)
        sheet.set_row(0, 24)
        for row, (name, value) in enumerate(report.asked, 2):
            put_text(sheet, Cell(row, 1), name, styles.label)
            _put(sheet, Cell(row, 2), value, styles)
        head = Cell(len(report.asked) + HEAD_BELOW + 1, 1)
        columns = list(zip(*report.rows)) or [()] * len(report.headers)
        for col, (header, values) in enumerate(zip(report.headers, columns)):
            numbers = all(isinstance(value, (int, float)) for value in values)
            put_text(sheet, head.moved(0, col), header, styles.header if numbers else styles.header_left)
            for row, value in enumerate(values, 1):
                _put(sheet, head.moved(row, col), value, styles)
        for col, width in enumerate(_widths(report, columns)):
            sheet.set_column(col, col, width, styles.text)
        if not report.rows:
            put_text(sheet, head.moved(1, 0), "Nothing is left to list.", styles.note)
        sheet.freeze_panes(head.row, 0)
        print_setup(sheet, landscape=False, repeat=(head.row - 1, head.row - 1))


def _put(sheet, cell: Cell, value, styles) -> None:
    """A fraction with four decimals, as the command prints it; an id or a count as it is."""
    from workbook.write.display_labels import put_label

    if value is None:
        sheet.write_blank(cell.row - 1, cell.col - 1, None, styles.result_text)
    elif isinstance(value, float):
        sheet.write_number(cell.row - 1, cell.col - 1, value, styles.result)
    else:
        put_label(sheet, *cell, value, styles.result_text)


def _widths(report: _Report, columns: Sequence[Sequence]) -> list[float]:
    from workbook.write.display_labels import width_of

    asked = [name for name, _ in report.asked]
    return [width_of([header, *(f"{v:.4f}" if isinstance(v, float) else v for v in values), *(asked if col == 0 else [])], least=12, most=70)
            for col, (header, values) in enumerate(zip(report.headers, columns))]


# ---- the reports, of what the commands' --json prints

def _listed(title: str, asked: Sequence[str], measure: str) -> Callable[[dict], _Report]:
    """Of a list of users or items, best first."""
    def report_of(result: Mapping) -> _Report:
        rows = result.get("items", result.get("users", []))
        what = "item" if "items" in result else "user"
        headers = ["place", what, measure, *(["title"] if any("title" in row for row in rows) else [])]
        return _Report(title, [("model", result["model"]), *((name, result[name]) for name in asked if name in result)], headers,
                      [[place, *(row.get(name) for name in headers[1:])] for place, row in enumerate(rows, 1)])
    return report_of


def _explained(result: Mapping) -> _Report:
    parts = [("mean", result["offset"]), ("user's bias", result["user_bias"]), ("item's bias", result["item_bias"]),
             *((f"factor {number}", part) for number, part in enumerate(result["factors"], 1)), ("sum", result["raw"]),
             ("prediction", result["prediction"])]
    asked = [(name, result[name]) for name in ("model", "user", "item", "title") if result[name] is not None]
    return _Report("What a prediction is made of", asked, ("part", "value"), [(name, float(value)) for name, value in parts])


def _evaluated(result: Mapping) -> _Report:
    asked = [(name.replace("_", " "), result[name]) for name in ("model", "ratings", "known", "unknown_users", "unknown_items")]
    rows = [("model", result["rmse"], result["mae"]),
            *((name, result[f"{name}_rmse"], result[f"{name}_mae"]) for name in ("biases", "mean"))]
    return _Report("Errors on ratings", asked, ("", "RMSE", "MAE"), rows)


REPORTS: dict[str, Callable[[dict], _Report]] = {   # by name of the command
    "recommend": _listed("Recommendations", ("user",), "prediction"),
    "similar": _listed("Most alike", ("item", "user"), "similarity"),
    "fold-in": _listed("Recommendations to a newcomer", ("ratings",), "prediction"),
    "explain": _explained,
    "evaluate": _evaluated,
}
