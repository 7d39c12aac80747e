"""The sheet `map`: the items on their first two principal components, and what these tell apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xlsxwriter import Workbook

from pyxl.grid.block_names import MAP_SHEET, block_name
from pyxl.grid.cells import Cell, Range
from workbook.model_sheets.view import View
from workbook.write.display_labels import width_of
from workbook.write.references import box, columns_of, ref
from workbook.write.styles import BARS, Styles, fold_helpers, print_setup
from workbook.write.write_cells import put_array, put_formula, put_number, put_text

from .members.members_plan import COMPONENTS
from .members.members_sheet import ITEMS
from .on_the_map.label_room import LONGEST, LabelColumns
from .on_the_map.map_people import PEOPLE_COLUMNS, write_people
from .on_the_map.map_trails import write_trails

_NAME = MAP_SHEET
MOST_LABELS = 40    # more titles than this cover each other
MOST_ENDS = 5       # items named at each end of a component
_HEAD, _FIRST = 5, 6
_CHART_COLUMNS = 10
_WIDE, _HIGH = 760, 620                     # of the chart, in pixels
_SIGN, _LINE, _GAP = 5.4, 15, 2             # width of a character and height of a line, in pixels; the dot with a margin, in characters
_MARGIN = 10                                # characters that a label may reach beyond the outermost dot: the axes end there
_AXES = 1.3                                 # how much longer an axis with its margins may be than the range of the dots
_DOTS = ("number", "name", "component 1", "component 2", "side", "from", "to", "at its right", "at its left")
_FONT = {"name": "Calibri", "size": 8, "bold": False, "color": "#3C3C3C"}


@dataclass(frozen=True)
class MapPlan:
    """`n` items with `k` factors. Each component has two printed columns, with the items at its ends and
    its loadings; beside them is the chart. In grey, not printed, are the items in the order in which they get labels: most
    ratings first."""

    n: int
    k: int

    @property
    def labelled(self) -> int:
        return min(self.n, MOST_LABELS)

    @property
    def ends(self) -> int:
        return min(self.n, MOST_ENDS)

    def share(self, component: int) -> Cell:
        return Cell(_HEAD, 2 + 2 * component)

    def upper(self, component: int) -> Range:
        """Name and score of the items at the upper end."""
        return Range(_FIRST + 1, 1 + 2 * component, _FIRST + self.ends, 2 + 2 * component)

    def lower(self, component: int) -> Range:
        return self.upper(component).moved(self.ends + 1, 0)

    def loadings(self, component: int) -> Range:
        """The factors' names and loadings."""
        top = self.lower(component).bottom + 3
        return Range(top, 1 + 2 * component, top + self.k - 1, 2 + 2 * component)

    @property
    def chart(self) -> Cell:
        return Cell(_HEAD, 2 * COMPONENTS + 2)

    @property
    def printed(self) -> Range:
        return Range(1, 1, max(self.loadings(0).bottom, _HEAD + 33), self.chart.col + _CHART_COLUMNS)

    def dots(self, which: str) -> Range:
        """A column of all items: number, name, component 1, component 2. The items with a label come first and have more columns: the
        side of the label (1 right of the dot, 2 left of it, 0 nowhere), from where to where it reaches, and the dots for either side."""
        left = self.printed.right + 2 + _DOTS.index(which)
        rows = self.n if which in _DOTS[:4] else self.labelled
        return Range(_FIRST, left, _FIRST + rows - 1, left)

    def named(self, which: str) -> Range:
        """The rows of such a column for the items that may have a label."""
        column = self.dots(which)
        return Range(column.top, column.left, column.top + self.labelled - 1, column.left)

    @property
    def trails(self) -> int:
        """The first of the columns for the items' ways in the last fit of every model."""
        return self.label_size[0].col + 3

    @property
    def label_size(self) -> tuple[Cell, Cell]:
        """The width of a sign and the height of a line, on the scales of the two components."""
        first = self.dots(_DOTS[-1]).first.moved(0, 2)
        return first, first.moved(1, 0)


def write_map(workbook: Workbook, styles: Styles, view: View) -> None:
    """Add the sheet; the components themselves are computed on the sheet `items`."""
    sheet, content = workbook.add_worksheet(_NAME), view.content
    plan = MapPlan(len(content.items), content.n_factors)
    _words(sheet, styles, plan)
    for component in range(COMPONENTS):
        _component(sheet, styles, plan, view, component)
    _dots(sheet, styles, plan, view)
    _labels(sheet, styles, plan)
    named = {which: plan.named(which) for which in ("number", "component 1", "component 2")}
    trails = write_trails(workbook, sheet, styles, view, left=plan.trails, dots=(named["component 1"], named["component 2"]), numbers=named["number"])
    taken = LabelColumns(*(ref(plan.named(which), rows=True, cols=True) for which in ("component 2", "name", "from", "to")))
    right = plan.trails + 2 * len(view.crosstabs) + 3
    workbook.define_name(block_name(_NAME, "people"), f"={_NAME}!{Range.around([Cell(_HEAD - 1, 2)]).absolute}")     # by which an update finds the choice
    people = write_people(sheet, styles, view, switch=Cell(_HEAD - 1, 2), left=right, top=_FIRST - 1, sizes=plan.label_size, items=taken)
    _chart(workbook, sheet, plan, trails, people)
    _looks(sheet, styles, plan, view)


