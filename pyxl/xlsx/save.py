"""Edits into a workbook file: checked, written beside it, verified, and only then put in place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from pyxl.grid.cells import Cell, Range
from pyxl.xlsx.parts.cell_xml import InsteadOfFormula
from pyxl.xlsx.parts.sheet_splice import Edits, splice
from solver.errors import UserError

from .atomic_file import not_saved, one_saver, put_in_place, refuse_unless_writable, same_file, temporary_beside
from .calc_chain import without_cells
from .chart_caches import CellsOf, edited_charts
from .new_sheets import NewSheet, added_parts
from .package import Package
from .read_back import verify_edits
from .workbook_part import WorkbookPart, with_full_calculation
from .zip_copy import Rewrite, copy_package, verify_copy, written_package

_ENDINGS = (".xlsx", ".xlsm", ".xltx", ".xltm")   # one format each: Excel refuses a file with another's ending


def save_package(package: Package, workbook: WorkbookPart, edits: Edits, *,
                 pivots: Mapping[str, Sequence[tuple[str, Range]]], values: CellsOf, new_sheets: Sequence[NewSheet] = (),
                 out: Path | None = None, overwrite: bool = False, wait: float = 30.0) -> Path:
    """Write `package` with `edits` to `out`, or over the file itself; all or nothing.

    `pivots` gives each edited sheet's pivot tables, `values` what a sheet's cells hold; of `new_sheets`, `edits` holds the cells. Only the edited sheets,
    workbook.xml (which asks for recalculation) and what charts keep of edited cells change, and where sheets are added the parts that list them. Saving over the file itself closes `package`. Waits up to
    `wait` seconds for another saver in the folder. Raises UserError, a sentence that says why
    nothing was saved.
    """
    given, target, in_place = checked_target(package, out=out, overwrite=overwrite)
    rewrites = _rewrites(workbook, edits, pivots)
    for part, content in edited_charts(package, workbook, edits, values).items():
        rewrites[part] = partial(_instead, content)
    added: dict[str, bytes] = {}
    if new_sheets:
        added, insertions = added_parts(package, workbook, new_sheets, edits)
        for part, insert in insertions.items():
            rewrites[part] = _then(insert, rewrites.get(part))
    if in_place and not rewrites:
        return given
    try:
        with one_saver(target.parent, target.name, wait=wait):
            if not overwrite and not in_place and target.exists():
                raise _exists(target)
            refuse_unless_writable(target)
            with temporary_beside(target) as temporary:
                with Path(temporary).open("r+b") as file:
                    copy_package(package, file, rewrites, added)
                    file.flush()
                    os.fsync(file.fileno())
                with written_package(temporary, package) as written:
                    verify_copy(written, package, rewrites, added)
                    verify_edits(written, edits)
                _refuse_if_changed(package)
                if in_place:
                    package.close()      # Windows does not rename over a file that is open
                put_in_place(temporary, target)
    except OSError as error:
        raise not_saved(target.name, error) from error
    return given


def checked_target(package: Package, *, out: Path | None, overwrite: bool) -> tuple[Path, Path, bool]:
    """(the path to save to, the file that will be replaced or made, whether it is the source).

    Raises UserError for all that can be known beforehand to stand in the way of saving there, so
    that nobody computes for a minute and is refused then.
    """
    try:
        return _checked(package, out, overwrite)
    except OSError as error:
        raise not_saved((out or package.path).name, error) from error


def _checked(package: Package, out: Path | None, overwrite: bool) -> tuple[Path, Path, bool]:
    in_place = out is None or same_file(out, package.path)
    if in_place and out is not None and not overwrite:
        raise _exists(out)
    given = package.path if out is None else Path(out)
    target = Path(os.path.realpath(given))         # a link stays a link: what it points to is replaced
    if not target.parent.is_dir():
        raise UserError(f"There is no folder for '{target.name}'. Make it first, or choose another place.")
    _refuse_ending(package.path, target)
    if package.signed:
        raise UserError(f"'{package.name}' carries a digital signature, which any change would break. "
                        "Remove it in Excel first (File > Info > View Signatures); nothing was saved.")
    if not overwrite and not in_place and target.exists():
        raise _exists(target)
    refuse_unless_writable(target)
    return given, target, in_place


def _rewrites(workbook: WorkbookPart, edits: Edits, pivots) -> dict[str, Rewrite]:
    """part -> what rewrites it."""
    rewrites: dict[str, Rewrite] = {}
    for sheet, cells in edits.items():
        if cells and sheet in workbook.sheets:
            part = workbook.sheets[sheet]
            rewrites[part] = partial(splice, edits=cells, sheet=sheet, part=part, pivots=pivots[sheet])
    if rewrites:
        rewrites[workbook.part] = lambda chunks: [with_full_calculation(b"".join(chunks), workbook.part)]
    gone = {(workbook.numbers[sheet], str(Cell(*cell))) for sheet, cells in edits.items() if sheet in workbook.sheets
            for cell, edit in cells.items() if isinstance(edit, InsteadOfFormula)}
    if gone and workbook.calc_chain:
        rewrites[workbook.calc_chain] = lambda chunks: [without_cells(b"".join(chunks), gone)]
    return rewrites


def _then(insert: Callable[[bytes], bytes], after: Rewrite | None) -> Rewrite:
    """A rewrite that inserts into a small part before it is rewritten otherwise."""
    def rewrite(chunks):
        edited = [insert(b"".join(chunks))]
        return after(iter(edited)) if after else edited
    return rewrite


def _instead(content: bytes, chunks: Iterator[bytes]) -> list[bytes]:
    """A part that is there as it will be."""
    return [content]


def _refuse_if_changed(package: Package) -> None:
    try:
        now = os.stat(package.path)
    except FileNotFoundError:
        now = None
    then = package.stamp
    if now is None or (now.st_ino, now.st_size, now.st_mtime_ns) != (then.st_ino, then.st_size, then.st_mtime_ns):
        raise UserError(f"'{package.name}' was changed by another program since it was read. "
                        "Run again to use the new version; nothing was saved.")


def _refuse_ending(source: Path, target: Path) -> None:
    have, want = source.suffix.lower(), target.suffix.lower()
    if have in _ENDINGS and have != want:
        raise UserError(f"'{target.name}' should end in '{have}' like the workbook it comes from, "
                        "or Excel will not open it. Give such a name.")


def _exists(out: Path) -> UserError:
    return UserError(f"'{out.name}' exists already. Give another output name, or say --overwrite.")
