"""Reads points from a table of two columns, x and y."""

from __future__ import annotations

import csv
from math import isfinite
from pathlib import Path

from solver.errors import UserError

_SEPARATORS = ",;\t"


def read_points(path) -> list[tuple[float, float]]:
    """(x, y) of each line of a text table whose columns are separated by commas, semicolons or tabs; a first line without numbers is
    taken for headers. Raises UserError for a line that is not two finite numbers."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no file '{path}'. Give a table of two columns, x and y.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path.name} is no text table in UTF-8. Save it as CSV UTF-8.") from None
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    points = []
    for number, fields in enumerate(csv.reader(text.splitlines(), delimiter=separator), 1):
        if not any(field.strip() for field in fields):
            continue
        point = _numbers(fields)
        if point is None and number > 1:
            raise UserError(f"{path.name}, line {number}: found {separator.join(fields)!r}, expected two numbers, x and y. Correct or remove it.")
        if point is not None:
            points.append(point)
    return points


def _numbers(fields: list[str]) -> tuple[float, float] | None:
    try:
        x, y = map(float, fields)
    except ValueError:
        return None
    return (x, y) if isfinite(x) and isfinite(y) else None
