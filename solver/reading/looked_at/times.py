"""What a column of times says: numbers as they are, dates as seconds since 1970."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # loaded when a column of times is read
    import pyarrow as pa


class Times:
    """Times as they are read, piece by piece; of one kind throughout, that of the first.

    A time is a number, or a date as ISO 8601 writes it. Where a text is neither, `odd` is its
    row, counted from 0, and the text; what follows is not looked at.
    """

    def __init__(self):
        self.odd: tuple[int, str] | None = None
        self._parts: list[np.ndarray] = []
        self._rows, self._kind = 0, None

    def add(self, times: pa.Array) -> None:
        """Times of the next rows: texts, numbers or timestamps."""
        import pyarrow as pa

        if not self.odd:
            self._parts.append(self._read(times) if pa.types.is_string(times.type) else _numbers(times))
            self._rows += len(times)

    def all(self) -> np.ndarray | None:
        """(n_rows,) float64, NaN where the file says nothing; None where a text is no time."""
        return None if self.odd else np.concatenate([*self._parts, np.empty(0)])

    def _read(self, texts: pa.Array) -> np.ndarray:
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = pc.utf8_trim_whitespace(texts)
        texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
        if self._kind is None and texts.null_count < len(texts):
            first = texts.drop_null().slice(0, 1)
            kinds = pa.float64(), pa.timestamp("us"), pa.timestamp("us", "UTC")  # UTC: with a zone offset
            self._kind = next((kind for kind in kinds if _is_a(first, kind)), pa.float64())
        kind = self._kind or pa.float64()
        try:
            return _numbers(texts.cast(kind))
        except pa.ArrowInvalid:
            row = next(row for row in range(len(texts)) if not _is_a(texts.slice(row, 1), kind))
            self.odd = self._rows + row, texts[row].as_py()
            return np.empty(0)


def _is_a(texts: pa.Array, kind: pa.DataType) -> bool:
    import pyarrow as pa

    try:
        texts.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _numbers(times: pa.Array) -> np.ndarray:
    """(n,) float64: numbers, or dates in seconds since 1970; NaN where there is none."""
    import pyarrow as pa

    if not pa.types.is_temporal(times.type):
        return times.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    blank = times.is_null().to_numpy(zero_copy_only=False)
    micros = times.cast(pa.timestamp("us"), safe=False).fill_null(0).cast(pa.int64())
    seconds = micros.to_numpy(zero_copy_only=False) / 1e6
    seconds[blank] = np.nan
    return seconds
