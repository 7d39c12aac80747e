"""Splits predictions into users and items: which cells are the factors and the bias of each, and the blocks they fill."""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.layout import Block
from solver.errors import UserError

from .polynomials import Polynomial, TracedCell, Untraceable
from .trace import Tracer


@dataclass(frozen=True)
class PredictionSide:
    """One user's (or item's) part of a prediction: its factor cells and its bias cell."""

    factors: list[TracedCell]
    bias: TracedCell | None


@dataclass(frozen=True)
class PredictionTerms:
    """A prediction taken apart: pairs of multiplied cells, in order, and added cells, in order."""

    products: list[tuple[TracedCell, TracedCell]]
    singles: list[TracedCell]

    @property
    def cells(self) -> set[TracedCell]:
        return {place for pair in self.products for place in pair} | set(self.singles)


def terms_of(tracer: Tracer, sheet: str, cell: Cell) -> PredictionTerms:
    """The terms of the prediction in a cell. Raises Untraceable where it is no sum of products and two biases, or none."""
    linear = tracer.cell(sheet, cell).linear
    products = [m for m in linear if len(m) == 2]
    singles = [m[0] for m in linear if len(m) == 1]
    if not products:
        raise Untraceable(f"{sheet}!{cell} multiplies no factors.")
    if () in linear or any(c != 1 for c in linear.values()):
        raise Untraceable(f"{sheet}!{cell} adds a fixed number or weights a term.")
    if len(singles) not in (0, 2):
        cells = "one cell" if len(singles) == 1 else f"{len(singles)} cells"
        raise Untraceable(f"{sheet}!{cell} adds {cells} to the product of factors; "
                          "the models here add a user's and an item's bias, or none.")
    return PredictionTerms(products, singles)


def sides_of_crosstab(down: list[PredictionTerms], across: list[PredictionTerms]) -> tuple[list[PredictionSide], list[PredictionSide]]:
    """Users (one a row) and items (one a column) of a crosstab, factors in one common order."""
    corner, below = down[0], down[1]
    shared = corner.cells & below.cells  # what the first two rows have in common: the item's
    pairs = [(b, a) if a in shared else (a, b) for a, b in corner.products]  # (user's, item's)
    first_user, first_item = [u for u, _ in pairs], [i for _, i in pairs]
    users = [_other_side(t, first_item, shared) for t in down]
    item_bias = next((s for s in corner.singles if s in shared), None)
    first_user_bias = next((s for s in corner.singles if s not in shared), None)
    not_item = set(first_user) | {first_user_bias}
    items = [_other_side(t, first_user, not_item) for t in across]
    if corner.singles and (item_bias is None or first_user_bias is None):
        raise Untraceable("the two cells added to a prediction are not a user's and an item's bias.")
    return users, items


def sides_of_rows(rows: list[PredictionTerms]) -> tuple[list[PredictionSide], list[PredictionSide]]:
    """The user and the item of every row of a long table: the factors multiplied first are the
    user's, and of two biases the one that goes with them."""
    left, right = ([tuple(pair[side] for pair in row.products) for row in rows] for side in (0, 1))
    if not rows[0].singles:
        return [PredictionSide(list(a), None) for a in left], [PredictionSide(list(b), None) for b in right]
    first, second = ([row.singles[n] for row in rows] for n in (0, 1))
    if not (_go_together(left, first) and _go_together(right, second)):
        first, second = second, first
    return ([PredictionSide(list(a), bias) for a, bias in zip(left, first)],
            [PredictionSide(list(b), bias) for b, bias in zip(right, second)])


def _go_together(vectors: list[tuple[TracedCell, ...]], singles: list[TracedCell]) -> bool:
    """Whether each vector comes with one cell only, and each cell with one vector."""
    return len(set(zip(vectors, singles))) == len(set(vectors)) == len(set(singles))


def _other_side(terms: PredictionTerms, partners: list[TracedCell], not_mine) -> PredictionSide:
    """The cells multiplied with `partners`, in their order, and the bias that is not theirs."""
    partner_of = {}
    for a, b in terms.products:
        partner_of[b], partner_of[a] = a, b
    try:
        factors = [partner_of[p] for p in partners]
    except KeyError:
        raise Untraceable("predictions of one row (or column) use different factors.") from None
    mine = [s for s in terms.singles if s not in not_mine]
    if len(mine) > 1 or (terms.singles and not mine):
        raise Untraceable("the biases of a row (or column) are not the same in all of its cells.")
    return PredictionSide(factors, mine[0] if mine else None)


def block_of(sheet: str, vectors: list[list[TracedCell]], what: str,
           named: Range | None) -> tuple[Block, list[int]]:
    """The rectangle that the vectors fill, one a row or one a column, and each vector's place in
    it. A name may stretch it over users or items that nobody looked up."""
    if any(place[0] != sheet for vector in vectors for place in vector):
        raise Untraceable(f"the {what} stand on another sheet.")
    cells = [[place[1] for place in vector] for vector in vectors]
    area = Range.around([cell for vector in cells for cell in vector])
    if named is not None and named != area:
        if area.first not in named or Cell(area.bottom, area.right) not in named:
            raise UserError(f"{quoted(sheet)}!{named} is named as {what}, but the formulas use {area}. "
                            "Correct the name or the formulas.")
        area = named
    k = len(cells[0])
    for along in ("rows", "columns"):
        block = Block(area, along)
        if block.shape[1] != k:
            continue
        place_of = {tuple(vector): n for n, vector in enumerate(block.cells())}
        try:
            return block, [place_of[tuple(vector)] for vector in cells]
        except KeyError:
            continue
    raise Untraceable(f"the {what} are not one block with {k} factors for each.")


def added(p: Polynomial, q: Polynomial) -> Polynomial:
    """p + q."""
    total = {m: p.get(m, 0.0) + q.get(m, 0.0) for m in p.keys() | q.keys()}
    return {m: c for m, c in total.items() if c}


def bound_in(sheet: str, p: Polynomial) -> Cell | float:
    """An end of the range: the one cell it is read from, or the number in the formula."""
    if not p:
        return 0.0
    (monomial, c), *more = p.items()
    if not more and monomial == ():
        return float(c)
    if not more and len(monomial) == 1 and c == 1 and monomial[0][0] == sheet:
        return monomial[0][1]
    raise Untraceable("the ends of the range of ratings are neither numbers nor single cells.")
