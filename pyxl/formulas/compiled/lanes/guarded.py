"""torch's functions made safe where Excel has an error: the value is NaN, and the derivative 0.

A branch that was not taken, or a lane that a mask covers, passes a gradient of 0 back; 0 times an
infinite derivative would be NaN and spoil the sum. So where a function gives no finite number, it is
computed again at a harmless place for those elements, and their result replaced by NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

_MANY = ContextVar("many points at once", default=False)


@contextmanager
def many_points() -> Iterator[None]:
    """Within it no function looks at a value to choose its way, so that `torch.vmap` may compute many points at once; derivatives
    are not asked for."""
    token = _MANY.set(True)
    try:
        yield
    finally:
        _MANY.reset(token)


def _all_finite(numbers: Tensor) -> bool:
    return math.isfinite(numbers.detach().sum().item())


def sure(answer: Callable[[], Tensor | bool]) -> bool:
    """Whether something holds of all elements; never of many points, for which nobody may look."""
    return not _MANY.get() and bool(answer())


class _PointByPoint(torch.autograd.Function):
    """A function that leaves torch, for one point or for many."""

    @staticmethod
    def forward(call: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
        return call(*tensors)

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        ctx.mark_non_differentiable(output)

    @staticmethod
    def vmap(info, in_dims, call: Callable[..., Tensor], *tensors: Tensor):
        parts = [call(*(t if at is None else t.select(at, n) for t, at in zip(tensors, in_dims[1:]))) for n in range(info.batch_size)]
        return torch.stack(parts), 0


def point_by_point(call: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """`call`, which computes without torch, made fit for many points."""
    return lambda *tensors: _PointByPoint.apply(call, *tensors) if _MANY.get() else call(*tensors)


def guarded(call: Callable[..., Tensor], harmless: float = 2.0) -> Callable[..., Tensor]:
    """`call`, elementwise, with NaN and no gradient where it has no finite value."""
    def run(*args: Tensor) -> Tensor:
        result = call(*args)
        if sure(lambda: _all_finite(result)):  # one pass: a sum of finite numbers is finite, or is looked at
            return result
        bad = ~result.detach().isfinite()
        return torch.where(bad, torch.nan, call(*[torch.where(bad, harmless, arg) for arg in args]))
    return run


add, subtract = torch.add, torch.sub
multiply = guarded(torch.mul)
safe_divide = guarded(lambda a, b: a / b)


@guarded
def sqrt(x: Tensor) -> Tensor:
    """At 0 there is no derivative; 0 is given instead, so that a fit can end there."""
    if sure(lambda: (x > 0).all()):
        return x.sqrt()
    root = torch.where(x > 0, x, 1.0).sqrt()
    return torch.where(x > 0, root, torch.where(x == 0, 0.0, torch.nan))


@guarded
def safe_power(a: Tensor, b: Tensor) -> Tensor:
    """Excel's ``^``: 0^0 and roots of negative numbers are errors."""
    at_zero = a == 0
    if sure(lambda: ~at_zero.any()):
        return a.pow(b)
    result = torch.where(at_zero, 1.0, a).pow(b)
    if _MANY.get() or b.requires_grad or bool((b < 1).any()):
        return torch.where(at_zero, torch.where(b > 0, 0.0, torch.nan), result)
    return torch.where(at_zero, a * (b == 1), result)  # a^1 has the derivative 1 at 0, higher powers 0


def power_of(exponent: float) -> Callable[[Tensor], Tensor]:
    """``x^2``, with an exponent that is the same everywhere."""
    if exponent >= 1 and exponent == int(exponent):
        return guarded(lambda x: x.pow(exponent))
    if exponent == 0.5:
        return sqrt
    return lambda x: safe_power(x, torch.full_like(x, exponent))


def product(equation: str) -> Callable[..., Tensor]:
    """torch.einsum; a lane with an element that is no finite number is NaN, others do not notice.

    einsum keeps apart what varies by row and what varies by column: a block of dot products is one
    matrix product.
    """
    def run(*factors: Tensor) -> Tensor:
        result = torch.einsum(equation, *factors)
        if sure(lambda: _all_finite(result)):
            return result
        finite = [factor.detach().isfinite() for factor in factors]
        clean = torch.einsum(equation, *(torch.where(good, f, 0.0) for good, f in zip(finite, factors)))
        bad = torch.einsum(equation, *(torch.ones_like(f) for f in factors)) > torch.einsum(
            equation, *(good.to(f.dtype) for good, f in zip(finite, factors)))
        return torch.where(bad | ~clean.detach().isfinite(), torch.nan, clean)
    return run


def guarded_reduction(call: Callable[..., Tensor], vectors: int = 1) -> Callable[..., Tensor]:
    """A function that makes one number, (rows, columns), of the last axis of its first `vectors` arguments;
    the result is (rows, columns, 1, 1), NaN without a gradient where it is not finite."""
    def run(*args: Tensor) -> Tensor:
        result = call(*args)
        if not sure(lambda: _all_finite(result)):
            bad = ~result.detach().isfinite()
            harmless = [torch.arange(1.0, arg.shape[-1] + 1, dtype=arg.dtype) for arg in args[:vectors]]
            guarded_args = [torch.where(bad[..., None], h, arg) for h, arg in zip(harmless, args)]
            result = torch.where(bad, torch.nan, call(*guarded_args, *args[vectors:]))
        return result[..., None, None]
    return run


def where_counted(counts: Tensor | None, x: Tensor) -> Tensor:
    """x where the mask `counts` holds (everywhere without one), else 0."""
    return x if counts is None else torch.where(counts, x, 0.0)


class _SquaredDistance(torch.autograd.Function):
    """Σ (x − y)² along the last axis, with one pass back where autograd would take four."""

    @staticmethod
    def forward(ctx, x: Tensor, y: Tensor) -> Tensor:
        difference = x - y
        ctx.shapes = x.shape, y.shape
        ctx.save_for_backward(difference)
        if difference.numel() == difference.shape[-1]:
            flat = difference.reshape(-1)
            return torch.dot(flat, flat).reshape(difference.shape[:-1])
        return (difference * difference).sum(-1)

    @staticmethod
    def backward(ctx, slope: Tensor):
        difference, = ctx.saved_tensors
        return tuple((sign * slope[..., None] * difference).sum_to_size(shape) if needed else None
                     for sign, shape, needed in zip((2.0, -2.0), ctx.shapes, ctx.needs_input_grad))


def squared_distance(x: Tensor, y: Tensor) -> Tensor:
    """Σ (x − y)² along the last axis."""
    return ((x - y) ** 2).sum(-1) if _MANY.get() else _SquaredDistance.apply(x, y)
