"""One sheet of an example in the making."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from xlsxwriter import Workbook

from pyxl.grid.cells import Cell, Range
from pyxl.grid.problem import Constraint, SolverProblem
from workbook.write.styles import Styles, print_setup
from workbook.write.write_cells import put_array, put_number, put_text

WIDTH = 12   # of a column of numbers


class Draft:
    """One sheet in the making: title, two lines that say what one sees, and cells below them."""

    def __init__(self, workbook: Workbook, styles: Styles, name: str, title: str, lines: Sequence[str]):
        self.name, self.styles, self._sheet = name, styles, workbook.add_worksheet(name)
        self._sheet.set_column(0, 0, 20)
        self._sheet.set_column(1, 20, WIDTH)
        self._sheet.set_row(0, 24)
        put_text(self._sheet, Cell(1, 1), title, styles.title)
        for row, line in enumerate(lines, 2):
            put_text(self._sheet, Cell(row, 1), line, styles.note)
        print_setup(self._sheet, one_page=True)

    def labels(self, first: str, words: Iterable[str], *, down: bool = False) -> None:
        """Labels from a cell on, across or down."""
        cell = Cell.parse(first)
        for word in words:
            put_text(self._sheet, cell, word, self.styles.label if down else self.styles.header)
            cell = cell.moved(1, 0) if down else cell.moved(0, 1)

    def numbers(self, first: str, rows: Iterable[Sequence[float]], *, changing: bool = False) -> None:
        """Numbers from a cell on; those that may change look like an input."""
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                put_number(self._sheet, Cell.parse(first).moved(r, c), value, self.styles.factor if changing else self.styles.rating)

    def option(self, cell: str, value: float) -> None:
        put_number(self._sheet, Cell.parse(cell), value, self.styles.option)

    def choice(self, cell: str, words: str) -> None:
        put_text(self._sheet, Cell.parse(cell), words, self.styles.choice_text)

    def between(self, cell: str, least: float, most: float) -> None:
        """What may be typed into a cell."""
        self._sheet.data_validation(cell, {"validate": "decimal", "criteria": "between", "minimum": least, "maximum": most,
                                           "error_title": "Not there", "error_message": f"Give a number from {least:g} to {most:g}."})

    def counts(self, first: str, numbers: Iterable[int]) -> None:
        """Numbers as headers, which formulas read."""
        for shift, number in enumerate(numbers):
            put_number(self._sheet, Cell.parse(first).moved(0, shift), number, self.styles.header)

    def chart(self, cell: str, chart) -> None:
        self._sheet.insert_chart(cell, chart)

    def fill(self, where: str, what: Callable[[Cell], str], *, whole: bool = False) -> None:
        """A formula in every cell of a range, as ``what(cell)`` writes it; `whole` where it gives whole numbers."""
        for cell in Range.parse(where).cells():
            self._plain(cell, what(cell), self.styles.whole if whole else self.styles.prediction)

    def result(self, cell: str, what: str, *, whole_array: bool = False) -> None:
        """A formula that matters: the objective, or a side of a constraint."""
        if whole_array:
            put_array(self._sheet, Cell.parse(cell), what, self.styles.calculated)
        else:
            self._plain(Cell.parse(cell), what, self.styles.calculated)

    def _plain(self, cell: Cell, what: str, style) -> None:
        """A plain formula: none of these depends on an array formula (see `put.formula`)."""
        self._sheet.write_formula(cell.row - 1, cell.col - 1, what, style)

    def note(self, cell: str, words: str) -> None:
        put_text(self._sheet, Cell.parse(cell), words, self.styles.note_beside)

    def area(self, where: str) -> tuple[str, Range]:
        return self.name, Range.parse(where)

    def problem(self, objective: str, changing: Sequence[str], *constraints: tuple[str, str, str | float | None],
                **options) -> SolverProblem:
        """What Solver is asked; constraints as (cells, relation, cells or number, None beside int, bin and alldifferent)."""
        return SolverProblem(self.name, (self.name, Cell.parse(objective)), tuple(map(self.area, changing)),
                       constraints=tuple(Constraint(self.area(left), relation, self.area(right) if isinstance(right, str) else right)
                                         for left, relation, right in constraints), stored=True, **options)
