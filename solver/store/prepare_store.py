"""`prepare_store`: files of ratings in, a store out, in bounded memory; killed at any moment, the next call goes on.

    files ──► parts of at most a few million rows, with labels of their own          spooling
          ──► one sorted dictionary of labels on disk                                merging
          ──► the ratings of every part, block by block ──► a file for every block   dealing
          ──► the manifest, last

Every step leaves whole files and is left out where its files are there. What is in memory at once is a part, a block,
and 30 bytes for every user and item.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from solver.disk import note_written, why_not_saved
from solver.drafts import held_alone
from solver.errors import UserError
from solver.reading.elsewhere import brought_here
from solver.reading.formats.many_files import found_in_part, parts_of
from solver.reading.looked_at.rating_names import RATING_ROLES
from solver.reading.looked_at.table_port import SourceTable, Told
from solver.reading.readers import found_rating_columns
from solver.reading.tables import Paths, opened_table

from .dealing import Dealing, WrittenBlock, deal_part, label_counts, write_block
from .merging import merge_labels
from .rating_store import RECORDS, RatingStore, RecordLayout, open_store, write_manifest
from .recognised import MANIFEST, PREPARING, is_store
from .spooling import MOST_DISTINCT, FileRead, HowToRead, notes_on_files, refuse_two_signs, spool_file
from .tasks import Tasks
from .whole_files import digest_of, write_array, write_json

FEWEST_BLOCKS, MOST_BLOCKS = 8, 128
BLOCK_RATINGS = 4_000_000       # the most in one block, where the user does not say how many blocks


@dataclass(frozen=True, kw_only=True)
class HowToPrepare:
    """How a store is laid out. `blocks` is how many blocks the users are dealt to, and the items, too; None: the number of ratings
    decides. `seed` shuffles each block. `readers` is how many processes read files, deal parts and write blocks at the same time."""

    blocks: int | None = None
    seed: int = 0
    readers: int = 1
    rows_at_once: int = 2_000_000


def prepare_store(paths: Paths, folder: str | Path, how: HowToPrepare = HowToPrepare(), *, columns: Sequence[str | int] | None = None,
                  sep: str | None = None, decimal: str | None = None, encoding: str | None = None, sheet: str | None = None,
                  layout: str | None = None, missing: str | None = None, bad_lines: str = "refuse", ids: str = "checked",
                  on_step: Callable[[str], None] | None = None) -> tuple[RatingStore, list[str]]:
    """The store of the ratings of a file, of several or of a folder, written to a new folder; and notes on what was odd.

    The options of `read_ratings` have the same names and meanings here. When a call was killed, or the disk was full, the same call
    goes on from the last whole file. `on_step` gets a sentence about each step done. Raises UserError for what is no rating, and
    where the folder holds anything but a store of these very files that was not finished.
    """
    folder, say = Path(folder), on_step or (lambda step: None)
    told = Told(sep, encoding, sheet, layout, missing, RATING_ROLES)
    read = HowToRead(decimal, bad_lines, missing, how.rows_at_once)
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    try:
        with brought_here(given) as (here, originals), opened_table(here, told) as table, _only_writer(folder):
            begun = {"sources": [originals.get(part.source.path) or _named(part) for part in parts_of(table)], "read": [columns, ids, str(told), decimal, bad_lines],
                     "blocks": how.blocks, "seed": how.seed}
            made_from = hashlib.sha256(json.dumps(begun).encode()).hexdigest()
            if not _is_done(folder, made_from):
                _begin(folder, made_from)
                with Tasks(how.readers) as tasks:
                    files = _spooled(table, columns, folder / PREPARING, read, tasks, say)
                    if decimal is None:
                        refuse_two_signs(files, table.name)
                    _written(table, files, folder, how, ids, tasks, say, {"made_from": made_from, "notes": notes_on_files(files, table.unit)})
            shutil.rmtree(folder / PREPARING, ignore_errors=True)
        note_written(folder)
    except OSError as error:
        raise UserError(f"The store '{folder.name}' was not finished: {why_not_saved(error)}, and run the same command again: it goes on "
                        "from where it was.") from None
    store = open_store(folder)
    return store, store.about["notes"]


def _named(part: SourceTable) -> list:
    """What identifies a file and its content: path, size and time of the last change."""
    path = part.source.path
    stat = path.stat()
    return [str(path.absolute()), stat.st_size, stat.st_mtime_ns]


@contextmanager
def _only_writer(folder: Path):
    if folder.exists() and not folder.is_dir():
        raise UserError(f"'{folder.name}' is a file. Give a folder for the store.")
    if folder.is_dir() and any(folder.iterdir()) and not is_store(folder):
        raise UserError(f"The folder '{folder.name}' holds other files and no store. Choose another folder.")
    (folder / PREPARING).mkdir(parents=True, exist_ok=True)
    with held_alone(folder, f"The store '{folder.name}' is being written by another run. Wait for it to end."):
        yield


def _is_done(folder: Path, made_from: str) -> bool:
    """Whether the store of these files is there. Raises UserError where it is another one."""
    if not (folder / MANIFEST).exists():
        return False
    if open_store(folder).about["made_from"] != made_from:
        raise UserError(f"There is a store '{folder.name}' of other files, or made with other options. Choose another folder, or remove it.")
    return True


def _begin(folder: Path, made_from: str) -> None:
    noted = folder / PREPARING / "begun.json"
    if noted.exists() and json.loads(noted.read_bytes()) != made_from:
        raise UserError(f"The folder '{folder.name}' holds a store of other files, or with other options, that was not finished. "
                        "Remove it, or choose another folder.")
    for name in (PREPARING + "/parts", PREPARING + "/files", RECORDS):
        (folder / name).mkdir(exist_ok=True)
    write_json(noted, made_from)


def _spooled(table: SourceTable, columns, work: Path, how: HowToRead, tasks: Tasks, say) -> list[FileRead]:
    parts = parts_of(table)
    found = replace(found_rating_columns(parts[0], columns, pairs=False), time=None)
    names = [f"{number:05}" for number in range(len(parts))]
    missing = [number for number, name in enumerate(names) if not (work / "files" / f"{name}.json").exists()]
    for count, _ in enumerate(tasks.each(partial(_spool_part, parts[0], found, work, how), (parts[n] for n in missing),
                                         (names[n] for n in missing)), 1):
        say(f"Read {len(names) - len(missing) + count} of {len(names)} files")
    return [FileRead(**json.loads((work / "files" / f"{name}.json").read_bytes())) for name in names]


def _spool_part(first: SourceTable, found, work: Path, how: HowToRead, part: SourceTable, name: str) -> None:
    spool_file(part, found_in_part(part, first, found), work, name, how)


def _written(table: SourceTable, files: list[FileRead], folder: Path, how: HowToPrepare, ids: str, tasks: Tasks, say,
             made: dict[str, Any]) -> None:
    if not (n_rows := sum(file.rows for file in files)):
        raise UserError(f"{table.name} holds no rating. Add a {table.unit} for every rating: user, item, rating.")
    work = folder / PREPARING
    parts = [work / "parts" / name for file in files for name in file.parts]
    if not (work / "labels.json").exists():
        write_json(work / "labels.json", {side: merge_labels(parts, side, folder, name=table.name, ids=ids)
                                          for side in ("users", "items")})
        say("Sorted the labels")
    n = json.loads((work / "labels.json").read_bytes())
    blocks = _how_many_blocks(how.blocks, n_rows, min(n.values()))
    users, items = (Dealing.of(label_counts(parts, side, n[side]), blocks) for side in ("users", "items"))
    layout = RecordLayout(users.starts, items.starts, _distinct(files))
    list(tasks.each(deal_part, parts, [users] * len(parts), [items] * len(parts)))
    say(f"Dealt the ratings to {blocks} × {blocks} blocks")
    places = [(u, i) for u in range(blocks) for i in range(blocks)]
    write = partial(write_block, folder, parts, layout, seed=how.seed)
    written = list(tasks.each(write, *zip(*places)))
    say(f"Wrote {blocks * blocks} blocks")
    _finish(folder, layout, (users, items), places, written, how, made)


def _how_many_blocks(asked: int | None, n_ratings: int, fewest: int) -> int:
    if asked is not None:
        if not 1 <= asked <= min(fewest, MOST_BLOCKS * 8):
            raise UserError(f"blocks is {asked}. Give a whole number from 1 to {min(fewest, MOST_BLOCKS * 8)}: no block may lack users or items.")
        return asked
    blocks = FEWEST_BLOCKS
    while n_ratings / blocks ** 2 > BLOCK_RATINGS and blocks < MOST_BLOCKS:
        blocks *= 2
    while blocks > fewest:
        blocks //= 2
    return blocks


def _distinct(files: list[FileRead]) -> np.ndarray | None:
    if any(file.distinct is None for file in files):
        return None
    every = np.unique(np.concatenate([np.array(file.distinct, np.float32) for file in files]))
    return every if len(every) <= MOST_DISTINCT else None


def _finish(folder: Path, layout: RecordLayout, dealings: tuple[Dealing, Dealing], places: list[tuple[int, int]],
            written: list[WrittenBlock], how: HowToPrepare, made: dict[str, Any]) -> None:
    blocks, n = layout.blocks, sum(block.n for block in written)
    counts = np.array([block.n for block in written], np.int64).reshape(blocks, blocks)
    for side, dealing, of in (("user", dealings[0], 0), ("item", dealings[1], 1)):
        rows = np.zeros(len(dealing.rows), np.int64)
        for place, block in zip(places, written):
            at = place[of]
            rows[dealing.starts[at]:dealing.starts[at + 1]] += block.users if of == 0 else block.items
        write_array(folder / f"{side}_counts.npy", rows)
        write_array(folder / f"{side}_rows.npy", dealing.rows)
    mean = sum(block.sums[0] for block in written) / n
    spread = max(sum(block.sums[1] for block in written) / n - mean ** 2, 0.0) ** 0.5
    of_value = sum(block.of_value for block in written)
    lowest, highest = _ends_of(folder, layout, places, written)
    replaced = sum(block.replaced for block in written)
    notes = [f"Of pairs rated more than once the last rating was kept: {replaced:,} ratings were replaced by a later one."] if replaced else []
    digests = {f"{RECORDS}/{layout.file(*place)}": block.digest for place, block in zip(places, written)}
    others = sorted(path for path in folder.iterdir() if path.suffix in (".npy", ".int64", ".arrow"))
    write_manifest(folder, layout, counts, {
        "ratings": {"how_many": n, "mean": mean, "spread": spread, "lowest": lowest, "highest": highest,
                    "distinct": None if layout.distinct is None else [str(value) for value in layout.distinct],
                    "how_many_of_each": None if layout.distinct is None else np.asarray(of_value).tolist()},
        "bytes_each": layout.bytes_each, "seed": how.seed, "made_from": made["made_from"], "notes": made["notes"] + notes,
        "files": digests | {path.name: digest_of(path) for path in others}})


def _ends_of(folder: Path, layout: RecordLayout, places, written: list[WrittenBlock]) -> tuple[float, float]:
    """The lowest and the highest rating."""
    if layout.distinct is not None:
        there = np.flatnonzero(np.asarray(sum(block.of_value for block in written)))
        return float(layout.distinct[there[0]]), float(layout.distinct[there[-1]])
    ends = [(values.min(), values.max()) for place, block in zip(places, written) if block.n
            for values in [layout.read(folder / RECORDS / layout.file(*place), block.n)[2]]]
    return float(min(low for low, _ in ends)), float(max(high for _, high in ends))
