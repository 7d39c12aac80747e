"""What a compiled program was found to be: affine forms of its outputs, and the terms in them that are not linear."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pyxl.grid.cells import Cell

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PRODUCT, MATCHED, INSIDE_OF = "product", "match", "inside"
NONE, SEVERAL = -1, -2     # of the changing cells that a term depends on
ERROR, UNDEFINED = "error", "undefined"     # whether there is an error at the start values; what is one there
FAILING = (MATCHED, INSIDE_OF, "steps", UNDEFINED, ERROR)     # operations whose result may be an error at other values
SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "=", "ne": "<>"}      # torch's comparisons
_STEPS = {"floor", "ceil", "round", "trunc", "sign", "fmod", "remainder", "floor_divide", "steps", ERROR}
_SMOOTH = {"exp", "expm1", "log", "log10", "log1p", "sqrt", "rsqrt", "pow", "reciprocal", "div", "sin", "cos", "tan", "sinh",
           "cosh", "tanh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2", "sigmoid", "erf", "erfc", "prod",
           "special_ndtr", "special_ndtri", "lgamma", "digamma", "_linalg_det", "linalg_inv_ex", "mean", UNDEFINED}
_CALLED = {"<": "compares", "max": "takes a maximum", "min": "takes a minimum", "abs": "takes an absolute value", "all": "asks whether all hold",
           "any": "asks whether any holds", "if": "chooses by a condition", PRODUCT: "multiplies changing cells with each other",
           "div": "divides by what changes", ERROR: "asks for errors", UNDEFINED: "is an error at the start values", "pow": "raises what changes to a power",
           MATCHED: "looks up what changes", INSIDE_OF: "chooses by a number that changes"}


class NotFollowed(Exception):
    """The program is too large, or does what cannot be followed."""


@dataclass(frozen=True, eq=False)
class TermSource:
    """Terms are the elements `places` of the output of step number `step`; `rounding` says how the step rounds, if it
    does: the function and its digits; `jumps` are (keys, values), each (places, keys), where it gives the value of the last key that is
    not larger than its input."""

    step: int
    places: np.ndarray
    rounding: tuple[str, float] | None = None
    jumps: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def alone(self) -> bool:
        """Whether nothing but the values at single points tells what the step makes."""
        return self.rounding is None and self.jumps is None


@dataclass(frozen=True, eq=False)
class NonlinearTerms:
    """The columns `first` … `first` + `count` − 1: what `operation` makes of the affine forms `args`, row by row. With
    `segments` the rows of the only argument are more: each belongs to the term of that number. `place` is the cell whose
    formula has the operation; `source` is where their values are found at other points, of those that one step makes of `args`
    alone, row by row."""

    operation: str
    first: int
    count: int
    args: tuple[csr_array, ...]
    segments: np.ndarray | None
    place: tuple[str, Cell] | None
    source: TermSource | None = None

    @property
    def sort(self) -> str:
        """'smooth', 'quadratic', 'piecewise' or 'stepwise': what this operation does to a linear problem."""
        if self.operation in _STEPS:
            return "stepwise"
        return "quadratic" if self.operation == PRODUCT else "smooth" if self.operation in _SMOOTH else "piecewise"

    @property
    def tabulated(self) -> bool:
        """Whether its values at single points are all that is known: what it is made of is not looked into."""
        return self.source is not None and self.source.alone and self.operation != "if"

    def told(self) -> str:
        """``takes a maximum``"""
        if self.operation in _CALLED:
            return _CALLED[self.operation]
        if self.operation in SIGNS.values():
            return "compares"
        return "goes in steps" if self.operation in _STEPS else f"takes {self.operation.strip('_')} of what changes"


@dataclass(frozen=True, eq=False)
class Structure:
    """`forms` (n_outputs, 1 + n_cells + terms) of the outputs, and the terms that they reach. ``outputs_of(x, steps)`` gives the outputs of
    steps of the program at a point x, in one row each. `failing` (columns,) says which may be an error at some values of the cells."""

    n_cells: int
    forms: csr_array
    terms: tuple[NonlinearTerms, ...]
    outputs_of: Callable[[np.ndarray, Iterable[int]], dict[int, np.ndarray]]
    failing: np.ndarray

    def only_cells(self) -> np.ndarray:
        """For every column the number of the only changing cell that it depends on; NONE of no cell, SEVERAL of more than one."""
        width = self.forms.shape[1]
        only = np.full(width, NONE)
        only[1:1 + self.n_cells] = np.arange(self.n_cells)
        for terms in self.terms:
            for arg in terms.args:
                rows = np.repeat(np.arange(arg.shape[0]), np.diff(arg.indptr))
                for row, cell in zip((rows if terms.segments is None else terms.segments[rows]).tolist(), only[arg.indices].tolist()):
                    column = terms.first + row
                    only[column] = cell if only[column] in (NONE, cell) else only[column] if cell == NONE else SEVERAL
            if not terms.args:
                only[terms.first:terms.first + terms.count] = SEVERAL
        return only

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
                for arg in () if terms.tabulated else terms.args:
                    wanted[arg.indices] = True
        return found[::-1]

    @property
    def linear(self) -> bool:
        """Whether all outputs are linear."""
        return not self.reached()

    def coefficients(self) -> tuple[np.ndarray, csr_array]:
        """(constants (n_outputs,), coefficients (n_outputs, n_cells)) of linear outputs."""
        return self.forms[:, [0]].toarray()[:, 0], self.forms[:, 1:1 + self.n_cells]
