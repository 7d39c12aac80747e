"""The sheets `dotprod`, `bias` and `bounded`: users down, items across, as in the lesson."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.block_names import control_name, held_out_name, result_name
from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.layout import Block, Layout
from workbook.write.content import Content
from workbook.write.display_labels import put_label
from workbook.write.references import box, ref
from workbook.write.source_formulas import blanks_as_zero, source_block, source_cell, source_rating
from workbook.write.styles import Styles, colour_scale, print_setup
from workbook.write.write_cells import put_array, put_formula

from .buttons import FIRST_ROW, LEAST_WIDTH, ONE_LINE, write_buttons
from .controls import write_controls
from .geometry import Crosstab
from .solver_names import solver_note

# Users × items (50 × 50) above which a block of formulas is one array formula. A formula a cell is
# what one can read and follow, as in the lesson; nobody reads 2,500. What it costs is our own time:
# 100 × 100 × 10 with 60,000 formulas took 21 to 24 s to build (their results included) and 1.5 MB,
# with six array formulas 5.3 s and 1.0 MB. LibreOffice 7.4 opens and recalculates either in a second.
MOST_FORMULAS = 2_500

TITLES = {"dotprod": "Dot product", "bias": "Dot product and biases", "bounded": "Bounded"}
EQUATIONS = {
    "dot": ("prediction = user factors · item factors", "No biases: the factors have to carry the mean, too."),
    "dot+bias": ("prediction = user factors · item factors", "      + user bias + item bias"),
    "bounded": ("prediction = low + (high − low) / (1 + exp(−x))",
                "x = user factors · item factors + biases"),
}
_SEEN = 35      # rows that most screens show: a status further down is repeated above

_NOTES = ("Orange cells are parameters: only they are fitted.",
         "All else is a live formula; 0 = not rated.",
         "Type ratings on the sheet ratings.",
         "RMSE, below the predictions, is to be minimised.",
         "The filled table, at the bottom, has no blanks.")
_HELD = "Blue: rated but held out, to test the model by."
OWN_WORDS = frozenset((*_NOTES, _HELD, *(line for lines in EQUATIONS.values() for line in lines)))   # of which a sheet shows what has room


def write_crosstab(workbook: Workbook, styles: Styles, plan: Crosstab, content: Content, first: Crosstab) -> None:
    """Add one crosstab sheet; its parameters are still to be written. `first` is the first of these sheets, which the others
    follow where the table is large."""
    layout = plan.layout
    sheet = workbook.add_worksheet(layout.sheet)
    _columns_and_headers(sheet, styles, plan, content)
    _ratings(sheet, styles, plan, content, first)
    if isinstance(layout.low, Cell) and isinstance(layout.high, Cell):
        for cell, name, value in zip((layout.low, layout.high), ("low", "high"), content.bounds):
            sheet.write_string(cell.row - 1, 0, name, styles.label)
            sheet.write_number(cell.row - 1, cell.col - 1, value, styles.option)
    rated, unrated = '=IF({r}="",0,{x})', '=IF({r}="",{x},{r})'
    _formulas(sheet, plan, layout.predictions, rated, styles.prediction)
    _formulas(sheet, plan, plan.filled, unrated, styles.filled)
    _rmse(sheet, styles, layout)
    write_controls(sheet, styles, plan)
    if content.macros:
        write_buttons(sheet)
    _colours(sheet, styles, plan, content)
    _words(sheet, styles, plan, content)
    # the lesson's size reads well on one page; a column is about twice as wide as a row is high
    used = plan.used
    print_setup(sheet, landscape=used.bottom < 2 * used.right, one_page=used.bottom <= 80 and used.right <= 40,
                repeat=(0, 0))
    # a wide block of factors would fill a frozen pane and leave no room to scroll
    sheet.freeze_panes(1, plan.ids if content.n_factors <= 8 else 0)


def prediction(layout: Layout, *, user: int | None = None, item: int | None = None) -> str:
    """The model's formula for one user and item (counted from 0), or for the whole block."""
    def of_user(block: Block) -> str:
        r = block.range
        return ref(r) if user is None else ref(Range(r.top + user, r.left, r.top + user, r.right), cols=True)

    def of_item(block: Block) -> str:
        r = block.range
        return ref(r) if item is None else ref(Range(r.top, r.left + item, r.bottom, r.left + item), rows=True)

    x = f"MMULT({of_user(layout.user_factors)},{of_item(layout.item_factors)})"
    if layout.item_bias and layout.user_bias:
        x += f"+{of_item(layout.item_bias)}+{of_user(layout.user_bias)}"
    if isinstance(layout.low, Cell) and isinstance(layout.high, Cell):
        x = into_range_formula(x, *(ref(cell, rows=True, cols=True) for cell in (layout.low, layout.high)))
    return x


