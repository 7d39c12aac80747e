"""A store of ratings on disk: what is in it, and its blocks."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from solver.errors import UserError

from .label_files import as_labels, stored_labels
from .recognised import MANIFEST, PREPARING, STORE_KIND
from .whole_files import digest_of, write_json

RECORDS = "ratings"     # the folder of the blocks
STORE_FORMAT = 1
StoredBlock = tuple[np.ndarray, np.ndarray, np.ndarray]   # users, items: (n,) int32, rows counted from the block's first; ratings: float32


@dataclass(frozen=True, eq=False)
class RecordLayout:
    """How the records of a store lie in its files: all users of a block, then all items, then all ratings.

    Users are dealt to as many blocks as items are. A user's row counts from the first of its block; `user_starts`
    (blocks + 1,) are the rows at which the blocks begin, and `item_starts` those of items. Where no block has more than
    65,536 rows a row takes two bytes, else four; where there are 256 different ratings or fewer, in `distinct`, a rating
    takes one byte, else four.
    """

    user_starts: np.ndarray
    item_starts: np.ndarray
    distinct: np.ndarray | None     # (n,) float32

    @property
    def blocks(self) -> int:
        """Blocks of users, and as many of items."""
        return len(self.user_starts) - 1

    @property
    def kinds(self) -> tuple[np.dtype, np.dtype, np.dtype]:
        """The number types in which a user, an item and a rating are stored."""
        users, items = (np.dtype("<u2" if np.diff(starts).max(initial=0) <= 2**16 else "<u4")
                        for starts in (self.user_starts, self.item_starts))
        return users, items, np.dtype("<f4" if self.distinct is None else "u1")

    @property
    def bytes_each(self) -> int:
        """Bytes that a rating takes."""
        return sum(kind.itemsize for kind in self.kinds)

    def file(self, user_block: int, item_block: int) -> str:
        """The name of a block's file."""
        return f"{user_block:04}-{item_block:04}.records"

    def packed(self, block: StoredBlock) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The columns of a block as they are stored."""
        users, items, values = block
        if self.distinct is not None:
            values = np.searchsorted(self.distinct, values)
        columns = users, items, values
        return tuple(column.astype(kind) for column, kind in zip(columns, self.kinds))  # type: ignore[return-value]

    def read(self, path: Path, n: int, chosen: slice = slice(None)) -> StoredBlock:
        """The records of a file that has `n` of them, or the chosen ones. Raises UserError where it has more or fewer."""
        columns, begin = [], 0
        if path.stat().st_size != n * self.bytes_each:
            raise UserError(f"'{path.name}' in the store is not whole. Prepare the store again.")
        first, after, _ = chosen.indices(n)
        with path.open("rb") as file:
            for kind in self.kinds:
                file.seek(begin + first * kind.itemsize)
                columns.append(np.fromfile(file, kind, max(after - first, 0)))
                begin += n * kind.itemsize
        users, items, values = columns
        values = values if self.distinct is None else self.distinct[values]
        return users.astype(np.int32, copy=False), items.astype(np.int32, copy=False), values.astype(np.float32, copy=False)


@dataclass(frozen=True, eq=False)
class RatingStore:
    """A whole store. `counts` (blocks, blocks) says how many ratings each block has; the digests are those of all files."""

    folder: Path
    layout: RecordLayout
    counts: np.ndarray
    about: dict[str, Any]       # the manifest

    @property
    def blocks(self) -> int:
        return self.layout.blocks

    @property
    def n_users(self) -> int:
        return int(self.layout.user_starts[-1])

    @property
    def n_items(self) -> int:
        return int(self.layout.item_starts[-1])

    @property
    def n_ratings(self) -> int:
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        return self.about["ratings"]["mean"]

    @property
    def spread(self) -> float:
        """The standard deviation of the ratings; 1 where all are equal."""
        return self.about["ratings"]["spread"] or 1.0

    @property
    def rating_range(self) -> tuple[float, float]:
        """(lowest, highest) rating."""
        return self.about["ratings"]["lowest"], self.about["ratings"]["highest"]

    def n_rows(self, side: str, block: int) -> int:
        """How many users, or items, a block has."""
        starts = self.layout.user_starts if side == "users" else self.layout.item_starts
        return int(starts[block + 1] - starts[block])

    def block(self, user_block: int, item_block: int, chosen: slice = slice(None)) -> StoredBlock:
        """The ratings of a block, or the chosen ones, in the shuffled order in which they are stored."""
        n = int(self.counts[user_block, item_block])
        return self.layout.read(self.folder / RECORDS / self.layout.file(user_block, item_block), n, chosen)

    @cached_property
    def user_counts(self) -> np.ndarray:
        """(n_users,) how many ratings each row has, by the rows of the store."""
        return np.load(self.folder / "user_counts.npy", mmap_mode="r")

    @cached_property
    def item_counts(self) -> np.ndarray:
        """(n_items,) the same of items."""
        return np.load(self.folder / "item_counts.npy", mmap_mode="r")

    def labels(self, side: str) -> list[Hashable]:
        """The labels of ``'users'`` or ``'items'`` in rising order."""
        return [label for piece in stored_labels(self.folder / side) for label in as_labels(piece)]

    def labels_at(self, side: str, positions: np.ndarray) -> list[Hashable]:
        """The labels at these positions, in rising order, of all labels in rising order."""
        found, first = list[Hashable](), 0
        for piece in stored_labels(self.folder / side):
            found += as_labels(piece.take(positions[slice(*np.searchsorted(positions, (first, first + len(piece))))] - first))
            first += len(piece)
        return found

    def rows(self, side: str) -> np.ndarray:
        """(n,) the row in the store of each of these labels."""
        return np.load(self.folder / f"{side[:-1]}_rows.npy", mmap_mode="r")

    def damage(self) -> list[str]:
        """The names of the files that are not what was written; reads all of them."""
        return [name for name, digest in self.about["files"].items()
                if not (self.folder / name).is_file() or digest_of(self.folder / name) != digest]

    @property
    def identity(self) -> str:
        """The digest of the manifest: two stores have the same only where they are equal."""
        return digest_of(self.folder / MANIFEST)


def open_store(folder: str | Path) -> RatingStore:
    """The store in a folder. Raises UserError where there is none, where it was not finished, or where its manifest is damaged."""
    folder = Path(folder)
    if not (folder / MANIFEST).is_file():
        if (folder / PREPARING).is_dir():
            raise UserError(f"The store '{folder.name}' was not finished. Run the same `collabsheet prepare` again: it goes on "
                            "from where it was.")
        raise UserError(f"There is no store '{folder.name}'. Make one by `collabsheet prepare`.")
    try:
        about = json.loads((folder / MANIFEST).read_bytes())
        kind, version = about["kind"], about["format"]
        if kind == STORE_KIND and version <= STORE_FORMAT:
            distinct = about["ratings"]["distinct"]
            layout = RecordLayout(np.array(about["user_starts"], np.int64), np.array(about["item_starts"], np.int64),
                                  None if distinct is None else np.array(list(map(float, distinct)), np.float32))
            return RatingStore(folder, layout, np.array(about["counts"], np.int64), about)
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"The {MANIFEST} of the store '{folder.name}' is damaged. Prepare the store again.") from None
    if kind != STORE_KIND:
        raise UserError(f"The folder '{folder.name}' holds no store: its {MANIFEST} is something else. Check its name.")
    raise UserError(f"The store '{folder.name}' was written by a newer version (format {version}). Update collabsheet.")


def write_manifest(folder: Path, layout: RecordLayout, counts: np.ndarray, rest: dict[str, Any]) -> None:
    """Write the manifest: from then on the store is whole."""
    write_json(folder / MANIFEST, {"kind": STORE_KIND, "format": STORE_FORMAT, "user_starts": layout.user_starts.tolist(),
                                   "item_starts": layout.item_starts.tolist(), "counts": counts.tolist()} | rest)
