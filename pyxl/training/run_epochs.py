"""Runs a training sheet epoch by epoch, as its buttons do: its own formulas compute, and the end values are carried over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import sqrt
from pathlib import Path
from typing import Protocol

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.grid.cells import Cell, Range, Value, quoted
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.hosts.file_host import FileHost
from pyxl.hosts.host import Host
from pyxl.xlsx import open_workbook
from solver.errors import UserError

from .carried_over import TrainingSheet, training_sheets
from .lesson_sheets import LessonSheet, lesson_sheets


class Epochs(Protocol):
    """Where a sheet is run: what its cells hold now, and constants put into them, after which all formulas follow."""

    def value(self, cell: Cell) -> Value:
        """What a cell holds now."""
        ...

    def write(self, changes: dict[Cell, Value]) -> None:
        """Put constants into cells; None clears one."""
        ...


class EpochsAhead:
    """A sheet that is run by our own evaluator; its workbook is not touched. `changes` are all cells that were written."""

    def __init__(self, workbook: ReadableWorkbook, sheet: str):
        self._workbook, self._sheet = workbook, sheet
        self.changes: dict[Cell, Value] = {}
        self.write({})

    def value(self, cell: Cell) -> Value:
        return self._calculator.value(self._sheet, cell)

    def write(self, changes: dict[Cell, Value]) -> None:
        self.changes |= changes
        self._calculator = Calculator(self._workbook, overrides={(self._sheet, cell): value for cell, value in self.changes.items()})


class EpochsInView:
    """A sheet of an open workbook that is run before its user's eyes: every epoch is written, and the program calculates."""

    def __init__(self, host: Host, sheet: str):
        self._host, self._sheet = host, sheet

    def value(self, cell: Cell) -> Value:
        return self._host.value(self._sheet, cell)

    def write(self, changes: dict[Cell, Value]) -> None:
        self._host.write({self._sheet: changes})
        self._host.recalculate()


def run_training(path, *, epochs: int, sheets: Iterable[str] | None = None, out=None, overwrite: bool = False,
                 reset: bool = False, as_macro: bool = False, on_epoch: Callable[[str, int, float], bool] | None = None) -> dict[str, list[float]]:
    """Run the named training sheets of a workbook file, or all, so many epochs on; the RMSE of each epoch, by sheet.

    The sheets of fast.ai's own workbook are run, too; their error is the lesson's, the root of the sum of squared errors. With
    `as_macro` they carry over what their macro does, which loses the last step of an epoch. `on_epoch` is called with the sheet, the
    number of the epoch and its error; a true value ends the run there.

    It is saved in `out`, in the file itself where that is its own path, or nowhere where it is None. With `reset` the sheets start
    anew before. Raises UserError, with nothing written.
    """
    with open_workbook(path) as file:
        host, same = FileHost(file), out is not None and Path(out).resolve() == Path(path).resolve()
        target = None if same or out is None else Path(out)
        if out is not None:
            file.refuse_unless_savable(out=target, overwrite=overwrite)
        errors = {}
        for training in _chosen(host, epochs, sheets, reset=reset):
            ahead = EpochsAhead(file, training.sheet)
            errors[training.sheet] = _run(ahead, training, epochs, reset=reset, as_macro=as_macro, on_epoch=on_epoch)
            host.write({training.sheet: ahead.changes})
            if len(errors[training.sheet]) < epochs:
                break
        if out is not None:
            host.save(out=target, overwrite=overwrite)
    return errors


def run_training_in_view(host: Host, *, epochs: int, sheets: Iterable[str] | None = None, reset: bool = False,
                         as_macro: bool = False) -> dict[str, list[float]]:
    """As `run_training`, in an open workbook, an epoch after another; it is not saved."""
    return {training.sheet: _run(EpochsInView(host, training.sheet), training, epochs, reset=reset, as_macro=as_macro)
            for training in _chosen(host, epochs, sheets, reset=reset)}