def _component(sheet, styles: Styles, plan: MapPlan, view: View, component: int) -> None:
    """Write a component: its share of the variance, the items at its ends and its loadings."""
    scores = f"INDEX({block_name(ITEMS.sheet, 'components')},0,{component + 1})"
    share = f"INDEX({block_name(ITEMS.sheet, 'shares')},{component + 1})"
    head = plan.share(component)
    put_text(sheet, head.moved(0, -1), f"component {component + 1}: share of variance", styles.header_left)
    put_formula(sheet, head, f"={share}", styles.share_head)
    for end, block, title in (("LARGE", plan.upper(component), "at its upper end"),
                              ("SMALL", plan.lower(component), "at its lower end")):
        names, values = columns_of(block)
        put_text(sheet, names.first.moved(-1, 0), title, styles.note)
        for row, cell in enumerate(values.cells()):
            so_far = ref(Range(values.top, cell.col, cell.row, cell.col), cols=True)
            put_array(sheet, cell, f'=IF(OR({share}=0,COUNT({scores})<{row + 1}),"",{end}({scores},{row + 1}))', styles.ranked)
            numbers = f"ROW({scores})-MIN(ROW({scores}))+1"
            place = f"SMALL(IF({scores}={ref(cell)},{numbers},1E9),SUM(({so_far}={ref(cell)})*1))"
            put_array(sheet, cell.moved(0, -1), f'=IF({ref(cell)}="","",INDEX({view.name("item_ids")},{place}))', styles.listed)
    for row, cell in enumerate(columns_of(plan.loadings(component))[1].cells(), 1):
        put_text(sheet, cell.moved(0, -1), f"factor {row}", styles.listed)
        put_formula(sheet, cell, f"=INDEX({block_name(ITEMS.sheet, 'loadings')},{row},{component + 1})", styles.ranked)


def _dots(sheet, styles: Styles, plan: MapPlan, view: View) -> None:
    content = view.content
    counts = np.bincount(content.ratings.item_index, minlength=plan.n)
    put_text(sheet, plan.dots("number").first.moved(-2, 0), "Helper calculations, not printed: change nothing here.", styles.calc_head)
    for which in _DOTS:
        put_text(sheet, plan.dots(which).first.moved(-1, 0), which, styles.calc_head)
    for row, item in enumerate(np.argsort(-counts, kind="stable").tolist()):
        cell = {which: plan.dots(which).first.moved(row, 0) for which in ("number", "name", "component 1", "component 2")}
        place = ref(cell["number"], cols=True)
        put_number(sheet, cell["number"], item + 1, styles.calc_whole)
        # the chart keeps the label as it is now, until an office draws it afresh
        sheet.write_formula(cell["name"].row - 1, cell["name"].col - 1, f"=INDEX({view.name('item_ids')},{place})",
                            styles.calc_label, content.items[item])
        for component in (1, 2):
            score = f"INDEX({block_name(ITEMS.sheet, 'components')},{place},{component})"
            put_formula(sheet, cell[f"component {component}"], f"=IF(ISNUMBER({score}),{score},NA())", styles.calc)


def _labels(sheet, styles: Styles, plan: MapPlan) -> None:
    """Find room for each label beside those of items with more ratings: at the right of its dot, else at its left, else nowhere."""
    for component, (size, pixels, chart, words) in enumerate(zip(plan.label_size, (_SIGN, _LINE), (_WIDE, _HIGH), ("width of a sign", "height of a line")), 1):
        put_text(sheet, size.moved(0, 1), words, styles.calc_head)
        scores = f"INDEX({block_name(ITEMS.sheet, 'components')},0,{component})"
        put_formula(sheet, size, f"=(MAX({scores})-MIN({scores}))*{_AXES * pixels / chart:.6f}", styles.calc)
    sign, line = (ref(size, rows=True, cols=True) for size in plan.label_size)
    for row in range(plan.labelled):
        cell = {which: plan.dots(which).first.moved(row, 0) for which in _DOTS}
        x, y, side = (ref(cell[which], cols=True) for which in ("component 1", "component 2", "side"))
        wide = f"(MIN(LEN({ref(cell['name'], cols=True)}),{LONGEST})+{_GAP})*{sign}"
        above, named, begins, ends = (f"{ref(plan.dots(which).first, rows=True, cols=True)}:{ref(cell[which].moved(-1, 0), cols=True)}"
                                      for which in ("component 2", "name", "from", "to"))
        before = LabelColumns(above, named, begins, ends)
        right, left = (before.in_the_way(up=y, words=ref(cell["name"], cols=True), line=line, begins=first, ends=last)
                       for first, last in ((x, f"{x}+{wide}"), (f"{x}-{wide}", x)))
        across = f"INDEX({block_name(ITEMS.sheet, 'components')},0,1)"
        inside = f"{x}+{wide}<=MAX({across})+{_MARGIN}*{sign}", f"{x}-{wide}>=MIN({across})-{_MARGIN}*{sign}"     # the chart
        place = (f"IF(AND({inside[0]},{right}=0),1,IF(AND({inside[1]},{left}=0),2,IF({right}=0,1,IF({left}=0,2,0))))" if row else
                 f"IF({inside[0]},1,IF({inside[1]},2,1))")
        put_array(sheet, cell["side"], f"=IF(ISNUMBER({x}),{place},0)", styles.calc_whole)
        # an item without a label keeps no other from its place
        for which, at_right, at_left in (("from", x, f"{x}-{wide}"), ("to", f"{x}+{wide}", x)):
            put_formula(sheet, cell[which], f"=IF({side}=0,NA(),IF({side}=1,{at_right},{at_left}))", styles.calc)
        for which, number in (("at its right", 1), ("at its left", 2)):
            put_formula(sheet, cell[which], f"=IF({side}={number},{y},NA())", styles.calc)


