"""The first step to a store: a file of ratings becomes parts of at most a few million rows on disk, each with labels of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from solver.errors import UserError
from solver.reading.looked_at.bad_rows import BadRows
from solver.reading.looked_at.columns import Column, Growing, TableRows
from solver.reading.looked_at.roles import FoundColumns
from solver.reading.looked_at.table_port import ReadAgain, SourceTable
from solver.reading.missing_marks import rows_rated
from solver.reading.rating_columns import how_many_of, numbers_of, readable_rows
from solver.reading.readers import refuse_contradicted

from .label_files import SortedLabels, sorted_labels, write_labels
from .whole_files import write_arrays, write_json

MOST_DISTINCT = 256     # different ratings up to which one is stored in a byte


@dataclass(frozen=True)
class HowToRead:
    """How the user says the ratings are written; the columns that hold them are found elsewhere."""

    decimal: str | None = None
    bad_lines: str = "refuse"
    missing: str | None = None
    rows_at_once: int = 2_000_000


@dataclass
class FileRead:
    """What was found in a file of ratings. `distinct` lists its different ratings; it is None where a byte could not number them all."""

    parts: list[str] = field(default_factory=list)
    rows: int = 0
    blanks: int = 0
    first_blank: str = ""
    unrated: int = 0                # rows with the number that was said to stand for unrated
    comma: bool = False
    point: bool = False
    lost_digits: bool = False       # whether a rating is not the same in 32 bits
    distinct: list[float] | None = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def spool_file(table: SourceTable, found: FoundColumns, folder: Path, name: str, how: HowToRead) -> None:
    """Write the parts ``folder/parts/NAME-…`` of a table, and last ``folder/files/NAME.json``, which says what was found.

    Parts that an earlier, killed call left are removed first. Raises UserError for what is no rating.
    """
    while True:
        for part in (folder / "parts").glob(f"{name}-*"):
            shutil.rmtree(part)
        file = FileRead()
        bad = BadRows(how.bad_lines)

        def take(rows: TableRows, table: SourceTable = table, file: FileRead = file, bad: BadRows = bad) -> None:
            _write_part(folder / "parts" / f"{name}-{len(file.parts):05}", table, found, rows, bad, file, how)

        growing = _Spool(len(found.positions), take, how.rows_at_once)
        try:
            table.read(found, growing, bad)
            growing.flush()
        except ReadAgain as again:
            table = again.table
            continue
        file.notes += bad.notes(table.name, table.unit)
        write_json(folder / "files" / f"{name}.json", asdict(file))
        return


class _Spool(Growing):
    """Collects rows, and hands them on whenever there are many, so that memory stays small."""

    def __init__(self, n_columns: int, take: Callable[[TableRows], None], most: int):
        super().__init__(n_columns, timed=False, numeric=n_columns - 1)
        self._take, self._most, self._held, self._last = take, most, 0, 0

    def add(self, codes, lines, numbers=None) -> None:
        super().add(codes, lines, numbers)
        self._held += len(lines)
        if len(lines):
            self._last = int(lines[-1]) + self.offset
        if self._held >= self._most:
            self.flush()

    @property
    def last_line(self) -> int:
        return self._last

    def flush(self) -> None:
        if self._held:
            self._held = 0
            self._take(self.rows())


def _write_part(path: Path, table: SourceTable, found: FoundColumns, rows: TableRows, bad: BadRows, file: FileRead,
                how: HowToRead) -> None:
    blank = rows.values.blank()
    if blank.any():
        file.first_blank = file.first_blank or table.at(rows.lines[blank][0])
        file.blanks += int(blank.sum())
    rated = readable_rows(table, rows, bad, how.decimal)
    (users, items), values, lines = (column.take(rated) for column in rows.columns[:2]), rows.values.take(rated), rows.lines[rated]
    if not len(lines):
        return
    if found.by_place and not file.parts:
        refuse_contradicted(table, found, users, items)
    numbers, comma, notes = numbers_of(table, values, lines, how.decimal)
    if notes and not file.notes:
        file.notes += notes
    if how.missing is not None and not table.leaves_out_unrated:
        there, _ = rows_rated(table, numbers, how.missing, refuse=False)
        if there is not None:
            file.unrated += int((~there).sum())
            users, items, numbers, lines = users.take(there), items.take(there), numbers[there], lines[there]
    if not len(lines):
        return
    file.comma |= comma
    file.point |= isinstance(values, Column) and not comma and any("." in text for text in values.texts)
    _note_values(file, numbers)
    arrays, labels = {"values": numbers}, dict[str, SortedLabels]()
    for side, column in (("users", users), ("items", items)):
        labels[side], places = sorted_labels(column.texts)
        arrays[side] = places[column.codes]
    write_arrays(path, **arrays)
    for side, own in labels.items():
        write_labels(path / f"{side}_labels", [own], whole_numbers=isinstance(own, np.ndarray))
    file.parts.append(path.name)
    file.rows += len(lines)


def _note_values(file: FileRead, numbers: np.ndarray) -> None:
    distinct = np.unique(numbers)
    file.lost_digits |= bool((distinct.astype(np.float32) != distinct).any())
    if file.distinct is not None:
        every = np.union1d(np.array(file.distinct), distinct)
        file.distinct = every.tolist() if len(every) <= MOST_DISTINCT else None


def refuse_two_signs(files: list[FileRead], name: str) -> None:
    """Raise UserError where commas mark decimals in some parts, and points in others."""
    if any(file.comma for file in files) and any(file.point for file in files):
        raise UserError(f"{name}: some ratings have a decimal comma, some a decimal point. Write them alike, or say --decimal.")


def notes_on_files(files: list[FileRead], unit: str) -> list[str]:
    """Sentences on what was odd in the files; what is odd in several of them is one sentence."""
    blanks, first = sum(file.blanks for file in files), next((file.first_blank for file in files if file.first_blank), "")
    notes = [f"{first}: there is no rating; {how_many_of(blanks, f'such {unit}')} left out."] if blanks else []
    if unrated := sum(file.unrated for file in files):
        notes.append(f"{how_many_of(unrated, unit)} with the number that means unrated left out.")
    for file in files:
        notes += file.notes
    if any(file.lost_digits for file in files):
        notes.append("Some ratings have more digits than 32 bits keep; they are stored to about 7 digits.")
    return notes
