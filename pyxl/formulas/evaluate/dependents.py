"""Finds the formula cells that depend on changed cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from pyxl.formulas.functions.all_functions import FUNCTIONS
from pyxl.formulas.language.formula_errors import Fault, FormulaError, Unsupported
from pyxl.formulas.language.syntax.parse import AcrossSheets, Binary, Call, Name, Node, Reference, Structured, parse, walk
from pyxl.formulas.language.syntax.table_references import resolved
from pyxl.grid.cells import MAX_COL, MAX_ROW, Cell
from pyxl.grid.readable_workbook import ReadableWorkbook

VOLATILE = {"OFFSET", "INDIRECT"}  # what they read is known only when they are evaluated
_STARTS = {"OFFSET": 0, "SUMIF": 2, "AVERAGEIF": 2}  # functions that read around an argument, on its sheet, and which one it is
_WIDE = 40_000                     # tiles from which a range is looked at for every cell instead
_TILE = 32, 8                      # ranges are found by the tiles of so many rows, columns they cover

_Key = tuple[str, Cell]


def dependents(workbook: ReadableWorkbook, changed: Mapping[str, Iterable[Cell]]) -> dict[str, list[Cell]]:
    """Every formula cell that depends on the changed cells, by sheet and in reading order.

    Directly or not, across sheets and through names; of an array formula all cells of its block.
    Formulas of which only evaluation tells what they read (INDIRECT, A1:INDEX(…)), or that we cannot follow (a table's
    columns, no formula at all), are always among them, and what depends on them; OFFSET, and SUMIF of ranges that differ in
    size, where anything on the sheet that they read changes.
    """
    return Readers(workbook, changed).dependents(changed)


class Readers:
    """For any cell the formulas that read it: looked up once for a workbook, and asked as often as cells change. `changed` are cells
    that may change beyond what a sheet uses."""

    def __init__(self, workbook: ReadableWorkbook, changed: Mapping[str, Iterable[Cell]] = {}):
        self._titles = {title.casefold(): title for title in workbook.sheets}
        self._names = {((name.scope or "").casefold(), name.name.casefold()): name.refers_to.lstrip("=")
                       for name in workbook.names}
        self._workbook = workbook
        self._cells: dict[_Key, list[_Key]] = {}
        self._tiles: dict[tuple[str, int, int], dict[tuple, None]] = {}
        self._wide: dict[str, dict[tuple, None]] = {}  # ranges that cover too many tiles
        self._ranges: dict[tuple, list[_Key]] = {}
        self.volatile: list[_Key] = []
        # Beyond a sheet's last row and column nothing is used or changed: no tiles there.
        self._last = {title: (used.bottom, used.right) if (used := workbook.grid(title).used) else (1, 1)
                      for title in workbook.sheets}
        for title, cells in changed.items():
            for cell in cells:
                row, col = self._last[title]
                self._last[title] = max(row, cell[0]), max(col, cell[1])
        for title in workbook.sheets:
            for cell, formula in workbook.grid(title).filled.items():
                moved = cell[0] - formula.anchor[0], cell[1] - formula.anchor[1]
                self._add((title, cell), formula.text, *moved, frozenset())
                if formula.array and formula.text.startswith("TABLE("):  # its values and formulas stand around it
                    top, left, bottom, right = (formula.array.top, formula.array.left, formula.array.bottom,
                                                formula.array.right)
                    self._add_range((title, cell), title, (max(top - 1, 1), max(left - 1, 1), max(top - 1, 1), right))
                    self._add_range((title, cell), title, (top, max(left - 1, 1), bottom, max(left - 1, 1)))

    def dependents(self, changed: Mapping[str, Iterable[Cell]]) -> dict[str, list[Cell]]:
        """See `dependents`."""
        todo = [(title, Cell(*cell)) for title, cells in changed.items() for cell in cells]
        found: set[_Key] = set()
        seen, left = set(todo), _Left(self)
        fresh = self.volatile
        while True:
            for title, cell in fresh:
                formula = self._workbook.grid(title).formulas[cell]
                for inner in formula.array.cells() if formula.array else (cell,):
                    found.add((title, inner))
                    if (title, inner) not in seen:
                        seen.add((title, inner))
                        todo.append((title, inner))
            if not todo:
                break
            fresh = left.readers_of(*todo.pop())
        result: dict[str, list[Cell]] = {}
        for title, cell in sorted(found):
            result.setdefault(title, []).append(cell)
        return result

    def know(self, changed: Mapping[str, Iterable[Cell]]) -> bool:
        """Whether these cells lie where ranges were looked at."""
        return all(cell[0] <= self._last[title][0] and cell[1] <= self._last[title][1] for title, cells in changed.items() for cell in cells)

    def _add(self, reader: _Key, text: str, rows: int, cols: int, through: frozenset) -> None:
        references, names, parts, volatile = _reads(text)
        if volatile:
            self.volatile.append(reader)
        for reference in references:
            for title in self._sheets_of(reference, reader[0]):
                self._add_range(reader, title, _cells_of(reference).at(rows, cols))
        for part in parts:
            try:
                self._add_range(reader, *resolved(part, self._workbook.tables, *reader))
            except Unsupported:
                self.volatile.append(reader)
            except Fault:
                pass  # an error value whatever changes
        for name in names:
            scope = (name.sheet or reader[0]).casefold()
            key = next((key for key in ((scope, name.name.casefold()), ("", name.name.casefold()))
                        if key in self._names), None)
            if key is not None and key not in through:  # a name's relative references are written for A1
                self._add(reader, self._names[key], reader[1][0] - 1, reader[1][1] - 1, through | {key})

    def _sheets_of(self, reference: Reference | AcrossSheets, home: str) -> tuple[str, ...]:
        if isinstance(reference, AcrossSheets):
            ends = [self._titles.get(end.casefold()) for end in (reference.first, reference.last)]
            if None in ends:
                return ()
            low, high = sorted(map(self._workbook.sheets.index, ends))
            return tuple(self._workbook.sheets[low:high + 1])
        title = self._titles.get((reference.sheet or home).casefold())
        return () if title is None else (title,)

    def _add_range(self, reader: _Key, title: str, box: tuple[int, int, int, int]) -> None:
        top, left, bottom, right = box
        if top == bottom and left == right:
            self._cells.setdefault((title, Cell(top, left)), []).append(reader)
            return
        where = (title, *box)
        if where in self._ranges:
            self._ranges[where].append(reader)
            return
        self._ranges[where] = [reader]
        bottom, right = min(bottom, self._last[title][0]), min(right, self._last[title][1])
        if (bottom // _TILE[0] - top // _TILE[0] + 1) * (right // _TILE[1] - left // _TILE[1] + 1) > _WIDE:
            self._wide.setdefault(title, {})[where] = None
            return
        for row in range(top // _TILE[0], bottom // _TILE[0] + 1):
            for col in range(left // _TILE[1], right // _TILE[1] + 1):
                self._tiles.setdefault((title, row, col), {})[where] = None


class _Left:
    """The ranges that no changed cell was found in yet: each is handed out once, as its readers are known then."""

    def __init__(self, readers: Readers):
        self._readers, self._places, self._gone = readers, dict[object, dict[tuple, None]](), set[tuple]()

    def readers_of(self, title: str, cell: Cell) -> list[_Key]:
        every = self._readers
        found, tile = every._cells.get((title, cell), []), (title, cell[0] // _TILE[0], cell[1] // _TILE[1])
        for key, all_places in ((tile, every._tiles.get(tile)), (title, every._wide.get(title))):
            if not all_places:
                continue
            if (places := self._places.get(key)) is None:
                places = self._places[key] = dict(all_places)
            hit = [where for where in places if where[1] <= cell[0] <= where[3] and where[2] <= cell[1] <= where[4]]
            for where in hit:
                if where not in self._gone:
                    self._gone.add(where)
                    found = found + every._ranges[where]
                del places[where]
        return found


@lru_cache(maxsize=65_536)
def _reads(text: str) -> tuple[tuple[Reference | AcrossSheets, ...], tuple[Name, ...], tuple[Structured, ...], bool]:
    """(references, names, parts of tables, whether volatile) of a formula's text."""
    try:
        nodes = list(_expanded(parse(text)))
    except FormulaError:
        return (), (), (), bool(text)  # without text: inside an array formula's block, which its formula stands for
    inside = {id(node.cells) for node in nodes if isinstance(node, AcrossSheets)}
    around = tuple(sheet for node in nodes if unforeseen(node) and (sheet := sheet_read(node)))
    return (tuple(node for node in nodes if isinstance(node, (Reference, AcrossSheets)) and id(node) not in inside) + around,
            tuple(node if isinstance(node, Name) else Name(None, node.name) for node in nodes if isinstance(node, Name)
                  or isinstance(node, Call) and node.name not in FUNCTIONS),  # perhaps a LAMBDA of that name
            tuple(node for node in nodes if isinstance(node, Structured)),
            any(unforeseen(node) and sheet_read(node) is None for node in nodes))