def into_range_formula(x: str, low: str, high: str) -> str:
    """The formula of a bounded model's prediction, the sigmoid of x."""
    return f"{low}+({high}-{low})/(1+EXP(-({x})))"


def _errors(layout: Layout, content: Content) -> str:
    """The formula of one line: RMSE before the last fit → now, and on held-out ratings."""
    def shown(number: str) -> str:
        return f'TEXT({number},"0.0000")'
    before, held = result_name(layout.sheet, "rmse_before"), held_out_name(layout.sheet)
    line = f'"RMSE "&IF({before}="","",{shown(before)}&" → ")&{shown(str(layout.rmse))}'
    return f'{line}&IF(N({held})=0,"",", held out "&{shown(held)})' if len(content.held) else line


def _formulas(sheet, plan: Crosstab, where: Range, pattern: str, style) -> None:
    """Fill a block with live formulas: one a cell, or one array formula for a large block."""
    layout = plan.layout
    if where.size > MOST_FORMULAS:
        put_array(sheet, where, pattern.format(r=ref(layout.ratings), x=prediction(layout)), style)
        return
    rows, cols = where.shape
    for user in range(rows):
        for item in range(cols):
            rating = layout.ratings.first.moved(user, item)
            one = pattern.format(r=ref(rating), x=prediction(layout, user=user, item=item))
            sheet.write_formula(where.top + user - 1, where.left + item - 1, one, style)


def _rmse(sheet, styles: Styles, layout: Layout) -> None:
    # A blank comes from a formula, an empty text, over which LibreOffice's SUMXMY2 stumbles: it counts as 0, as its
    # prediction does. What computes with arrays is an array formula: see `write_cells.formula`.
    ratings, predictions, rmse = ref(layout.ratings), ref(layout.predictions), layout.rmse
    put_formula(sheet, rmse, f"=SQRT(SUMXMY2({blanks_as_zero(ratings)},{predictions})/COUNT({ratings}))", styles.calculated)
    sheet.write_string(rmse.row - 1, rmse.col - 2, "RMSE", styles.label)
    sheet.write_string(rmse.row - 1, 1, solver_note(layout), styles.note)


def _ratings(sheet, styles: Styles, plan: Crosstab, content: Content, first_sheet: Crosstab) -> None:
    """Every rating looked up on the sheet `ratings` by the labels beside it; those held out, texts there, stay blank."""
    layout = plan.layout
    where, outright = layout.ratings, content.wild_labels
    user = Range(where.top, plan.ids, where.bottom, plan.ids)
    item = Range(plan.headers[0], where.left, plan.headers[0], where.right)
    if where.size > MOST_FORMULAS:
        what = source_block(ref(user), ref(item), outright, shape=where.shape) if plan is first_sheet else _as_on(first_sheet, ref(user), ref(item))
        put_array(sheet, where, what, styles.rating)
    else:
        for row in range(where.top, where.bottom + 1):
            for col in range(where.left, where.right + 1):
                one = source_rating(ref(Cell(row, plan.ids), cols=True), ref(Cell(item.top, col), rows=True), outright)
                sheet.write_formula(row - 1, col - 1, one, styles.rating)
    first = ref(where.first)
    held = source_cell(ref(user.first, cols=True), ref(item.first, rows=True), outright)
    sheet.conditional_format(*box(where), {"type": "formula", "criteria": f"=ISTEXT({held})", "format": styles.held_here,
                                           "stop_if_true": True})
    sheet.conditional_format(*box(where), {"type": "formula", "criteria": f'={first}=""', "format": styles.unrated_here})
    sheet.data_validation(*box(where), {
        "validate": "custom", "value": "=FALSE", "ignore_blank": False, "error_title": "Type it on the sheet ratings",
        "error_message": "This cell follows the sheet ratings by a formula. Press Esc, and type the rating there."})


def _as_on(other: Crosstab, users: str, items: str) -> str:
    """The array formula of the ratings that another sheet has looked up already, where it has the same labels: in
    LibreOffice looking up 300 × 200 ratings takes 0.64 s, and copying them 0.15 s."""
    name = quoted(other.layout.sheet)
    there, its_users, its_items = (f"{name}!{where.absolute}" for where in (
        other.layout.ratings, other.user_ids, other.item_ids))
    return f'=IF(({users}={its_users})*({items}={its_items})*ISNUMBER({there}),{there},"")'


