"""Notes on a fit, without those that every fit of a new workbook has."""

from __future__ import annotations

from collections.abc import Iterable


def beyond_the_decay(notes: Iterable[str]) -> list[str]:
    """The notes but the one on the weight decay that was chosen because its cell is blank."""
    return [note for note in notes if not (note.startswith("Weight decay ") and "chosen by cross-validation" in note)]
