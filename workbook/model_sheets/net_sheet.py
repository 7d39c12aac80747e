"""The sheet `net`: the lesson's embedding net in live formulas, a rating a row, with each layer's parameters above it."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.block_names import setting_name
from pyxl.grid.cells import Cell, Range
from solver.core.method_table import NET_DECAY
from workbook.write.content import Content
from workbook.write.display_labels import put_label, width_of
from workbook.write.references import box, ref
from workbook.write.source_formulas import held_number, label_wanted, source_column, source_row
from workbook.write.styles import Styles, colour_scale, print_setup
from workbook.write.write_cells import put_array, put_formula, put_number, put_text

from .buttons import FIRST_ROW, write_buttons
from .controls import STOP
from .net_plan import PANEL, NetPlan
from .solver_names import solver_note

_NOTES = ("x = both embeddings side by side; hidden = relu(x·W1 + b1), thinned while dropout is on;",
          "prediction = low + (high − low) · σ(hidden·W2 + b2). No product of factors is taken, so the two",
          "embeddings need not be of one size.")
_MEANINGS = {
    "RMSE": "of the ratings that the net learns from",
    "RMSE held out": "of those that it does not",
    "weight decay": "as the sheet start says; a number there, or 'auto'",
    "loss": "RMSE² + weight decay · variance · (mean ‖x‖² + ‖W1‖² + ‖W2‖²)",
    "dropout": "on or off; a fit, and what is judged, is without it",
    "share left out": "of the hidden outputs while dropout is on",
    "drawn by seed": "another number draws another mask",
}
_SHARE = 0.2


def write_net(workbook: Workbook, styles: Styles, plan: NetPlan, content: Content) -> None:
    """Add the sheet; its parameters are still to be written."""
    sheet = workbook.add_worksheet(plan.layout.sheet)
    _columns(sheet, styles, plan, content)
    _tables(sheet, styles, plan, content)
    _panel(sheet, styles, plan, content)
    _heads(sheet, styles, plan)
    _rows(sheet, styles, plan, content)
    for row, line in enumerate((*_NOTES, solver_note(plan.layout)), plan.panel.row + len(PANEL)):
        put_text(sheet, Cell(row, plan.panel.col), line, styles.note)
    if content.macros:
        write_buttons(sheet)
    sheet.conditional_format(*box(plan.layout.predictions), colour_scale(*content.scale))
    print_setup(sheet)
    sheet.freeze_panes(2, 0)


def _columns(sheet, styles: Styles, plan: NetPlan, content: Content) -> None:
    layout = plan.layout
    sheet.set_column(0, 0, 9 if content.macros else 5, styles.text)
    sheet.set_column(1, 1, width_of((*content.users, *content.items)), styles.text)
    sheet.set_column(2, plan.panel.col - 2, 6.2, styles.text)
    for shift, width in enumerate((15, 10, 52, 3)):
        sheet.set_column(plan.panel.col - 1 + shift, plan.panel.col - 1 + shift, width, styles.text)
    sheet.set_column(plan.user.keys.left - 1, plan.used.right - 1, 6.8, styles.text)
    widths = {plan.user.keys: width_of(content.users), plan.item.keys: width_of(content.items), plan.places: 4, plan.held: 8,
              plan.user.index: 8, plan.item.index: 8, layout.predictions: 8}
    for where, room in widths.items():
        sheet.set_column(where.left - 1, where.left - 1, room, styles.text)
    sheet.set_row(0, FIRST_ROW if content.macros else 24)
    put_text(sheet, Cell(1, 1), "Embedding net", styles.title)


def _tables(sheet, styles: Styles, plan: NetPlan, content: Content) -> None:
    """idx and id of users, and below of items; their embeddings stand to the right."""
    for kind, side, labels in (("Users", plan.user, content.users), ("Items", plan.item, content.items)):
        ids = side.ids
        put_text(sheet, Cell(ids.top - 2, 2), kind, styles.heading)
        put_text(sheet, Cell(ids.top - 2, 3), "Embeddings", styles.heading)
        put_text(sheet, Cell(ids.top - 1, 1), "idx", styles.header)
        put_text(sheet, Cell(ids.top - 1, 2), "id", styles.header)
        for number in range(side.factors.shape[1]):
            put_number(sheet, Cell(ids.top - 1, 3 + number), number + 1, styles.header)
        for index, label in enumerate(labels):
            put_number(sheet, Cell(ids.top + index, 1), index + 1, styles.lookup_whole)
            put_label(sheet, ids.top + index, 2, label, styles.user)


def _panel(sheet, styles: Styles, plan: NetPlan, content: Content) -> None:
    """What one sets, and what comes out, with what each is for."""
    layout, held = plan.layout, ref(plan.held)
    for number, word in enumerate(PANEL):
        put_text(sheet, plan.panel.moved(number, 0), word, styles.label)
        put_text(sheet, plan.panel.moved(number, 2), _MEANINGS.get(word, ""), styles.note_beside)
    ratings, decay = ref(layout.ratings), setting_name("weight_decay")
    put_formula(sheet, layout.rmse, f"=SQRT(AVERAGE({ref(plan.errors)}))", styles.calculated)
    error = f"SUM(IF(ISNUMBER({held}),({held}-{ref(layout.predictions)})^2,0))"
    put_formula(sheet, plan.setting("RMSE held out"), f'=IF(COUNT({held})=0,"",SQRT({error}/COUNT({held})))', styles.calculated)
    put_formula(sheet, plan.setting("weight decay"), f"=IF(ISNUMBER({decay}),{decay},{NET_DECAY})", styles.table_plain)
    squares = f"SUM(IF(ISNUMBER({ratings}),{ref(plan.x)}^2,0))/COUNT({ratings})"
    layers = "".join(f"+SUMSQ({ref(block.range)})" for block in (plan.layers.hidden_weights, plan.layers.output_weights))
    put_formula(sheet, plan.setting("loss"), f"={layout.rmse}^2+{plan.setting('weight decay')}*VARP({ratings})*({squares}{layers})",
                styles.calculated)
    put_text(sheet, plan.dropping, "off", styles.option)
    sheet.data_validation(str(plan.dropping), {"validate": "list", "source": ["off", "on"], "error_title": "on or off",
                                                 "error_message": "Choose on or off."})
    put_number(sheet, plan.dropout, _SHARE, styles.option)
    sheet.data_validation(str(plan.dropout), {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 0.99,
                                                "error_title": "No such share", "error_message": "Give a number from 0 to 0.99."})
    put_number(sheet, plan.setting("drawn by seed"), content.seed, styles.option)
    for end, bound in zip(("low", "high"), content.bounds):
        put_number(sheet, plan.setting(end), bound, styles.option)
    sheet.write_blank(plan.status.row - 1, plan.status.col - 1, None, styles.status)
    sheet.write_blank(plan.stop.row - 1, plan.stop.col - 1, None, styles.option)
    sheet.data_validation(str(plan.stop), {"validate": "any", "input_title": "Stop", "input_message": STOP})
    more = f"COUNT(source)-COUNT(source_user)-COUNT(source_item)-COUNT({ratings})"
    put_formula(sheet, plan.stop.moved(0, 1), f'=IF({more}>0,"Ratings typed since the last update are not listed here: "&{more},"")',
                styles.status_above)


def _heads(sheet, styles: Styles, plan: NetPlan) -> None:
    """Words above every column, and beside the parameters above them."""
    layout, layers, above = plan.layout, plan.layers, plan.x.top - 1
    for column, text in ((plan.user.keys, "ratings"), (plan.user.index, "looked up"), (plan.x, "x: both embeddings side by side"),
                         (plan.sums, "x·W1 + b1"), (plan.mask, "dropout mask"), (plan.outputs, "hidden: relu × mask"), (plan.raw, "model")):
        put_text(sheet, Cell(above - 1, column.left), text, styles.heading)
    for column, text in ((plan.user.keys, "user"), (plan.item.keys, "item"), (plan.places, "no."), (layout.ratings, "rating"),
                         (plan.held, "held out"), (plan.user.index, "user idx"), (plan.item.index, "item idx"), (plan.raw, "raw"),
                         (layout.predictions, "predict"), (plan.errors, "error²")):
        put_text(sheet, Cell(above, column.left), text, styles.header)
    for block in (plan.sums, plan.mask, plan.outputs):
        for number, col in enumerate(range(block.left, block.right + 1), 1):
            put_number(sheet, Cell(above, col), number, styles.header)
    n_user = plan.user.factors.shape[1]
    for number in range(plan.x.shape[1]):
        word = f"user {number + 1}" if number < n_user else f"item {number - n_user + 1}"
        put_text(sheet, Cell(above, plan.x.left + number), word, styles.header)
        put_text(sheet, layers.hidden_weights.range.first.moved(number, -1), word, styles.label)
    for layer, text in ((layers.hidden_weights, "W1"), (layers.output_weights, "W2"), (layers.output_bias, "b2")):
        put_text(sheet, layer.range.first.moved(-1, 0), text, styles.heading)
    put_text(sheet, layers.hidden_bias.range.first.moved(0, -1), "b1", styles.label)


def _rows(sheet, styles: Styles, plan: NetPlan, content: Content) -> None:
    """The pairs, typed, their ratings from the sheet `ratings`, and the net: what is computed with arrays is an array formula."""
    layout, wild, given = plan.layout, content.wild_labels, content.given
    pairs = sorted(zip(given.user_index.tolist(), given.item_index.tolist()))
    tables = ((plan.user.factors.range, plan.user.index, 0), (plan.item.factors.range, plan.item.index, plan.user.factors.shape[1]))
    for row, (user, item) in enumerate(pairs, plan.x.top):
        put_label(sheet, row, plan.user.keys.left, content.users[user], styles.result_text)
        put_label(sheet, row, plan.item.keys.left, content.items[item], styles.result_text)
        user_name, item_name = (_in_row(keys, row) for keys in (plan.user.keys, plan.item.keys))
        place = f"({source_row(user_name, wild)}-1)*COLUMNS(source)+{source_column(item_name, wild)}-1"     # from 0, row by row
        at = _in_row(plan.places, row)
        typed = f"INDEX(source,INT({at}/COLUMNS(source))+1,MOD({at},COLUMNS(source))+1)"
        for column, formula, style in ((plan.places, f'=IFERROR({place},"")', styles.calc_whole),
                                       (layout.ratings, f'=IFERROR(AVERAGE({typed}),"")', styles.rating),
                                       (plan.held, f'=IFERROR(IF(RIGHT({typed},1)="?",{held_number(typed)},""),"")', styles.rating)):
            sheet.write_formula(row - 1, column.left - 1, formula, style)
        for table, index, before in tables:
            for shift in range(table.shape[1]):
                source = Range(table.top, table.left + shift, table.bottom, table.left + shift)
                sheet.write_formula(row - 1, plan.x.left + before + shift - 1,
                                    f"=INDEX({ref(source, rows=True, cols=True)},{_in_row(index, row)})", styles.lookup)
    for side in (plan.user, plan.item):
        put_array(sheet, side.index, f"=MATCH({label_wanted(ref(side.keys), wild)},{ref(side.ids)},0)", styles.lookup_whole)
    _net(sheet, styles, plan)


def _net(sheet, styles: Styles, plan: NetPlan) -> None:
    layout, layers, low, high = plan.layout, plan.layers, ref(plan.setting("low")), ref(plan.setting("high"))
    weights, bias, out, out_bias = (ref(block.range) for block in (layers.hidden_weights, layers.hidden_bias, layers.output_weights,
                                                                   layers.output_bias))
    sums, mask, ratings = ref(plan.sums), ref(plan.mask), ref(layout.ratings)
    put_array(sheet, plan.sums, f"=MMULT({ref(plan.x)},{weights})+{bias}", styles.lookup)
    # numbers that look drawn, the same at every recalculation: RAND would draw others, and no result could be told again
    drawn = f"MOD(ABS(SIN(ROW({mask})*12.9898+COLUMN({mask})*78.233+{ref(plan.setting('drawn by seed'))}))*43758.5453,1)"
    share = ref(plan.dropout)
    put_array(sheet, plan.mask, f'=IF({ref(plan.dropping)}="on",IF({drawn}<{share},0,1/(1-{share})),1)', styles.lookup)
    put_array(sheet, plan.outputs, f"=IF({sums}>0,{sums},0)*{mask}", styles.lookup)
    put_array(sheet, plan.raw, f"=MMULT({ref(plan.outputs)},TRANSPOSE({out}))+{out_bias}", styles.lookup)
    put_array(sheet, layout.predictions, f"={low}+({high}-{low})/(1+EXP(-{ref(plan.raw)}))", styles.prediction)
    put_array(sheet, plan.errors, f'=IF(ISNUMBER({ratings}),({ratings}-{ref(layout.predictions)})^2,"")', styles.lookup)


def _in_row(column: Range, row: int) -> str:
    return ref(Cell(row, column.left), cols=True)
