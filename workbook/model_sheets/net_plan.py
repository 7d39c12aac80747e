"""Where everything stands on the sheet `net`, for any number of users and items and any widths. Writes nothing.

Embeddings at the left, beside them what one sets and reads, then a row for every rating. Each layer's parameters stand
above the numbers that they make: W1 above the sums, W2 above the outputs of the hidden layer.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.grid.cells import Cell, Range
from pyxl.grid.layout import Block, Layout
from solver.errors import UserError
from solver.model.net import embedding_size
from workbook.write.content import NetWidths

from .geometry import LookedUp, history_beside, looked_up

MOST_PAIRS = 2_000      # ratings a row each: with 30 and more formulas in every row
HIDDEN_UNITS = 10       # of a net in cells
PANEL = ("RMSE", "RMSE held out", "weight decay", "loss", "dropout", "share left out", "drawn by seed", "low", "high", "status", "stop")
PANEL_ROW = 3


@dataclass(frozen=True)
class NetLayers:
    """Where the parameters of the layers stand: W1 and b1 of the hidden one, W2 and b2 of the output."""

    hidden_weights: Block
    hidden_bias: Block
    output_weights: Block
    output_bias: Block


@dataclass(frozen=True)
class NetPlan:
    """The sheet with a net, a rating a row. `x` are both embeddings side by side, `sums` are x·W1 + b1, `mask` is what dropout
    multiplies by, `outputs` are relu(sums)·mask, and `raw` is outputs·W2 + b2, whose sigmoid is the prediction."""

    layout: Layout
    user: LookedUp
    item: LookedUp
    layers: NetLayers
    places: Range
    held: Range
    x: Range
    sums: Range
    mask: Range
    outputs: Range
    raw: Range
    errors: Range
    panel: Cell
    history: Range
    chart: Cell

    def setting(self, which: str) -> Cell:
        """The cell beside a word of `PANEL`."""
        return self.panel.moved(PANEL.index(which), 1)

    @property
    def dropout(self) -> Cell:
        """The share that dropout leaves out."""
        return self.setting("share left out")

    @property
    def dropping(self) -> Cell:
        """Whether dropout is at work: on or off."""
        return self.setting("dropout")

    @property
    def status(self) -> Cell:
        return self.setting("status")

    @property
    def stop(self) -> Cell:
        return self.setting("stop")

    @property
    def used(self) -> Range:
        return Range(1, 1, max(self.errors.bottom, self.item.ids.bottom), self.errors.right)


def widths_for(n_users: int, n_items: int) -> NetWidths:
    """fast.ai's rule of thumb for both embeddings, and a small hidden layer."""
    return NetWidths(embedding_size(n_users), embedding_size(n_items), HIDDEN_UNITS)


def net_plan(sheet: str, *, users: int, items: int, ratings: int, widths: NetWidths) -> NetPlan:
    """The plan for so many ratings, those held out included. Raises UserError for more than a sheet is made for."""
    if ratings > MOST_PAIRS:
        raise UserError(f"A net in cells shows every rating in a row of {widths.user + widths.item + 3 * widths.hidden + 10} formulas, and is made "
                        f"for {MOST_PAIRS:,} ratings; these are {ratings:,}. Take fewer users or items, or leave the net out.")
    k, h = widths.user + widths.item, widths.hidden
    panel = Cell(PANEL_ROW, max(widths.user, widths.item) + 4)
    left, top = panel.col + 4, k + 7            # of the rows of ratings
    ahead = Range(top, left, top + ratings - 1, left)

    def column(number: int, width: int = 1) -> Range:
        return Range(ahead.top, left + number, ahead.bottom, left + number + width - 1)

    user = looked_up(4, users, widths.user, keys=column(0), index=column(5))
    item = looked_up(users + 7, items, widths.item, keys=column(1), index=column(6))
    x = column(7, k)
    sums = column(k + 8, h)
    mask = column(k + h + 9, h)
    outputs = column(k + 2 * h + 10, h)
    raw = column(k + 3 * h + 11)
    layers = NetLayers(hidden_weights=Block(Range(3, sums.left, k + 2, sums.right), "columns"),
                       hidden_bias=Block(Range(k + 3, sums.left, k + 3, sums.right), "columns"),
                       output_weights=Block(Range(k + 3, outputs.left, k + 3, outputs.right), "rows"),
                       output_bias=Block(Range(k + 3, raw.left, k + 3, raw.left), "rows"))
    layout = Layout(
        sheet=sheet, form="long", variant="net", ratings=column(3), predictions=column(k + 3 * h + 12),
        rmse=panel.moved(PANEL.index("RMSE"), 1), user_ids=user.ids, item_ids=item.ids, user_keys=user.keys, item_keys=item.keys,
        user_factors=user.factors, item_factors=item.factors,
        low=panel.moved(PANEL.index("low"), 1), high=panel.moved(PANEL.index("high"), 1),
        hidden_weights=layers.hidden_weights, hidden_bias=layers.hidden_bias,
        output_weights=layers.output_weights, output_bias=layers.output_bias,
        dropout=panel.moved(PANEL.index("share left out"), 1), dropping=panel.moved(PANEL.index("dropout"), 1))
    chart = Cell(PANEL_ROW + len(PANEL) + 6, panel.col)
    errors = column(k + 3 * h + 13)
    return NetPlan(layout, user, item, layers, column(2), column(4), x, sums, mask, outputs, raw, errors, panel,
                   history=history_beside(top - 1, errors.right), chart=chart)
