"""A workbook that is open gets the rows and columns of users and items who came or went: it is saved, built anew, and opened again.

Rows cannot be put into twelve sheets of formulas, charts and rules through a program without a risk to each. So the file is
built anew, as `collabsheet update` does, and takes the place of the one that is open. What is open is saved first and a copy of
it is kept: nothing is lost, whatever was drawn or formatted there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from pyxl.base.retry_while_busy import retry_while_busy
from pyxl.grid.block_names import CHOSEN, CONTROLS, SOURCE, control_name
from pyxl.grid.cells import Cell, Value, quoted
from pyxl.grid.sheet_names import area_named
from pyxl.hosts.live_host import LiveHost
from pyxl.hosts.read_live import rows_of
from pyxl.hosts.save_copy import save_copy
from pyxl.xlsx import open_workbook
from pyxl.xlsx.atomic_file import not_saved, put_in_place, refuse_read_only
from solver.drafts import draft_folder
from solver.errors import UserError

from .one_run import alone
from .panel import Panel

if TYPE_CHECKING:
    import xlwings

_PARAMETERS = ("_factors", "_bias", "_weights")      # what the names of blocks that a fit writes end in
_KINDS = (".xlsx", ".xlsm", ".ods")


class Rebuilt(Protocol):
    """What an update did: `workbook.update.Updated`."""

    def told(self) -> str:
        """Who came and who went, in words."""
        ...


R = TypeVar("R", bound=Rebuilt)


@dataclass(frozen=True)
class LiveUpdate(Generic[R]):
    """`book` is what is open now. Where nothing was to be done, `done` and `kept` (the copy of before) are None."""

    book: xlwings.Book
    done: R | None
    kept: Path | None
    told: str


def update_live(book: xlwings.Book, sheet: str, *, rebuild: Callable[[Path, Path], R | None]) -> LiveUpdate[R]:
    """Update an open xlwings book, save it and open it again at `sheet`, whose status cell tells what was done.

    `rebuild` reads a copy of what is open and writes the updated workbook to a new file, or gives None where there is nothing
    to do. Until that file is complete nothing is changed. Raises UserError; the status cell shows its sentence, too.
    """
    host = LiveHost(book)
    with alone(host, [sheet], "Not updated") as panels:
        panel = panels[sheet]
        panel.say("Updating: reading the workbook …")
        place = _file_of(host)
        try:
            with draft_folder(place.parent) as folder:
                # what the macros of an .ods start is in an .xlsm, which is then saved as .ods
                name = place.name if place.suffix.lower() != ".ods" else f"{place.stem}.xlsm"
                (folder / "now").mkdir()
                copy, draft = folder / "now" / name, folder / name
                before = _contents(book)
                save_copy(book, copy)
                _write_digits(copy, host)
                done = rebuild(copy, draft)
                if done is None:
                    told = "Nothing to update: all sheets have the users and items of the sheet ratings."
                    panel.say(told)
                    return LiveUpdate(book, None, None, told)
                kept = _kept_beside(place)
                told = f"{done.told()}. Saved; the workbook as it was: {kept.name}. Fit next."
                _write_status(draft, sheet, told)
                panel.bar("Updating: opening the workbook anew …")
                if place.suffix == copy.suffix:
                    shutil.copyfile(copy, kept)
                else:
                    save_copy(book, kept)
                _refuse_edited(before, _contents(book), _statuses(host), kept)
                return LiveUpdate(_changed_over(book, draft, place, kept, sheet), done, kept, told)
        except OSError as error:
            raise not_saved(place.name, error) from error


def _file_of(host: LiveHost) -> Path:
    """The file of the open workbook. Raises UserError where there is none that can be built anew."""
    place = Path(host.place)
    if not place.is_absolute() or not place.is_file():
        raise UserError("The workbook is in no folder of this machine. Save it to one, and update then.")
    if place.suffix.lower() not in _KINDS:
        raise UserError(f"'{place.name}' is neither .xlsx nor .xlsm nor .ods. Save it as one of them, and update then.")
    refuse_read_only(place)
    return place


def _kept_beside(place: Path) -> Path:
    """A free name beside the workbook for the copy of before."""
    names = (f"{place.stem} before update{number}{place.suffix}" for number in ("", *(f" {n}" for n in range(2, 10_000))))
    return next(path for name in names if not (path := place.with_name(name)).exists())


def _write_digits(copy: Path, host: LiveHost) -> None:
    """Put the factors into the copy as they are, to the last digit: LibreOffice writes 15 digits, and 17 tell a number."""
    with open_workbook(copy) as book:
        exact: dict[str, dict[Cell, Value]] = {}
        for name in book.names:
            where = area_named(book, name.name)
            if where and name.name.endswith(_PARAMETERS) and not name.name.startswith(f"{CHOSEN}_"):
                sheet, area = where
                exact.setdefault(sheet, {}).update((cell, value) for cell, value in zip(area.cells(), host.values(sheet, area))
                                                   if book.grid(sheet).owner(cell) is None)
        book.save(exact)


def _write_status(draft: Path, sheet: str, told: str) -> None:
    """What the sheet will say, in the file already: who opens it has nothing to save."""
    with open_workbook(draft) as book:
        for name in (control_name(SOURCE[0], CONTROLS[0]), control_name(sheet, CONTROLS[0])):
            where = area_named(book, name)
            if where and where[0] == sheet:
                book.save({sheet: {where[1].first: told}})
                return


def _contents(book: xlwings.Book) -> dict[str, list[list]]:
    """What all cells of all sheets hold, formulas as their text: a call a sheet."""
    return retry_while_busy(lambda: {sheet.name: rows_of(sheet.used_range.formula) for sheet in book.sheets})


def _refuse_edited(before: Mapping[str, list[list]], now: Mapping[str, list[list]], ours: Set[tuple[str, Cell]], kept: Path) -> None:
    """Raise UserError where somebody has typed since the workbook was read: that would not be in the new one."""
    for sheet, rows in now.items():
        old = {Cell(row, col): text for row, line in enumerate(before.get(sheet, []), 1) for col, text in enumerate(line, 1) if text not in (None, "")}
        new = {Cell(row, col): text for row, line in enumerate(rows, 1) for col, text in enumerate(line, 1) if text not in (None, "")}
        if changed := [cell for cell in old.keys() | new.keys() if old.get(cell) != new.get(cell) and (sheet, cell) not in ours]:
            kept.unlink()
            raise UserError(f"{quoted(sheet)}!{min(changed)} was changed meanwhile. Press Update again.")


def _statuses(host: LiveHost) -> set[tuple[str, Cell]]:
    """The cells in which we say how far it is."""
    found = (area_named(host, name.name) for name in host.names if name.name.endswith(control_name("", CONTROLS[0])))
    return {(where[0], where[1].first) for where in found if where}


def _changed_over(book: xlwings.Book, draft: Path, place: Path, kept: Path, sheet: str) -> xlwings.Book:
    """Close what is open, put the draft into its place and open that."""
    app = book.app
    retry_while_busy(book.close)
    try:
        if place.suffix.lower() == ".ods":
            opened = _opened(app, draft)
            opened.save(str(place))
        else:
            put_in_place(draft, place)
            opened = _opened(app, place)
    except Exception as why:        # the user sees the workbook of before again, and what was wrong
        Panel(LiveHost(_opened(app, kept)), sheet).say(f"Not updated: {why}")
        raise
    if sheet in [there.name for there in opened.sheets]:
        opened.sheets[sheet].activate()
    return opened


def _opened(app: xlwings.App, path: Path) -> xlwings.Book:
    """Opened without xlwings' question whether another one of this name is open, which LibreOffice does not mind."""
    import xlwings

    return xlwings.Book(impl=app.impl.books.open(str(path)))
