"""Where everything stands, for any number of users, items and factors. Writes nothing.

With 15 users, 15 items and 5 factors every block stands in the cells of the fastai lesson's
workbook (collab_filter.xlsx): its sheets dotprod, bias and movielens_emb.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.grid.cells import MAX_COL, MAX_ROW, Cell, Range
from pyxl.grid.layout import Block, Layout
from solver import MODELS
from solver.errors import UserError

HISTORY_ROWS = 200      # of epochs: a longer fit is thinned
_SEEN = 26              # columns that most screens show: a chart further right would not be noticed
_CHART_ROW = 15         # where it stands in the free cells on the left
_CHART_ROWS, _CHART_COLS = 15, 8    # what it covers


@dataclass(frozen=True)
class Crosstab:
    """A sheet with users down and items across.

    `status` is where a live fit says how far it is, `stop` where a user stops it, `history` the rows
    for its epochs and `chart` the top left cell of the chart over them.
    Item titles stand in the rows `headers` above, user ids in the column `ids` beside ratings,
    predictions and the filled table; `user_ids` and `item_ids` are those of the ratings.
    """

    layout: Layout
    filled: Range
    legend: Cell
    headers: tuple[int, int, int]
    ids: int
    user_ids: Range
    item_ids: Range
    status: Cell
    stop: Cell
    history: Range
    chart: Cell

    @property
    def used(self) -> Range:
        return Range(1, 1, self.filled.bottom, self.filled.right)

    @property
    def tables(self) -> tuple[Range, Range, Range]:
        """The three users × items blocks, from the top: ratings, predictions, filled."""
        return self.layout.ratings, self.layout.predictions, self.filled


def crosstab(sheet: str, variant: str, *, users: int, items: int, factors: int) -> Crosstab:
    """Ratings on top, item parameters below them, then user parameters beside the predictions,
    the RMSE under their last column, and at the bottom the filled table.

    Column A is for the user bias, the factors follow it, then the user ids, then the items.
    """
    biases, bounded = MODELS[variant].biases, MODELS[variant].bounded
    ids = factors + 2
    left, right = ids + 1, ids + items
    ratings = Range(2, left, users + 1, right)
    top = ratings.bottom + 3
    item_bias = Block(Range(top, left, top, right), "columns") if biases else None
    top += biases
    item_factors = Block(Range(top, left, top + factors - 1, right), "columns")
    header = top + factors
    first, last = header + 1, header + users
    rmse = Cell(last + 2, right)
    user_ids, item_ids = Range(2, ids, ratings.bottom, ids), Range(1, left, 1, right)
    layout = Layout(
        sheet=sheet, form="crosstab", variant=variant, ratings=ratings,
        predictions=Range(first, left, last, right), rmse=rmse,
        user_factors=Block(Range(first, 2, last, ids - 1), "rows"), item_factors=item_factors,
        user_bias=Block(Range(first, 1, last, 1), "rows") if biases else None, item_bias=item_bias,
        user_ids=user_ids, item_ids=item_ids,
        low=Cell(2, 2) if bounded else None, high=Cell(3, 2) if bounded else None)
    filled_header = rmse.row + 3
    filled = Range(filled_header + 1, left, filled_header + users, right)
    chart = Cell(2, right + 2)
    if right > _SEEN and ratings.bottom > _CHART_ROW + _CHART_ROWS:
        chart = Cell(_CHART_ROW, 1)
    return Crosstab(layout, filled, Cell(filled_header - 1, 2), (1, header, filled_header), ids, user_ids, item_ids,
                    status=Cell(ratings.bottom + 1, left),
                    stop=Cell(max(ratings.bottom, 3 if bounded else 0) + 1, 2),  # B2 and B3 hold the bounds
                    history=_history(2, right, chart), chart=chart)


@dataclass(frozen=True)
class LookedUp:
    """Users, or items, on a sheet with a rating a row. Their `factors` stand beside their `ids`; in the row of every rating `keys`
    says whose it is, and `index` which row of the ids that is."""

    ids: Range
    factors: Block
    keys: Range
    index: Range


def looked_up(top: int, n: int, factors: int, *, keys: Range, index: Range) -> LookedUp:
    """n users or items from the row `top` on: their ids in column B, their factors from column C on."""
    last = top + n - 1
    return LookedUp(Range(top, 2, last, 2), Block(Range(top, 3, last, factors + 2), "rows"), keys, index)


@dataclass(frozen=True)
class LongForm:
    """The sheet with a rating a row, which looks its factors up.

    `places` says where each rating stands in the crosstab, counted row by row, and `rated_before` how many stand above each
    user, at last all of them; where that is None, the pairs are typed and `places` are those in the sheet `ratings`.
    `user_copies` and `item_copies` are the factors beside each rating, or None where the prediction looks them up by itself.
    """

    layout: Layout
    places: Range
    rated_before: Range | None
    user: LookedUp
    item: LookedUp
    user_copies: Range | None
    item_copies: Range | None
    errors: Range
    status: Cell
    stop: Cell
    history: Range
    chart: Cell

    @property
    def used(self) -> Range:
        bottom = max(self.errors.bottom, self.item.ids.bottom + 5)   # there stand the notes
        return Range(1, 1, bottom, self.layout.rmse.col)


def long_form(sheet: str, *, users: int, items: int, factors: int, ratings: int, copies: bool) -> LongForm:
    """User table, item table below it, and to the right a row for every rating, with `copies` also rows to spare: for as many
    ratings as there may be."""
    rows = max(ratings, min(users * items, ratings + max(20, ratings // 10))) if copies else ratings

    def column(col: int, width: int = 1) -> Range:
        return Range(3, col, rows + 2, col + width - 1)

    user = factors + 4                      # user, item, rating
    width = factors if copies else 0        # of the looked-up factors
    user_index = user + 3
    item_index = user_index + width + 1
    predict = item_index + width + 1        # predict, error², a gap, RMSE
    of_user = looked_up(4, users, factors, keys=column(user), index=column(user_index))
    of_item = looked_up(users + 7, items, factors, keys=column(user + 1), index=column(item_index))
    layout = Layout(
        sheet=sheet, form="long", variant="dot", ratings=column(user + 2), predictions=column(predict),
        rmse=Cell(3, predict + 3), user_factors=of_user.factors, item_factors=of_item.factors,
        user_ids=of_user.ids, item_ids=of_item.ids, user_keys=of_user.keys, item_keys=of_item.keys)
    chart = Cell(11, layout.rmse.col + 1)   # below the status, whose text runs to the right, and beside what is printed
    history = _history(chart.row, layout.rmse.col, chart)
    before = Range(of_user.ids.top, history.right + 3, of_user.ids.bottom + 1, history.right + 3)
    return LongForm(layout, column(user - 1), before if copies else None, of_user, of_item,
                    column(user_index + 1, width) if copies else None,
                    column(item_index + 1, width) if copies else None, column(predict + 1),
                    status=Cell(6, layout.rmse.col), stop=Cell(9, layout.rmse.col),
                    history=history, chart=chart)


def history_beside(header: int, right: int) -> Range:
    """The same right of column `right`, where the chart stands elsewhere."""
    return Range(header + 1, right + 2, header + HISTORY_ROWS, right + 3)


def held_beside(history: Range) -> Range:
    """The column beside epoch and RMSE for the RMSE on ratings held out; it stays free where none are."""
    return Range(history.top, history.right + 1, history.bottom, history.right + 1)


def _history(header: int, right: int, chart: Cell) -> Range:
    """Two columns, epoch and RMSE, below the row `header`: right of what ends in column `right`, and of the chart."""
    left = max(right, chart.col + _CHART_COLS - 1) + 2
    return Range(header + 1, left, header + HISTORY_ROWS, left + 1)


def check_size(*, users: int, items: int, factors: int, ratings: int, bottom: int, right: int) -> None:
    """Raise UserError where a sheet would need more rows or columns than Excel has."""
    if right > MAX_COL:
        raise UserError(f"{items:,} items and {factors:,} factors need {right:,} columns; an Excel sheet holds "
                        f"{MAX_COL:,}. Take fewer items, such as the 200 with most ratings, "
                        "or keep the ratings in long form.")
    if bottom > MAX_ROW:
        what = f"{ratings:,} ratings" if ratings + 2 >= bottom else f"{users:,} users"
        raise UserError(f"{what} need {bottom:,} rows; an Excel sheet holds {MAX_ROW:,}. "
                        "Take fewer users, such as the 300 with most ratings, or keep the ratings in a CSV file.")
