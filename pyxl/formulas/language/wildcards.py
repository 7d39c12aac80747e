"""``?`` (one character), ``*`` (any text) and ``~`` (the next one literally): patterns that need no second try.

Between two ``*`` stands a piece without any. Each piece is taken where it first fits; if the pattern fits at all, it
fits so, and no piece is ever tried anew. Capitals do not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache


def wildcard(pattern: str) -> Callable[[str], bool] | None:
    """Whether a text fits the pattern; None for a pattern without ``?``, ``*`` and ``~``."""
    return Pattern.of(pattern).fits if re.search(r"[?*~]", pattern) else None


def found_from(pattern: str, text: str, start: int) -> int | None:
    """Where in the text, counted from 0, the pattern is first found from `start` on."""
    return Pattern.of(pattern).found(text, start)


class Pattern:
    """The pieces between the ``*`` of a pattern, each as an expression of a fixed length."""

    def __init__(self, pattern: str):
        pieces: list[list[str]] = [[]]
        for part in re.findall(r"~[?*~]|.", pattern, re.S):
            if part == "*":
                pieces.append([])
            else:
                pieces[-1].append("." if part == "?" else re.escape(part[-1]))
        self._pieces = [re.compile("".join(piece), re.S | re.I) for piece in pieces]
        self._last_length = len(pieces[-1])

    @staticmethod
    @lru_cache(maxsize=4096)
    def of(pattern: str) -> Pattern:
        """The same text is read once."""
        return Pattern(pattern)

    def fits(self, text: str) -> bool:
        """Whether the whole text fits."""
        first, *others = self._pieces
        if not others:
            return first.fullmatch(text) is not None
        if (found := first.match(text)) is None:
            return False
        *between, last = others
        end = self._past(between, text, found.end())
        tail = len(text) - self._last_length
        return end is not None and end <= tail and last.match(text, tail) is not None

    def found(self, text: str, start: int) -> int | None:
        """Where the first part of the text that fits begins, from `start` on."""
        first, *others = self._pieces
        found = first.search(text, start)
        # What follows the first piece fits best behind its first place: if it does not there, it does nowhere.
        return None if found is None or self._past(others, text, found.end()) is None else found.start()

    @staticmethod
    def _past(pieces: list[re.Pattern], text: str, start: int) -> int | None:
        """The end of the pieces, each at its first place behind the one before; None where one is missing."""
        for piece in pieces:
            if (found := piece.search(text, start)) is None:
                return None
            start = found.end()
        return start