def _chart(workbook: Workbook, sheet, plan: MapPlan, trails: dict, people: list[dict]) -> None:
    """A dot for every item, and two series for each item that may have a label: one for a label at the right, one for the left. The
    label is the name of the series, which comes from a cell. Labels taken straight from cells are not shown by LibreOffice."""
    chart = workbook.add_chart({"type": "scatter"})

    def dots(which: str, first: int, last: int, size: int, colour: str) -> dict:
        return {"categories": _at(plan.dots("component 1"), first, last), "values": _at(plan.dots(which), first, last), "line": {"none": True},
                "marker": {"type": "circle", "size": size, "fill": {"color": colour}, "border": {"color": "#FFFFFF"}}}
    chart.add_series(trails)
    chart.add_series({"name": "all", **dots("component 2", 0, plan.n, 4, "#C4CCD6")})
    for side in ("right", "left"):
        for row in range(plan.labelled):
            chart.add_series({"name": _at(plan.dots("name"), row, row + 1), **dots(f"at its {side}", row, row + 1, 6, "#4F86C6"),
                              "data_labels": {"series_name": True, "value": False, "position": side, "font": _FONT}})
    for one in people:
        chart.add_series(one)
    for set_axis, title in ((chart.set_x_axis, "component 1"), (chart.set_y_axis, "component 2")):
        set_axis({"name": title, "name_font": {**_FONT, "size": 9}, "num_font": _FONT, "num_format": "0.0",
                  "label_position": "low", "major_gridlines": {"visible": False}, "line": {"color": "#B0B0B0"}})
    chart.show_hidden_data()    # the columns with its numbers are folded away
    chart.set_legend({"none": True})
    chart.set_title({"none": True})
    chart.set_size({"width": _WIDE, "height": _HIGH})
    sheet.insert_chart(plan.chart.row - 1, plan.chart.col - 1, chart, {"object_position": 2})


def _at(column: Range, first: int, last: int) -> str:
    """Some rows of a column of dots, from 0, as a chart refers to them."""
    return f"={_NAME}!{Range(column.top + first, column.left, column.top + last - 1, column.left).absolute}"


def _words(sheet, styles: Styles, plan: MapPlan) -> None:
    put_text(sheet, Cell(1, 1), "Map", styles.title)
    put_text(sheet, Cell(2, 1), "The items on the two directions in which their factors differ most: items near each other please "
                            "the same people. What a direction means, its ends tell; which way is up does not matter.", styles.note)
    some = f" Of {plan.n} items the {plan.labelled} with most ratings are named, where there is room." if plan.labelled < plan.n else " Names stand where there is room."
    put_text(sheet, Cell(3, 1), "Loadings say how much of each factor is in a component. Two components with nearly equal shares "
                            f"may turn into each other from fit to fit.{some}", styles.note)
    put_text(sheet, Cell(_HEAD - 1, 3), "People lie in the direction of what they like more than others do. A thin line is the way of an item in the last fit.", styles.note)
    put_text(sheet, Cell(plan.loadings(0).top - 1, 1), "loadings", styles.note)


def _looks(sheet, styles: Styles, plan: MapPlan, view: View) -> None:
    for component in range(COMPONENTS):
        sheet.set_column(2 * component, 2 * component, width_of(view.content.items, least=28, most=46), styles.text)
        sheet.set_column(2 * component + 1, 2 * component + 1, 8, styles.text)
        for block in (plan.upper(component), plan.lower(component), plan.loadings(component)):
            sheet.conditional_format(*box(columns_of(block)[1]), BARS)
    sheet.set_column(2 * COMPONENTS, 2 * COMPONENTS, 2, styles.text)
    sheet.set_column(plan.chart.col - 1, plan.printed.right - 1, 9.5, styles.text)
    fold_helpers(sheet, plan.dots("number").left, plan.trails + 2 * len(view.crosstabs) + 2 + PEOPLE_COLUMNS, 8, styles.calc)
    sheet.set_row(0, 24)
    sheet.print_area(*box(plan.printed))
    print_setup(sheet, one_page=True)
