"""Columns of a Parquet file, or of a folder of them, a batch of rows at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from solver.errors import UserError

from .column_roles import FoundColumns
from .columns import Growing, Numbers, TableRows
from .rating_texts import LARGEST_RATING, parse_rating

SUFFIXES = (".parquet", ".pq")
_BATCH = 4_000_000      # rows read at once


@dataclass(frozen=True)
class ParquetTable:
    """Parquet files that hold one table, a part each, in the order of their names."""

    path: Path
    files: tuple[Path, ...]
    starts: tuple[int, ...]     # rows before each file
    columns: tuple[str, ...]

    unit = "row"
    comma_separates = False

    @property
    def name(self) -> str:
        """The file's or the folder's name, as messages show it."""
        return self.path.name

    def at(self, row: int) -> str:
        """``'ratings.parquet, row 17'``: how a message begins; rows count from 1."""
        part = max(n for n, start in enumerate(self.starts) if start < row)
        return f"{self.files[part].name}, row {row - self.starts[part]}"

    def first_line(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.columns

    def way_of_writing(self, *, separator_given: bool, decimal_comma: bool) -> str:
        """Nothing: a Parquet file says itself how it is written."""
        return ""


def is_parquet(path: Path) -> bool:
    """Whether a file has the ending of a Parquet file, or a folder holds such a file."""
    return bool(_parts(path)) if path.is_dir() else path.suffix.lower() in SUFFIXES


def examine_parquet(path: Path) -> ParquetTable:
    """The table; only the ends of its files were read. Raises UserError for a file that is no Parquet file."""
    files = _parts(path) if path.is_dir() else (path,)
    names, rows = [], []
    for file in files:
        with _open(file) as opened:
            names.append(tuple(name.strip() for name in opened.schema_arrow.names))
            rows.append(opened.metadata.num_rows)
    if not sum(rows):
        raise UserError(f"{path.name} is empty. Give a file with a row for every entry.")
    return ParquetTable(path, files, tuple(accumulate(rows, initial=0))[:-1], names[0])


def read_parquet(table: ParquetTable, found: FoundColumns, *, numeric: int) -> TableRows:
    """The found columns, in order; that of role `numeric` as `numbers`, where the file stores numbers there.

    Raises UserError for a file that lacks a column, cannot be read, or holds what is no id or no number.
    """
    names = [table.columns[position] for position in found.positions]
    time = None if found.time is None else table.columns[found.time]
    growing = Growing(len(names), timed=time is not None)
    numbers: list[np.ndarray] = []
    for file, start in zip(table.files, table.starts):
        with _open(file) as opened:
            schema = opened.schema_arrow
            stripped = {name.strip(): name for name in schema.names}
            wanted = [_there(file, stripped, name) for name in [*names, *([time] if time else [])]]
            try:
                for batch in opened.iter_batches(_BATCH, columns=list(dict.fromkeys(wanted))):
                    _add(batch, table, wanted, growing, numbers, start, numeric=numeric)
                    start += len(batch)
            except (OSError, pa.ArrowException) as error:
                raise _broken(file) from error
    rows = growing.rows()
    return replace(rows, numbers=Numbers(np.concatenate(numbers))) if numbers else rows


def _add(batch: pa.RecordBatch, table: ParquetTable, wanted: list[str], growing: Growing,
         numbers: list[np.ndarray], start: int, *, numeric: int) -> None:
    """Add a batch of rows, `start` of them before it."""
    codes = []
    for role, name in enumerate(wanted[:len(growing.texts)]):
        values = _plain(batch.column(name), name, table)
        if role == numeric and _is_number(values.type):
            numbers.append(_finite(values, table, start))
            codes.append(np.empty(0, np.int32))
            continue
        encoded = values.dictionary_encode()
        texts = [_text(value) for value in encoded.dictionary.to_pylist()]
        indices = encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
        codes.append(growing.codes_of(role, texts + [""] * (values.null_count > 0))[indices])
    growing.add(codes, np.arange(start + 1, start + 1 + len(batch), dtype=np.int32))
    if growing.times:
        growing.times.add(_plain(batch.column(wanted[-1]), wanted[-1], table))


def _plain(values: pa.Array, name: str, table: ParquetTable) -> pa.Array:
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


def _finite(values: pa.Array, table: ParquetTable, start: int) -> np.ndarray:
    """(n,) float64, NaN where there is no rating. Raises UserError for NaN, and what cannot be computed with."""
    blank = values.is_null().to_numpy(zero_copy_only=False)
    numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    odd = ~(np.abs(numbers) <= LARGEST_RATING) & ~blank
    if odd.any():
        row = int(odd.argmax())
        parse_rating(str(numbers[row]), decimal=".", at=table.at(start + row + 1))  # says what is wrong
    return numbers


def _text(value) -> str:
    """An id as a text file would hold it; NaN is none."""
    return "" if isinstance(value, float) and math.isnan(value) else str(value)


def _there(file: Path, names: dict[str, str], name: str) -> str:
    if name not in names:
        raise UserError(f"{file.name} has no column '{name}', as the first file beside it has. Remove one of them.")
    return names[name]


def _parts(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES))


def _open(file: Path) -> pq.ParquetFile:
    try:
        opened = pq.ParquetFile(file)
        names = [name.strip() for name in opened.schema_arrow.names]
    except FileNotFoundError:
        raise UserError(f"There is no file '{file.name}'. Check its name and folder.") from None
    except UnicodeDecodeError:
        raise UserError(f"'{file.name}' has a column whose name is not UTF-8 text. Rename it in the program that wrote the file.") from None
    except (OSError, pa.ArrowException) as error:
        raise _broken(file) from error
    if (twice := next((name for name in names if names.count(name) > 1), None)) is not None:
        opened.close()
        raise UserError(f"'{file.name}' has two columns '{twice}', and it cannot be told which is meant. Rename or remove one.")
    return opened


def _broken(file: Path) -> UserError:
    return UserError(f"'{file.name}' is no Parquet file, or a damaged one. Get a whole copy of it.")
