"""What the operations of torch make of affine forms: a rule for each, ``rule(forms, name, args, kwargs, result)``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from scipy.sparse import csr_array, vstack
from torch import Tensor

from .affine_forms import MOST_ELEMENTS, AffineForms, constants_of, dependent, gathering, scaled_rows, spread_rows
from .nonlinear_terms import ERROR, SIGNS, UNDEFINED, NotFollowed

# operations that leave the order of all elements as it is
_SAME_ORDER = {"detach", "alias", "clone", "view", "_unsafe_view", "reshape", "squeeze", "unsqueeze", "_to_copy", "lift_fresh", "to"}
_MOVES = {   # operations that only put elements elsewhere -> the arguments that hold elements
    **dict.fromkeys(("expand", "permute", "transpose", "t", "slice", "select", "index_select", "index", "gather", "narrow", "flip",
                     "repeat", "diagonal", "constant_pad_nd", "cat", "stack"), (0,)),
    "where": (1, 2)}
_SEGMENTED = {"amax": "max", "amin": "min", "all": "all", "any": "any"}
_PAIRED = {"maximum": "max", "minimum": "min", "fmax": "max", "fmin": "min"}


def _moved(forms: AffineForms, name: str, func, args, kwargs, result: Tensor) -> csr_array:
    places = _MOVES[name]
    others = [arg for place, arg in enumerate(args) if place not in places]
    if any(forms.moves(tensor) and dependent(forms.form(tensor)).any() for tensor in tensors_in(others)):
        return _chosen_by(forms, args, result) if name == "where" else _opaque(forms, "steps", args, result)
    pool, count = [forms.form(args[2] if name == "constant_pad_nd" and len(args) > 2 else 0.0)], 1

    def numbered(value):
        nonlocal count
        if isinstance(value, (list, tuple)):
            return type(value)(map(numbered, value))
        size = value.numel() if isinstance(value, Tensor) else 1
        pool.append(forms.form(value))
        count += size
        return torch.arange(count - size, count).reshape(getattr(value, "shape", ()))
    given = [numbered(arg) if place in places else arg for place, arg in enumerate(args)]
    if name == "constant_pad_nd":
        given = [*given[:2], 0]
    elif name == "where" and forms.moves(args[0]):
        given[0] = torch.from_numpy(constants_of(forms.form(args[0])) != 0).reshape(args[0].shape)
    return vstack(pool, format="csr")[func(*given, **kwargs).reshape(-1).numpy()]


def _chosen_by(forms: AffineForms, args, result: Tensor) -> csr_array:
    """``where(condition, yes, no)``: the same in both cases is no choice. Where an error makes room for NaN, nothing is known but
    that there may be a number elsewhere."""
    condition, yes, no = (forms.stretched(arg, result.shape) for arg in args)
    choice = dependent(condition)
    if (errors := choice & np.isnan(constants_of(yes)) & ~dependent(yes) & np.isnan(result.detach().reshape(-1).numpy())).any():
        return forms.mixed(errors, UNDEFINED, result.detach().reshape(-1).to(torch.float64).numpy())
    unlike = choice & (np.diff(csr_array(yes - no).indptr) > 0)
    settled = np.where(choice, 1.0, constants_of(condition) != 0)
    chosen = np.flatnonzero(unlike)
    keep = np.where(unlike, 0.0, 1.0)
    form = scaled_rows(yes, keep * settled) + scaled_rows(no, keep * (1 - settled))
    if len(chosen):
        new = forms.new_terms("if", len(chosen), condition[chosen], yes[chosen], no[chosen])
        form = spread_rows(chosen, len(unlike)) @ new + forms.widened(csr_array(form))
    return csr_array(form)


def _added(forms: AffineForms, name: str, args, kwargs, result: Tensor) -> csr_array:
    a, b = (forms.stretched(arg, result.shape) for arg in args[:2])
    alpha = float(kwargs.get("alpha", 1.0))
    return csr_array(a + alpha * b if name == "add" else a - alpha * b if name == "sub" else b - alpha * a)


def _negated(forms: AffineForms, name: str, args, kwargs, result: Tensor) -> csr_array:
    return -forms.form(args[0])


def _multiplied(forms: AffineForms, name: str, args, kwargs, result: Tensor) -> csr_array:
    return forms.product(*(forms.stretched(arg, result.shape) for arg in args[:2]))


def _divided(forms: AffineForms, name: str, args, kwargs, result: Tensor) -> csr_array:
    if kwargs.get("rounding_mode"):
        return _opaque(forms, "floor_divide", args, result)
    a, b = (forms.stretched(arg, result.shape) for arg in args[:2])
    by, moving = constants_of(b), dependent(b)
    if moving.any() or not by.all():
        return _opaque(forms, "div", args, result)
    return scaled_rows(a, 1.0 / by)


def _powered(forms: AffineForms, name: str, args, kwargs, result: Tensor) -> csr_array:
    base, exponent = (forms.form(arg) for arg in args[:2])
    if exponent.shape[0] == 1 and not dependent(exponent)[0] and constants_of(exponent)[0] in (1.0, 2.0):
        return base if constants_of(exponent)[0] == 1.0 else forms.product(base, base)
    return _opaque(forms, "pow", args, result)


def _summed(forms: AffineForms, name: str, args, kwargs, result: Tensor) -> csr_array:
    form = _segments(args[0], _dims(args, kwargs), result)
    share = result.numel() / args[0].numel() if name == "mean" else 1.0
    return csr_array(gathering(form, result.numel()) * share @ forms.form(args[0]))


def _matrix_product(forms: AffineForms, name: str, args, kwargs, result: Tensor) -> csr_array:
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
    return csr_array(gathering(out, many * rows * cols) @ forms.product(forms.form(args[0])[left], forms.form(args[1])[right]))


def _absolute(forms: AffineForms, name: str, args, kwargs, result: Tensor) -> csr_array:
    form = forms.form(args[0])
    return forms.mixed(dependent(form), "abs", np.abs(constants_of(form)), form)


def _finite(forms: AffineForms, name: str, args, kwargs, result: Tensor) -> csr_array:
    """Numbers stay numbers: what becomes an error elsewhere is no point of the problem. What is an error here may be a number
    elsewhere: that goes in steps."""
    error = result.detach().reshape(-1).to(torch.float64).numpy()
    return forms.mixed((error != 0) & dependent(forms.form(args[0])), ERROR, error, boolean=True)


def compared(forms: AffineForms, sign: str, result: Tensor, *args) -> csr_array:
    """The forms of a comparison of two numbers, 1 where it holds."""
    a, b = (forms.stretched(arg, result.shape) for arg in args[:2])
    difference = csr_array(a - b)
    moving = dependent(difference)
    if sign in ("=", "<>") and moving.any() and not constants_of(b).any() and not dependent(b).any() and forms.truths(a).all():
        return a if sign == "<>" else csr_array(forms.form(torch.ones(a.shape[0], dtype=torch.float64)) - a)
    fixed = result.detach().reshape(-1).to(torch.float64).numpy()
    if sign == "=" and (errors := dependent(a) & ~moving & (constants_of(difference) == 0) & (fixed == 0)).any():
        # only an error differs from itself: elsewhere there may be a number
        return csr_array(forms.mixed(errors, ERROR, fixed, boolean=True))
    return forms.mixed(moving & np.isfinite(constants_of(b)), sign, fixed, difference, boolean=True)


def _logical_not(forms: AffineForms, name: str, args, kwargs, result: Tensor) -> csr_array:
    form = forms.form(args[0])
    return csr_array(forms.form(torch.ones(form.shape[0], dtype=torch.float64)) - form)


def _logical_and(forms: AffineForms, name: str, args, kwargs, result: Tensor) -> csr_array:
    return forms.product(*(forms.stretched(arg, result.shape) for arg in args[:2]))


def _logical_or(forms: AffineForms, name: str, args, kwargs, result: Tensor) -> csr_array:
    a, b = (forms.stretched(arg, result.shape) for arg in args[:2])
    both = forms.product(a, b)
    return csr_array(forms.widened(a) + forms.widened(b) - both)


def _segmented(forms: AffineForms, operation: str, tensor: Tensor, dims, result: Tensor) -> csr_array:
    form = forms.form(tensor)
    segments = _segments(tensor, dims, result)
    moving = np.zeros(result.numel(), dtype=bool)
    np.logical_or.at(moving, segments, dependent(form))
    fixed = np.where(moving, 0.0, result.detach().reshape(-1).to(torch.float64).numpy())
    if not moving.any():
        return forms.form(torch.from_numpy(fixed))
    chosen, number = np.flatnonzero(moving), np.cumsum(moving) - 1
    rows = np.flatnonzero(moving[segments])
    new = forms.new_terms(operation, len(chosen), form[rows], segments=number[segments[rows]], boolean=operation in ("all", "any"))
    return csr_array(spread_rows(chosen, len(moving)) @ new + forms.form(torch.from_numpy(fixed)))


def _paired(forms: AffineForms, operation: str, result: Tensor, *args) -> csr_array:
    pair = torch.stack([torch.as_tensor(arg, dtype=torch.float64).expand(result.shape) for arg in args[:2]])
    rows = vstack([forms.stretched(arg, result.shape) for arg in args[:2]], format="csr")
    forms.known[id(pair)] = pair, rows
    return _segmented(forms, operation, pair, [0], result)


def _opaque(forms: AffineForms, name: str, args, result: Tensor) -> csr_array:
    """The forms of an operation that is not followed: new terms, or a constant where all that an element is made of is constant."""
    fixed = result.detach().reshape(-1).to(torch.float64).numpy()
    moving = np.zeros(result.numel(), dtype=bool)
    for tensor in tensors_in(args):
        if forms.moves(tensor):
            try:
                moving |= dependent(forms.stretched(tensor, result.shape))
            except ValueError:
                moving[:] = True
    return forms.mixed(moving, name, np.where(moving, 0.0, fixed), boolean=result.dtype == torch.bool)


_RULES: dict[str, Callable[..., csr_array]] = {
    "add": _added, "sub": _added, "rsub": _added, "neg": _negated, "mul": _multiplied, "div": _divided, "pow": _powered,
    "sum": _summed, "mean": _summed, **dict.fromkeys(("mm", "bmm", "mv", "dot"), _matrix_product),
    "abs": _absolute, "isnan": _finite, "isinf": _finite,
    **dict.fromkeys(("bitwise_not", "logical_not"), _logical_not),
    **dict.fromkeys(("bitwise_and", "logical_and"), _logical_and),
    **dict.fromkeys(("bitwise_or", "logical_or"), _logical_or),
}


def result_forms(forms: AffineForms, func, args, kwargs, result) -> Iterator[csr_array]:
    """The forms of what an operation of torch gave, a tensor at a time. Some of its arguments depend on the changing cells."""
    name = func._schema.name.removeprefix("aten::")
    if name == "_local_scalar_dense":    # the program looks at a value, to choose a way of computing
        return
    if name in _SAME_ORDER:
        yield forms.form(args[0])
    elif name in _MOVES:
        yield _moved(forms, name, func, args, kwargs, result)
    elif (rule := _RULES.get(name)) is not None:
        yield rule(forms, name, args, kwargs, result)
    elif name in SIGNS:
        yield compared(forms, SIGNS[name], result, *args)
    elif name in _SEGMENTED:
        yield _segmented(forms, _SEGMENTED[name], args[0], _dims(args, kwargs), result)
    elif name in _PAIRED:
        yield _paired(forms, _PAIRED[name], result, *args)
    else:
        for tensor in tensors_in([result]):
            yield _opaque(forms, name, args, tensor)


def _segments(tensor: Tensor, dims, result: Tensor) -> np.ndarray:
    """For each element of a tensor the number of the element of `result` that it is reduced to."""
    dims = range(tensor.ndim) if not dims and dims != 0 else [dims] if isinstance(dims, int) else dims
    dims = {dim % max(1, tensor.ndim) for dim in dims}
    kept = [1 if dim in dims else size for dim, size in enumerate(tensor.shape)]
    return np.broadcast_to(np.arange(result.numel()).reshape(kept), tuple(tensor.shape)).ravel()


def _dims(args, kwargs):
    return kwargs["dim"] if "dim" in kwargs else args[1] if len(args) > 1 else None


def tensors_in(values) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_in(value)
