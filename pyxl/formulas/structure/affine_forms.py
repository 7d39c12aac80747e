"""Affine forms of tensors, and arithmetic of their rows."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from pyxl.grid.cells import Cell

from .nonlinear_terms import FAILING, PRODUCT, NonlinearTerms, NotFollowed, TermSource

MOST_ELEMENTS = 4_000_000   # numbers that are followed; a larger program counts as smooth without a look


class AffineForms:
    """The forms of the tensors that depend on the changing cells, and the terms that were needed for them so far.

    A form is a row of coefficients of the columns 1, x_1 … x_n, t_1 … t_m: x are the changing cells, and each t is a term
    that an operation made which is not linear. The forms of a tensor are rows in the order of its elements.
    """

    def __init__(self, n_cells: int):
        self.n_cells, self.width = n_cells, 1 + n_cells
        self.terms: list[NonlinearTerms] = []
        self.place: tuple[str, Cell] | None = None
        self.known: dict[int, tuple[Tensor, csr_array]] = {}    # the tensor is kept, so that its id stays its own
        self._boolean = np.zeros(self.width, dtype=bool)          # columns that are 0 or 1
        self.failing = np.zeros(self.width, dtype=bool)          # columns that may be an error elsewhere
        self._elements = 0

    def cells(self) -> csr_array:
        """The forms of the changing cells themselves."""
        n = self.n_cells
        return csr_array((np.ones(n), np.arange(1, n + 1), np.arange(n + 1)), shape=(n, self.width))

    def remember(self, tensor: Tensor, form: csr_array) -> None:
        self._elements += tensor.numel() + form.nnz
        if self._elements > MOST_ELEMENTS:
            raise NotFollowed
        self.known[id(tensor)] = tensor, form

    def moves(self, tensor: Tensor) -> bool:
        return id(tensor) in self.known

    def may_fail(self, tensor: Tensor) -> bool:
        """Whether an element is an error, or may be one at other values of the changing cells, as what a lookup finds."""
        form = self.form(tensor)
        return bool(self.failing[form.indices].any() or np.isnan(form.data).any())

    def form(self, value) -> csr_array:
        """The forms of a tensor's elements, in order: (elements, width)."""
        if isinstance(value, Tensor):
            if (known := self.known.get(id(value))) is not None:
                return self.widened(known[1])
            values = value.detach().reshape(-1).to(torch.float64).numpy()
        else:
            values = np.array([float(value)])
        column = csr_array(values[:, None])
        return csr_array((column.data, column.indices, column.indptr), shape=(len(values), self.width))

    def widened(self, form: csr_array) -> csr_array:
        return csr_array((form.data, form.indices, form.indptr), shape=(form.shape[0], self.width))

    def stretched(self, value, shape) -> csr_array:
        """The forms of a value stretched to a shape."""
        form, size = self.form(value), tuple(getattr(value, "shape", ()))
        if size == tuple(shape):
            return form
        return form[np.broadcast_to(np.arange(form.shape[0]).reshape(size), shape).ravel()]

    def new_terms(self, operation: str, count: int, *args: csr_array, segments=None, boolean: bool = False,
                  source: TermSource | None = None) -> csr_array:
        """New terms, as forms."""
        self.terms.append(NonlinearTerms(operation, self.width, count, args, segments, self.place, source))
        columns = np.arange(self.width, self.width + count)
        self.width += count
        self._boolean = np.concatenate([self._boolean, np.full(count, boolean)])
        rounds = source is not None and source.rounding is not None
        fails = operation in FAILING and not rounds or any(self.failing[arg.indices].any() or np.isnan(arg.data).any() for arg in args)
        self.failing = np.concatenate([self.failing, np.full(count, fails)])
        return csr_array((np.ones(count), columns, np.arange(count + 1)), shape=(count, self.width))

    def forget(self, width: int) -> None:
        """Give up the terms from a width on, which nothing refers to."""
        self.terms = [terms for terms in self.terms if terms.first < width]
        self.width, self._boolean, self.failing = width, self._boolean[:width], self.failing[:width]

    def mixed(self, where: np.ndarray, operation: str, otherwise: np.ndarray, *args: csr_array, boolean: bool = False) -> csr_array:
        """NonlinearTerms where the mask holds, the constants `otherwise` elsewhere."""
        if not where.any():
            return self.form(torch.from_numpy(np.where(where, 0.0, otherwise)))
        chosen = np.flatnonzero(where)
        new = self.new_terms(operation, len(chosen), *(arg[chosen] for arg in args), boolean=boolean)
        return spread_rows(chosen, len(where)) @ new + self.form(torch.from_numpy(np.where(where, 0.0, otherwise)))

    def product(self, a: csr_array, b: csr_array) -> csr_array:
        """Row by row."""
        moving = dependent(a), dependent(b)
        form = scaled_rows(b, np.where(moving[0], 0.0, constants_of(a))) + scaled_rows(a, np.where(moving[0] & ~moving[1], constants_of(b), 0.0))
        both = np.flatnonzero(moving[0] & moving[1])
        if len(both):
            new = self.new_terms(PRODUCT, len(both), a[both], b[both])
            form = spread_rows(both, len(moving[0])) @ new + self.widened(csr_array(form))
        return csr_array(form)

    def truths(self, form: csr_array) -> np.ndarray:
        """Which forms are 0 or 1 by what they are: one boolean column alone, or the constants 0 and 1."""
        alone = np.diff(form.indptr) == 1
        first = np.where(alone, form.indices[np.minimum(form.indptr[:-1], max(0, form.nnz - 1))], 0) if form.nnz else 0 * alone
        values = np.where(alone, form.data[np.minimum(form.indptr[:-1], max(0, form.nnz - 1))], 0.0) if form.nnz else 0.0 * alone
        return (np.diff(form.indptr) == 0) | alone & (values == 1) & (self._boolean[first] | (first == 0))


def dependent(form: csr_array) -> np.ndarray:
    """Which forms are more than a constant."""
    moving = np.zeros(form.shape[0], dtype=bool)
    moving[np.repeat(np.arange(form.shape[0]), np.diff(form.indptr))[(form.indices > 0) & (form.data != 0)]] = True
    return moving


def constants_of(form: csr_array) -> np.ndarray:
    return form[:, [0]].toarray()[:, 0]


def scaled_rows(form: csr_array, by: np.ndarray) -> csr_array:
    each = np.repeat(by, np.diff(form.indptr))
    with np.errstate(invalid="ignore"):
        data = np.where(each == 0, 0.0, form.data * each)     # 0 times an error value is none of it
    scaled = csr_array((data, form.indices, form.indptr), shape=form.shape)
    scaled = scaled.copy()
    scaled.eliminate_zeros()
    return scaled


def spread_rows(places: np.ndarray, count: int) -> csr_array:
    """Puts row n at `places`[n] of `count` rows."""
    return csr_array((np.ones(len(places)), (places, np.arange(len(places)))), shape=(count, len(places)))


def gathering(segments: np.ndarray, count: int) -> csr_array:
    """Adds up the rows of each segment."""
    return csr_array((np.ones(len(segments)), (segments, np.arange(len(segments)))), shape=(count, len(segments)))
