"""Compression of VBA source and of a project's `dir` stream: [MS-OVBA] 2.4.1.

Chunks of 4,096 bytes are each written as groups of eight tokens, a literal byte or a copy of what
came before in the same chunk, under a byte of flags that says which is which.
"""

from __future__ import annotations

_CHUNK = 4096
_SIGNATURE = b"\x01"
_COMPRESSED = 0xB000    # flag and signature of a chunk's header (2.4.1.1.5); the rest is its size less 3
_SHORTEST_COPY = 3


def compress(data: bytes) -> bytes:
    """`data` as a CompressedContainer.

    Raises ValueError for bytes that do not get shorter, which no text does: Excel is said to drop
    modules whose chunks are stored as they are, though 2.4.1.3.10 allows it.
    """
    return _SIGNATURE + b"".join(_chunk(data[first:first + _CHUNK]) for first in range(0, len(data), _CHUNK))


def _chunk(data: bytes) -> bytes:
    tokens = _tokens(data)
    if len(tokens) > _CHUNK:
        raise ValueError("These bytes cannot be compressed: they are no text.")
    return (_COMPRESSED | len(tokens) + 2 - 3).to_bytes(2, "little") + tokens


def _tokens(data: bytes) -> bytes:
    """The token sequences of one chunk (2.4.1.3.8)."""
    out, at = bytearray(), 0
    places: dict[bytes, list[int]] = {}  # where each three bytes began
    while at < len(data):
        flags_at = len(out)
        out.append(0)
        for bit in range(8):
            if at >= len(data):
                break
            offset_bits = max(4, (at - 1).bit_length())  # least n with 2^n ≥ at (2.4.1.3.19.1)
            begin, length = _longest_match(data, at, places, (0xFFFF >> offset_bits) + _SHORTEST_COPY)
            if length:
                token = (at - begin - 1) << (16 - offset_bits) | length - _SHORTEST_COPY
                out += token.to_bytes(2, "little")
                out[flags_at] |= 1 << bit
            else:
                out.append(data[at])
                length = 1
            for place in range(at, at + length):
                places.setdefault(data[place:place + _SHORTEST_COPY], []).append(place)
            at += length
    return bytes(out)


def _longest_match(data: bytes, at: int, places: dict[bytes, list[int]], longest: int) -> tuple[int, int]:
    """(where it begins, length) of the longest earlier run that continues as `data` does from `at`,
    the nearest of equals, or (0, 0) (2.4.1.3.19.4)."""
    best, best_length = 0, 0
    longest = min(longest, len(data) - at)
    if longest < _SHORTEST_COPY:
        return best, best_length
    for begin in reversed(places.get(data[at:at + _SHORTEST_COPY], ())):
        length = _SHORTEST_COPY
        while length < longest and data[begin + length] == data[at + length]:
            length += 1
        if length > best_length:
            best, best_length = begin, length
        if length == longest:
            break
    return best, best_length
