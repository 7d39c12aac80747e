"""Polynomials of cells, and sigmoids of them: what a formula is expanded to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from pyxl.grid.cells import Cell

TracedCell = tuple[str, Cell]                 # a cell of a sheet
Polynomial = dict[tuple[TracedCell, ...], float]  # monomial -> coefficient; () is the constant


class Untraceable(Exception):
    """A formula that is no sum and product of cells, nor a sigmoid of one; the message says what stands in the way."""


@dataclass(frozen=True)
class Traced:
    """``value + scale · σ(inner)``; without a sigmoid `scale` and `inner` are None."""

    value: Polynomial
    scale: Polynomial | None = None
    inner: Polynomial | None = None

    @property
    def linear(self) -> Polynomial:
        """The x of the model: what goes into the sigmoid, or the value itself."""
        return self.value if self.inner is None else self.inner


def scaled_polynomial(p: Polynomial, factor: float) -> Polynomial:
    """The polynomial times a number."""
    return {m: c * factor for m, c in p.items()}


def sum_of_traced(terms: Iterable[Traced]) -> Traced:
    """The sum of terms without a sigmoid. Raises Untraceable where one has one."""
    total: Polynomial = {}
    for term in terms:
        if term.inner is not None:
            raise Untraceable("A sum of sigmoids is no model that we know.")
        for monomial, c in term.value.items():
            total[monomial] = total.get(monomial, 0.0) + c
    return Traced(total)


def product_of_traced(terms: Iterable[Traced]) -> Traced:
    """The product of terms, of which one may have a sigmoid."""
    return reduce(times_traced, terms)


def plus_traced(a: Traced, b: Traced) -> Traced:
    """The sum of two terms, of which one may have a sigmoid."""
    if a.inner is not None and b.inner is not None:
        raise Untraceable("A sum of two sigmoids is no model that we know.")
    bent = a if a.inner is not None else b
    value = sum_of_traced((Traced(a.value), Traced(b.value))).value
    return Traced({m: c for m, c in value.items() if c}, bent.scale, bent.inner)


def times_traced(a: Traced, b: Traced) -> Traced:
    """The product of two terms, of which one may have a sigmoid."""
    if a.inner is not None:
        a, b = b, a
    if a.inner is not None:
        raise Untraceable("A product of sigmoids is no model that we know.")
    scale = None if b.scale is None else _multiply(a.value, b.scale)
    return Traced(_multiply(a.value, b.value), scale, b.inner)


def _multiply(p: Polynomial, q: Polynomial) -> Polynomial:
    product: Polynomial = {}
    for m, c in p.items():
        for n, d in q.items():
            if len(m) + len(n) > 2:
                raise Untraceable("Three parameters multiplied are no model that we know.")
            product[m + n] = product.get(m + n, 0.0) + c * d
    return {m: c for m, c in product.items() if c}
