"""Columns of a Parquet or Feather file, a batch of rows at a time."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

from solver.errors import UserError
from solver.reading.looked_at.bad_rows import BadRows
from solver.reading.looked_at.columns import Growing
from solver.reading.looked_at.rating_texts import LARGEST_RATING, parse_rating
from solver.reading.looked_at.roles import FoundColumns
from solver.reading.looked_at.sources import Source
from solver.reading.looked_at.table_port import SourceTable, Told

from .crosstabs import crosstab_in

_BATCH = 4_000_000      # rows read at once
_AT_ONCE = 1_000        # of these made Python's
_SAMPLED_ROWS = 200


class _Batches(Protocol):
    """An open file, as a file of Parquet is: names, rows, and batches of columns."""

    names: list[str]
    n_rows: int
    metadata: Mapping[bytes, bytes]

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]: ...


class _Parquet:
    def __init__(self, source: Source):
        self._file = pq.ParquetFile(_bytes_of(source))
        self.names = self._file.schema_arrow.names
        self.n_rows, self.metadata = self._file.metadata.num_rows, self._file.schema_arrow.metadata or {}

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        return self._file.iter_batches(_BATCH, columns=columns)


class _Feather:
    def __init__(self, source: Source):
        with warnings.catch_warnings():     # files of the first version are read as long as pyarrow reads them
            warnings.simplefilter("ignore", DeprecationWarning)
            self._table = pyarrow.feather.read_table(_bytes_of(source))
        self.names, self.n_rows, self.metadata = self._table.schema.names, self._table.num_rows, self._table.schema.metadata or {}

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        return iter(self._table.select(columns).combine_chunks().to_batches(_BATCH))


_KINDS: dict[str, Callable[[Source], _Batches]] = {"Parquet": _Parquet, "Feather": _Feather}


@dataclass(frozen=True)
class ArrowTable:
    """A file that was looked at; of `kind` ``'Parquet'`` or ``'Feather'``."""

    source: Source
    kind: str
    columns: tuple[str, ...]

    unit = "row"
    comma_separated = leaves_out_unrated = False

    @property
    def name(self) -> str:
        """The file's name, as messages show it."""
        return self.source.name

    def at(self, row: int) -> str:
        """``'ratings.parquet, row 17'``: how a message begins; rows count from 1."""
        return f"{self.name}, row {row}"

    def first_line(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.columns

    def sample(self) -> list[list[str]]:
        """The names and the first rows, as texts."""
        return [texts for _, texts in islice(self.rows(), _SAMPLED_ROWS + 1)]

    def rows(self, *, bad: BadRows | None = None) -> Iterator[tuple[int, list[str]]]:
        """(row number, texts) of the names and of every row."""
        yield 0, list(self.columns)
        opened, before = _opened(self.source, self.kind), 0
        stripped = {name.strip(): name for name in opened.names}
        wanted = [stripped[name] for name in self.columns]
        for batch in opened.batches(wanted):
            for start in range(0, len(batch), _AT_ONCE):
                for number, row in enumerate(batch.slice(start, _AT_ONCE).to_pylist(), before + start + 1):
                    yield number, [_text(row[name]) for name in wanted]
            before += len(batch)

    def read_as(self) -> tuple[str, ...]:
        """Nothing: its columns have names and types."""
        return ()

    def read(self, found: FoundColumns, rows: Growing, bad: BadRows) -> None:
        """Add the found columns; the numeric one as numbers, where it holds numbers.

        Raises UserError for a file that cannot be read, or holds what is no id or no number.
        """
        opened = _opened(self.source, self.kind)
        stripped = {name.strip(): name for name in opened.names}
        positions = (*found.positions, *([found.time] if found.time is not None else []))
        wanted = [stripped[self.columns[position]] for position in positions]
        start = 0
        try:
            for batch in opened.batches(list(dict.fromkeys(wanted))):
                _add(batch, self, wanted, rows, bad, start)
                start += len(batch)
        except (OSError, pa.ArrowException) as error:
            raise _broken(self.source, self.kind) from error


def look_at_parquet(source: Source, told: Told) -> SourceTable:
    """The table of a Parquet file, of which only the end was read. Raises UserError for what is none."""
    return _look(source, "Parquet", told)


def look_at_feather(source: Source, told: Told) -> SourceTable:
    """The table of a Feather (Arrow) file. Raises UserError for what is none."""
    return _look(source, "Feather", told)


def _look(source: Source, kind: str, told: Told) -> SourceTable:
    opened = _opened(source, kind)
    if not opened.n_rows:
        raise UserError(f"{source.name} is empty. Give a file with a row for every entry.")
    table = ArrowTable(source, kind, tuple(name.strip() for name in opened.names))
    return crosstab_in(_index_first(table, opened), told) or table


def _index_first(table: ArrowTable, opened: _Batches) -> ArrowTable:
    """The table with the index of a pandas frame, which is stored last, before all else: of a crosstab it labels the rows."""
    index = json.loads(opened.metadata.get(b"pandas", b"{}")).get("index_columns", [])
    if len(index) != 1 or index[0] not in table.columns:
        return table
    return replace(table, columns=(index[0], *(name for name in table.columns if name != index[0])))


def _add(batch: pa.RecordBatch, table: ArrowTable, wanted: list[str], rows: Growing, bad: BadRows, start: int) -> None:
    """Add a batch of rows, `start` of them before it."""
    codes, numbers = [], None
    for role, name in enumerate(wanted[:len(rows.texts)]):
        values = _plain(batch.column(name), name, table)
        if role == rows.numeric and _is_number(values.type):
            numbers = _finite(values, table, start, bad)
            codes.append(np.empty(0, np.int32))
            continue
        encoded = values.dictionary_encode()
        texts = [_text(value) for value in encoded.dictionary.to_pylist()]
        indices = encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
        codes.append(rows.codes_of(role, texts + [""] * (values.null_count > 0))[indices])
    rows.add(codes, np.arange(start + 1, start + 1 + len(batch), dtype=np.int32), numbers)
    if rows.times:
        rows.times.add(_plain(batch.column(wanted[-1]), wanted[-1], table))


def _plain(values: pa.Array, name: str, table: ArrowTable) -> pa.Array:
    """The values as numbers, texts or times, whatever they are stored as."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kind = values.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string())
    if not (_is_number(kind) or pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind)
            or pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        raise UserError(f"{table.name}: the column '{name}' holds {kind}, which is no id, rating or time. "
                        "Say with --columns which columns to read.")
    return values


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _finite(values: pa.Array, table: ArrowTable, start: int, bad: BadRows) -> np.ndarray:
    """(n,) float64, NaN where there is no rating, or one that `bad` leaves out: NaN itself, and what cannot be computed with."""
    blank = values.is_null().to_numpy(zero_copy_only=False)
    numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    odd = ~(np.abs(numbers) <= LARGEST_RATING) & ~blank
    if odd.any():
        row = int(odd.argmax())
        try:
            parse_rating(str(numbers[row]), decimal=".", at=table.at(start + row + 1))  # says what is wrong
        except UserError as error:
            bad.found(str(error), int(odd.sum()))
        numbers = np.where(odd, np.nan, numbers)
    return numbers


def _text(value) -> str:
    """An id as a text file would hold it; NaN is none."""
    return "" if isinstance(value, float) and math.isnan(value) else str(value)


def _bytes_of(source: Source) -> Path | pa.BufferReader:
    if not source.packed:
        return source.path
    with source.opened() as raw:
        return pa.BufferReader(raw.read())


def _opened(source: Source, kind: str) -> _Batches:
    try:
        opened = _KINDS[kind](source)
        names = [name.strip() for name in opened.names]
    except UnicodeDecodeError:
        raise UserError(f"'{source.name}' has a column whose name is not UTF-8 text. Rename it in the program that wrote the file.") from None
    except (OSError, pa.ArrowException) as error:
        raise _broken(source, kind) from error
    if (twice := next((name for name in names if names.count(name) > 1), None)) is not None:
        raise UserError(f"'{source.name}' has two columns '{twice}', and it cannot be told which is meant. Rename or remove one.")
    return opened


def _broken(source: Source, kind: str) -> UserError:
    return UserError(f"'{source.name}' is no {kind} file, or a damaged one. Get a whole copy of it.")
