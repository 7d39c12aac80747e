"""Dot products of the rated pairs and their gradients, without a copied row for every rating.

    x_j = p_u · q_i  of the pair j = (u, i)            ∂f/∂p_u = Σ_j g_j q_i over the pairs j of user u,
    g_j = ∂f/∂x_j                                      ∂f/∂q_i = Σ_j g_j p_u over the pairs j of item i

The products are the entries of P·Qᵀ at the places of a sparse matrix (CSR); the gradients are that matrix,
filled with g, times Q, and its transpose times P. Autograd over gathered rows, ``(p[u] * q[i]).sum(1)``,
finds the same with three copies of n_ratings × n_factors numbers and in 10 to 60 times the time. Each row's
sum is taken by one thread in the order of its ratings, so that the result does not depend on the number of
threads, nor, on a GPU, on which of them comes first, as it may where cuSPARSE or `index_add` adds.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding_bag

from .sorting import stable_order, starts

BATCH = 2**20  # pairs of which a GPU gathers the rows: what that takes is nothing beside starting a kernel of our own


@dataclass(frozen=True, eq=False)
class RatedPairs:
    """The places of the ratings. A pair may occur twice, a row may be empty.

    `order` (n_pairs,) is where the pairs stood that are here sorted by user; products and what comes
    of them are in that order.
    """

    order: Tensor        # (n_pairs,) int64
    users: Tensor        # (n_pairs,)
    items: Tensor        # (n_pairs,)
    user_starts: Tensor  # (n_users + 1,): where the pairs of each user begin
    n_items: int

    @classmethod
    def of(cls, users: Tensor, items: Tensor, n_users: int, n_items: int) -> RatedPairs:
        """The pairs of two index tensors (n_pairs,), which may be in any order. The result is on their device."""
        kind = torch.int32 if len(users) < 2**31 else torch.int64  # what `user_starts` count to
        order = stable_order(users, n_users)
        sorted_users, sorted_items = (index.index_select(0, order).to(kind) for index in (users, items))
        return cls(order, sorted_users, sorted_items, starts(sorted_users, n_users), n_items)

    def products(self, user: Tensor, item: Tensor) -> Tensor:
        """x (n_pairs,) of the rows of `user` (n_users, k) and `item` (n_items, k), to be differentiated once."""
        return _Products.apply(user, item, self)

    @cached_property
    def by_item(self) -> tuple[Tensor, Tensor, Tensor]:
        """(order that sorts the pairs by item, their users in that order, where each item's begin)."""
        order = stable_order(self.items, self.n_items).to(self.items.dtype)
        return order, self.users.index_select(0, order), starts(self.items.index_select(0, order), self.n_items)


class _Products(torch.autograd.Function):
    @staticmethod
    def forward(ctx, user: Tensor, item: Tensor, pairs: RatedPairs) -> Tensor:
        ctx.save_for_backward(user, item)
        ctx.pairs = pairs
        more_than_places = len(pairs.items) > len(user) * len(item)  # some rated often: no matrix to torch
        if more_than_places or (user.is_cuda and len(pairs.items) <= BATCH):
            return (user.index_select(0, pairs.users) * item.index_select(0, pairs.items)).sum(1)
        if user.is_cuda and find_spec("triton"):
            from .product_kernel import pair_products
            return pair_products(user, item, pairs.users, pairs.items)
        with warnings.catch_warnings():  # that sparse matrices are new in torch is nothing to tell a user
            warnings.filterwarnings("ignore", "Sparse CSR tensor support", UserWarning)
            places = torch.sparse_csr_tensor(pairs.user_starts, pairs.items, user.new_zeros(len(pairs.items)),
                                             (len(user), len(item)), check_invariants=False)
        return torch.sparse.sampled_addmm(places, user, item.T, beta=0).values()

    @staticmethod
    @once_differentiable
    def backward(ctx, slopes: Tensor) -> tuple[Tensor, Tensor, None]:
        (user, item), pairs = ctx.saved_tensors, ctx.pairs
        order, users, item_starts = pairs.by_item
        return (row_sums(item, pairs.items, pairs.user_starts, slopes),
                row_sums(user, users, item_starts, slopes.index_select(0, order)), None)


@dataclass(frozen=True, eq=False)
class SparseTable:
    """A table F (n, f) of which only the entries that are not 0 are kept; several at one place are added."""

    pairs: RatedPairs     # rows for users, columns for items
    numbers: Tensor       # (n_entries,) in the order of the pairs

    @classmethod
    def of(cls, rows: Tensor, columns: Tensor, numbers: Tensor, n_rows: int, n_columns: int) -> SparseTable:
        """From the places and numbers of its entries, in any order."""
        pairs = RatedPairs.of(rows, columns, n_rows, n_columns)
        return cls(pairs, numbers[pairs.order])

    def times(self, right: Tensor) -> Tensor:
        """F · right (n, d), of `right` (f, d)."""
        return row_sums(right, self.pairs.items, self.pairs.user_starts, self.numbers)

    def transposed_times(self, right: Tensor) -> Tensor:
        """Fᵀ · right (f, d), of `right` (n, d)."""
        order, rows, starts_of_columns = self.pairs.by_item
        return row_sums(right, rows, starts_of_columns, self.numbers.index_select(0, order))

    def gram(self, *, at_once: int) -> Tensor:
        """FᵀF (f, f) float64, of so many rows at once."""
        n_rows, total = len(self.pairs.user_starts) - 1, self.numbers.new_zeros(self.pairs.n_items, self.pairs.n_items).double()
        for first in range(0, n_rows, at_once):
            after = min(first + at_once, n_rows)
            entries = slice(int(self.pairs.user_starts[first]), int(self.pairs.user_starts[after]))
            dense = self.numbers.new_zeros(after - first, self.pairs.n_items)
            places = self.pairs.users[entries].long() - first, self.pairs.items[entries].long()
            dense.index_put_(places, self.numbers[entries], accumulate=True)
            total += dense.T @ dense
        return total


def row_sums(rows: Tensor, which: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
    """Σ_j w_j · rows[which_j] over each stretch of j: a sparse matrix times a dense one."""
    return embedding_bag(which, rows, starts, mode="sum", per_sample_weights=weights, include_last_offset=True)
