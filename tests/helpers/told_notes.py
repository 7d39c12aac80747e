"""What a fit tells, without what every new workbook or a busy machine adds."""

from __future__ import annotations

import re
from collections.abc import Iterable


def beyond_the_decay(notes: Iterable[str]) -> list[str]:
    """The notes but the one on the weight decay that was chosen because its cell is blank."""
    return [note for note in notes if not (note.startswith("Weight decay ") and "chosen by cross-validation" in note)]


def without_progress(told: bytes) -> str:
    """What a command told on stderr, without the lines on a fit that took long, as on a busy machine."""
    return re.sub(r"^\S+  epoch \d+  .*\n", "", told.decode(), flags=re.MULTILINE)
