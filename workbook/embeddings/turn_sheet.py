"""The sheet `turn`: factors are turned by an angle, and no prediction changes."""

from __future__ import annotations

from collections.abc import Callable

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

from pyxl.grid.cells import Cell
from workbook.examples.draft import Draft
from workbook.write.styles import CHART_FONT, CHART_GRID, Styles

_NAME = "turn"
_USERS = [[0.8, 1.9], [1.6, 0.9], [1.2, 1.5], [2.0, 0.3], [0.5, 1.7], [1.4, 1.1]]
_ITEMS = [[1.8, 0.4], [0.6, 1.6], [1.3, 1.2], [2.1, 0.9], [0.9, 0.7]]
_TURNED = {"E": "=$B{row}*COS(RADIANS($B$5))-$C{row}*SIN(RADIANS($B$5))", "F": "=$B{row}*SIN(RADIANS($B$5))+$C{row}*COS(RADIANS($B$5))"}


def write_turn(workbook: Workbook, styles: Styles) -> None:
    """Add the sheet: users and items with two factors each, the same turned, and the predictions of both."""
    draft = Draft(workbook, styles, _NAME, "Factors are not unique",
                  ("Turn the factors of all users and all items by the same angle: every number changes, and no prediction does.",
                   "So a factor has no meaning of its own, and two fits that find other factors may have found the same model."))
    draft.labels("A5", ("angle in degrees",), down=True)
    draft.option("B5", 30)
    draft.between("B5", 0, 360)
    for first, rows, what, predicted in ((8, _USERS, "user", "before"), (17, _ITEMS, "item", "after")):
        draft.labels(f"A{first - 1}", (f"{what}s", "factor 1", "factor 2"))
        draft.labels(f"E{first - 1}", ("turned 1", "turned 2"))
        draft.labels(f"A{first}", (f"{what} {n}" for n in range(1, len(rows) + 1)), down=True)
        draft.numbers(f"B{first}", rows, changing=True)
        for letter, formula in _TURNED.items():
            draft.fill(f"{letter}{first}:{letter}{first + len(rows) - 1}", _in_its_row(formula))
        draft.labels(f"G{first}", (f"user {n}" for n in range(1, len(_USERS) + 1)), down=True)
        draft.labels(f"H{first - 2}", ("", "", f"predictions {predicted}", "", ""))
        draft.counts(f"H{first - 1}", range(1, len(_ITEMS) + 1))
    for top, (one, two) in ((8, "BC"), (17, "EF")):
        draft.fill(f"H{top}:L{top + len(_USERS) - 1}", _product(one, two, top))
    draft.labels("H24", ("Σ difference²",))
    draft.result("I24", "=SUMXMY2(H8:L13,H17:L22)")
    draft.chart("N5", _map(workbook))


def _in_its_row(formula: str) -> Callable[[Cell], str]:
    return lambda cell: formula.format(row=cell.row)


def _product(one: str, two: str, top: int) -> Callable[[Cell], str]:
    """The prediction by the factors in the columns `one` and `two`, in a table that begins in the row `top`."""
    def of(cell: Cell) -> str:
        user, item = cell.row - top + 8, f"{xl_col_to_name(cell.col - 1)}${top - 1}"
        return f"=${one}{user}*INDEX(${one}$17:${one}$21,{item})+${two}{user}*INDEX(${two}$17:${two}$21,{item})"
    return of


def _map(workbook: Workbook):
    chart = workbook.add_chart({"type": "scatter"})
    for name, (one, two), colour in (("items", "BC", "#E3B98A"), ("turned", "EF", "#1F5FA8")):
        chart.add_series({"name": name, "categories": f"={_NAME}!${one}$17:${one}$21", "values": f"={_NAME}!${two}$17:${two}$21",
                          "marker": {"type": "circle", "size": 9, "fill": {"color": colour}, "border": {"color": colour}}})
    chart.set_title({"name": "The items before and after", "overlay": False, "name_font": CHART_FONT | {"size": 11}})
    grid = {"visible": True, "line": {"color": CHART_GRID, "width": 0.75}}
    for axis in (chart.set_x_axis, chart.set_y_axis):
        axis({"min": -2.5, "max": 2.5, "num_font": CHART_FONT, "major_gridlines": grid})
    chart.set_size({"width": 480, "height": 440})
    return chart
