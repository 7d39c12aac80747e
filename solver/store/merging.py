"""The second step to a store: the labels of all parts become one sorted dictionary on disk, however many there are.

Every part has its own labels in rising order. They are merged range by range: a range is everything between two
labels, in all parts together about a million labels, and is sorted at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from solver.errors import UserError
from solver.reading.looked_at.rating_texts import how_alike, identity

from .label_files import SortedLabels, as_labels, as_sorted_texts, joined_labels, stored_labels, write_labels
from .whole_files import new_mapped

_RANGE = 1_000_000      # labels of all parts that are sorted at once, about
_EVERY = 2_000          # of which one is looked at to find where ranges end


@dataclass(eq=False)
class _Part:
    """The labels of a part in rising order. `stood` is where each of them stood in the part's own order, None where that is the
    same; into `to` goes the place of each in the dictionary."""

    labels: SortedLabels
    stood: np.ndarray | None
    to: np.memmap
    done: int = 0

    def up_to(self, end) -> tuple[SortedLabels, slice]:
        """The labels below `end` that come after the last range; all the rest where it is None."""
        first = self.done
        if end is None:
            self.done = len(self.labels)
        elif isinstance(self.labels, np.ndarray):
            self.done = int(np.searchsorted(self.labels, end))
        else:
            self.done = bisect_left(self.labels, end, lo=first, key=lambda label: label.as_py())
        return self.labels[first:self.done], slice(first, self.done)


def merge_labels(parts: list[Path], side: str, folder: Path, *, name: str, ids: str) -> int:
    """Write the dictionary ``folder/SIDE.…`` of all labels of a side, ``'users'`` or ``'items'``, and for every part
    ``PART/SIDE_places.npy``, the place in it of each of the part's labels. Gives how many labels there are.

    With `ids` ``'checked'`` it raises UserError where two labels are most likely one id.
    """
    own = [stored_labels(part / f"{side}_labels")[0] for part in parts]
    whole_numbers = all(isinstance(labels, np.ndarray) for labels in own)
    sources = [_part(labels, part / f"{side}_places.npy", as_texts=not whole_numbers) for labels, part in zip(own, parts)]
    n = 0

    def ranges() -> Iterator[SortedLabels]:
        nonlocal n
        for end in (*_ends(sources), None):
            pieces = [source.up_to(end) for source in sources]
            if not any(len(labels) for labels, _ in pieces):
                continue
            labels, places = joined_labels([labels for labels, _ in pieces])
            begin = 0
            for source, (piece, where) in zip(sources, pieces):
                source.to[where if source.stood is None else source.stood[where]] = places[begin:begin + len(piece)] + n
                begin += len(piece)
            n += len(labels)
            yield labels

    write_labels(folder / side, ranges(), whole_numbers=whole_numbers)
    for source in sources:
        source.to.flush()
    if n >= 2**31:
        raise UserError(f"There are {n:,} {side}; a store holds 2,147,483,647 at most.")
    if ids == "checked" and not whole_numbers:
        _refuse_alike(folder / side, side[:-1], name)
    return n


def _part(labels: SortedLabels, to: Path, *, as_texts: bool) -> _Part:
    stood = None
    if as_texts and isinstance(labels, np.ndarray):
        labels, stood = as_sorted_texts(labels)
    return _Part(labels, stood, new_mapped(to, len(labels)))


def _ends(sources: list[_Part]) -> list:
    """Labels at which ranges end."""
    samples: list = []
    for source in sources:
        some = source.labels[::_EVERY] if isinstance(source.labels, np.ndarray) else source.labels.take(
            pa.array(range(0, len(source.labels), _EVERY)))
        samples += as_labels(some)
    samples.sort()
    return samples[_RANGE // _EVERY::_RANGE // _EVERY]


def _refuse_alike(stem: Path, what: str, name: str) -> None:
    """Raise UserError where two texts differ in nothing but spaces, capitals or leading zeros."""
    hashes = np.concatenate([np.fromiter((hash(identity(label)) for label in as_labels(piece)), np.int64, len(piece))
                             for piece in stored_labels(stem)])
    order = np.argsort(hashes, kind="stable")
    same = np.flatnonzero(hashes[order][1:] == hashes[order][:-1])
    labels = [label for piece in stored_labels(stem) for label in as_labels(piece)] if len(same) else []
    for at in same:
        one, two = str(labels[order[at]]), str(labels[order[at + 1]])
        if identity(one) == identity(two):
            raise UserError(f"{name}: the {what}s '{one}' and '{two}' {how_alike(one, two)}. "
                            "Write them alike, or say --ids exact if they are two.")
