"""Where everything stands on the sheets `items` and `users`: the ranking, and the grey block of helper calculations."""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.grid.cells import Cell, Range

MEMBERS_HEAD = 6            # the row of the headers
MEMBERS_FIRST = MEMBERS_HEAD + 1    # the first member's
MOST_ALIKE = 5      # neighbours shown
COMPONENTS = 2
POWERS = 8          # times that the covariance is raised to its 8th power: 8 ** 8 = 2 ** 24


@dataclass(frozen=True)
class MembersPlan:
    """A ranking of `n` members with `k` factors each, `alike` neighbours beside each of them.

    Left, printed: a row for every rank. Right of it, grey: columns in the order of the ranks, columns
    in the order of the model sheet, and the matrices of the principal components.
    """

    n: int
    k: int
    alike: int

    # -- the ranking -----------------------------------------------------------------------------
    @property
    def rank(self) -> Range:
        return self._column(1)

    @property
    def name(self) -> Range:
        return self._column(2)

    @property
    def score(self) -> Range:
        return self._column(3)

    @property
    def ratings(self) -> Range:
        return self._column(4)

    @property
    def mean(self) -> Range:
        return self._column(5)

    @property
    def components(self) -> Range:
        return self._column(6, COMPONENTS)

    def alike_name(self, number: int) -> Range:
        """The names of all members' neighbours of that number, from 0; their cosines stand right of them."""
        return self._column(8 + 2 * number)

    @property
    def printed(self) -> Range:
        return Range(1, 1, MEMBERS_FIRST + self.n - 1, 7 + 2 * self.alike)

    # -- grey, in the order of the ranks ------------------------------------------------------------
    @property
    def place(self) -> Range:
        return self._column(self.printed.right + 2)

    @property
    def cosines(self) -> Range:
        return self._column(self.place.right + 1, self.alike)

    @property
    def found(self) -> Range:
        """Where the first member with each of these cosines stands in the order of the model sheet."""
        return self._column(self.cosines.right + 1, self.alike)

    # -- grey, in the order of the model sheet ------------------------------------------------------
    def own(self, which: str) -> Range:
        """A column of the members in their own order: number, name, score, ratings, mean, known, rank, length."""
        return self._column(self.place.right + 2 * self.alike + 2 + OWN.index(which))

    @property
    def own_components(self) -> Range:
        return self._column(self.own(OWN[-1]).right + 1, COMPONENTS)

    @property
    def factors(self) -> Range:
        return self._column(self.own_components.right + 1, self.k)

    @property
    def directions(self) -> Range:
        """The factors, each row divided by its length."""
        return self._column(self.factors.right + 1, self.k)

    # -- grey, the principal components -------------------------------------------------------------
    @property
    def centre(self) -> Range:
        left = self.directions.right + 2
        return Range(MEMBERS_FIRST, left, MEMBERS_FIRST, left + self.k - 1)

    @property
    def variance(self) -> Cell:
        return Cell(MEMBERS_FIRST, self.centre.right + 2)

    def power(self, component: int, number: int) -> Range:
        """The covariance (over its trace) for number 0, and each 8th power of the one before it."""
        return Range(MEMBERS_FIRST + 2, self.centre.left, MEMBERS_FIRST + 1 + self.k, self.centre.right).moved(
            number * (self.k + 1), component * (self.k + 1))

    def loading_column(self, which: int) -> Range:
        """0: the factors' numbers; 1, 2: the diagonals of the last powers; 3, 4: the loadings."""
        left = self.power(COMPONENTS - 1, 0).right + 2 + which
        return Range(MEMBERS_FIRST, left, MEMBERS_FIRST + self.k - 1, left)

    @property
    def loadings(self) -> Range:
        first, last = self.loading_column(1 + COMPONENTS), self.loading_column(2 * COMPONENTS)
        return Range(first.top, first.left, last.bottom, last.right)

    def largest(self, component: int) -> Cell:
        """Which column of the last power is taken: that of its largest diagonal element."""
        return Cell(self.loadings.bottom + 2, self.loading_column(1 + component).left)

    @property
    def shares(self) -> Range:
        return Range(self.loadings.bottom + 2, self.loadings.left, self.loadings.bottom + 2, self.loadings.right)

    def _column(self, left: int, width: int = 1) -> Range:
        return Range(MEMBERS_FIRST, left, MEMBERS_FIRST + self.n - 1, left + width - 1)


OWN = ("number", "name", "score", "ratings", "mean", "known", "rank", "length")


def members_plan(n: int, k: int) -> MembersPlan:
    return MembersPlan(n, k, min(MOST_ALIKE, n - 1))
