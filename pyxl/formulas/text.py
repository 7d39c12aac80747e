"""Functions of text."""

from __future__ import annotations

from collections.abc import Callable

from .errors import VALUE, Fault
from .function import Function


def _end_of_text(cut: Callable) -> Function:
    def call(content: str, count: int = 1) -> str:
        if count < 0:
            raise Fault(VALUE)
        return cut(content, count)
    return Function("t|i", call)


def _middle(content: str, start: int, count: int) -> str:
    if start < 1 or count < 0:
        raise Fault(VALUE)
    return content[start - 1:start - 1 + count]


TEXT: dict[str, Function] = {
    "CONCATENATE": Function("t+", lambda *parts: "".join(parts)),
    "LEFT": _end_of_text(lambda s, n: s[:n]),
    "LEN": Function("t", lambda s: float(len(s))),
    "LOWER": Function("t", str.lower),
    "MID": Function("tii", _middle),
    "RIGHT": _end_of_text(lambda s, n: s[len(s) - n:] if n < len(s) else s),
    "TRIM": Function("t", lambda s: " ".join(part for part in s.split(" ") if part)),
    "UPPER": Function("t", str.upper),
}
