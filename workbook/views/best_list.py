"""The ten best of a list, by formulas that every Excel knows: the k-th largest, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.grid.cells import Cell, Range
from workbook.model_sheets.view import View
from workbook.write.references import box, ref
from workbook.write.styles import Styles, colour_scale
from workbook.write.write_cells import put_array, put_text

N_BEST = 10
LOW, HIGH = "rating_low", "rating_high"     # the names of the two cells within which predictions are kept,
BUILT_LOW, BUILT_HIGH = "rating_built_low", "rating_built_high"    # and of what the workbook was built with


@dataclass(frozen=True)
class Candidates:
    """Columns with a row for every item: `items` are its names, `sums` its sums of factors and biases. `open` has the sum
    again where the item may be recommended, else an empty text."""

    items: Range
    sums: Range
    open: Range


def write_best(sheet, styles: Styles, view: View, candidates: Candidates, *, head: Cell, working: Cell) -> Range:
    """Write place, item and prediction of the ten best below `head`, and below `working` the k-th largest sum and the number
    of its item. Returns the cells of these numbers.

    Items are ranked by their sums, before the sigmoid and before predictions are kept in range, so that many predictions of 5 still
    have an order. Of equal sums the first item comes first, as in `CollabFilter.recommend`. Sums are equal where Excel says so: where
    15 digits are the same.
    """
    for shift, (title, style) in enumerate((("place", styles.header), ("item", styles.header_left), ("predicted", styles.header))):
        put_text(sheet, head.moved(0, shift), title, style)
    for shift, title in enumerate(("k-th largest", "its no.")):
        put_text(sheet, working.moved(0, shift), title, styles.calc_head)
    open_, names, sums = (ref(r, rows=True, cols=True) for r in (candidates.open, candidates.items, candidates.sums))
    top = ref(candidates.open.first, rows=True, cols=True)
    for k in range(1, N_BEST + 1):
        place, value = head.moved(k, 0), working.moved(k, 0)
        number, so_far = value.moved(0, 1), f"{ref(working.moved(1, 0), rows=True)}:{value}"
        put_array(sheet, value, f'=IF({k}>COUNT({open_}),"",LARGE({open_},{k}))', styles.calc)
        put_array(sheet, number, f'=IF({value}="","",SMALL(IF({open_}={value},ROW({open_})-ROW({top})+1),SUM(({so_far}={value})*1)))',
              styles.calc_whole)
        put_array(sheet, place, f'=IF({number}="","",{k})', styles.whole)
        put_array(sheet, place.moved(0, 1), f'=IF({number}="","",INDEX({names},{number}))', styles.listed)
        prediction = kept_in_range(view.into_range(f"INDEX({sums},{number})"))
        put_array(sheet, place.moved(0, 2), f'=IF({number}="","",{prediction})', styles.ranked)
    predicted = Range(head.row + 1, head.col + 2, head.row + N_BEST, head.col + 2)
    sheet.conditional_format(*box(predicted), colour_scale(*view.content.scale))
    return Range(working.row + 1, working.col + 1, working.row + N_BEST, working.col + 1)


def kept_in_range(prediction: str) -> str:
    """The formula of a prediction that is kept within the range of the ratings."""
    return f"MAX({LOW},MIN({HIGH},{prediction}))"
