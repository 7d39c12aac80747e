"""A second list on `recommend`, where the items' genres are known: as mixed as what the user rates (Steck 2018, "Calibrated recommendations").

Items are added one by one: each is the one with the largest (1 − w) · (sum of predictions) − w · KL(p, q) of the list so far, where p are the
genres' shares of what the user rated and q those of the list; see `solver.judging.who_is_served.calibrated`, which the formulas equal. A step is
a column of gains, a cell with the item chosen, and a row with what the list has of each genre then. In a gain Σ p · ln q stands for −KL, from which
it differs by a number that is the same for all items.
"""

from __future__ import annotations

from pyxl.grid.cells import Cell, Range
from solver.judging.who_is_served import CALIBRATION, CANDIDATES, SMOOTHED
from workbook.model_sheets.view import View
from workbook.views.best_list import N_BEST, Candidates, kept_in_range
from workbook.write.content import Genres
from workbook.write.references import box, ref
from workbook.write.styles import Styles, colour_scale
from workbook.write.write_cells import put_array, put_formula, put_number, put_text

HEIGHT = N_BEST + 6     # rows from the title to the table of shares


def write_calibrated(sheet, styles: Styles, view: View, genres: Genres, candidates: Candidates, *, rated: Range, by_prediction: Range, title: Cell,
                     working: Cell) -> int:
    """Write the list below `title`, with its yellow cell, and below it the shares of the genres; `working` is the head of the first helper
    column. `rated` (n, 1) are the user's ratings, `by_prediction` the numbers of the ten best. Returns the last helper column."""
    n, g = len(genres.shares), len(genres.names)
    weight, head = title.moved(1, 1), title.moved(3, 0)
    shares = Range(working.row + 1, working.col, working.row + n, working.col + g - 1)
    steps = working.moved(max(n, N_BEST) + 3, -1)       # the number of the item that each step chose; right of it what there was before
    gains = [Range(shares.top, shares.right + t, shares.bottom, shares.right + t) for t in range(1, N_BEST + 1)]
    used = Range(working.row - 1, working.col, working.row - 1, shares.right)
    cut = steps.moved(-2, 0)
    fixed_shares, p, open_, least, w = (ref(where, rows=True, cols=True) for where in (shares, used, candidates.open, cut, weight))
    numbers = f"ROW({open_})-{working.row}"

    _asked(sheet, styles, title, weight)
    for col, name in enumerate(genres.names, working.col):
        put_text(sheet, Cell(working.row, col), name, styles.calc_head)
        of_genre = ref(Range(shares.top, col, shares.bottom, col), rows=True, cols=True)
        for cell, share in zip(Range(shares.top, col, shares.bottom, col).cells(), genres.shares):
            put_number(sheet, cell, share[col - working.col], styles.calc)
        given = ref(rated, rows=True, cols=True)
        put_array(sheet, Cell(used.top, col), f"=SUM(ISNUMBER({given})*{of_genre})/MAX(SUM(ISNUMBER({given})*{fixed_shares}),1E-12)", styles.calc)
    put_text(sheet, Cell(used.top, working.col - 1), "shares of what is rated", styles.calc_head)
    put_text(sheet, cut.moved(-1, 0), "least sum that takes part", styles.calc_head)
    put_formula(sheet, cut, f'=IF(COUNT({open_})=0,"",LARGE({open_},MIN({CANDIDATES * N_BEST},COUNT({open_}))))', styles.calc)
    put_text(sheet, steps.moved(-1, 0), "its no.", styles.calc_head)
    for t, gain in enumerate(gains, 1):
        put_text(sheet, gain.first.moved(-1, 0), f"gain {t}", styles.calc_head)
        chosen, before = steps.moved(t - 1, 0), Range(steps.row + t - 1, shares.left, steps.row + t - 1, shares.right)
        there = ref(before, rows=True, cols=True)
        # before the range is kept, so that many predictions of 5 still have an order
        worth = f"(1-{w})*{view.into_range(open_)}+{w}*MMULT(LN(IF({p}>0,{1 - SMOOTHED}*({there}+{fixed_shares})/{t}+{SMOOTHED}*{p},1)),TRANSPOSE({p}))"
        earlier = f"ISNUMBER(MATCH({numbers},{ref(Range(steps.row, steps.col, chosen.row - 1, steps.col), rows=True, cols=True)},0))" if t > 1 else "FALSE"
        put_array(sheet, gain, f'=IF({open_}="","",IF({open_}<{least},"",IF({earlier},"",{worth})))', styles.calc)
        of_step = ref(gain, rows=True, cols=True)
        put_formula(sheet, chosen, f'=IF(COUNT({of_step})=0,"",MATCH(MAX({of_step}),{of_step},0))', styles.calc_whole)
    for t in range(N_BEST + 1):
        for cell in Range(steps.row + t, shares.left, steps.row + t, shares.right).cells():
            column = ref(Range(shares.top, cell.col, shares.bottom, cell.col), rows=True, cols=True)
            last = steps.moved(t - 1, 0)
            put_formula(sheet, cell, f'={cell.moved(-1, 0)}+IF({ref(last, cols=True)}="",0,INDEX({column},{ref(last, cols=True)}))' if t else "=0", styles.calc)
    every = Range(steps.row, steps.col, steps.row + N_BEST - 1, steps.col)
    _list(sheet, styles, view, candidates, every, head)
    _shares(sheet, styles, genres, shares=shares, used=used, listed=(by_prediction, every), head=head.moved(N_BEST + 2, 0))
    return gains[-1].right


