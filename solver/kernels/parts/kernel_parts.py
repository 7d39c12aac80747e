"""Shared parts of the kernels: how they are compiled, and the error of a prediction.

numba compiles a kernel where it runs, for the machine's own vector registers, so nobody needs a
compiler. That takes about a second for each of the kernels a fit uses, once on a machine: the result
is kept beside the module, or in the user's cache folder where that cannot be written.
"""

from __future__ import annotations

import math
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import numba
import numpy as np
from numba.extending import overload

from .target import Link
from .vectors import load_vector, power_of_two, total

LOGISTIC, BOUNDED = int(Link.LOGISTIC), int(Link.BOUNDED)  # numbers that a kernel takes for constants
# numba's cache looks at the file of a kernel only. This number, which every kernel names, stands for what else
# they use.
_USED = [Path(__file__).with_name(f"{name}.py") for name in ("kernel_parts", "target", "packed", "adamw_table", "vectors", "ridge_parts")]
EDITION = int(sha256(b"".join(path.read_bytes() for path in _USED)).hexdigest()[:15], 16)
AHEAD = 8  # ratings between asking for rows and using them


def compiled(function):
    """`numba.njit`, kept on disk where a folder for it can be written; releases the GIL."""
    try:
        kernel = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no folder to keep it in
        return numba.njit(nogil=True, error_model="numpy")(function)
    save = kernel._cache.save_overload

    def save_if_possible(*what) -> None:
        with suppress(OSError):  # a full disk ends no fit: the next process compiles again
            save(*what)

    kernel._cache.save_overload = save_if_possible
    return kernel


inlined = numba.njit(error_model="numpy")  # a part of kernels; LLVM puts it where it is called


@inlined
def score(table, a, b, chunks):
    """The dot product of two rows."""
    products = load_vector(table, a, 0) * load_vector(table, b, 0)
    for c in range(1, chunks):
        products = load_vector(table, a, c) * load_vector(table, b, c) + products
    return total(products)


@inlined
def errors(link, x, rating, low, span, one):
    """(loss, squared error, ∂loss/∂x) of a rating whose score is x; `one` is 1 in their precision."""
    if link == LOGISTIC:
        error = sigmoid(x) - rating
        return max(x, one - one) - x * rating + math.log(one + math.exp(-abs(x))), error * error, error
    if link == BOUNDED:
        share = sigmoid(x)
        error = low + span * share - rating
        return error * error, error * error, (error + error) * span * share * (one - share)
    error = x - rating
    return error * error, error * error, error + error


@inlined
def predicted(link, x, low, span):
    """The prediction that a score stands for."""
    if link == LOGISTIC:
        return sigmoid(x)
    return low + span * sigmoid(x) if link == BOUNDED else x


def sigmoid(x):
    """1 / (1 + e^−x)."""
    return 1 / (1 + math.exp(-x))


@overload(sigmoid)
def _sigmoid(x):
    return _sigmoid_of_single if x == numba.types.float32 else _sigmoid_of_double


def _sigmoid_of_double(x):
    return 1 / (1 + math.exp(-x))


def _sigmoid_of_single(x):
    """e^−x = 2^n · 2^f with f from −½ to ½: a polynomial good to 2e-7, and no call out of the kernel's registers."""
    one = np.float32(1)
    y = min(max(x * np.float32(-1.4426950408889634), np.float32(-126)), np.float32(126))
    rounded = y + np.float32(12582912)  # 1.5 · 2^23: adding it rounds to a whole number
    f = y - (rounded - np.float32(12582912))
    power = np.float32(0.00015469) * f + np.float32(0.00133336)
    power = power * f + np.float32(0.00961813)
    power = power * f + np.float32(0.05550411)
    power = power * f + np.float32(0.24022651)
    power = power * f + np.float32(0.69314718)
    power = power * f + one
    return one / (one + power * power_of_two(rounded))