def _columns_and_headers(sheet, styles: Styles, plan: Crosstab, content: Content) -> None:
    k, ids, right, layout = content.n_factors, plan.ids, plan.used.right, plan.layout
    longest_id = max(len(str(user)) for user in content.users)
    # notes and buttons stand left of the ids: few factors leave them little room, so the first column gives it
    sheet.set_column(0, 0, max(6.5, LEAST_WIDTH - 6.5 * k), styles.text)
    sheet.set_column(1, ids - 2, 6.5, styles.text)
    sheet.set_column(ids - 1, ids - 1, max(min(longest_id, 24) + 2, 11), styles.text)
    sheet.set_column(ids, right - 1, 6.2, styles.text)
    longest = max(len(str(item)) for item in content.items)
    turned = longest > 6
    steps = content.gradients and layout.variant != "bounded"   # buttons of their own take them
    first_row = FIRST_ROW + ONE_LINE * steps if content.macros else 24     # the title's
    sheet.set_row(0, first_row)
    for row in plan.headers:
        if turned:
            height = min(18 + 4.9 * longest, 140)
            sheet.set_row(row - 1, max(height, first_row) if row == 1 else height)
        sheet.write_string(row - 1, ids - 1, "user ↓  item →", styles.corner)
        # labels stand typed beside the parameters that they name; all others are formulas. Anchored, user and item labels
        # are no one group of alike formulas, which as a whole would reach over predictions.
        for col, item in enumerate(content.items, ids + 1):
            looks = styles.header_up if turned else styles.header
            if row == plan.headers[1]:
                put_label(sheet, row, col, item, looks)
            else:
                sheet.write_formula(row - 1, col - 1, f"={ref(Cell(plan.headers[1], col), rows=True)}", looks)
    for table in plan.tables:
        for shift, user in enumerate(content.users):
            if table == layout.predictions:
                put_label(sheet, table.top + shift, ids, user, styles.user)
            else:
                sheet.write_formula(table.top + shift - 1, ids - 1, f"={ref(Cell(layout.predictions.top + shift, ids), cols=True)}", styles.user)


def _colours(sheet, styles: Styles, plan: Crosstab, content: Content) -> None:
    nobody_rated = f'={ref(plan.layout.ratings.first)}=""'
    for where, style in ((plan.layout.predictions, styles.unrated), (plan.filled, styles.predicted)):
        sheet.conditional_format(*box(where), {"type": "formula", "criteria": nobody_rated, "format": style})
        sheet.conditional_format(*box(where), colour_scale(*content.scale))


def _words(sheet, styles: Styles, plan: Crosstab, content: Content) -> None:
    """Title, equation and notes in the free cells at the left; a legend over the filled table."""
    layout = plan.layout
    sheet.write_string(0, 0, TITLES[layout.sheet], styles.title)
    first = 4 if layout.low else 2
    room = plan.stop.row - first
    notes = (*_NOTES, _HELD) if len(content.held) else _NOTES
    lines = (*EQUATIONS[layout.variant], *notes)[:room]
    if room > 2:    # the errors stand right below the buttons, where every screen shows them
        put_formula(sheet, Cell(first, 1), f"={_errors(layout, content)}", styles.strip)
        first, lines = first + 1, lines[:room - 1]
    for row, line in enumerate(lines, first):
        sheet.write_string(row - 1, 0, line, styles.note)
    if plan.status.row > _SEEN:
        sheet.write_formula(row, 0, f'={control_name(layout.sheet, "status")}&""', styles.status_above)
    top = layout.item_factors.range.top
    sheet.write_string(top - 1, plan.ids - 1, "item factors →", styles.corner)
    if layout.item_bias and layout.user_bias:
        sheet.write_string(top - 2, plan.ids - 1, "item bias →", styles.corner)
        sheet.write_string(plan.headers[1] - 1, 0, "bias ↓", styles.corner)
    if layout.ratings.bottom + 2 != plan.stop.row:  # of a sheet with one user
        sheet.write_string(layout.ratings.bottom + 1, 1, content.caption, styles.note)   # in the blank row above the block
    sheet.write_string(plan.headers[1] - 1, 1, "user factors ↓", styles.corner_left)
    cell = plan.legend
    sheet.write_rich_string(cell.row - 1, cell.col - 1, styles.observed, "Filled table: rated as given",
                            styles.text, ", ", styles.guessed, "predicted where nobody rated", styles.text)
