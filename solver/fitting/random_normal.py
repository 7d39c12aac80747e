"""Normal numbers by seed, float32, drawn without torch: a model is trained before torch would be loaded.

The numbers are those of `torch.randn` with a generator of the same seed, to the last bit where torch's processor has AVX2, and they are
the same everywhere. 24 of the 32 bits of MT19937 are a number u in [0, 1); eight u₁ and the eight u₂ after them make sixteen numbers,

    r cos(2π u₂) and r sin(2π u₂),   r = √(−2 log(1 − u₁))      (Box & Muller 1958),

log, cos and sin by polynomials of Cephes (Moshier), some sums of a product rounded once. Fewer than sixteen come from numbers u of 53 bits.
"""

from __future__ import annotations

import math

import numpy as np

from .random_start import drawn_uniformly

AT_ONCE = 16            # numbers that are made together
MANY = 4_000_000        # numbers beyond which torch is loaded and has drawn them sooner
_PIECE = 1 << 16        # numbers whose intermediate results a cache holds

_LOG = (7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
        -2.4999993993e-1, 3.3333331174e-1)
_LOG_OF_2 = np.float32(0.693359375), np.float32(-2.12194440e-4)      # they add up to log 2; a whole number times the first is exact
_EIGHTH_TURN = 0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8     # likewise π/4
_SINE = -1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1
_COSINE = 2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2


def normals(seed: int, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    """An array of each shape, one drawn after the other."""
    if sum(map(math.prod, shapes)) > MANY:
        import torch

        generator = torch.Generator().manual_seed(int(seed))
        return [torch.randn(shape, generator=generator).numpy() for shape in shapes]
    random, spare = np.random.RandomState(int(seed) & 0xFFFFFFFF), list[float]()
    return [(_many if math.prod(shape) >= AT_ONCE else _few)(random, math.prod(shape), spare).reshape(shape) for shape in shapes]


def _few(random: np.random.RandomState, n: int, spare: list[float]) -> np.ndarray:
    """Pairs, of which the second waits in `spare` until it is asked for."""
    numbers = []
    for _ in range(n):
        if spare:
            numbers.append(spare.pop())
            continue
        turn, share = drawn_uniformly(random, (2,)).tolist()
        radius = math.sqrt(-2.0 * math.log1p(-share))
        spare.append(radius * math.sin(2.0 * math.pi * turn))
        numbers.append(radius * math.cos(2.0 * math.pi * turn))
    return np.array(numbers, np.float32)


def _many(random: np.random.RandomState, n: int, _spare: list[float]) -> np.ndarray:
    numbers, whole = np.empty(n, np.float32), n - n % AT_ONCE
    for first in range(0, whole, _PIECE):
        numbers[first:first + _PIECE][:whole - first] = _box_muller(random, min(_PIECE, whole - first))
    if n > whole:       # the last sixteen are drawn anew, after the rest
        _bits(random, n - whole)
        numbers[-AT_ONCE:] = _box_muller(random, AT_ONCE)
    return numbers


def _box_muller(random: np.random.RandomState, n: int) -> np.ndarray:
    """The next n, a multiple of 16."""
    u = ((_bits(random, n) & np.uint32(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24)).reshape(-1, 2, AT_ONCE // 2)
    radius = np.sqrt(np.float32(-2) * _log(np.float32(1) - u[:, 0]))
    sine, cosine = _sine_and_cosine(np.float32(2 * math.pi) * u[:, 1])
    return np.stack([radius * cosine, radius * sine], 1).ravel()


def _bits(random: np.random.RandomState, n: int) -> np.ndarray:
    return random.randint(0, 2**32, n, dtype=np.uint32)


def _rounded_once(a: np.ndarray, b: np.ndarray, c: np.ndarray | float) -> np.ndarray:
    """a · b + c as one operation: the product of two float32 is exact in float64."""
    return (np.multiply(a, b, dtype=np.float64) + c).astype(np.float32)


def _polynomial(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    first, *others = (float(np.float32(c)) for c in coefficients)
    value = np.full_like(x, first)
    for coefficient in others:
        value = _rounded_once(value, x, coefficient)
    return value


def _log(x: np.ndarray) -> np.ndarray:
    """Of numbers in (0, 1]."""
    mantissa, power = np.frexp(x)       # from 0.5 to 1
    small = mantissa < np.float32(math.sqrt(0.5))
    powers = (power - small).astype(np.float32)
    part = np.where(small, mantissa - np.float32(1) + mantissa, mantissa - np.float32(1))
    square, (most, rest) = part * part, _LOG_OF_2
    series = _rounded_once(_polynomial(_LOG, part) * part, square, powers * rest) - np.float32(0.5) * square
    return part + series + powers * most


def _sine_and_cosine(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of angles from 0 to a whole turn."""
    eighths = ((x * np.float32(4 / math.pi)).astype(np.int32) + 1) & ~1
    for part in _EIGHTH_TURN:
        x = x - eighths.astype(np.float32) * np.float32(part)
    square = x * x
    cosine = _rounded_once(_polynomial(_COSINE, square) * square, square, np.float32(-0.5) * square) + np.float32(1)
    sine = _rounded_once(_polynomial(_SINE, square) * square, x, x)
    turned = (eighths & 2) != 0
    return (np.where(turned, cosine, sine) * np.where(eighths & 4, np.float32(-1), np.float32(1)),
            np.where(turned, sine, cosine) * np.where((eighths - 2) & 4, np.float32(1), np.float32(-1)))
