"""The streams of a compound file, the little file system in which VBA lives: [MS-CFB], read only."""

from __future__ import annotations

import struct

_SIGNATURE = bytes.fromhex("D0CF11E0A1B11AE1")
_LAST = 0xFFFFFFFA        # numbers from here on are no sectors (2.1)
_STREAM = 2


class Unreadable(ValueError):
    """Bytes that are no compound file, or a damaged one."""


def streams(data: bytes) -> dict[str, bytes]:
    """All streams by name; of several of one name in different storages the first. Raises Unreadable."""
    if len(data) < 512 or data[:8] != _SIGNATURE:
        raise Unreadable
    shift, mini_shift = struct.unpack_from("<HH", data, 30)
    if shift not in (9, 12) or mini_shift != 6:
        raise Unreadable
    first_dir, = struct.unpack_from("<I", data, 48)
    limit, first_mini, _, next_list = struct.unpack_from("<IIII", data, 56)
    size = 1 << shift

    def sector(number: int) -> bytes:
        return data[(number + 1) * size:(number + 2) * size]

    places = list(struct.unpack_from("<109I", data, 76))        # of the table's own sectors (2.2), continued in a chain (2.5)
    seen = set()
    while next_list < _LAST and next_list not in seen:
        seen.add(next_list)
        *more, next_list = _numbers(sector(next_list)) or [_LAST]
        places += more
    table = [number for place in places if place < _LAST for number in _numbers(sector(place))]
    directory = _chain(first_dir, table, sector)
    entries = [directory[at:at + 128] for at in range(0, len(directory) - 127, 128)]
    if not entries:
        raise Unreadable
    start, length = _place(entries[0])
    mini = _chain(start, table, sector)[:length]                # the mini stream is the root's (2.6.3)
    mini_table = _numbers(_chain(first_mini, table, sector))
    found: dict[str, bytes] = {}
    for entry in entries:
        if entry[66] != _STREAM:
            continue
        start, length = _place(entry)
        content = _chain(start, mini_table, lambda n: mini[n * 64:(n + 1) * 64]) if length < limit else _chain(start, table, sector)
        found.setdefault(entry[:max(0, struct.unpack_from("<H", entry, 64)[0] - 2)].decode("utf-16-le", "replace"), content[:length])
    return found


def _numbers(sectors: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(sectors) // 4}I", sectors[:len(sectors) // 4 * 4]))


def _place(entry: bytes) -> tuple[int, int]:
    """Where a stream begins, and its length."""
    return struct.unpack_from("<I", entry, 116)[0], struct.unpack_from("<I", entry, 120)[0]


def _chain(first: int, table: list[int], sector) -> bytes:
    """The sectors of a chain, one after the other. A chain that comes back to itself, or leads nowhere, is damaged."""
    parts, seen, at = [], set(), first
    while at < _LAST:
        if at in seen or at >= len(table):
            raise Unreadable
        seen.add(at)
        parts.append(sector(at))
        at = table[at]
    return b"".join(parts)