def sheet_read(node: Node) -> Reference | None:
    """All cells of the sheet on which OFFSET, or SUMIF, reads where only evaluation tells; None where not even that is known."""
    if isinstance(node, Call) and (place := _STARTS.get(node.name)) is not None and place < len(node.args) and \
            isinstance(start := node.args[place], Reference):
        return Reference(start.sheet, 1, 1, MAX_ROW, MAX_COL, (True, True, True, True))
    return None


def _cells_of(reference: Reference | AcrossSheets) -> Reference:
    return reference.cells if isinstance(reference, AcrossSheets) else reference


def unforeseen(node: Node) -> bool:
    """Whether a formula with this node may read cells that its text does not name."""
    if not isinstance(node, Call):
        return False
    if node.name in ("SUMIF", "AVERAGEIF") and len(node.args) == 3:
        tested, _, taken = node.args  # of `taken` as many cells are read as are tested
        return not (isinstance(tested, Reference) and isinstance(taken, Reference) and tested.fixed == taken.fixed
                    and (tested.bottom - tested.top, tested.right - tested.left)
                    == (taken.bottom - taken.top, taken.right - taken.left))
    return node.name in VOLATILE


def _expanded(node: Node) -> Iterator[Node]:
    """All nodes; of ``A1:name`` or ``A1:INDEX(…)`` too, whose cells between the ends are volatile."""
    for inner in walk(node):
        yield inner
        if isinstance(inner, Binary) and inner.op == ":":
            yield Call("OFFSET", ())
