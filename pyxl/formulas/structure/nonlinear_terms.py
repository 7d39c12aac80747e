"""What a compiled program was found to be: affine forms of its outputs, and the terms in them that are not linear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from pyxl.grid.cells import Cell

PRODUCT = "product"
ERROR, UNDEFINED = "error", "undefined"     # whether there is an error at the start values; what is one there
SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "=", "ne": "<>"}      # torch's comparisons
_STEPS = {"floor", "ceil", "round", "trunc", "sign", "fmod", "remainder", "floor_divide", "steps", ERROR}
_SMOOTH = {"exp", "expm1", "log", "log10", "log1p", "sqrt", "rsqrt", "pow", "reciprocal", "div", "sin", "cos", "tan", "sinh",
           "cosh", "tanh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2", "sigmoid", "erf", "erfc", "prod",
           "special_ndtr", "special_ndtri", "lgamma", "digamma", "_linalg_det", "linalg_inv_ex", "mean", UNDEFINED}
_CALLED = {"<": "compares", "max": "takes a maximum", "min": "takes a minimum", "abs": "takes an absolute value", "all": "asks whether all hold",
           "any": "asks whether any holds", "if": "chooses by a condition", PRODUCT: "multiplies changing cells with each other",
           "div": "divides by what changes", ERROR: "asks for errors", UNDEFINED: "is an error at the start values", "pow": "raises what changes to a power"}


class NotFollowed(Exception):
    """The program is too large, or does what cannot be followed."""


@dataclass(frozen=True, eq=False)
class NonlinearTerms:
    """The columns `first` … `first` + `count` − 1: what `operation` makes of the affine forms `args`, row by row. With
    `segments` the rows of the only argument are more: each belongs to the term of that number. `place` is the cell whose
    formula has the operation."""

    operation: str
    first: int
    count: int
    args: tuple[csr_array, ...]
    segments: np.ndarray | None
    place: tuple[str, Cell] | None

    @property
    def sort(self) -> str:
        """'smooth', 'quadratic', 'piecewise' or 'stepwise': what this operation does to a linear problem."""
        if self.operation in _STEPS:
            return "stepwise"
        return "quadratic" if self.operation == PRODUCT else "smooth" if self.operation in _SMOOTH else "piecewise"

    def told(self) -> str:
        """``takes a maximum``"""
        if self.operation in _CALLED:
            return _CALLED[self.operation]
        if self.operation in SIGNS.values():
            return "compares"
        return "goes in steps" if self.operation in _STEPS else f"takes {self.operation.strip('_')} of what changes"


@dataclass(frozen=True, eq=False)
class Structure:
    """`forms` (n_outputs, 1 + n_cells + terms) of the outputs, and the terms that they reach."""

    n_cells: int
    forms: csr_array
    terms: tuple[NonlinearTerms, ...]

    def reached(self, outputs=slice(None)) -> list[NonlinearTerms]:
        """The terms that some outputs depend on, directly or through other terms, those needed first."""
        return self.reached_by([self.forms[outputs]])

    def reached_by(self, forms: Sequence[csr_array]) -> list[NonlinearTerms]:
        """The same of any forms."""
        wanted = np.zeros(self.forms.shape[1], dtype=bool)
        for form in forms:
            wanted[form.indices] = True
        found = []
        for terms in reversed(self.terms):
            if wanted[terms.first:terms.first + terms.count].any():
                found.append(terms)
                for arg in terms.args:
                    wanted[arg.indices] = True
        return found[::-1]

    @property
    def linear(self) -> bool:
        """Whether all outputs are linear."""
        return not self.reached()

    def coefficients(self) -> tuple[np.ndarray, csr_array]:
        """(constants (n_outputs,), coefficients (n_outputs, n_cells)) of linear outputs."""
        return self.forms[:, [0]].toarray()[:, 0], csr_array(self.forms[:, 1:1 + self.n_cells])
