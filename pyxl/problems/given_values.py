"""Values that cells get before a problem is solved: those of a scenario, or of a row in a table of inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pyxl.grid.cells import Cell, Value, quoted
from pyxl.grid.problem import place_told
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.scenario import Scenario
from solver.errors import UserError

from .constraint_lines import SheetCell

GivenValues = Mapping[str, Mapping[Cell, Value]]      # sheet -> cell -> what it gets
_MOST_TOLD = 6     # cells named in a sentence


def scenarios_named(workbook: ReadableWorkbook, name: str) -> list[Scenario]:
    """The scenarios of a name, on whatever sheets. Raises UserError where there is none."""
    there = workbook.scenarios
    found = [scenario for scenario in there if scenario.name.casefold() == name.strip().casefold()]
    if not found:
        names = ", ".join(scenario.name for scenario in there)
        raise UserError(f"There is no scenario '{name}' in '{workbook.name}'; " + (f"it has: {names}. Choose one of them." if names else
                        "it has none. Make one in Data > What-If Analysis > Scenario Manager, and save the workbook."))
    return found


def scenario_values(workbook: ReadableWorkbook, name: str, sheet: str) -> GivenValues:
    """The values of the scenario of a name: the one on `sheet`, or else the only one. Raises UserError where none is meant, or one of its
    cells holds a formula."""
    found = scenarios_named(workbook, name)
    here = [scenario for scenario in found if scenario.sheet == sheet] or found
    if len(here) > 1:
        raise UserError(f"Scenarios named '{name}' stand on {' and '.join(scenario.sheet for scenario in found)}, none of them on {quoted(sheet)}, where "
                        "the problem is. Give them names of their own in Data > What-If Analysis > Scenario Manager.")
    scenario, = here
    given = {scenario.sheet: scenario.values}
    refuse_given_formulas(workbook, given, f"scenario '{scenario.name}'")
    return given


def refuse_given_formulas(workbook: ReadableWorkbook, given: GivenValues, whose: str) -> None:
    """Raise UserError where a value would take the place of a formula."""
    for sheet, cells in given.items():
        for cell in cells:
            if workbook.grid(sheet).owner(cell) is not None:
                raise UserError(f"{quoted(sheet)}!{cell}, a cell of {whose}, holds a formula, which is not overwritten. Leave the cell out of "
                                "it, or put a number there.")


def apart(given: GivenValues, changing: Iterable[SheetCell]) -> tuple[GivenValues, GivenValues]:
    """(values of other cells, values of the changing cells)."""
    moving = set(changing)
    sides = [{sheet: {cell: value for cell, value in cells.items() if ((sheet, cell) in moving) == of_changing} for sheet, cells in given.items()}
             for of_changing in (False, True)]
    inputs, starts = ({sheet: cells for sheet, cells in side.items() if cells} for side in sides)
    return inputs, starts


def told_given(inputs: GivenValues, starts: GivenValues, home: str) -> Iterator[str]:
    """Sentences on what was given."""
    for told, given in (("Written with the result: {}.", inputs), ("The search began at {}.", starts)):
        texts = [f"{place_told(sheet, cell, home)} = {told_value(value)}" for sheet, cells in given.items() for cell, value in cells.items()]
        if texts:
            more = f" and {len(texts) - _MOST_TOLD} more" if len(texts) > _MOST_TOLD else ""
            yield told.format(", ".join(texts[:_MOST_TOLD]) + more)


def told_value(value: Value) -> str:
    """A value in a sentence."""
    return f"{value:.9g}" if type(value) is float else "blank" if value is None else str(value)
