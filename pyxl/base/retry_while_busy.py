"""Repeats a call to a program that refuses it while its user is editing a cell."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from solver.errors import UserError

T = TypeVar("T")

_LONGEST, PAUSE = 120.0, 0.1   # seconds: until we give up, and between two calls
# Windows' codes: call rejected, try again later, and Excel's own for "a cell is being edited"
_BUSY = {-2147418111, -2147417846, -2146777998}


def retry_while_busy(call: Callable[[], T]) -> T:
    """What `call` returns, once the program takes it. Raises UserError after two minutes."""
    until = time.monotonic() + _LONGEST
    while True:
        try:
            return call()
        except Exception as why:
            if not is_busy(why):
                raise
            if time.monotonic() > until:
                raise UserError("A cell is being edited, or a dialog is open, since two minutes. "
                                "Finish it and fit again.") from why
            time.sleep(PAUSE)


def is_busy(why: Exception) -> bool:
    """Whether a program refused a call only because it is busy: by the codes of Windows' errors."""
    codes = {getattr(why, "hresult", None)}
    if details := getattr(why, "excepinfo", None):
        codes.add(details[-1])
    return bool(codes & _BUSY)
