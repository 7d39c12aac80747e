"""Changes to bytes, XML and zip files, drawn by a random generator: some subtle, some rude."""

from __future__ import annotations

import io
import random
import re
import zipfile

ODD_NUMBERS = ["", "-1", "0", "1", "2", "²", "٣", "99999999999", "1048577", "16385", "1e9", "NaN", "INF", "0x10", " 7 ", "1.5", "\u2212" + "1"]
ODD_TEXTS = ["", "A1", "XFD1048576", "XFE1", "A0", "a1", "A1:A1048576", "B2:A1", "R1C1", "'", "&amp;", "_x0000_", "_xD83D_", "x" * 40_000,
             "=1+1", "http://example.org", "#REF!", "Sheet9!A1", "\u202e", "😀"]
_ATTRIBUTE = re.compile(rb'([\w:]{1,40})="([^"]*)"')
_ELEMENT = re.compile(rb"<([\w:]+)((?:\s[^<>]*)?)(?:/>|>[^<>]*</\1>)")
_TEXT = re.compile(rb">([^<>]+)<")


def with_bytes_changed(rng: random.Random, data: bytes) -> bytes:
    """A few bytes flipped, cut, doubled or made noise."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        if not data:
            break
        at = rng.randrange(len(data))
        size = min(rng.choice([1, 2, 8, 100]), len(data) - at)
        match rng.randrange(5):
            case 0: data[at] ^= 1 << rng.randrange(8)
            case 1: del data[at:at + size]
            case 2: data[at:at] = data[at:at + size]
            case 3: data[at:at + size] = rng.randbytes(size)
            case 4: del data[at:]
    return bytes(data)


def with_xml_changed(rng: random.Random, data: bytes) -> bytes:
    """Attributes and texts made odd; elements dropped, doubled and moved."""
    for _ in range(rng.choice([1, 1, 2, 5])):
        change = rng.choice([_attribute, _attribute, _attribute_dropped, _text, _element_dropped, _element_twice, _elements_swapped, _all_dropped])
        data = change(rng, data)
    return data


def _one(rng, pattern, data):
    found = list(pattern.finditer(data))
    return rng.choice(found) if found else None


def _odd(rng, old: bytes) -> bytes:
    pool = ODD_NUMBERS if old.strip().isdigit() and rng.random() < 0.8 else ODD_NUMBERS + ODD_TEXTS
    return rng.choice(pool).replace("&amp;", "&").replace("&", "&amp;").encode()


def _attribute(rng, data):
    if not (found := _one(rng, _ATTRIBUTE, data)):
        return data
    return data[:found.start(2)] + _odd(rng, found[2]) + data[found.end(2):]


def _attribute_dropped(rng, data):
    if not (found := _one(rng, _ATTRIBUTE, data)):
        return data
    return data[:found.start()] + data[found.end():]


def _text(rng, data):
    if not (found := _one(rng, _TEXT, data)):
        return data
    return data[:found.start(1)] + _odd(rng, found[1]) + data[found.end(1):]


def _element_dropped(rng, data):
    if not (found := _one(rng, _ELEMENT, data)):
        return data
    return data[:found.start()] + data[found.end():]


def _element_twice(rng, data):
    if not (found := _one(rng, _ELEMENT, data)):
        return data
    return data[:found.end()] + found[0] + data[found.end():]


def _elements_swapped(rng, data):
    first, second = _one(rng, _ELEMENT, data), _one(rng, _ELEMENT, data)
    if not first or not second:
        return data
    first, second = sorted((first, second), key=lambda found: found.start())
    if first.end() > second.start():
        return data
    return data[:first.start()] + second[0] + data[first.end():second.start()] + first[0] + data[second.end():]


def _all_dropped(rng, data):
    """One attribute everywhere: all addresses, all styles."""
    if not (found := _one(rng, _ATTRIBUTE, data)):
        return data
    return re.sub(rb'\s' + re.escape(found[1]) + rb'="[^"]*"', b"", data)


def with_package_changed(rng: random.Random, package: bytes) -> bytes:
    """A workbook of which a part's XML, the list of parts or the zip itself is changed."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        parts = [(info.filename, archive.read(info)) for info in archive.infolist()]
    roll = rng.random()
    if roll < 0.1:
        return with_bytes_changed(rng, package)
    at = rng.randrange(len(parts))
    name, content = parts[at]
    if roll < 0.8:
        sheets = [n for n, (part, _) in enumerate(parts) if "worksheets/sheet" in part or part.endswith("workbook.xml")]
        at = rng.choice(sheets) if sheets and rng.random() < 0.7 else at
        name, content = parts[at]
        changed = with_xml_changed(rng, content) if rng.random() < 0.9 else with_bytes_changed(rng, content)
        parts[at] = (name, changed)
    elif roll < 0.86:
        del parts[at]
    elif roll < 0.9:
        parts.append((name, content))
    elif roll < 0.94:
        parts[at] = (rng.choice([name.upper(), "../" + name, "/" + name, name + "\0", "xl\\" + name, "CON", name[:-1]]), content)
    else:
        other = rng.randrange(len(parts))
        parts[at], parts[other] = (name, parts[other][1]), (parts[other][0], content)
    return zipped(rng, parts)


def zipped(rng: random.Random, parts: list[tuple[str, bytes]]) -> bytes:
    """The parts as a zip, packed or stored."""
    import warnings

    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")     # a name twice is what we want
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_STORED if rng.random() < 0.1 else zipfile.ZIP_DEFLATED)
    return out.getvalue()
