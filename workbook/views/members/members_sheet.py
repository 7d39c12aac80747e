"""The sheets `items` and `users`: ranking, principal components, and nearest neighbours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from xlsxwriter import Workbook

from pyxl.grid.block_names import block_name
from pyxl.grid.cells import Cell, Range
from pyxl.grid.layout import Block, Layout
from solver.collab.answers.recommend import AT_THE_MEAN
from workbook.model_sheets.view import View
from workbook.write.display_labels import width_of
from workbook.write.references import box, columns_of, ref
from workbook.write.styles import BARS, Styles, fold_helpers, print_setup
from workbook.write.write_cells import put_array, put_formula, put_number, put_text, put_words, quoted_text

from .components_block import write_components
from .members_plan import MEMBERS_FIRST, MEMBERS_HEAD, OWN, MembersPlan, members_plan


@dataclass(frozen=True)
class _Side:
    """Users or items: what differs between the two sheets.

    `line` is one member's part of a block, ``{block}``, by its number ``{i}``; `lines` say what one sees, with ``{by}`` for what ranks them.
    """

    sheet: str
    role: str
    other: str
    line: str
    labels: Callable
    lines: tuple[str, str]


ITEMS = _Side("items", "item", "user", "INDEX({block},0,{i})", lambda content: content.items, (
    "Items by {by}. On top is what is good whoever watches it, at the bottom what is not, whatever their taste.",
    "The components are the two directions in which items differ most (sheet map). Items are alike that lie in the same "
    "direction from the mean item: cosine 1."))
USERS = _Side("users", "user", "item", "INDEX({block},{i},0)", lambda content: content.users, (
    "Users by {by}. On top are those who give high ratings whatever they see, at the bottom those who give low ones.",
    "The components are the two directions in which tastes differ most. Users are alike whose tastes lie in the same "
    "direction from the mean user: cosine 1."))
RANKED_BY = {"dot": ("mean", "predicted mean: the average of all their predictions (this model has no biases)"),
             "dot+bias": ("bias", "bias: what is added to each of their ratings, beside the match of factors"),
             "bounded": ("bias", "bias: what is added inside the sigmoid for each of them, beside the match of factors")}
_LINE, _SIGNS, _MOST_LINES = 13, 1.3, 3     # of a row's names: a line's height, signs for each unit of its width, and how many
_NOT_ALIKE = -1.5   # below every cosine: nobody is there


def write_items(workbook: Workbook, styles: Styles, view: View) -> None:
    """Add the sheet `items`."""
    _write(workbook, styles, view, ITEMS)


def write_users(workbook: Workbook, styles: Styles, view: View) -> None:
    """Add the sheet `users`."""
    _write(workbook, styles, view, USERS)


def _write(workbook: Workbook, styles: Styles, view: View, side: _Side) -> None:
    sheet, labels = workbook.add_worksheet(side.sheet), side.labels(view.content)
    plan = members_plan(len(labels), view.content.n_factors)
    _looks(sheet, styles, plan, labels)
    _words(sheet, styles, plan, view, side)
    _own_order(sheet, styles, plan, view, side)
    write_components(sheet, styles, plan)
    for row in range(plan.n):
        _ranked_row(sheet, styles, plan, row)
    for what, where in (("components", plan.own_components), ("loadings", plan.loadings), ("shares", plan.shares)):
        workbook.define_name(block_name(side.sheet, what), f"={side.sheet}!{where.absolute}")


def _own_order(sheet, styles: Styles, plan: MembersPlan, view: View, side: _Side) -> None:
    """The grey columns in the order of the model sheet."""
    for what in OWN:
        put_text(sheet, plan.own(what).first.moved(-1, 0), what, styles.calc_head)
    counts, scores, numbers = (_fixed(plan.own(what)) for what in ("ratings", "score", "number"))
    for row in range(plan.n):
        cell = {what: plan.own(what).first.moved(row, 0) for what in OWN}
        i, n, score = (ref(cell[what], cols=True) for what in ("number", "ratings", "score"))
        rated = side.line.format(block=view.name("ratings"), i=i)
        put_number(sheet, cell["number"], row + 1, styles.calc_whole)
        put_array(sheet, cell["score"], f"={view.of_chosen(partial(_score, view=view, side=side, i=i))}", styles.calc)
        put_formula(sheet, cell["ratings"], f"=COUNT({rated})", styles.calc_whole)
        put_formula(sheet, cell["mean"], f'=IF({n}=0,"",AVERAGE({rated}))', styles.calc)
        own = ref(Range(cell["number"].row, plan.factors.left, cell["number"].row, plan.factors.right), cols=True)
        put_array(sheet, cell["length"], f"=SQRT(SUMSQ({own}-{_fixed(plan.centre)}))", styles.calc)
        # a member at the mean but for rounding lies in no direction
        put_formula(sheet, cell["known"], f"=({n}>0)*({ref(cell['length'], cols=True)}>{AT_THE_MEAN:g}*SQRT(SUMSQ({own})))", styles.calc_whole)
        # those rated, then those whom nobody rated; of equals the first comes first
        put_formula(sheet, cell["rank"],
                f"=IF({n}=0,SUMPRODUCT(({counts}>0)+({counts}=0)*({numbers}<={i})),"
                f"1+SUMPRODUCT(({counts}>0)*(({scores}>{score})+({scores}={score})*({numbers}<{i}))))", styles.calc_whole)
    block: Block = getattr(view.layout, f"{side.role}_factors")
    for role, where in (("ids", plan.own("name")), ("factors", plan.factors)):
        name = view.name(f"{side.role}_{role}")
        put_array(sheet, where, f"=TRANSPOSE({name})" if block.along == "columns" else f"={name}", styles.calc if role == "factors" else styles.calc_label)
    lengths = _fixed(plan.own("length"))
    put_array(sheet, plan.directions, f"=({_fixed(plan.factors)}-{_fixed(plan.centre)})/IF({lengths}>0,{lengths},1)", styles.calc)
    for where, title in ((plan.factors, "factors"), (plan.directions, "(factors − mean) / length"),
                         *zip(columns_of(plan.own_components), ("component 1", "component 2"))):
        put_text(sheet, where.first.moved(-1, 0), title, styles.calc_head)


def _line(layout: Layout, *, line: str) -> str:
    """What one sees, as a formula has it, for this model."""
    return quoted_text(line.format(by=RANKED_BY[layout.variant][1]))


def _score(layout: Layout, *, view: View, side: _Side, i: str) -> str:
    """The formula of what ranks a member in this model: the bias, or without biases the mean prediction."""
    if layout.item_bias is not None:
        return f"INDEX({view.name(f'{side.role}_bias')},{i})"
    both = {side.role: side.line.format(block=view.name(f"{side.role}_factors"), i=i),
            side.other: view.name(f"{side.other}_factors")}
    return f"AVERAGE(MMULT({both['user']},{both['item']}))"


def _ranked_row(sheet, styles: Styles, plan: MembersPlan, row: int) -> None:
    """One rank: who has it, what is known of them, and who is like them."""
    place = ref(plan.place.first.moved(row, 0), cols=True)
    rank = plan.rank.first.moved(row, 0)
    put_number(sheet, rank, row + 1, styles.whole)
    put_formula(sheet, plan.place.first.moved(row, 0), f"=MATCH({ref(rank, cols=True)},{_fixed(plan.own('rank'))},0)",
            styles.calc_whole)

    def looked_up(column: Range) -> str:
        return f"INDEX({_fixed(column)},{place})"

    counted = looked_up(plan.own("ratings"))
    put_formula(sheet, plan.name.first.moved(row, 0), f"={looked_up(plan.own('name'))}", styles.name)
    put_formula(sheet, plan.score.first.moved(row, 0), f'=IF({counted}=0,"",{looked_up(plan.own("score"))})', styles.ranked)
    put_formula(sheet, plan.ratings.first.moved(row, 0), f"={counted}", styles.whole)
    put_formula(sheet, plan.mean.first.moved(row, 0), f"={looked_up(plan.own('mean'))}", styles.ranked)
    for shift, column in enumerate(columns_of(plan.own_components)):
        put_formula(sheet, plan.components.first.moved(row, shift), f"={looked_up(column)}", styles.ranked)
    known, numbers, directions = (_fixed(r) for r in (plan.own("known"), plan.own("number"), plan.directions))
    cosine = (f"IF({known}*INDEX({known},{place})*({numbers}<>{place}),"
              f"MMULT({directions},TRANSPOSE(INDEX({directions},{place},0))),-2)")
    if plan.alike:
        cosines, found = (Range(rank.row, block.left, rank.row, block.right) for block in (plan.cosines, plan.found))
        put_array(sheet, cosines, f"=LARGE({cosine},{{{','.join(str(k + 1) for k in range(plan.alike))}}})", styles.calc)
        put_array(sheet, found, f"=MATCH({ref(cosines)},{cosine},0)", styles.calc_whole)
    for k in range(plan.alike):
        own, name = plan.cosines.first.moved(row, k), plan.alike_name(k).first.moved(row, 0)
        which = ref(plan.found.first.moved(row, k))
        if k:   # of equals the first, then the next: as many equals as stand so far in this row. To look for them costs all cosines anew
            so_far = ref(Range(own.row, plan.cosines.left, own.row, own.col), cols=True)
            again = f"SMALL(IF({cosine}={ref(own)},{numbers},1E9),SUM(({so_far}={ref(own)})*1))"
            which = f"IF({ref(own)}={ref(own.moved(0, -1))},{again},{which})"
        put_array(sheet, name, f'=IF({ref(own)}<{_NOT_ALIKE},"",INDEX({_fixed(plan.own("name"))},{which}))', styles.name)
        put_formula(sheet, name.moved(0, 1), f'=IF({ref(own)}<{_NOT_ALIKE},"",{ref(own)})', styles.likeness)


def _words(sheet, styles: Styles, plan: MembersPlan, view: View, side: _Side) -> None:
    put_text(sheet, Cell(1, 1), side.sheet.capitalize(), styles.title)
    for row, line in enumerate(side.lines, 2):
        put_words(sheet, Cell(row, 1), view.of_chosen(partial(_line, line=line)), styles.note)
    titles = {plan.rank: "rank", plan.name: side.role, plan.ratings: "ratings", plan.mean: "mean"}
    for column, title in titles.items():
        put_text(sheet, Cell(MEMBERS_HEAD, column.left), title, styles.header_left if column == plan.name else styles.header)
    put_words(sheet, Cell(MEMBERS_HEAD, plan.score.left), view.of_chosen(lambda layout: quoted_text(RANKED_BY[layout.variant][0])), styles.header)
    for shift in (0, 1):
        put_text(sheet, Cell(MEMBERS_HEAD, plan.components.left + shift), f"comp. {shift + 1}", styles.header)
    for k in range(plan.alike):
        put_text(sheet, Cell(MEMBERS_HEAD, plan.alike_name(k).left), "most alike" if k == 0 else f"{k + 1}.", styles.header_left)
        put_text(sheet, Cell(MEMBERS_HEAD, plan.alike_name(k).left + 1), "cos", styles.header)
    put_text(sheet, Cell(MEMBERS_HEAD - 2, plan.place.left), "Helper calculations, not printed: change nothing here.", styles.calc_head)
    put_text(sheet, Cell(MEMBERS_HEAD - 1, plan.place.left), "by rank: place, cosines, and who has them first", styles.calc_head)
    put_text(sheet, Cell(MEMBERS_HEAD - 1, plan.own("number").left), "in the order of the model sheets", styles.calc_head)
    put_text(sheet, Cell(MEMBERS_HEAD - 1, plan.centre.left), "principal components: powers of the covariance", styles.calc_head)


def _looks(sheet, styles: Styles, plan: MembersPlan, labels: list) -> None:
    longest = max(len(str(label)) for label in labels)
    wide = width_of(labels, most=36)
    neighbour = width_of(labels, least=11, most=22 if longest <= 40 else 30)     # as wide as its header
    lines = min(-(-longest // (_SIGNS * neighbour)), _MOST_LINES)
    sheet.set_column(0, 0, 5, styles.text)
    sheet.set_column(1, 1, wide, styles.text)
    sheet.set_column(2, 6, 8, styles.text)
    for k in range(plan.alike):
        sheet.set_column(plan.alike_name(k).left - 1, plan.alike_name(k).left - 1, neighbour, styles.text)
        sheet.set_column(plan.alike_name(k).left, plan.alike_name(k).left, 4.5, styles.text)
    fold_helpers(sheet, plan.place.left, plan.loadings.right, 6.5, styles.calc)
    sheet.set_row(0, 24)
    if lines > 1:
        for row in range(MEMBERS_FIRST, MEMBERS_FIRST + plan.n):
            sheet.set_row(row - 1, _LINE * lines)
    for column in (plan.score, *columns_of(plan.components)):
        sheet.conditional_format(*box(column), BARS)
    print_setup(sheet, one_page=plan.n <= 25, repeat=(MEMBERS_HEAD - 1, MEMBERS_HEAD - 1))
    sheet.print_area(*box(plan.printed))
    sheet.freeze_panes(MEMBERS_HEAD, 2)


def _fixed(where: Cell | Range) -> str:
    return ref(where, rows=True, cols=True)
