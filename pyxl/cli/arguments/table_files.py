"""Writes long tables of answers as .csv or .parquet: whole, or not at all."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from solver.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

TABLE_ENDINGS = (".csv", ".parquet")


def add_table_arguments(parser: argparse.ArgumentParser, what: str) -> None:
    """Add ``-o`` and ``--overwrite``."""
    parser.add_argument("-o", "--output", metavar="TABLE", help=f"write {what} to this file: .csv or .parquet")
    parser.add_argument("--overwrite", action="store_true", help="replace it if it exists")


def checked_table(path: str, *, overwrite: bool) -> None:
    """Before anything is computed: raise UserError where the table cannot be written."""
    from workbook.new_file import checked_new_target

    if Path(path).suffix.lower() not in TABLE_ENDINGS:
        raise UserError(f"{path}: a table is written as {' or '.join(TABLE_ENDINGS)}. Give a name that ends so.")
    checked_new_target(path, overwrite=overwrite)


def write_table(frame: pd.DataFrame, path: str, *, overwrite: bool) -> None:
    """Write a table to a new file. Raises UserError where it cannot be written."""
    from workbook.new_file import new_file

    checked_table(path, overwrite=overwrite)
    with new_file(path, overwrite=overwrite) as draft:
        if Path(path).suffix.lower() == ".csv":
            frame.to_csv(draft, index=False)
        else:
            frame.to_parquet(draft, index=False)


def table_rows(frame: pd.DataFrame) -> list[list]:
    """The rows of a table, each value as its column holds it: a whole number beside fractions stays one."""
    return [list(row) for row in frame.itertuples(index=False, name=None)]
