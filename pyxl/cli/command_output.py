"""Writes a command's output to stdout and stderr. Output that cannot be written never makes a finished command fail."""

from __future__ import annotations

import codecs
import json
import os
import sys
from contextlib import suppress
from typing import TextIO

# Signs of our sentences, as an encoding without them shows them.
_PLAIN_SIGNS = {"→": "->", "↔": "<->", "⇄": "<->", "…": "...", "–": "-", "—": "-", "×": "x", "·": "*", "≥": ">=", "≤": "<=",
                "‘": "'", "’": "'", "“": '"', "”": '"', "\N{NO-BREAK SPACE}": " ", "\N{MINUS SIGN}": "-"}
_PLAINLY = "collabsheet-plainly"


class Output:
    """Where a command tells what it does. `as_json`: one object instead of lines.

    A pipe that nobody reads any more and a stream that was closed are no failures; after another one, such as a full
    disk, `failure` is the system's error and nothing more is told on stdout.
    """

    def __init__(self, *, as_json: bool):
        self.as_json = as_json
        self.failure: OSError | None = None
        codecs.register_error(_PLAINLY, _plainly)
        sys.stdout, sys.stderr = (_printable(stream) for stream in (sys.stdout, sys.stderr))

    def line(self, text: str) -> None:
        """A line for a person, at once; nothing where JSON is wanted."""
        if not self.as_json:
            self._print(text, sys.stdout)

    def json(self, result: dict) -> None:
        """The one object, where JSON is wanted."""
        if self.as_json:
            every_sign = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
            self._print(json.dumps(result, ensure_ascii=not every_sign), sys.stdout)

    def error(self, sentence: str) -> None:
        """A sentence on stderr."""
        with suppress(OSError, ValueError):   # there is nobody to tell
            print(sentence, file=sys.stderr, flush=True)

    def _print(self, text: str, stream: TextIO) -> None:
        if self.failure is not None:
            return
        try:
            print(text, file=stream, flush=True)
        except BrokenPipeError:   # `… | head`: nobody reads any more
            _silence(stream)
        except OSError as error:
            self.failure = error
            _silence(stream)


def _printable(stream: TextIO | None) -> TextIO:
    """The stream, which writes what its encoding lacks in plainer signs; one that leads nowhere where it was closed."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    if hasattr(stream, "reconfigure"):
        with suppress(OSError):   # of a full disk: it will be told at the next line
            stream.reconfigure(errors=_PLAINLY)
    return stream


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """How signs are written that an encoding lacks: ``->`` for an arrow, else by their number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    if sign in _PLAIN_SIGNS:
        return _PLAIN_SIGNS[sign], error.start + 1
    return sign.encode("ascii", "backslashreplace").decode(), error.start + 1


def _silence(stream: TextIO) -> None:
    """Let nothing more come of a stream that failed, not at the end of the process either, where it is flushed."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
