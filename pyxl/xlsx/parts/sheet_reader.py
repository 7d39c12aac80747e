"""A sheet's XML, streamed into a Grid: values, formulas, and the cells that must not be written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from openpyxl.utils.datetime import from_ISO8601, to_excel

from pyxl.grid.cells import MAX_COL, Cell, ErrorValue, Range, Value
from pyxl.grid.grid import Formula, Grid
from pyxl.grid.scenario import Scenario, scenario_value
from solver.errors import UserError

from .package_checks import damaged_sheet
from .shared_strings import unescape
from .sheet_order import misplaced, next_column, next_row
from .xml_stream import TRUE, main_namespace, reader, whole_number

_NAMES = ("sheetData", "c", "v", "f", "t", "is", "row", "rPh", "col", "mergeCell", "sheetProtection", "scenario", "inputCells", "extLst")


def read_sheet(chunks: Iterable[bytes], sheet: str, *, part: str, strings: Sequence[str] = (),
               formats: Mapping[int, str] | None = None,
               pivots: Sequence[tuple[str, Range]] = (), only: Set[Cell] | None = None) -> Grid:
    """Read one worksheet.

    `strings` are the workbook's shared strings, `formats` leads from a style's number to 'date' or
    'percent', `pivots` are passed on; of `only` some cells nothing but their values is kept. Raises UserError for
    damaged XML, impossible cells, and rows or cells that are out of order or there twice.
    """
    grid = Grid(sheet, pivots=tuple(pivots))
    parser, feed = reader(part)
    handlers = _Handlers(grid, part, strings, formats or {}, only)
    parser.StartElementHandler = handlers.start
    parser.EndElementHandler = handlers.end
    parser.CharacterDataHandler = handlers.text.append
    for chunk in chunks:
        feed(chunk)
    feed(b"")
    grid.merged = tuple(handlers.merged)
    grid.hidden_rows = frozenset(handlers.hidden)
    grid.hidden_columns = frozenset(handlers.hidden_columns)
    grid.scenarios = tuple(handlers.scenarios)
    return grid


class _Handlers:
    """What expat calls. The present row, cell and text are kept between calls."""

    def __init__(self, grid: Grid, part: str, strings: Sequence[str], formats: Mapping[int, str],
                 only: Set[Cell] | None):
        self.grid, self.part, self.strings, self.formats, self.only = grid, part, strings, formats, only
        self.names: dict[str, str] = {}          # 'namespace local' -> local, for the names we know
        self.columns: dict[str, int] = {}        # letters -> number, as met
        self.row = self.col = 0
        self.within = ""                         # the innermost of <sheetData>, <row> and <c> that is open
        self.text: list[str] = []                # character data since the last start of v, f or t
        self.runs: list[str] = []                # texts of an inline string
        self.value: str | None = None
        self.formula: tuple[dict[str, str], str] | None = None
        self.masters: dict[str, Formula] = {}    # shared formulas by their group
        self.merged: list[Range] = []
        self.hidden: list[int] = []
        self.hidden_columns: set[int] = set()
        self.phonetic = False
        self.aside: list[tuple] = []             # (value, formula) of the cell at the start of each list of extensions that is open
        self.scenarios: list[Scenario] = []
        self.inputs: dict[Cell, Value] = {}      # of the last scenario

    def start(self, name, attributes):
        key = self.names.get(name)
        if key == "v" or key == "t":
            self.text.clear()
        elif key == "c":
            self._start_cell(attributes)
        elif key == "f":
            self.text.clear()
            self.formula = (attributes, "")
        elif key == "row":
            if self.within != "sheetData":
                raise misplaced("row", self.within, self.grid.sheet)
            self.within = "row"
            self.row, self.col = next_row(attributes, self.row, self.grid.sheet), 0
            if attributes.get("hidden") in TRUE:
                self.hidden.append(self.row)
        elif key == "sheetData":
            self.within = key
        elif key == "is":
            self.runs.clear()
            self.value = ""
        elif key == "rPh":
            self.phonetic = True
        elif key == "extLst":
            self.aside.append((self.value, self.formula))
        elif key == "col":
            if attributes.get("hidden") in TRUE:
                first, last = (whole_number(attributes.get(end), 0) for end in ("min", "max"))
                self.hidden_columns.update(range(first, min(last, MAX_COL) + 1))
        elif key == "mergeCell":
            self.merged.append(Range.parse(attributes.get("ref", "")))
        elif key == "sheetProtection":
            self.grid.protected = attributes.get("sheet") in TRUE
        elif key == "scenario":
            self.inputs = {}
            name, comment = (unescape(attributes.get(what, "")) for what in ("name", "comment"))
            self.scenarios.append(Scenario(name, self.grid.sheet, self.inputs, comment))
        elif key == "inputCells":
            if attributes.get("deleted") not in TRUE:
                self.inputs[Range.parse(attributes.get("r", "")).first] = scenario_value(unescape(attributes.get("val", "")))
        elif not self.names:
            namespace = main_namespace(name, self.part)
            self.names = {namespace + key: key for key in _NAMES}

    def _start_cell(self, attributes):
        if self.within != "row":
            raise misplaced("c", self.within, self.grid.sheet)
        self.within = "c"
        self.col = next_column(attributes, self.row, self.col, self.columns, self.grid.sheet)
        self.cell = attributes
        self.value = self.formula = None

    def end(self, name):
        key = self.names.get(name)
        if key == "v":
            self.value = "".join(self.text)
        elif key == "c":
            self.within = "row"
            self._end_cell()
        elif key == "f" and self.formula is not None:
            text = unescape("".join(self.text))
            # an empty <f> that joins no group only flags a cell inside an array formula
            self.formula = (self.formula[0], text) if text or "t" in self.formula[0] else None
        elif key == "t":
            if not self.phonetic:
                self.runs.append("".join(self.text))
        elif key == "is":
            self.value = "".join(self.runs)
        elif key == "rPh":
            self.phonetic = False
        elif key == "extLst":       # whatever is called a value in there is none of the cell's
            self.value, self.formula = self.aside.pop()
        elif key == "row":
            self.within = "sheetData"
        elif key == "sheetData":
            self.within = ""

    def _end_cell(self):
        if self.value is None and self.formula is None:
            return
        where = Cell(self.row, self.col)
        if self.only is not None:
            if where not in self.only:
                return
            self.formula = None
        if self.value is not None:
            value = self._value(where, self.cell.get("t"), self.value)
            if value is not None:
                self.grid.values[where] = value
        if self.formula is not None:
            self.grid.formulas[where] = self._formula(where, *self.formula)

    def _value(self, where, kind, text):
        if kind is None or kind == "n":
            if not text.strip():
                return None
            if (style := self.formats.get(int(self.cell.get("s") or 0))) is not None:
                self.grid.formats[where] = style
            return self._number(where, text)
        if kind == "s":
            try:
                return self.strings[int(text)]
            except (ValueError, IndexError):
                raise self.damaged(f"{where} with a text that the workbook lacks") from None
        if kind == "b":
            return text.strip() in TRUE
        if kind == "e":
            return ErrorValue(text.strip())
        if kind == "d":
            self.grid.formats[where] = "date"
            try:
                return float(to_excel(from_ISO8601(text.strip())))
            except (ValueError, TypeError, AttributeError):
                raise self.damaged(f"{where} with the date '{text}'") from None
        return unescape(text)

    def _number(self, where, text):
        try:
            return float(text)
        except ValueError:
            raise self.damaged(f"{where} with the number '{text}'") from None

    def _formula(self, where, attributes, text):
        kind = attributes.get("t")
        if kind == "shared":
            group = attributes.get("si", "")
            if text and ("ref" in attributes or group not in self.masters):
                self.masters[group] = Formula(text, where)
            return self.masters.get(group) or Formula(text, where)
        if kind == "array":
            return Formula(text, where, self._filled(where, attributes), "cm" in self.cell)
        if kind == "dataTable":
            inputs = (attributes.get("r1", ""), attributes.get("r2", ""))
            if attributes.get("dt2D") not in TRUE:
                inputs = (inputs[0], "") if attributes.get("dtr") in TRUE else ("", inputs[0])
            return Formula(f"TABLE({','.join(inputs)})", where, self._filled(where, attributes))
        return Formula(text, where)

    def _filled(self, where: Cell, attributes) -> Range:
        """The cells that a formula fills, the first of which is its own."""
        filled = Range.parse(attributes.get("ref", str(where)))
        if filled.first != where:
            raise self.damaged(f"{where} with a formula for the cells {filled}")
        return filled

    def damaged(self, what: str) -> UserError:
        return damaged_sheet(self.grid.sheet, f"it holds {what}")
