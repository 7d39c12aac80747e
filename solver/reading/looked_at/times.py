"""What a column of times says: numbers as they are, dates as seconds since 1970.

Dates are ISO 8601, with a zone or without, or as 31/05/2024, 5/31/24 2:07 PM or May 31, 2024. Whether day or month comes first, a number above 12
says; where none does, it has to be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # loaded when a column of times is read
    import pyarrow as pa


DATE_ORDERS = {"day-first": 0, "month-first": 1}      # what --dates takes, and where the day stands
_WITH_SIGNS = (r"^(?P<a>\d{1,4})[/.-](?P<b>\d{1,2})[/.-](?P<c>\d{4}|\d{1,2})"
               r"(?:[ T,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d+)?))?\s*(?P<half>[AaPp][Mm])?)?$")
_WRITTEN_OUT = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%m %d, %Y", "%d-%b-%Y", "%a %b %d %H:%M:%S %Y")
_THIS_CENTURY = 70      # years of two digits below it are of this one


class Times:
    """Times as they are read, piece by piece; of one kind throughout, that of the first.

    A time is a number or a date. Where a text is neither, `odd` is its row, counted from 0, and the text; what follows is not looked at.
    """

    def __init__(self):
        self.odd: tuple[int, str] | None = None
        self._parts: list[np.ndarray] = []
        self._days: list[np.ndarray] = []       # of dates with signs: (n, 3) their numbers, in the order in which they stand
        self._rows, self._kind = 0, None

    def add(self, times: pa.Array) -> None:
        """Times of the next rows: texts, numbers or timestamps."""
        import pyarrow as pa

        if not self.odd:
            self._parts.append(self._read(times) if pa.types.is_string(times.type) else _numbers(times))
            self._rows += len(times)

    def all(self, dates: str | None = None) -> np.ndarray | None:
        """(n_rows,) float64, NaN where the file says nothing; None where a text is no time, or may be two; `dates` says which."""
        if self.odd:
            return None
        times = np.concatenate([*self._parts, np.empty(0)])
        if not self._days:
            return times
        numbers = np.concatenate(self._days)
        if (first := self._day_stands(numbers, dates)) is None:
            return None
        days = _days_since_1970(numbers, first)
        wrong = np.isnan(days) & ~np.isnan(times)
        if wrong.any():
            row = int(wrong.argmax())
            self.odd = row, "/".join(f"{number:g}" for number in numbers[row])
            return None
        return days * 86_400.0 + times

    def two_readings(self, dates: str | None) -> bool:
        """Whether the dates read as well with the day first as with the month first, and nobody said which."""
        return bool(self._days) and self.odd is None and self._day_stands(np.concatenate(self._days), dates) is None

    @staticmethod
    def _day_stands(numbers: np.ndarray, dates: str | None) -> int | None:
        """Where the day stands of the three numbers: 0, 1, or 2 where the year is first; None where nothing tells."""
        if (numbers[:, 0] > 31).any():
            return 2
        if dates is not None:
            return DATE_ORDERS[dates]
        above = [(numbers[:, place] > 12).any() for place in (0, 1)]
        return None if not any(above) else int(above[1])     # both: one of them is no date whichever way

    def _read(self, texts: pa.Array) -> np.ndarray:
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = pc.utf8_trim_whitespace(texts)
        texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
        if self._kind is None and texts.null_count < len(texts):
            first = texts.drop_null().slice(0, 1)
            kinds = pa.float64(), pa.timestamp("us"), pa.timestamp("us", "UTC"), *_WRITTEN_OUT  # UTC: with a zone offset
            self._kind = next((kind for kind in kinds if _is_a(first, kind)), None)
            if self._kind is None and pc.match_substring_regex(first, _WITH_SIGNS)[0].as_py():
                self._kind = pa.string()
        kind = self._kind or pa.float64()
        if kind == pa.string():
            return self._with_signs(texts)
        try:
            return _numbers(_read_as(texts, kind))
        except pa.ArrowInvalid:
            row = next(row for row in range(len(texts)) if not _is_a(texts.slice(row, 1), kind))
            self.odd = self._rows + row, texts[row].as_py()
            return np.empty(0)

    def _with_signs(self, texts: pa.Array) -> np.ndarray:
        """(n,) seconds since midnight of dates with signs; NaN where there is none. Their days are kept, until all are seen."""
        import pyarrow as pa
        import pyarrow.compute as pc

        cut = pc.extract_regex(texts, _WITH_SIGNS)
        missed = pc.and_(cut.is_null(), texts.is_valid()).to_numpy(zero_copy_only=False)
        if missed.any():
            row = int(missed.argmax())
            self.odd = self._rows + row, texts[row].as_py()
            return np.empty(0)

        def numbers(name: str) -> np.ndarray:
            field = pc.struct_field(cut, name)
            return pc.if_else(pc.equal(field, ""), "0", field).cast(pa.float64()).to_numpy(zero_copy_only=False)

        self._days.append(np.stack([numbers(name) for name in "abc"], axis=1))
        half = pc.utf8_lower(pc.struct_field(cut, "half")).to_numpy(zero_copy_only=False)
        hour = numbers("hour")
        hour = np.where(half == "pm", hour % 12 + 12, np.where(half == "am", hour % 12, hour))
        return hour * 3600 + numbers("minute") * 60 + numbers("second")


def _days_since_1970(numbers: np.ndarray, day_stands: int) -> np.ndarray:
    """(n,) days of dates whose day stands there; NaN for a date that is none."""
    year, month, day = numbers[:, 2 - 2 * (day_stands == 2)], numbers[:, 1 - (day_stands == 1)], numbers[:, day_stands]
    year = np.where(year < _THIS_CENTURY, year + 2000, np.where(year < 100, year + 1900, year))
    good = (month >= 1) & (month <= 12) & (day >= 1)        # not where a number is NaN
    months = ((np.where(good, year, 1970) - 1970) * 12 + np.where(good, month, 1) - 1).astype("datetime64[M]")
    days, ends = (of.astype("datetime64[D]").astype(float) for of in (months, months + 1))
    days += day - 1
    return np.where(good & (days < ends), days, np.nan)


def _read_as(texts: pa.Array, kind: pa.DataType | str) -> pa.Array:
    """Texts as numbers or dates; raises pa.ArrowInvalid where one is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(kind, str):
        return pc.strptime(texts, format=kind, unit="s")
    if pa.types.is_timestamp(kind):     # of seconds a millionth is enough, and UTC is Z
        texts = pc.replace_substring_regex(pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1"), r" ?(UTC|GMT)$", "Z")
    return texts.cast(kind)


def _is_a(texts: pa.Array, kind: pa.DataType | str) -> bool:
    import pyarrow as pa

    try:
        _read_as(texts, kind)
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
