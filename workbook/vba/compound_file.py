"""A compound file, the little file system in which VBA lives: [MS-CFB] version 3, written only."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

Tree = dict[str, "bytes | Tree"]  # a storage: streams, and storages within

SECTOR, MINI_SECTOR, MINI_LIMIT = 512, 64, 4096   # streams shorter than the limit go into the mini stream
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD   # what the table says of a sector that continues nowhere (2.1)
_NONE = 0xFFFFFFFF                                # no such directory entry
_UNUSED, _STORAGE, _STREAM, _ROOT = 0, 1, 2, 5
_RED, _BLACK = 0, 1
_FAT_IN_HEADER = 109


@dataclass
class _Entry:
    """A directory entry (2.6.1): siblings form a red-black tree, ordered by length of name, then name."""

    name: str
    kind: int
    left: int = _NONE
    right: int = _NONE
    child: int = _NONE
    colour: int = _BLACK
    start: int = 0
    size: int = 0

    def packed(self) -> bytes:
        name = self.name.encode("utf-16-le")
        return struct.pack("<64sHBBIII16sIQQIQ", name, len(name) + 2 if name else 0, self.kind, self.colour,
                           self.left, self.right, self.child, b"", 0, 0, 0, self.start, self.size)


@dataclass
class _Sectors:
    """Sectors of one size, and the table that chains them (2.3)."""

    size: int
    table: list[int] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)

    def add(self, data: bytes) -> int:
        """Appends `data` in a chain of sectors; gives the first one's number."""
        n, first = -(-len(data) // self.size), len(self.table)
        if not n:
            return _END
        self.table += [*range(first + 1, first + n), _END]
        self.data += data.ljust(n * self.size, b"\0")
        return first


def compound_file(tree: Tree) -> bytes:
    """The bytes of a compound file that holds `tree`. Raises ValueError above 6.8 MB."""
    entries = [_Entry("Root Entry", _ROOT)]
    streams: list[tuple[_Entry, bytes]] = []
    entries[0].child = _add_siblings(tree, entries, streams)
    sectors, mini = _Sectors(SECTOR), _Sectors(MINI_SECTOR)
    for entry, data in streams:
        entry.size = len(data)
        entry.start = (mini if len(data) < MINI_LIMIT else sectors).add(data)
    entries[0].start, entries[0].size = sectors.add(bytes(mini.data)), len(mini.data)   # the mini stream is the root's (2.4)
    mini_table = _numbers(mini.table)
    mini_table_at = sectors.add(mini_table)
    while len(entries) % (SECTOR // 128):
        entries.append(_Entry("", _UNUSED, colour=0))
    directory_at = sectors.add(b"".join(entry.packed() for entry in entries))

    n_fat = 1
    while n_fat * SECTOR // 4 < len(sectors.table) + n_fat:  # the table has sectors of its own, and lists them too
        n_fat += 1
    if n_fat > _FAT_IN_HEADER:
        raise ValueError("A compound file of more than 6.8 MB is not written here.")
    fat_at = len(sectors.table)
    fat_places = [*range(fat_at, fat_at + n_fat), *[_FREE] * (_FAT_IN_HEADER - n_fat)]
    # 2.2: signature, no class, version 3.62, little-endian, sectors of 2^9 and 2^6 bytes, reserved, then
    # counts and places: directory sectors (0 in version 3), FAT, directory, transaction, mini stream, DIFAT
    header = struct.pack("<8s16sHHHHH6s9I", bytes.fromhex("D0CF11E0A1B11AE1"), b"", 62, 3, 0xFFFE, 9, 6, b"",
                         0, n_fat, directory_at, 0, MINI_LIMIT, mini_table_at, len(mini_table) // SECTOR, _END, 0)
    return (header + struct.pack(f"<{_FAT_IN_HEADER}I", *fat_places) + bytes(sectors.data)
            + _numbers(sectors.table + [_FAT] * n_fat))


def _add_siblings(tree: Tree, entries: list[_Entry], streams: list[tuple[_Entry, bytes]]) -> int:
    """Adds what is in a storage; gives the number of the entry at the top of its tree (2.6.4)."""
    numbers = []
    for name in sorted(tree, key=lambda name: (len(name), name.upper())):
        node = tree[name]
        numbers.append(len(entries))
        entry = _Entry(name, _STORAGE if isinstance(node, dict) else _STREAM)
        entries.append(entry)
        if isinstance(node, dict):
            entry.child = _add_siblings(node, entries, streams)
        else:
            streams.append((entry, node))
    full_rows = len(numbers).bit_length() - 1  # a balanced tree whose last row alone is red is red-black

    def balance(first: int, end: int, row: int) -> int:
        if first >= end:
            return _NONE
        middle = (first + end) // 2
        entry = entries[numbers[middle]]
        entry.left, entry.right = balance(first, middle, row + 1), balance(middle + 1, end, row + 1)
        entry.colour = _RED if row == full_rows and row > 0 else _BLACK
        return numbers[middle]

    return balance(0, len(numbers), 0)


def _numbers(values: list[int]) -> bytes:
    """A table in whole sectors: what is beyond its end is free."""
    data = struct.pack(f"<{len(values)}I", *values)
    return data.ljust(-(-len(data) // SECTOR) * SECTOR, b"\xff")
