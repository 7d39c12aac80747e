"""An XML stream copied byte for byte, but for insertions and replacements at given offsets."""

from __future__ import annotations

import re

from .xml_stream import start_tag_at


class EditedStream:
    """Holds the bytes that have not been copied yet. Edits must come in the order of their offsets.

    Offsets count the bytes of the source; `end` is how many have been fed, `done` how many are
    dealt with.
    """

    def __init__(self):
        self._buffer, self._base = b"", 0     # the bytes from offset _base on
        self._out: list[bytes] = []
        self.done = self.end = 0

    def feed(self, chunk: bytes) -> None:
        self._buffer += chunk
        self.end += len(chunk)

    def between(self, start: int, stop: int) -> bytes:
        """The source from `start` to `stop`; not before the last `ready`."""
        return self._buffer[start - self._base:stop - self._base]

    def tag(self, offset: int) -> bytes:
        """The start tag at `offset`."""
        return b"".join(start_tag_at(self._buffer, offset - self._base))

    def end_of_element(self, offset: int, tag: bytes, end_event: int) -> int:
        """Behind the element at `offset`, given where expat reported its end."""
        if tag.endswith(b"/>"):
            return offset + len(tag)
        return self._base + self._buffer.index(b">", end_event - self._base) + 1

    def insert(self, offset: int, new: bytes) -> None:
        """Put `new` before the source's byte at `offset` (behind what was inserted there before)."""
        if offset > self.done:
            self._out.append(self.between(self.done, offset))
            self.done = offset
        self._out.append(new)

    def replace(self, offset: int, old: bytes, new: bytes) -> None:
        """Put `new` in place of the bytes `old` at `offset`."""
        self.replace_until(offset, offset + len(old), new)

    def replace_until(self, offset: int, stop: int, new: bytes) -> None:
        """Put `new` in place of the bytes from `offset` to `stop`."""
        self.insert(offset, new)
        self.done = stop

    def ready(self, offset: int) -> list[bytes]:
        """What is settled: all edits so far, and the source up to `offset`."""
        self.insert(offset, b"")
        self._buffer, self._base = self._buffer[self.done - self._base:], self.done
        out, self._out = self._out, []
        return out


def element_name(tag: bytes) -> bytes:
    """The name in a start tag, with its prefix: ``element_name(b'<x:row r="1">') == b'x:row'``."""
    return re.split(rb"[\s/>]", tag[1:], maxsplit=1)[0]


def name_prefix(tag: bytes) -> bytes:
    """The prefix of the name in a start tag: ``name_prefix(b'<x:row r="1">') == b'x:'``, b"" where there is none."""
    name = element_name(tag)
    return name[:name.find(b":") + 1]
