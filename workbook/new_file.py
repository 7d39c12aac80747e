"""A workbook written as a new file: beside its place at first, there when it is whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from xlsxwriter.exceptions import XlsxWriterException

from pyxl.xlsx.atomic_file import not_saved, put_in_place, refuse_unless_writable
from solver.errors import UserError


@contextmanager
def new_file(path, *, overwrite: bool) -> Iterator[Path]:
    """Gives the path of a draft to write, which then takes its place.

    Raises UserError, with nothing written, where `path` exists (unless `overwrite`), is open
    elsewhere or cannot be written.
    """
    target = checked_target(path, overwrite=overwrite)
    try:
        # a folder of its own beside the target: the draft has the right name in every message
        with TemporaryDirectory(prefix=".~collabsheet-", dir=target.parent) as folder:
            draft = Path(folder) / target.name
            yield draft
            put_in_place(draft, target)
    except XlsxWriterException as error:
        if isinstance(error.__context__, OSError):
            raise not_saved(target.name, error.__context__) from error
        raise
    except OSError as error:
        raise not_saved(target.name, error) from error


def checked_target(path, *, overwrite: bool) -> Path:
    """Where a new file will be: of a symbolic link, which stays one, its target. Raises UserError as `new_file`."""
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise UserError(f"The folder of '{target.name}' does not exist. Make it, or choose another one.")
    if target.exists() and not target.is_dir() and not overwrite:
        raise UserError(f"'{target.name}' exists already; it was not touched. "
                        "Choose another name, or say --overwrite.")
    refuse_unless_writable(target)
    return target
