"""What was tried so far: ranges of cases, kept in a file, so that a long run may be cut short and gone on with."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

Ranges = list[dict]     # kind, first, tried, answered, refused, failed, seconds, cpu_seconds, failures, code, python, machine


def read_ranges(path: Path) -> Ranges:
    """The ranges in a file, none where there is no file yet."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def write_ranges(path: Path, ranges: Sequence[dict]) -> None:
    """Replace the file: a run that is killed while it writes loses nothing of the earlier ones."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(ranges, indent=1) + "\n", encoding="utf-8")
    os.replace(draft, path)


def tried_before(ranges: Sequence[dict], kind: str) -> int:
    """How many cases of a kind were tried."""
    return sum(one["tried"] for one in ranges if one["kind"] == kind)


def next_number(ranges: Sequence[dict], kind: str, otherwise: int) -> int:
    """The case after the last range of a kind; `otherwise` where there is none."""
    mine = [one for one in ranges if one["kind"] == kind]
    return mine[-1]["first"] + mine[-1]["tried"] if mine else otherwise