def _asked(sheet, styles: Styles, title: Cell, weight: Cell) -> None:
    put_text(sheet, title, "Calibrated: as mixed as what the user rates", styles.header_left)
    for shift in range(1, 6):
        put_text(sheet, title.moved(0, shift), "", styles.header_left)
    put_text(sheet, weight.moved(0, -1), "weight", styles.label)
    put_number(sheet, weight, CALIBRATION, styles.choice)
    put_text(sheet, weight.moved(0, 1), "of the genres: 0 is by prediction, 1 by genres alone", styles.note_beside)
    sheet.data_validation(str(weight), {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 1,
                                        "error_title": "This is no weight", "error_message": "Give a number from 0 to 1."})


def _list(sheet, styles: Styles, view: View, candidates: Candidates, chosen: Range, head: Cell) -> None:
    for shift, (words, style) in enumerate((("place", styles.header), ("item", styles.header_left), ("predicted", styles.header), ("by prediction", styles.header))):
        put_text(sheet, head.moved(0, shift), words, style)
    open_, names, sums = (ref(where, rows=True, cols=True) for where in (candidates.open, candidates.items, candidates.sums))
    for k, which in enumerate(chosen.cells(), 1):
        number = ref(which, cols=True)
        own = f"INDEX({sums},{number})"
        for shift, (formula, style) in enumerate((
                (str(k), styles.whole), (f"INDEX({names},{number})", styles.listed), (kept_in_range(view.into_range(own)), styles.ranked),
                (f"SUM(IF(ISNUMBER({open_}),({open_}>{own})*1,0))+1", styles.whole))):
            put_array(sheet, head.moved(k, shift), f'=IF({number}="","",{formula})', style)
    sheet.conditional_format(*box(Range(head.row + 1, head.col + 2, head.row + N_BEST, head.col + 2)), colour_scale(*view.content.scale))


def _shares(sheet, styles: Styles, genres: Genres, *, shares: Range, used: Range, listed: tuple[Range, Range], head: Cell) -> None:
    """What of each genre the user rated, and what of each there is in both lists; and how far the lists are from it."""
    for shift, (words, style) in enumerate((("genre", styles.header_left), ("rated", styles.header), ("by prediction", styles.header), ("calibrated", styles.header)), 1):
        put_text(sheet, head.moved(0, shift), words, style)
    columns = [Range(head.row + 1, head.col + shift, head.row + len(genres.names), head.col + shift) for shift in (2, 3, 4)]
    numbers = f"ROW({ref(shares, rows=True, cols=True)})-{shares.top - 1}"
    for place, (name, of_user) in enumerate(zip(genres.names, used.cells())):
        row = head.moved(place + 1, 1)
        column = ref(Range(shares.top, of_user.col, shares.bottom, of_user.col), rows=True, cols=True)
        put_text(sheet, row, name, styles.listed)
        put_formula(sheet, row.moved(0, 1), f"={of_user}", styles.share)
        for shift, chosen in enumerate(listed, 2):
            those = ref(chosen, rows=True, cols=True)
            put_array(sheet, row.moved(0, shift), f"=SUM(ISNUMBER(MATCH({numbers},{those},0))*{column})/MAX(COUNT({those}),1)", styles.share)
    below = head.moved(len(genres.names) + 1, 1)
    put_text(sheet, below, "distance from what is rated (KL)", styles.listed)
    p = ref(columns[0], rows=True, cols=True)
    for shift, of_list in enumerate(columns[1:], 2):
        mixed = f"({1 - SMOOTHED}*{ref(of_list, rows=True, cols=True)}+{SMOOTHED}*{p})"
        put_array(sheet, below.moved(0, shift), f"=SUM(IF({p}>0,{p}*LN({p}/{mixed}),0))", styles.ranked)
