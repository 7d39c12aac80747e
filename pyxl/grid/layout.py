"""What stands where on a model sheet. Pure description: nothing is read or computed here."""

from __future__ import annotations

from dataclasses import dataclass, fields

from .cells import Cell, Range


@dataclass(frozen=True)
class Block:
    """A range of parameters: one vector for every user (or item).

    `along` says how the users (items) run: ``'rows'``, one user a row, factors to the right; or
    ``'columns'``, one item a column, factors downwards (as the lesson lays out its items).
    A bias block is a block with one factor.
    """

    range: Range
    along: str

    @property
    def shape(self) -> tuple[int, int]:
        """(number of users or items, number of factors)"""
        rows, cols = self.range.shape
        return (rows, cols) if self.along == "rows" else (cols, rows)

    def cells(self) -> list[list[Cell]]:
        """The cells as (n, k): one list of factor cells for every user (item)."""
        r = self.range
        if self.along == "rows":
            return [[Cell(row, col) for col in range(r.left, r.right + 1)]
                    for row in range(r.top, r.bottom + 1)]
        return [[Cell(row, col) for row in range(r.top, r.bottom + 1)]
                for col in range(r.left, r.right + 1)]


@dataclass(frozen=True)
class Layout:
    """Where a sheet keeps ratings, parameters, predictions and their error.

    `form` is ``'crosstab'`` (users down, items across: `ratings` is n_users × n_items) or
    ``'long'`` (a rating a row: `ratings` is one column, `user_keys` and `item_keys` beside it
    say whose rating it is, and the parameters are looked up). `user_ids` and `item_ids` name the
    rows of the parameter blocks. `variant` is a name of `solver.MODELS`; `low` and `high` are
    the ends of a bounded model's range: cells, or numbers where the formula has them written in.
    A net has layers of weights and biases, and a cell `dropping` that says whether dropout is at work, with its share in
    `dropout`. `rmse` is the cell to minimise; `measure` (a name of `detect.MEASURES`) is what its formula
    really computes, whatever its label says.
    """

    sheet: str
    form: str
    variant: str
    ratings: Range
    predictions: Range
    rmse: Cell
    user_factors: Block
    item_factors: Block
    user_bias: Block | None = None
    item_bias: Block | None = None
    user_ids: Range | None = None
    item_ids: Range | None = None
    user_keys: Range | None = None
    item_keys: Range | None = None
    low: Cell | float | None = None
    high: Cell | float | None = None
    hidden_weights: Block | None = None
    hidden_bias: Block | None = None
    output_weights: Block | None = None
    output_bias: Block | None = None
    dropout: Cell | None = None
    dropping: Cell | None = None
    measure: str = "rmse"

    @property
    def parameters(self) -> dict[str, Block]:
        """The blocks that a fit writes, by role."""
        return {f.name: getattr(self, f.name) for f in fields(self)
                if isinstance(getattr(self, f.name), Block)}

    @property
    def areas(self) -> dict[str, tuple[str, Range]]:
        """The cells of these blocks, by role, as (sheet, range)."""
        return {role: (self.sheet, block.range) for role, block in self.parameters.items()}
