"""myFM as a peer: Bayesian factorisation machines by Gibbs sampling, in C++, told as much as our `best` is told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, hstack, identity

from solver import Ratings


@dataclass
class MyFM:
    """As its documentation has it: with users and items alone, a row of two ones for a rating; with more, a block of what is
    known of the users and one of the items (`RelationBlock`), to which the ratings point.

    `sets` are both implicit sets, of pairs that are learnt from: 1/√n for each of the n items that a user rated, and of the
    users who rated an item. `genres` are the columns that our own fit gets, each row of length 1.
    """

    rank: int = 50
    iterations: int = 60
    sets: bool = False
    genres: bool = False
    needs = {"myfm": "pip install myfm 'setuptools<81'"}
    warm = False

    def prepare(self, train: Ratings) -> None:
        self.sizes, self.values = (train.n_users, train.n_items), train.values.astype(np.float64)
        self.known = self._known_of_both(train) if self.sets or self.genres else None
        self.pairs = self._inputs(train.user_index, train.item_index)

    def fit(self) -> None:
        from myfm import MyFMRegressor
        self.model = MyFMRegressor(rank=self.rank, random_seed=0)
        columns, blocks = self.pairs
        self.model.fit(columns, self.values, X_rel=blocks, n_iter=self.iterations, n_kept_samples=self.iterations - 10,
                       group_shapes=[part.shape[1] for side in self.known for part in side] if self.known else list(self.sizes))

    def predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return self.model.predict(*self._inputs(users, items))

    def _known_of_both(self, train: Ratings) -> list[list[csr_matrix]]:
        """Of each side its columns, a table a family: who it is, the set, the genres."""
        sides = []
        for own, others, n, n_others in ((train.user_index, train.item_index, *self.sizes),
                                         (train.item_index, train.user_index, *self.sizes[::-1])):
            parts = [identity(n, format="csr")]
            if self.sets:
                shares = 1 / np.sqrt(np.bincount(own, minlength=n))[own]
                parts.append(csr_matrix((shares, (own, others)), shape=(n, n_others)))
            sides.append(parts)
        if self.genres:
            sides[1].append(csr_matrix(train.item_columns))
        return sides

    def _inputs(self, users: np.ndarray, items: np.ndarray) -> tuple[csr_matrix | None, list]:
        """(columns of the ratings, blocks to which they point)."""
        if self.known:
            from myfm import RelationBlock
            return None, [RelationBlock(index, hstack(parts, format="csr")) for index, parts in zip((users, items), self.known)]
        n = len(users)
        columns = np.column_stack([users, self.sizes[0] + items]).ravel()
        return csr_matrix((np.ones(2 * n), columns, np.arange(0, 2 * n + 1, 2)), shape=(n, sum(self.sizes))), []
