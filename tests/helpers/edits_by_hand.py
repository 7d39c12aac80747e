"""What people do to a workbook by hand, as LibreOffice does it: each edit, and what it leads to.

A workbook of 8 users and 7 films: on `ratings` the labels stand in A7:A15 and B7:H7, the ratings in B8:H15, with free rows
and columns behind; on `bias`, with 2 factors, the ratings in E2:K9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyxl.engines.libreoffice.find_office import load_uno

WORKS = "works"


@dataclass(frozen=True)
class Edit:
    """`do` gets the LibreOffice document. `leads_to` is WORKS, part of the note beside a fit that works, or of the
    sentence that refuses one; `where` is the sheet that is edited."""

    what: str
    where: str
    do: Callable
    leads_to: str = WORKS
    refused: bool = False


def write(**cells) -> Callable:
    """Type values: ``write(B8=4.0)``; None clears."""
    def do(document, sheet):
        for name, value in cells.items():
            cell = sheet.getCellRangeByName(name)
            if value is None:
                cell.clearContents(1 | 2 | 4 | 16)
            elif isinstance(value, str):
                cell.String = value
            else:
                cell.Value = value
    return do


def lines(kind: str, action: str, place: int, then: Callable | None = None) -> Callable:
    """Insert (``insertByIndex``) or delete (``removeByIndex``) one whole row or column, counted from 1."""
    def do(document, sheet):
        getattr(getattr(sheet, kind), action)(place - 1, 1)
        if then:
            then(document, sheet)
    return do


def sort(area: str, field: int, *, columns: bool = False) -> Callable:
    """Sort an area downwards by its column `field`, or sideways by its row, the largest first."""
    def do(document, sheet):
        uno = load_uno()
        by = uno.createUnoStruct("com.sun.star.table.TableSortField")
        by.Field, by.IsAscending = field, False
        properties = []
        for name, value in (("SortFields", uno.Any("[]com.sun.star.table.TableSortField", (by,))), ("IsSortColumns", columns),
                            ("ContainsHeader", False)):
            one = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
            one.Name, one.Value = name, value
            properties.append(one)
        uno.invoke(sheet.getCellRangeByName(area), "sort", (uno.Any("[]com.sun.star.beans.PropertyValue", tuple(properties)),))
    return do


def paste(source: str, target: str, *, cut: bool = False) -> Callable:
    """Copy, or cut, an area and paste it at a cell."""
    def do(document, sheet):
        move = sheet.moveRange if cut else sheet.copyRange
        move(sheet.getCellRangeByName(target).CellAddress, sheet.getCellRangeByName(source).RangeAddress)
    return do


def paste_values(source: str, target: str) -> Callable:
    """Paste special, values only."""
    def do(document, sheet):
        sheet.getCellRangeByName(target).DataArray = sheet.getCellRangeByName(source).DataArray
    return do


def fill_down(area: str) -> Callable:
    """Drag the handle of the first cell over the area."""
    def do(document, sheet):
        direction = load_uno().Enum("com.sun.star.sheet.FillDirection", "TO_BOTTOM")
        sheet.getCellRangeByName(area).fillAuto(direction, 1)
    return do


def hide(kind: str, place: int) -> Callable:
    def do(document, sheet):
        getattr(sheet, kind).getByIndex(place - 1).IsVisible = False
    return do


def rename(name: str) -> Callable:
    def do(document, sheet):
        sheet.Name = name
    return do


def keep_only(area: str, field: int, least: float) -> Callable:
    """An AutoFilter that shows the rows from `least` on."""
    def do(document, sheet):
        uno = load_uno()
        where = sheet.getCellRangeByName(area)
        descriptor = where.createFilterDescriptor(True)
        one = uno.createUnoStruct("com.sun.star.sheet.TableFilterField")
        one.Field, one.IsNumeric, one.NumericValue = field, True, least
        one.Operator = uno.Enum("com.sun.star.sheet.FilterOperator", "GREATER_EQUAL")
        descriptor.setFilterFields((one,))
        where.filter(descriptor)
    return do


_NEW = "of users or items that bias does not have: not fitted. Update takes them in"
_LEFT = "does not name: without ratings there. Update takes them out"

EDITS = (
    Edit("type a rating into a blank, or over another", "ratings", write(B8=1.5, C9=2.0)),
    Edit("clear a rating", "ratings", write(C9=None)),
    Edit("hold a rating out with a question mark", "ratings", write(C9="3.5?")),
    Edit("sort the rows by user", "ratings", sort("A8:H15", 0)),
    Edit("sort the rows by a film's ratings", "ratings", sort("A8:H15", 3)),
    Edit("sort the columns by film", "ratings", sort("B7:H15", 0, columns=True)),
    Edit("cut a rating and paste it elsewhere", "ratings", paste("C9:C9", "D9", cut=True)),
    Edit("copy ratings and paste them over others", "ratings", paste("C9:D10", "C12")),
    Edit("paste values over ratings", "ratings", paste_values("C9:D10", "C12:D13")),
    Edit("fill a rating down by dragging", "ratings", fill_down("C9:C12")),
    Edit("filter the rows", "ratings", keep_only("A7:H15", 0, 9)),
    Edit("hide a row", "ratings", hide("Rows", 9)),
    Edit("hide a column", "ratings", hide("Columns", 3)),
    Edit("insert an empty row", "ratings", lines("Rows", "insertByIndex", 10)),
    Edit("insert an empty column", "ratings", lines("Columns", "insertByIndex", 4)),
    Edit("rename the sheet", "ratings", rename("what we think")),
    Edit("rename the sheet", "bias", rename("my model")),
    Edit("type a new user below the last", "ratings", write(A16="Ann", B16=4.0, C16=2.0), _NEW),
    Edit("insert a row for a new user, inside", "ratings", lines("Rows", "insertByIndex", 10, write(A10="Ann", B10=4.0)), _NEW),
    Edit("insert a row for a new user, first", "ratings", lines("Rows", "insertByIndex", 8, write(A8="Ann", B8=4.0)), _NEW),
    Edit("insert a column for a new film, first", "ratings", lines("Columns", "insertByIndex", 2, write(B7="Film", B8=4.0)), _NEW),
    Edit("delete a user's row", "ratings", lines("Rows", "removeByIndex", 9), _LEFT),
    Edit("delete a film's column", "ratings", lines("Columns", "removeByIndex", 3), _LEFT),
    Edit("give a user another name", "ratings", write(A9="Somebody"), _NEW),
    Edit("type far below the table", "ratings", write(A90="Ann"), "ratings!A90 lies outside", refused=True),
    Edit("type a text for a rating", "ratings", write(C9="good"), "ratings!C9 holds 'good', not a rating", refused=True),
    Edit("type 55 among half to five stars", "ratings", write(C9=55.0), "ratings!C9 is 55; ratings here run from", refused=True),
    Edit("name a user twice", "ratings", paste("A8:A8", "A9"), "ratings!A9 repeats the user of A8", refused=True),
    Edit("delete a user's name only", "ratings", write(A9=None), "is a rating of no user. Name the user in A9", refused=True),
    Edit("delete the row of film names", "ratings", lines("Rows", "removeByIndex", 7), "were deleted. Undo that", refused=True),
    Edit("sort users with their factors", "bias", sort("A16:K23", 3)),
    Edit("cut the RMSE and paste it elsewhere", "bias", paste("K25:K25", "M30", cut=True)),
    Edit("type a rating on a model sheet", "bias", write(E3=4.0), "bias!E3, among the ratings, is no formula any more", refused=True),
    Edit("paste values over the model sheet's ratings", "bias", paste_values("E2:K9", "E2:K9"), "bias!E2, among the ratings, is no formula any more", refused=True),
    Edit("paste user labels in another order over the predictions", "bias", paste_values("D17:D23", "D16:D22"), "bias!", refused=True),
    Edit("type over a prediction", "bias", write(F17=3.0), "bias!F17, among the predictions, is no formula", refused=True),
    Edit("insert a row inside the model sheet's ratings", "bias", lines("Rows", "insertByIndex", 5), "bias!", refused=True),
    Edit("insert a column inside the model sheet's ratings", "bias", lines("Columns", "insertByIndex", 7), "bias!", refused=True),
    Edit("delete a row inside the model sheet's ratings", "bias", lines("Rows", "removeByIndex", 5), "bias!", refused=True),
)
