"""What fails, made as small as it can be and still fail in the same way: parts and elements of a workbook are left out, tokens of a formula."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable

from campaign.mutations import zipped

_TOKEN = re.compile(r'"[^"]*"|[A-Z][A-Z0-9.:]*|[0-9.]+|.', re.S)
_ELEMENT = re.compile(rb"<([\w:]{1,40})(?:\s[^<>]*)?(?:/>|>[^<>]*</\1>)")


def shrunk(package: bytes, fails: Callable[[bytes], bool], *, most: int = 2000) -> bytes:
    """The smallest package met, by at most so many tries of `fails`; the given one where it is no zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            parts = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except Exception:       # what cannot be taken apart stays whole
        return package
    tries = 0

    def still_fails(candidate: list[tuple[str, bytes]]) -> bool:
        nonlocal tries
        tries += 1
        return tries <= most and fails(_packed(candidate))

    if not still_fails(parts):
        return package      # it is the zip itself that fails
    changed = True
    while changed and tries < most:
        changed = False
        for n in reversed(range(len(parts))):
            if still_fails(fewer := parts[:n] + parts[n + 1:]):
                parts, changed = fewer, True
        for n, (name, content) in enumerate(parts):
            smaller = _without_elements(content, lambda less, n=n, name=name: still_fails([*parts[:n], (name, less), *parts[n + 1:]]))
            if smaller != content:
                parts[n], changed = (name, smaller), True
    return _packed(parts)


def shrunk_formula(text: str, fails: Callable[[str], bool], *, most: int = 2000) -> str:
    """The shortest formula met that fails, by at most so many tries: runs of its tokens are left out."""
    tokens, size = _TOKEN.findall(text), len(text)
    while size:
        first = 0
        while first < len(tokens) and most:
            most -= 1
            if fails("".join(fewer := tokens[:first] + tokens[first + size:])):
                tokens = fewer
            else:
                first += 1
        size = min(size - 1, len(tokens)) if size <= 8 else size // 2
    return "".join(tokens)


def _without_elements(content: bytes, still_fails: Callable[[bytes], bool]) -> bytes:
    """Without the elements that the failure does not need: many at once first, then fewer."""
    share = 8
    while True:
        found = [match.span() for match in _ELEMENT.finditer(content)]
        step = max(1, len(found) // share) if found else 0
        for first in reversed(range(0, len(found), step or 1)):
            less = content
            for start, end in reversed(found[first:first + step]):
                less = less[:start] + less[end:]
            if less != content and still_fails(less):
                content = less
        if step <= 1:
            return content
        share *= 4


def _packed(parts: list[tuple[str, bytes]]) -> bytes:
    return zipped(random.Random(0), parts)
