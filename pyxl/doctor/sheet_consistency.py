"""What in a sheet's XML points to something that is not there: styles, texts, relationships; and merged cells that overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from pyxl.grid.cells import MAX_COL, MAX_ROW, Range
from pyxl.xlsx.package import Package
from pyxl.xlsx.parts.shared_strings import read_shared_strings
from pyxl.xlsx.parts.xml_stream import MAIN, elements, reader
from solver.errors import UserError

_MOST_MERGED = 2000     # above it, whether merged cells overlap is not asked: every pair is compared


@dataclass(frozen=True)
class Shared:
    """How many there are of what all sheets refer to by number; None where the workbook does not say."""

    texts: int
    styles: int | None
    formats: int | None     # of conditional formatting

    @classmethod
    def of(cls, package: Package, main: str) -> Shared:
        """Of the workbook whose main part this is."""
        kinds = {relation.kind: relation.part for relation in package.relations(main) if package.find(relation.part)}
        texts = len(read_shared_strings(package.chunks(kinds["sharedStrings"]), kinds["sharedStrings"])) if "sharedStrings" in kinds else 0
        if "styles" not in kinds:
            return cls(texts, None, None)
        inside, counts = "", {"cellXfs": 0, "dxfs": 0}
        for name, _, _ in elements([package.read(kinds["styles"])], kinds["styles"]):
            inside = name if name in ("cellXfs", "cellStyleXfs", "dxfs", "cellStyles") else inside
            if (name, inside) in (("xf", "cellXfs"), ("dxf", "dxfs")):
                counts[inside] += 1
        return cls(texts, counts["cellXfs"], counts["dxfs"])


def sheet_faults(package: Package, part: str, sheet: str, shared: Shared, formulas: set[str]) -> Iterator[str]:
    """The faults of one sheet; to `formulas` the addresses of its formulas are added, those inside array formulas too."""
    looked = _Looking(sheet, shared, {relation.id for relation in package.relations(part)} | _external(package, part), formulas)
    parser, feed = reader(part)
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = looked.start, looked.end, looked.text
    try:
        for chunk in package.chunks(part):
            feed(chunk)
        feed(b"")
    except UserError as why:
        yield str(why)
        return
    yield from dict.fromkeys(looked.faults)
    if len(looked.merged) <= _MOST_MERGED:
        for n, one in enumerate(looked.merged):
            for other in looked.merged[:n]:
                if one.top <= other.bottom and other.top <= one.bottom and one.left <= other.right and other.left <= one.right:
                    yield f"{sheet}: the merged cells {other} and {one} overlap."
                    return


def column_of(letters: str) -> int:
    """1 for ``'A'``, whatever comes behind a sheet's last column."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number


def _external(package: Package, part: str) -> set[str]:
    """The ids of relationships that lead out of the package."""
    folder, _, base = part.rpartition("/")
    rels = package.find(f"{folder}/_rels/{base}.rels")
    return {attributes.get("Id", "") for _, attributes, _ in elements([package.read(rels)], rels)} if rels else set()


class _Looking:
    """What expat calls for a sheet; a fault of a kind is kept once."""

    def __init__(self, sheet: str, shared: Shared, ids: set[str], formulas: set[str]):
        self.sheet, self.shared, self.ids, self.formulas = sheet, shared, ids, formulas
        self.faults: list[str] = []
        self.merged: list[Range] = []
        self.kinds: set[str] = set()
        self.row = self.col = 0
        self.cell = ""
        self.kind: str | None = None
        self.value: str | None = None

    def fault(self, kind: str, sentence: str) -> None:
        """Keep a sentence, unless one of its kind is kept."""
        if kind not in self.kinds:
            self.kinds.add(kind)
            self.faults.append(f"{self.sheet}: {sentence}")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, element = name.rpartition(" ")
        name = element if namespace in MAIN else ""     # extensions have rows and cells of their own
        if name == "row":
            row = _whole(attributes.get("r"), self.row + 1)
            if not self.row < row <= MAX_ROW:
                self.fault("order", f"row {attributes.get('r')} comes after row {self.row}.")
            self.row, self.col = row, 0
            self._style(attributes.get("s"), f"row {row}")
        elif name == "c":
            self._start_cell(attributes)
        elif name == "v":
            self.value = ""
        elif name == "f":
            self.formulas.add(self.cell)
            if attributes.get("t") in ("array", "dataTable") and "ref" in attributes:
                where = _range(attributes["ref"])
                if where is not None and where.size <= 1_000_000:
                    self.formulas.update(map(str, where.cells()))
        elif name == "col":
            self._style(attributes.get("style"), f"column {attributes.get('min')}")
        elif name == "cfRule" and attributes.get("dxfId") and self.shared.formats is not None:
            if _whole(attributes["dxfId"], -1) not in range(self.shared.formats):
                self.fault("dxf", f"conditional formatting takes format {attributes['dxfId']} of {self.shared.formats}.")
        elif name == "mergeCell":
            where = _range(attributes.get("ref", ""))
            if where is None:
                self.fault("merge", f"the merged cells '{attributes.get('ref')}' are no range.")
            else:
                self.merged.append(where)
        for key, value in attributes.items():
            if key.endswith("officeDocument/2006/relationships id") and value and value not in self.ids:
                self.fault("relation", f"its {element} needs the relationship '{value}', which is not there.")

    def _start_cell(self, attributes: dict[str, str]) -> None:
        ref = attributes.get("r") or f"{get_column_letter(min(self.col + 1, MAX_COL))}{self.row}"
        col = column_of(letters) if (letters := ref.rstrip("0123456789")).isascii() and letters.isupper() else 0
        if not self.col < col <= MAX_COL or ref != f"{letters}{self.row}":
            self.fault("order", f"the cell '{ref}' is out of order in row {self.row}.")
        self.cell, self.col, self.kind, self.value = ref, col, attributes.get("t"), None
        self._style(attributes.get("s"), ref)

    def _style(self, number: str | None, where: str) -> None:
        if number is not None and self.shared.styles is not None and _whole(number, -1) not in range(self.shared.styles):
            self.fault("style", f"{where} takes style {number} of {self.shared.styles}.")

    def text(self, data: str) -> None:
        if self.value is not None:
            self.value += data

    def end(self, name: str) -> None:
        namespace, _, element = name.rpartition(" ")
        if element == "v" and namespace in MAIN:
            if self.kind == "s" and _whole(self.value, -1) not in range(self.shared.texts):
                self.fault("text", f"{self.cell} shows text {self.value} of {self.shared.texts}.")
            self.kind = None


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.strip().isascii() and text.strip().isdigit() else otherwise


def _range(ref: str) -> Range | None:
    try:
        return Range.parse(ref)
    except (UserError, ValueError):
        return None
