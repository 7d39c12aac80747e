"""How outputs depend on the changing cells: which are linear, with every coefficient, and what makes others not so.

A compiled program is run once, at the start values, and every torch operation in it is followed. Each number is kept as an
affine form, a row of coefficients of the columns

    1, x_1 … x_n, t_1 … t_m

where x are the changing cells and a term t is what an operation that is not linear makes of affine forms. An output whose
form reaches no term is linear for all values of the changing cells: every operation on the way was understood, none sampled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array, vstack
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from pyxl.grid.cells import Cell

from .lane_operators import COMPARISONS
from .torch_program import INPUT, Recorded

MOST_ELEMENTS = 4_000_000   # numbers that are followed; a larger program counts as smooth without a look
PRODUCT = "product"

# operations that leave the order of all elements as it is
_SAME_ORDER = {"detach", "alias", "clone", "view", "_unsafe_view", "reshape", "squeeze", "unsqueeze", "_to_copy", "lift_fresh", "to"}
_MOVES = {   # operations that only put elements elsewhere -> the arguments that hold elements
    **dict.fromkeys(("expand", "permute", "transpose", "t", "slice", "select", "index_select", "index", "gather", "narrow", "flip",
                     "repeat", "diagonal", "constant_pad_nd", "cat", "stack"), (0,)),
    "where": (1, 2)}
_SEGMENTED = {"amax": "max", "amin": "min", "all": "all", "any": "any"}
_PAIRED = {"maximum": "max", "minimum": "min", "fmax": "max", "fmin": "min"}
_SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "=", "ne": "<>"}
_STEPS = {"floor", "ceil", "round", "trunc", "sign", "fmod", "remainder", "floor_divide", "steps"}
_SMOOTH = {"exp", "expm1", "log", "log10", "log1p", "sqrt", "rsqrt", "pow", "reciprocal", "div", "sin", "cos", "tan", "sinh",
           "cosh", "tanh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2", "sigmoid", "erf", "erfc", "prod",
           "special_ndtr", "special_ndtri", "lgamma", "digamma", "_linalg_det", "linalg_inv_ex", "mean"}
_OF_CELLS = {"steps": "goes in steps"}
_CALLED = {"<": "compares", "max": "takes a maximum", "min": "takes a minimum", "abs": "takes an absolute value", "all": "asks whether all hold",
           "any": "asks whether any holds", "if": "chooses by a condition", PRODUCT: "multiplies changing cells with each other",
           "div": "divides by what changes", "pow": "raises what changes to a power"}


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
        what = _CALLED.get(self.operation) or _OF_CELLS.get(self.operation)
        if what is None:
            what = "compares" if self.operation in _SIGNS.values() else "goes in steps" if self.operation in _STEPS else \
                f"takes {self.operation.strip('_')} of what changes"
        return what


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


def follow(program: Recorded, start: np.ndarray) -> Structure:
    """The Structure of a compiled program whose output is the vector of all outputs. Raises NotFollowed."""
    with torch.no_grad():
        following = _Following(len(start))
        x = torch.from_numpy(np.array(start, dtype=np.float64))
        following.remember(x, following.cells())
        held = {INPUT: x, **program.constants}
        for step in program.steps:
            following.place = step.place
            held[step.output] = following.step(step.call, [held[number] for number in step.inputs])
        output = held[program.output]
        return Structure(len(start), following.widened(following.form(output)), tuple(following.terms))


def _sees_every_operation(cls: type[_Following]) -> type[_Following]:
    """Set after the class is made: a method of that name in its body is wrapped by torch, which imports its compiler for it (1 s)."""
    hook = "__torch_dispatch__"
    setattr(cls, hook, cls._seen)
    return cls


@_sees_every_operation
class _Following(TorchDispatchMode):
    """Sees every operation of torch, and keeps the forms of the tensors that depend on the changing cells."""

    def __init__(self, n_cells: int):
        super().__init__()
        self.n_cells, self.width = n_cells, 1 + n_cells
        self.terms: list[NonlinearTerms] = []
        self.place: tuple[str, Cell] | None = None
        self._known: dict[int, tuple[Tensor, csr_array]] = {}    # the tensor is kept, so that its id stays its own
        self._boolean = np.zeros(self.width, dtype=bool)          # columns that are 0 or 1
        self._elements = 0

    def cells(self) -> csr_array:
        """The forms of the changing cells themselves."""
        n = self.n_cells
        return csr_array((np.ones(n), np.arange(1, n + 1), np.arange(n + 1)), shape=(n, self.width))

    def remember(self, tensor: Tensor, form: csr_array) -> None:
        self._elements += tensor.numel() + form.nnz
        if self._elements > MOST_ELEMENTS:
            raise NotFollowed
        self._known[id(tensor)] = tensor, form

    def step(self, call, inputs: list[Tensor]) -> Tensor:
        """A step of the program. What it makes without torch's operations from what changes goes in steps."""
        moving = any(self._moves(tensor) for tensor in inputs)
        if moving and (sign := COMPARISONS.get(call)) is not None:
            result = call(*inputs)
            self._compare(sign, result, *inputs)
            return result
        with self:
            result = call(*inputs)
        if moving and id(result) not in self._known:
            self.remember(result, self._new("steps", result.numel(), boolean=result.dtype == torch.bool))
        return result

    def _seen(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if any(map(self._moves, _tensors(args))):
            if func._schema.is_mutable:
                raise NotFollowed
            for tensor, form in zip(_tensors([result]), self._forms(func, args, kwargs, result)):
                self.remember(tensor, form)
        return result

    def _moves(self, tensor: Tensor) -> bool:
        return id(tensor) in self._known

    def _forms(self, func, args, kwargs, result) -> Iterator[csr_array]:
        name = func._schema.name.removeprefix("aten::")
        if name == "_local_scalar_dense":    # a look at a value: which way of computing is taken
            return
        if name in _SAME_ORDER:
            yield self.form(args[0])
        elif name in _MOVES:
            yield self._moved(name, func, args, kwargs, result)
        elif (rule := _RULES.get(name)) is not None:
            yield rule(self, name, args, kwargs, result)
        elif name in _SIGNS:
            yield self._compared(_SIGNS[name], result, *args)
        elif name in _SEGMENTED:
            yield self._segmented(_SEGMENTED[name], args[0], _dims(args, kwargs), result)
        elif name in _PAIRED:
            yield self._paired(_PAIRED[name], result, *args)
        else:
            for tensor in _tensors([result]):
                yield self._opaque(name, args, tensor)

    # -- forms --------------------------------------------------------------------------------------
    def form(self, value) -> csr_array:
        """The forms of a tensor's elements, in order: (elements, width)."""
        if isinstance(value, Tensor):
            if (known := self._known.get(id(value))) is not None:
                return self.widened(known[1])
            values = value.detach().reshape(-1).to(torch.float64).numpy()
        else:
            values = np.array([float(value)])
        column = csr_array(values[:, None])
        return csr_array((column.data, column.indices, column.indptr), shape=(len(values), self.width))

    def widened(self, form: csr_array) -> csr_array:
        return csr_array((form.data, form.indices, form.indptr), shape=(form.shape[0], self.width))

    def _stretched(self, value, shape) -> csr_array:
        """The forms of a value stretched to a shape."""
        form, size = self.form(value), tuple(getattr(value, "shape", ()))
        if size == tuple(shape):
            return form
        return form[np.broadcast_to(np.arange(form.shape[0]).reshape(size), shape).ravel()]

    def _new(self, operation: str, count: int, *args: csr_array, segments=None, boolean: bool = False) -> csr_array:
        """New terms, as forms."""
        self.terms.append(NonlinearTerms(operation, self.width, count, args, segments, self.place))
        columns = np.arange(self.width, self.width + count)
        self.width += count
        self._boolean = np.concatenate([self._boolean, np.full(count, boolean)])
        return csr_array((np.ones(count), columns, np.arange(count + 1)), shape=(count, self.width))

    def _mixed(self, where: np.ndarray, operation: str, otherwise: np.ndarray, *args: csr_array, boolean: bool = False) -> csr_array:
        """NonlinearTerms where the mask holds, the constants `otherwise` elsewhere."""
        if not where.any():
            return self.form(torch.from_numpy(np.where(where, 0.0, otherwise)))
        chosen = np.flatnonzero(where)
        new = self._new(operation, len(chosen), *(arg[chosen] for arg in args), boolean=boolean)
        return _spread(chosen, len(where)) @ new + self.form(torch.from_numpy(np.where(where, 0.0, otherwise)))

    # -- operations ---------------------------------------------------------------------------------
    def _moved(self, name: str, func, args, kwargs, result: Tensor) -> csr_array:
        places = _MOVES[name]
        others = [arg for place, arg in enumerate(args) if place not in places]
        if any(self._moves(tensor) and dependent(self.form(tensor)).any() for tensor in _tensors(others)):
            return self._chosen(args, result) if name == "where" else self._opaque("steps", args, result)
        pool, count = [self.form(args[2] if name == "constant_pad_nd" and len(args) > 2 else 0.0)], 1

        def numbered(value):
            nonlocal count
            if isinstance(value, (list, tuple)):
                return type(value)(map(numbered, value))
            size = value.numel() if isinstance(value, Tensor) else 1
            pool.append(self.form(value))
            count += size
            return torch.arange(count - size, count).reshape(getattr(value, "shape", ()))
        given = [numbered(arg) if place in places else arg for place, arg in enumerate(args)]
        if name == "constant_pad_nd":
            given = [*given[:2], 0]
        elif name == "where" and self._moves(args[0]):
            given[0] = torch.from_numpy(_constants(self.form(args[0])) != 0).reshape(args[0].shape)
        return vstack(pool, format="csr")[func(*given, **kwargs).reshape(-1).numpy()]

    def _chosen(self, args, result: Tensor) -> csr_array:
        """``where(condition, yes, no)``: the same in both cases is no choice."""
        condition, yes, no = (self._stretched(arg, result.shape) for arg in args)
        choice = dependent(condition)
        unlike = choice & (np.diff(csr_array(yes - no).indptr) > 0)
        settled = np.where(choice, 1.0, _constants(condition) != 0)
        chosen = np.flatnonzero(unlike)
        keep = np.where(unlike, 0.0, 1.0)
        form = _scaled(yes, keep * settled) + _scaled(no, keep * (1 - settled))
        if len(chosen):
            new = self._new("if", len(chosen), condition[chosen], yes[chosen], no[chosen])
            form = _spread(chosen, len(unlike)) @ new + self.widened(csr_array(form))
        return csr_array(form)

    def _added(self, name: str, args, kwargs, result: Tensor) -> csr_array:
        a, b = (self._stretched(arg, result.shape) for arg in args[:2])
        alpha = float(kwargs.get("alpha", 1.0))
        return csr_array(a + alpha * b if name == "add" else a - alpha * b if name == "sub" else b - alpha * a)

    def _negated(self, name: str, args, kwargs, result: Tensor) -> csr_array:
        return -self.form(args[0])

    def _multiplied(self, name: str, args, kwargs, result: Tensor) -> csr_array:
        return self._product(*(self._stretched(arg, result.shape) for arg in args[:2]))

    def _product(self, a: csr_array, b: csr_array) -> csr_array:
        """Row by row."""
        moving = dependent(a), dependent(b)
        form = _scaled(b, np.where(moving[0], 0.0, _constants(a))) + _scaled(a, np.where(moving[0] & ~moving[1], _constants(b), 0.0))
        both = np.flatnonzero(moving[0] & moving[1])
        if len(both):
            new = self._new(PRODUCT, len(both), a[both], b[both])
            form = _spread(both, len(moving[0])) @ new + self.widened(csr_array(form))
        return csr_array(form)

    def _divided(self, name: str, args, kwargs, result: Tensor) -> csr_array:
        if kwargs.get("rounding_mode"):
            return self._opaque("floor_divide", args, result)
        a, b = (self._stretched(arg, result.shape) for arg in args[:2])
        by, moving = _constants(b), dependent(b)
        if moving.any() or not by.all():
            return self._opaque("div", args, result)
        return _scaled(a, 1.0 / by)

    def _powered(self, name: str, args, kwargs, result: Tensor) -> csr_array:
        base, exponent = (self.form(arg) for arg in args[:2])
        if exponent.shape[0] == 1 and not dependent(exponent)[0] and _constants(exponent)[0] in (1.0, 2.0):
            return base if _constants(exponent)[0] == 1.0 else self._product(base, base)
        return self._opaque("pow", args, result)

    def _summed(self, name: str, args, kwargs, result: Tensor) -> csr_array:
        form = _segments(args[0], _dims(args, kwargs), result)
        share = result.numel() / args[0].numel() if name == "mean" else 1.0
        return csr_array(_gathering(form, result.numel()) * share @ self.form(args[0]))

    def _matrix_product(self, name: str, args, kwargs, result: Tensor) -> csr_array:
        size_a = (1, *args[0].shape) if args[0].ndim == 2 else (1, 1, *args[0].shape) if args[0].ndim == 1 else tuple(args[0].shape)
        size_b = (1, *args[1].shape) if args[1].ndim == 2 else (1, *args[1].shape, 1) if args[1].ndim == 1 else tuple(args[1].shape)
        many, rows, inner, cols = size_a[0], size_a[1], size_a[2], size_b[2]
        if many * rows * inner * cols > MOST_ELEMENTS:
            raise NotFollowed
        each = np.arange(many)[:, None, None, None], np.arange(rows)[:, None, None], np.arange(inner)[:, None], np.arange(cols)
        shape = many, rows, inner, cols
        left = np.broadcast_to((each[0] * rows + each[1]) * inner + each[2], shape).ravel()
        right = np.broadcast_to((each[0] * inner + each[2]) * cols + each[3], shape).ravel()
        out = np.broadcast_to((each[0] * rows + each[1]) * cols + each[3], shape).ravel()
        return csr_array(_gathering(out, many * rows * cols) @ self._product(self.form(args[0])[left], self.form(args[1])[right]))

    def _absolute(self, name: str, args, kwargs, result: Tensor) -> csr_array:
        form = self.form(args[0])
        return self._mixed(dependent(form), "abs", np.abs(_constants(form)), form)

    def _finite(self, name: str, args, kwargs, result: Tensor) -> csr_array:
        """Numbers stay numbers: what becomes an error elsewhere is no point of the problem."""
        return self.form(result)

    def _compare(self, sign: str, result: Tensor, *args) -> None:
        """Excel's comparison of two numbers, as a number."""
        self.remember(result, self._compared(sign, result, *args))

    def _compared(self, sign: str, result: Tensor, *args) -> csr_array:
        a, b = (self._stretched(arg, result.shape) for arg in args[:2])
        difference = csr_array(a - b)
        moving = dependent(difference)
        if sign in ("=", "<>") and moving.any() and not _constants(b).any() and not dependent(b).any() and self._truths(a).all():
            return a if sign == "<>" else csr_array(self.form(torch.ones(a.shape[0], dtype=torch.float64)) - a)
        fixed = result.detach().reshape(-1).to(torch.float64).numpy()
        return self._mixed(moving & np.isfinite(_constants(b)), sign, fixed, difference, boolean=True)

    def _truths(self, form: csr_array) -> np.ndarray:
        """Which forms are 0 or 1 by what they are: one boolean column alone, or the constants 0 and 1."""
        alone = np.diff(form.indptr) == 1
        first = np.where(alone, form.indices[np.minimum(form.indptr[:-1], max(0, form.nnz - 1))], 0) if form.nnz else 0 * alone
        values = np.where(alone, form.data[np.minimum(form.indptr[:-1], max(0, form.nnz - 1))], 0.0) if form.nnz else 0.0 * alone
        return (np.diff(form.indptr) == 0) | alone & (values == 1) & (self._boolean[first] | (first == 0))

    def _not(self, name: str, args, kwargs, result: Tensor) -> csr_array:
        form = self.form(args[0])
        return csr_array(self.form(torch.ones(form.shape[0], dtype=torch.float64)) - form)

    def _and(self, name: str, args, kwargs, result: Tensor) -> csr_array:
        return self._product(*(self._stretched(arg, result.shape) for arg in args[:2]))

    def _or(self, name: str, args, kwargs, result: Tensor) -> csr_array:
        a, b = (self._stretched(arg, result.shape) for arg in args[:2])
        both = self._product(a, b)
        return csr_array(self.widened(a) + self.widened(b) - both)

    def _segmented(self, operation: str, tensor: Tensor, dims, result: Tensor) -> csr_array:
        form = self.form(tensor)
        segments = _segments(tensor, dims, result)
        moving = np.zeros(result.numel(), dtype=bool)
        np.logical_or.at(moving, segments, dependent(form))
        fixed = np.where(moving, 0.0, result.detach().reshape(-1).to(torch.float64).numpy())
        if not moving.any():
            return self.form(torch.from_numpy(fixed))
        chosen, number = np.flatnonzero(moving), np.cumsum(moving) - 1
        rows = np.flatnonzero(moving[segments])
        new = self._new(operation, len(chosen), form[rows], segments=number[segments[rows]], boolean=operation in ("all", "any"))
        return csr_array(_spread(chosen, len(moving)) @ new + self.form(torch.from_numpy(fixed)))

    def _paired(self, operation: str, result: Tensor, *args) -> csr_array:
        pair = torch.stack([torch.as_tensor(arg, dtype=torch.float64).expand(result.shape) for arg in args[:2]])
        forms = vstack([self._stretched(arg, result.shape) for arg in args[:2]], format="csr")
        self._known[id(pair)] = pair, forms
        return self._segmented(operation, pair, [0], result)

    def _opaque(self, name: str, args, result: Tensor) -> csr_array:
        """Of what is not followed any further; where all that goes in element by element is constant, so is the result."""
        fixed = result.detach().reshape(-1).to(torch.float64).numpy()
        moving = np.zeros(result.numel(), dtype=bool)
        for tensor in _tensors(args):
            if self._moves(tensor):
                try:
                    moving |= dependent(self._stretched(tensor, result.shape))
                except ValueError:
                    moving[:] = True
        return self._mixed(moving, name, np.where(moving, 0.0, fixed), boolean=result.dtype == torch.bool)


_RULES = {"add": _Following._added, "sub": _Following._added, "rsub": _Following._added, "neg": _Following._negated,
          "mul": _Following._multiplied, "div": _Following._divided, "pow": _Following._powered, "sum": _Following._summed,
          "mean": _Following._summed, **dict.fromkeys(("mm", "bmm", "mv", "dot"), _Following._matrix_product),
          "abs": _Following._absolute, "isnan": _Following._finite, "isinf": _Following._finite,
          **dict.fromkeys(("bitwise_not", "logical_not"), _Following._not),
          **dict.fromkeys(("bitwise_and", "logical_and"), _Following._and),
          **dict.fromkeys(("bitwise_or", "logical_or"), _Following._or)}


def dependent(form: csr_array) -> np.ndarray:
    """Which forms are more than a constant."""
    moving = np.zeros(form.shape[0], dtype=bool)
    moving[np.repeat(np.arange(form.shape[0]), np.diff(form.indptr))[(form.indices > 0) & (form.data != 0)]] = True
    return moving


def _constants(form: csr_array) -> np.ndarray:
    return form[:, [0]].toarray()[:, 0]


def _scaled(form: csr_array, by: np.ndarray) -> csr_array:
    scaled = csr_array((form.data * np.repeat(by, np.diff(form.indptr)), form.indices, form.indptr), shape=form.shape)
    scaled = scaled.copy()
    scaled.eliminate_zeros()
    return scaled


def _spread(places: np.ndarray, count: int) -> csr_array:
    """Puts row n at `places`[n] of `count` rows."""
    return csr_array((np.ones(len(places)), (places, np.arange(len(places)))), shape=(count, len(places)))


def _gathering(segments: np.ndarray, count: int) -> csr_array:
    """Adds up the rows of each segment."""
    return csr_array((np.ones(len(segments)), (segments, np.arange(len(segments)))), shape=(count, len(segments)))


def _segments(tensor: Tensor, dims, result: Tensor) -> np.ndarray:
    """For each element of a tensor the number of the element of `result` that it is reduced to."""
    dims = range(tensor.ndim) if not dims and dims != 0 else [dims] if isinstance(dims, int) else dims
    dims = {dim % max(1, tensor.ndim) for dim in dims}
    kept = [1 if dim in dims else size for dim, size in enumerate(tensor.shape)]
    return np.broadcast_to(np.arange(result.numel()).reshape(kept), tuple(tensor.shape)).ravel()


def _dims(args, kwargs):
    return kwargs["dim"] if "dim" in kwargs else args[1] if len(args) > 1 else None


def _tensors(values) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)
