"""A scenario of Excel's scenario manager: numbers and texts for some cells of a sheet, under a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .cells import Cell, Value


@dataclass(frozen=True)
class Scenario:
    """What a sheet's cells hold when the scenario is shown."""

    name: str
    sheet: str
    values: Mapping[Cell, Value]
    comment: str = ""


def scenario_value(text: str) -> Value:
    """What Excel keeps as a text: a number where it is one, TRUE or FALSE, and blank where it is empty."""
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return float(text)
    return {"TRUE": True, "FALSE": False, "": None}.get(text, text)
