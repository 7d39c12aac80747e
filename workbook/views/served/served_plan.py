"""Where everything stands on the sheet `served`: three tables and a chart, printed, and grey helper columns to their right."""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.grid.cells import Cell, Range
from solver.judging.who_is_served import FIFTHS

IN_LIST, DISCOUNT = Cell(5, 2), Cell(6, 2)      # what the reader sets
ACTIVE, POPULAR = Cell(8, 2), Cell(9, 2)        # shares of the ratings
ERRORS_HEAD, LISTS_HEAD = 11, 15
CHART = 19              # the first row below the tables
SERVED_PRINTED = 10            # columns
SERVED_FIRST = 7               # row of the helper columns
ORDERS = ("by prediction", "with the discount")
LIST = ("popularity lift", "items shown", "mean prediction", "liked ones found")     # what is told of a list beside the fifths
MEMBER = ("number", "ratings", "fifth")
OF_USER = (*MEMBER, "usual popularity", *(f"last place {order}" for order in ORDERS))
OF_ITEM = (*MEMBER, "discount", *(f"{what} {order}" for order in ORDERS for what in ("shown", "worth")))


@dataclass(frozen=True)
class ServedPlan:
    """So many users and items."""

    users: int
    items: int

    def of_errors(self, side: str) -> Range:
        """RMSE of the fifths of the users, from the least to the most active, or of the items by popularity."""
        row = ERRORS_HEAD + 1 + ("user", "item").index(side)
        return Range(row, 2, row, 1 + FIFTHS)

    def of_list(self, order: str) -> Range:
        """Of lists in this order: what is recommended of each fifth of the items, and LIST."""
        row = LISTS_HEAD + 1 + ORDERS.index(order)
        return Range(row, 2, row, 1 + FIFTHS + len(LIST))

    def of_user(self, which: str) -> Range:
        return self._column(SERVED_PRINTED + 2 + OF_USER.index(which), self.users)

    def of_item(self, which: str) -> Range:
        return self._column(SERVED_PRINTED + 3 + len(OF_USER) + OF_ITEM.index(which), self.items)

    @property
    def right(self) -> int:
        """The last helper column."""
        return self.of_item(OF_ITEM[-1]).left

    def _column(self, left: int, rows: int) -> Range:
        return Range(SERVED_FIRST, left, SERVED_FIRST + rows - 1, left)
