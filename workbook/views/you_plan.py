"""Where everything stands on the sheet `you`, for any number of items and factors. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.grid.cells import Cell, Range
from workbook.views.best_list import N_BEST

YOU_DECAY, COUNT = Cell(5, 2), Cell(6, 2)   # what the reader sets; how many ratings count
YOU_HEAD = 8                                # of the list of items
BEST = Cell(YOU_HEAD, 6)                    # of the ten best, beside it
OWN_HEAD = YOU_HEAD + N_BEST + 3            # of the factors, below these
_WORKING = 10                           # first column of the calculation
GAUSS_NEWTON, NEWTON = 6, 6             # steps in a sigmoid: those of Gauss and Newton come near, those of Newton reach the solution


@dataclass(frozen=True)
class YouPlan:
    """`n` items, `k` factors, d = k + 1 unknowns where there are biases, else k; `users` is the number of users who are averaged,
    and `sets` says whether the model tells something from what is rated at all.

    The reader sees `items`, `ratings` (to be typed), `predicted` and `remarks`, a row for every item, and `average` and `own`, a row
    for every unknown. The other blocks are calculation.
    """

    n: int
    k: int
    d: int
    users: int
    sets: bool = False

    def _column(self, col: int, rows: int, width: int = 1) -> Range:
        return Range(YOU_HEAD + 1, col, YOU_HEAD + rows, col + width - 1)

    @property
    def items(self) -> Range:
        return self._column(1, self.n)

    @property
    def ratings(self) -> Range:
        return self._column(2, self.n)

    @property
    def predicted(self) -> Range:
        return self._column(3, self.n)

    @property
    def remarks(self) -> Range:
        return self._column(4, self.n)

    @property
    def average(self) -> Range:
        """x̄ (d,): the average user's factors and bias"""
        return Range(OWN_HEAD + 1, BEST.col + 1, OWN_HEAD + self.d, BEST.col + 1)

    @property
    def own(self) -> Range:
        """x (d,): the reader's"""
        return self.average.moved(0, 1)

    @property
    def printed(self) -> Range:
        return Range(1, 1, max(YOU_HEAD + self.n, OWN_HEAD + self.d), BEST.col + 3)

    @property
    def counted(self) -> Range:
        """(n,) 1 where a rating is typed that counts, else 0"""
        return self._column(_WORKING, self.n)

    @property
    def errors(self) -> Range:
        """(n,) rating − the average user's prediction, 0 where nothing counts"""
        return self._column(_WORKING + 1, self.n)

    @property
    def sums(self) -> Range:
        """(n,) factors and biases together, for the reader"""
        return self._column(_WORKING + 2, self.n)

    @property
    def open(self) -> Range:
        """(n,) the sums of what is not rated"""
        return self._column(_WORKING + 3, self.n)

    @property
    def best(self) -> Cell:
        """head of the ten largest and their numbers"""
        return Cell(YOU_HEAD, _WORKING + 4)

    @property
    def features(self) -> Range:
        """F (n, d): a row [q, 1] for every item that is rated, zeros for the others"""
        return self._column(_WORKING + 7, self.n, self.d)

    @property
    def numbers(self) -> Range:
        """(d,) 1, 2, …"""
        return self._column(self.features.right + 2, self.d)

    @property
    def ridge(self) -> Range:
        return self.numbers.moved(0, 1)

    @property
    def right_side(self) -> Range:
        """Fᵀ e (d,)"""
        return self.numbers.moved(0, 2)

    @property
    def step(self) -> Range:
        """x − x̄ (d,)"""
        return self.numbers.moved(0, 3)

    @property
    def live_average(self) -> Range:
        """(d,) the mean row of the users in the workbook who rated anything"""
        return self.numbers.moved(0, 4)

    @property
    def trained_average(self) -> Range:
        """(d,) that of the users of the trained model, where there is one"""
        return self.numbers.moved(0, 5)

    @property
    def matrix(self) -> Range:
        """FᵀF + ridge (d, d)"""
        left = self.trained_average.right + 2
        return self._column(left, self.d, self.d)

    @property
    def rated_by(self) -> Range:
        """(users,) how much each user has rated"""
        return self._column(self.matrix.right + 2, self.users)

    @property
    def set_vectors(self) -> Range:
        """(n, d) where the model has them: what it says of the reader that an item is rated, whatever the rating"""
        return self._column(self.rated_by.right + 2, self.n, self.d)

    @property
    def set_always(self) -> Range:
        """(d,) … that anything is"""
        return self._column(self.set_vectors.right + 1, self.d)

    @property
    def expected(self) -> Range:
        """x̄ (d,), and what the set of the rated items adds to it: where the regression begins"""
        return self.set_always.moved(0, 1) if self.sets else self.average

    @property
    def last_in_any_model(self) -> int:
        """The last column of the calculation but for the steps in a sigmoid."""
        return self.expected.right if self.sets else self.rated_by.right

    def step_in_sigmoid(self, step: int, which: str) -> Range:
        """A block of a step of the fit in a sigmoid; steps count from 0. (n,) `share` says where in the range each item is predicted;
        `pull` and `curvature` are (n,), too; (d,) `row` is the result of the step."""
        left = self.last_in_any_model + 2 + 5 * step + ("share", "pull", "curvature", "row").index(which)
        return self._column(left, self.d if which == "row" else self.n)

    @property
    def spread(self) -> Cell:
        """the standard deviation of the ratings"""
        return Cell(COUNT.row, self.ridge.left)
