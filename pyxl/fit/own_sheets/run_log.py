"""The sheet `run log`: a line for every fit, with all that it takes to compare it and to repeat it.

The name `run_log` leads to the line of headers. Columns are known by their headers and lines by their
number, so that whoever owns the workbook may sort, filter, insert and delete as they like.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from pyxl.grid.block_names import RUN_LOG, SETTINGS
from pyxl.grid.cells import MAX_ROW, Cell, Range, Value, quoted
from pyxl.grid.parameters import parameter_cells
from pyxl.grid.sheet_names import area_named, lasting_name
from pyxl.hosts.host import Host
from pyxl.hosts.live_values import serial
from pyxl.xlsx.parts.cell_xml import MAX_TEXT
from solver.core.options import Given, Whole
from solver.core.settings import OPTIONS, options_given, usable
from solver.errors import UserError

if TYPE_CHECKING:
    from pyxl.detect.verified_model import VerifiedModel
    from solver import FitResult, Settings

# header -> setting; those without a column of their own share one. "epochs" are those that were gone through.
SETTING_COLUMNS = {"most epochs" if name == "epochs" else OPTIONS[name].label: name for name in SETTINGS}
HEADERS = ("run", "date", "sheet", "model", "ratings", "RMSE before", "RMSE after", "hold-out RMSE", "epochs", "seconds",
           "why it ended", *SETTING_COLUMNS, "other settings", "start values")
_FLOAT64 = "float64:"   # before numbers in base64, which alone could look like a number or a formula


@dataclass(frozen=True)
class RunLog:
    """Where the next line goes: `columns` leads from a header to its column."""

    sheet: str
    columns: dict[str, int]
    row: int
    run: int

    def add(self, host: Host, ready: VerifiedModel, result: FitResult) -> tuple[RunLog, tuple[str, ...]]:
        """Write a line for a fit; the log with the place of the next one, and notes."""
        row, ends = self.row, (min(self.columns.values()), max(self.columns.values()))
        while row <= MAX_ROW and host.edited(self.sheet, Range(row, ends[0], row, ends[1])):
            row += 1    # somebody wrote there meanwhile
        if row > MAX_ROW:
            return self, (f"The sheet {quoted(self.sheet)} is full, so this run is not in it. Delete old lines.",)
        line = _line(host, ready, result, self.columns) | {"run": float(self.run)}
        host.write({self.sheet: {Cell(row, col): line.get(header) for header, col in self.columns.items()}})
        return replace(self, row=row + 1, run=self.run + 1), ()


@dataclass(frozen=True)
class Run:
    """A line of the log: what was fitted, how, and from which start values, None where these were too
    many to keep. `rmse_before` is what they gave with the ratings of then."""

    number: int
    sheet: str
    settings: Settings
    start: tuple[float, ...] | None
    rmse_before: Value


def find_log(host: Host) -> RunLog | None:
    """The log of a workbook; None where it has no such sheet."""
    where = area_named(host, RUN_LOG)
    if where is None:
        return None
    sheet, head = where
    values = host.grid(sheet).values
    columns = {text: col for (row, col), text in values.items() if row == head.top and text in HEADERS}
    if not columns:
        return None
    filled = [cell for cell in values if cell.row > head.top and cell.col in columns.values()]
    runs = [run for cell in filled if cell.col == columns.get("run") and isinstance(run := values[cell], float)]
    return RunLog(sheet, columns, max((cell.row for cell in filled), default=head.top) + 1, int(max(runs, default=0)) + 1)


def last_run(host: Host, sheet: str) -> int | None:
    """The number of the last run of a sheet in the log; None where there is none."""
    log = find_log(host)
    if log is None or not {"run", "sheet"} <= log.columns.keys():
        return None
    values = host.grid(log.sheet).values
    runs = [number for (row, col), name in values.items() if col == log.columns["sheet"] and name == lasting_name(host, sheet)
            and isinstance(number := values.get(Cell(row, log.columns["run"])), float)]
    return int(max(runs)) if runs else None


def logged_run(host: Host, number: int) -> Run:
    """The run of that number. Raises UserError where there is none, or where it cannot be repeated."""
    log = find_log(host)
    if log is None or "run" not in log.columns:
        raise UserError(f"'{host.name}' has no run log. Workbooks of `collabsheet new` have one.")
    values = host.grid(log.sheet).values
    rows = [cell.row for cell, value in values.items() if cell.col == log.columns["run"] and value == number]
    if len(rows) != 1:
        found = f"{len(rows)} lines" if rows else "no line"
        raise UserError(f"{quoted(log.sheet)} has {found} of run {number}: the first column says which there are.")
    line = {header: values.get(Cell(rows[0], col)) for header, col in log.columns.items()}
    where = f"{quoted(log.sheet)}, run {number}"
    sheet = next((sheet for sheet in host.sheets if lasting_name(host, sheet) == line.get("sheet")), None)
    if sheet is None:
        raise UserError(f"{where} is of the sheet {line.get('sheet')!r}, which is not there any more.")
    try:
        options = _options(line)
        settings, _ = usable(options, stored=options)   # older versions took settings that nothing used
    except (UserError, TypeError, ValueError) as why:
        raise UserError(f"{where} cannot be repeated: {why}") from why
    start = _numbers(line.get("start values"))
    if start is None and settings.start != "random":
        raise UserError(f"{where} cannot be repeated: its start values were too many to keep. "
                        "Runs that start from random values can.")
    return Run(number, sheet, settings, start, line.get("RMSE before"))


def _line(host: Host, ready: VerifiedModel, result: FitResult, columns: Container[str]) -> dict[str, Value]:
    settings = result.settings
    line: dict[str, Value] = {
            "date": serial(datetime.now(), date1904=host.date1904), "sheet": lasting_name(host, ready.model.layout.sheet), "model": settings.model,
            "ratings": float(result.n_ratings), "RMSE before": result.rmse_before, "RMSE after": result.rmse_after,
            "hold-out RMSE": result.holdout_rmse, "epochs": float(result.epochs), "seconds": round(result.seconds, 3),
            "why it ended": result.stop, "other settings": _others(settings, columns),
            "start values": _as_text(list(parameter_cells(ready.model.layout, ready.start).values()))}
    for header, option in SETTING_COLUMNS.items():
        value = getattr(settings, option)
        line[header] = float(value) if isinstance(value, int) else value
    return line


def _others(settings: Settings, columns: Container[str]) -> str | None:
    """The settings of a fit that have no column in this log, or that no cell holds exactly, unless by default."""
    in_cells = {name for header, name in SETTING_COLUMNS.items() if header in columns}
    others = {name: value for name, option in options_given(Given.FIT).items()
              if (value := getattr(settings, name)) != option.default
              and (name not in in_cells or (isinstance(value, int) and int(float(value)) != value))}
    return json.dumps(others) if others else None


def _options(line: dict[str, Value]) -> dict:
    options = {name: line[header] for header, name in SETTING_COLUMNS.items() if line.get(header) is not None}
    for name, value in options.items():
        if isinstance(OPTIONS[name].values, Whole) and value is not None:
            options[name] = int(value)
    others = json.loads(str(line.get("other settings") or "{}"))
    return options | {name: value for name, value in others.items() if name in options_given(Given.FIT)}


def _as_text(numbers: list[float]) -> str | None:
    text = _FLOAT64 + base64.b64encode(np.array(numbers, "<f8").tobytes()).decode()
    return text if len(text) <= MAX_TEXT else None


def _numbers(text: Value) -> tuple[float, ...] | None:
    if not (isinstance(text, str) and text.startswith(_FLOAT64)):
        return None
    return tuple(np.frombuffer(base64.b64decode(text[len(_FLOAT64):]), "<f8").tolist())
