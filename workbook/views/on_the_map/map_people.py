"""The people on the map of items, where a cell asks for them: in the direction of what they like more than others do."""

from __future__ import annotations

import numpy as np

from pyxl.grid.block_names import block_name
from pyxl.grid.cells import Cell, Range
from workbook.model_sheets.view import View
from workbook.write.references import box, ref
from workbook.write.styles import Styles
from workbook.write.write_cells import put_array, put_formula, put_number, put_text

from .label_room import LONGEST, LabelColumns

MOST_PEOPLE = 15    # of whom the names are shown, those with most ratings
_COLUMNS = ("number", "person", "along 1", "along 2", "across", "up", "side", "from", "to", "at its right", "at its left")
_GAP = 2            # the dot and a margin, in signs
_LOOKS = {"type": "diamond", "size": 6, "fill": {"color": "#E07B39"}, "border": {"color": "#FFFFFF"}}
_FONT = {"name": "Calibri", "size": 8, "bold": False, "italic": True, "color": "#B25400"}
PEOPLE_COLUMNS = len(_COLUMNS) + 1


def write_people(sheet, styles: Styles, view: View, *, switch: Cell, left: int, top: int, sizes: tuple[Cell, Cell], items: LabelColumns) -> list[dict]:
    """The switch, columns for all users from `left` on below the row `top`, and the series of a chart: dots, and one for each name and
    side. `sizes` are those of a sign and of a line, `items` the labels that come first."""
    content = view.content
    counts = np.bincount(content.ratings.user_index, minlength=len(content.users))
    at = {which: Range(top + 1, left + place, top + len(content.users), left + place) for place, which in enumerate(_COLUMNS)}
    put_text(sheet, switch.moved(0, -1), "people on the map, too", styles.label)
    put_text(sheet, switch, "no", styles.option)
    sheet.data_validation(*box(Range.around([switch])), {"validate": "list", "source": ["no", "yes"]})
    for which, column in at.items():
        put_text(sheet, column.first.moved(-1, 0), which, styles.calc_head)
    scale = at[_COLUMNS[-1]].first.moved(0, 1)
    put_text(sheet, scale.moved(-1, 0), "drawn / along", styles.calc_head)
    farthest = f"MAX(ABS({_fixed(at['along 1'])}),ABS({_fixed(at['along 2'])}))"
    components = block_name("items", "components")      # texts where nobody rated an item
    put_formula(sheet, scale, f"=IF({farthest}=0,1,MAX(IF(ISNUMBER({components}),ABS({components}),0))/{farthest})", styles.calc)
    asked, sign, line = (ref(cell, rows=True, cols=True) for cell in (switch, *sizes))
    for row, user in enumerate(np.argsort(-counts, kind="stable").tolist()):
        cell = {which: column.first.moved(row, 0) for which, column in at.items()}
        number = ref(cell["number"], cols=True)
        put_number(sheet, cell["number"], user + 1, styles.calc_whole)
        sheet.write_formula(*box(Range.around([cell["person"]]))[:2], f"=INDEX({view.name('user_ids')},{number})", styles.calc_label, content.users[user])
        for component, place, unseen in ((1, "across", "0"), (2, "up", "NA()")):     # a chart counts dots whose places across are no numbers
            along = cell[f"along {component}"]
            put_formula(sheet, along, f"=SUMPRODUCT(TRANSPOSE(INDEX({view.name('user_factors')},{number},0)),INDEX({block_name('items', 'loadings')},0,{component}))",
                        styles.calc)
            put_formula(sheet, cell[place], f'=IF({asked}="yes",{ref(along)}*{_fixed(scale)},{unseen})', styles.calc)
        if row < MOST_PEOPLE:
            _label(sheet, styles, at, cell, row, sign, line, items)
    return _series(sheet.get_name(), at, min(len(content.users), MOST_PEOPLE))


def _label(sheet, styles: Styles, at: dict[str, Range], cell: dict[str, Cell], row: int, sign: str, line: str, items: LabelColumns) -> None:
    """At the right of the dot, else at its left, else nowhere, as those of items."""
    x, y, name, side = (ref(cell[which], cols=True) for which in ("across", "up", "person", "side"))
    wide = f"(MIN(LEN({name}),{LONGEST})+{_GAP})*{sign}"
    before = LabelColumns(*(f"{_fixed(at[which].first)}:{ref(cell[which].moved(-1, 0), cols=True)}" for which in ("up", "person", "from", "to"))) if row else None
    taken = []
    for begins, ends in ((x, f"{x}+{wide}"), (f"{x}-{wide}", x)):
        taken.append("+".join(labels.in_the_way(up=y, words=name, line=line, begins=begins, ends=ends) for labels in (items, before) if labels))
    put_array(sheet, cell["side"], f"=IF(ISNUMBER({y}),IF({taken[0]}=0,1,IF({taken[1]}=0,2,0)),0)", styles.calc_whole)
    for which, at_right, at_left in (("from", x, f"{x}-{wide}"), ("to", f"{x}+{wide}", x)):
        put_formula(sheet, cell[which], f"=IF({side}=0,NA(),IF({side}=1,{at_right},{at_left}))", styles.calc)
    for which, number in (("at its right", 1), ("at its left", 2)):
        put_formula(sheet, cell[which], f"=IF({side}={number},{y},NA())", styles.calc)


def _series(sheet: str, at: dict[str, Range], named: int) -> list[dict]:
    def address(which: str, row: int | None = None) -> str:
        column = at[which]
        return f"={sheet}!{(column if row is None else Range.around([column.first.moved(row, 0)])).absolute}"

    series = [{"name": "people", "categories": address("across"), "values": address("up"), "line": {"none": True}, "marker": _LOOKS}]
    for side in ("right", "left"):
        series += [{"name": address("person", row), "categories": address("across", row), "values": address(f"at its {side}", row),
                    "line": {"none": True}, "marker": _LOOKS, "data_labels": {"series_name": True, "value": False, "position": side, "font": _FONT}}
                   for row in range(named)]
    return series


def _fixed(where: Cell | Range) -> str:
    return ref(where, rows=True, cols=True)
