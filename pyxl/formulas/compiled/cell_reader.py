"""Reading cells for a batch: constants from the Calculator, compiled cells from the program's tensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from pyxl.formulas.evaluate.calculator import Calculator, too_large
from pyxl.formulas.language.formula_errors import Unsupported
from pyxl.formulas.language.values import pack
from pyxl.grid.cells import Cell, Range, quoted

from .lanes.lanes import LaneAreas, Lanes, as_numbers
from .sheet_map import SheetMap
from .torch_program import TorchProgram


class Unsettled(Exception):
    """Cells (`rows`, `cols`) of a sheet that must be compiled first."""

    def __init__(self, sheet: str, rows: np.ndarray, cols: np.ndarray):
        super().__init__()
        self.sheet, self.rows, self.cols = sheet, rows, cols


@dataclass(frozen=True, eq=False)
class Segment:
    """Compiled cells whose values lie together: `tensor` has `size` elements; `const` and `kind` as in Lanes, flat."""

    tensor: int | None
    size: int
    const: np.ndarray
    kind: np.ndarray


class Reader:
    """Reads areas as lanes; `maps` gives each sheet's SheetMap, `segments` is numbered from 1."""

    def __init__(self, calculator: Calculator, program: TorchProgram, maps):
        self.calculator, self._program, self._maps = calculator, program, maps
        self.segments: list[Segment] = []

    def read(self, areas: LaneAreas) -> Lanes:
        """What stands in them. Raises Unsettled."""
        first = int(areas.top.max()), int(areas.left.max())  # whole columns are read as far as the workbook is used
        top, left, bottom, right = self.calculator.used_part(
            (*first, first[0] + areas.height - 1, first[1] + areas.width - 1))
        height, width = bottom - top + 1, right - left + 1
        if too_large((top, left, bottom, right)):
            raise Unsupported(f"{quoted(areas.sheet)}!{Range(top, left, bottom, right)} has too many cells to be compiled. "
                              "Name a smaller range.")
        return self.cells(areas.sheet, areas.top[:, :, None, None] + np.arange(height)[:, None],
                          areas.left[:, :, None, None] + np.arange(width))

    def cells(self, sheet: str, rows: np.ndarray, cols: np.ndarray) -> Lanes:
        """The cells at (rows, cols), arrays of four dimensions that are stretched to one shape."""
        known: SheetMap = self._maps(sheet)
        at = known.at(rows, cols)
        segment = known.segment[at]
        if (segment < 0).any():
            open_ = segment < 0
            rows, cols = np.broadcast_arrays(rows, cols)
            raise Unsettled(sheet, rows[open_], cols[open_])
        if not segment.any():
            return Lanes(self._constants(sheet, rows, cols, None))
        return self._gathered(sheet, rows, cols, segment, known.slot[at])

    def _gathered(self, sheet: str, rows, cols, segment: np.ndarray, slot: np.ndarray) -> Lanes:
        numbers = _distinct(segment)
        if len(numbers) == 1:
            source = self.segments[numbers[0] - 1]
            tensor = None if source.tensor is None else self._picked(source.tensor, source.size, slot)
            const, kind = source.const[slot], source.kind[slot]
            return Lanes(const, kind, tensor) if kind.any() else Lanes(const)
        # Each source gives its part; then one step puts every element in its place.
        parts, const, kind = [], np.zeros(segment.shape, dtype=object), np.zeros(segment.shape, dtype=np.int8)
        place, count = np.zeros(segment.shape, dtype=np.int64), 0
        for number in numbers:
            here = segment == number
            if number == 0:
                values = self._constants(sheet, rows, cols, here)
                const[here] = values
                wanted, inverse = as_numbers(values), np.arange(len(values))
                parts.append(self._program.constant(wanted))
            else:
                source = self.segments[number - 1]
                wanted, inverse = np.unique(slot[here], return_inverse=True)
                const[here], kind[here] = source.const[slot[here]], source.kind[slot[here]]
                parts.append(self._program.constant(as_numbers(source.const[wanted])) if source.tensor is None
                             else self._picked(source.tensor, source.size, wanted))
            place[here] = count + inverse
            count += len(wanted)
        const = pack(const.ravel().tolist(), (-1, 1)).reshape(const.shape)
        if not kind.any():
            return Lanes(const)
        pool = self._program.step(lambda *parts: torch.cat(parts), *parts)
        return Lanes(const, kind, self._picked(pool, count, place))

    def _picked(self, tensor: int, size: int, slot: np.ndarray) -> int:
        """Elements of a flat tensor: as another view of one stretch of it where they are that, else gathered."""
        shape = slot.shape
        if (order := _axes(slot)) is not None:
            low, count = int(slot.min()), slot.size
            if (wide := [axis for axis in order if shape[axis] > 1]) == sorted(wide):
                return self._program.step((lambda t: t.reshape(shape)) if count == size else
                                          (lambda t: t.narrow(0, low, count).reshape(shape)), tensor)
            sizes, back = [shape[axis] for axis in order], np.argsort(order).tolist()
            return self._program.step(lambda t: t.narrow(0, low, count).reshape(sizes).permute(back), tensor)
        index = torch.from_numpy(np.ascontiguousarray(slot, dtype=np.int64)).ravel()
        return self._program.step(lambda t: t.index_select(0, index.to(t.device)).reshape(shape), tensor)

    def _constants(self, sheet: str, rows, cols, where: np.ndarray | None) -> np.ndarray:
        """The values of cells that no compiled formula computes, all or those of the mask `where`, then flat."""
        top, left, bottom, right = (int(end) for end in (rows.min(), cols.min(), rows.max(), cols.max()))
        known: SheetMap = self._maps(sheet)
        around = Range(top, left, bottom, right)
        shape = np.broadcast_shapes(rows.shape, cols.shape)
        wanted = int(np.prod(shape)) if where is None else int(where.sum())
        if not known.segment[known.box(top, left, bottom, right)].any() and around.size <= 4 * wanted + 10_000:
            values = self.calculator.array(sheet, around)[rows - top, cols - left]
            return values if where is None else values[where]
        rows, cols = (np.broadcast_to(ends, shape) for ends in (rows, cols))
        if where is not None:
            rows, cols = rows[where], cols[where]
        held: dict[tuple[int, int], object] = {}
        values = []
        for cell in zip(rows.ravel().tolist(), cols.ravel().tolist()):
            if cell not in held:
                held[cell] = self.calculator.value(sheet, Cell(*cell))
            values.append(held[cell])
        return pack(values, (-1, 1)).reshape(rows.shape)


def _distinct(segment: np.ndarray) -> list[int]:
    first = segment.flat[0]
    return [int(first)] if (segment == first).all() else np.unique(segment).tolist()


def _axes(slot: np.ndarray) -> list[int] | None:
    """The axes in the order in which `slot` counts up through one stretch without gaps, the slowest first;
    None when it does not."""
    first, count = slot.flat[0], slot.size
    steps = []
    for axis, size in enumerate(slot.shape):
        if size > 1:
            steps.append((int(slot[tuple(1 if i == axis else 0 for i in range(slot.ndim))] - first), axis))
    steps.sort(reverse=True)
    expected, step = np.full((), first), 1
    for stride, axis in reversed(steps):
        if stride != step:
            return None
        step *= slot.shape[axis]
    if step != count:
        return None
    for stride, axis in steps:
        expected = expected + stride * np.arange(slot.shape[axis]).reshape(
            [-1 if i == axis else 1 for i in range(slot.ndim)])
    if not (slot == expected).all():
        return None
    return [axis for axis in range(slot.ndim) if slot.shape[axis] == 1] + [axis for _, axis in steps]
