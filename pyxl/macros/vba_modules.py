"""The source text of a VBA project's modules: [MS-OVBA] 2.3.4.2 (the `dir` stream) and 2.4.1 (compression)."""

from __future__ import annotations

import codecs
import struct
from functools import lru_cache

from .compound_reader import Unreadable, streams

_CODE_PAGE, _VERSION, _NAME, _STREAM_NAME, _OFFSET, _END = 0x03, 0x09, 0x19, 0x1A, 0x31, 0x2B


@lru_cache(maxsize=2)
def module_sources(project: bytes) -> tuple[tuple[str, str], ...]:
    """(module, source) of ``vbaProject.bin``; none where it is damaged, for then nobody can say what it holds."""
    try:
        found = streams(project)
        return tuple(_modules(found))
    except (ValueError, struct.error):      # Unreadable is a ValueError
        return ()


def _modules(found: dict[str, bytes]):
    records, at = decompressed(found.get("dir", b"")), 0
    encoding, name, stream, offset = "cp1252", "", "", 0
    while at + 6 <= len(records):
        number, size = struct.unpack_from("<HI", records, at)
        size = 6 if number == _VERSION else size           # its size field says 4 (2.3.4.2.1.11)
        data, at = records[at + 6:at + 6 + size], at + 6 + size
        if number == _CODE_PAGE:
            encoding = _known(f"cp{struct.unpack('<H', data)[0]}")
        elif number == _NAME:
            name, stream, offset = data.decode(encoding, "replace"), "", 0
        elif number == _STREAM_NAME:
            stream = data.decode(encoding, "replace")
        elif number == _OFFSET:
            offset, = struct.unpack("<I", data)
        elif number == _END and (content := found.get(stream)):
            yield name, decompressed(content[offset:]).decode(encoding, "replace")


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return "cp1252"


def decompressed(container: bytes) -> bytes:
    """What a CompressedContainer holds. Raises Unreadable."""
    if container[:1] != b"\x01":
        raise Unreadable
    out, at = bytearray(), 1
    while at + 2 <= len(container):
        header, = struct.unpack_from("<H", container, at)
        end = min(len(container), at + (header & 0xFFF) + 3)
        if header & 0x8000:
            _add_chunk(out, container[at + 2:end])
        else:
            out += container[at + 2:at + 2 + 4096]
            end = at + 2 + 4096
        at = end
    return bytes(out)


def _add_chunk(out: bytearray, tokens: bytes) -> None:
    """The tokens of one chunk (2.4.1.3.5): a byte as it is, or a copy of what came before in the chunk."""
    first, at = len(out), 0
    while at < len(tokens):
        flags, at = tokens[at], at + 1
        for bit in range(8):
            if at >= len(tokens):
                return
            if not flags >> bit & 1:
                out.append(tokens[at])
                at += 1
                continue
            if at + 2 > len(tokens):
                raise Unreadable
            token, at = tokens[at] | tokens[at + 1] << 8, at + 2
            offset_bits = max(4, (len(out) - first - 1).bit_length())      # 2.4.1.3.19.1
            back, length = (token >> (16 - offset_bits)) + 1, (token & (0xFFFF >> offset_bits)) + 3
            if back > len(out) - first:
                raise Unreadable
            for _ in range(length):
                out.append(out[-back])