def _chosen(host: Host, epochs: int, sheets: Iterable[str] | None, *, reset: bool) -> list[TrainingSheet | LessonSheet]:
    """The sheets to run, checked before any is touched."""
    if epochs < (0 if reset else 1):
        raise UserError(f"epochs is {epochs}. Give a whole number of {0 if reset else 1} or more.")
    lesson = lesson_sheets(host)
    there: dict[str, TrainingSheet | LessonSheet] = {**training_sheets(host), **{name: sheet for name, sheet in lesson.items() if sheet.runs}}
    if not there:
        raise UserError(f"{host.name} has no sheet that runs epochs. Build such a workbook: collabsheet optimizers -o graddesc.xlsx.")
    for sheet in (chosen := list(there) if sheets is None else list(sheets)):
        if sheet not in there:
            why = "lowers its learning rate by a rule that only its macro knows" if sheet in lesson else "runs no epochs"
            raise UserError(f"{host.name}: the sheet '{sheet}' {why}. Choose one of {', '.join(there)}.")
    host.refuse_protected((sheet, Range.around([Cell(1, 1)])) for sheet in chosen)
    return [there[sheet] for sheet in chosen]


def _run(place: Epochs, training: TrainingSheet | LessonSheet, epochs: int, *, reset: bool, as_macro: bool,
         on_epoch: Callable[[str, int, float], bool] | None = None) -> list[float]:
    if reset:
        _reset(place, training)
    errors: list[float] = []
    while len(errors) < epochs:
        errors.append(_lesson_epoch(place, training, as_macro=as_macro) if isinstance(training, LessonSheet) else _epoch(place, training))
        if on_epoch and on_epoch(training.sheet, len(errors), errors[-1]):
            break
    return errors


def _reset(place: Epochs, training: TrainingSheet | LessonSheet) -> None:
    if isinstance(training, LessonSheet):
        _reset_lesson(place, training)
    else:
        cells: dict[Cell, Value] = {pair.target: place.value(pair.at_reset) for pair in training.carried}
        place.write(cells | {cell: None for cell in training.log.cells() if place.value(cell) is not None})


def _epoch(place: Epochs, training: TrainingSheet) -> float:
    """Note the error of the epoch that the sheet shows, and carry its end values over."""
    error, done = _number(place, training, training.error), _number(place, training, training.epochs)
    changes: dict[Cell, Value] = {pair.target: _number(place, training, pair.source) for pair in training.carried}
    row = training.log.top + int(done)
    if row <= training.log.bottom:
        changes |= {Cell(row, training.log.left): done + 1, Cell(row, training.log.right): error}
    place.write(changes)
    return error


def _lesson_epoch(place: Epochs, lesson: LessonSheet, *, as_macro: bool) -> float:
    """As the button of fast.ai's own sheet: note the error, and carry over what its names say."""
    error = _lesson_error(place, lesson)
    pairs = (*(lesson.as_macro if as_macro else lesson.parameters), *lesson.others)
    changes: dict[Cell, Value] = {target: _number(place, lesson, source) for target, source in pairs}
    if lesson.log and (free := next((cell for cell in lesson.log.cells() if place.value(cell) is None), None)):
        changes[free] = error
    place.write(changes)
    return error


def _reset_lesson(place: Epochs, lesson: LessonSheet) -> None:
    """As its button Reset, but for the learning rate, which stays as it was typed."""
    place.write({**lesson.at_reset, **{cell: None for cell in (lesson.log.cells() if lesson.log else ()) if place.value(cell) is not None}})
    for _ in range(lesson.passes):
        place.write({target: _number(place, lesson, source) for target, source in lesson.warmed})
    if lesson.shares:
        error = _lesson_error(place, lesson)
        place.write({cell: share * error for cell, share in lesson.shares.items()})


def _lesson_error(place: Epochs, lesson: LessonSheet) -> float:
    """The root of the sum of the squared errors, which most of its sheets show nowhere."""
    return sqrt(sum((_number(place, lesson, y) - _number(place, lesson, prediction)) ** 2
                    for y, prediction in zip(lesson.ys.cells(), lesson.predictions.cells())))


def _number(place: Epochs, training: TrainingSheet | LessonSheet, cell: Cell) -> float:
    value = place.value(cell)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UserError(f"{quoted(training.sheet)}!{cell} is {'blank' if value is None else value}, not a number: the numbers grew without end, "
                        "or a cell is damaged. Take a smaller learning rate, and start anew (Reset, or --reset).")
    return float(value)
