"""The command `prepare`: tables of ratings in, a store on disk out; what `look` tells of a store; and `recommend` where a fit of one left
no model folder."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from pyxl.base.plain_output import Say, json_ready, table
from pyxl.cli.arguments.reading_arguments import TABLE_OF_RATINGS, add_ratings_arguments, named_ratings, reading_options
from pyxl.cli.command_line import Command
from solver.errors import UserError


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ratings", nargs="+", metavar="RATINGS", help=TABLE_OF_RATINGS)
    parser.add_argument("-o", "--output", metavar="STORE", required=True, help="the folder to write the store to")
    parser.add_argument("--blocks", type=int, metavar="N", help="blocks of users, and as many of items (default: by the number of ratings)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the order within each block (default 0)")
    parser.add_argument("--readers", type=int, default=1, metavar="N", help="processes that read files and write blocks at once (default 1)")
    add_ratings_arguments(parser)


def _prepare(args: argparse.Namespace, say: Say) -> dict:
    from solver.store.prepare_store import HowToPrepare, prepare_store

    for name in ("seed", "readers"):
        if getattr(args, name) < (name == "readers"):
            raise UserError(f"--{name} is {getattr(args, name)}. Give a whole number of {int(name == 'readers')} or more.")
    if args.dates:
        raise UserError("--dates says how times are written, and a store keeps none. Leave it out.")
    began = time.perf_counter()
    store, notes = prepare_store(args.ratings, args.output, HowToPrepare(blocks=args.blocks, seed=args.seed, readers=args.readers),
                                 **reading_options(args), layout=args.layout, missing=args.missing, bad_lines=args.bad_lines,
                                 ids=args.ids, on_step=say)
    seconds = time.perf_counter() - began
    for note in notes:
        say(f"Note: {note}")
    say(f"Wrote {store.n_ratings:,} ratings by {store.n_users:,} users of {store.n_items:,} items to {args.output} "
        f"in {seconds:.1f} s: {store.blocks} × {store.blocks} blocks, {store.about['bytes_each']} bytes a rating.")
    return json_ready({"store": args.output, "ratings": store.n_ratings, "users": store.n_users, "items": store.n_items,
                       "blocks": store.blocks, "bytes_each": store.about["bytes_each"], "seconds": seconds, "notes": notes})


def look_at_store(args: argparse.Namespace, say: Say) -> dict:
    """Tell what a store holds, and whether all of its files are what was written."""
    import numpy as np

    from solver.store.rating_store import open_store

    store = open_store(args.ratings[0])
    if damaged := store.damage():
        raise UserError(f"The store '{named_ratings(args)}' is damaged: {damaged[0]} is not what was written"
                        f"{f', nor are {len(damaged) - 1} more files' if len(damaged) > 1 else ''}. Prepare the store again.")
    size = sum((store.folder / name).stat().st_size for name in store.about["files"])
    per_user, per_item = ((int(counts.min()), float(np.median(counts)), int(counts.max()))
                          for counts in (store.user_counts, store.item_counts))
    about = store.about["ratings"]
    say(f"{Path(args.ratings[0]).name}: a store of {store.n_ratings:,} ratings by {store.n_users:,} users of {store.n_items:,} items.")
    say(f"It has {store.blocks} × {store.blocks} blocks, the largest of {store.counts.max():,} ratings, and {size / 1e6:,.1f} MB in "
        f"{len(store.about['files']):,} files, all as they were written; a rating takes {store.about['bytes_each']} bytes.")
    say(f"The ratings go from {about['lowest']:g} to {about['highest']:g}; their mean is {about['mean']:.4g}, their spread {about['spread']:.4g}.")
    for line in table(("ratings of", "fewest", "median", "most"), [("each user", *per_user), ("each item", *per_item)]):
        say(line)
    for note in store.about["notes"]:
        say(f"Note: {note}")
    return json_ready({"store": args.ratings[0], "ratings": store.n_ratings, "users": store.n_users, "items": store.n_items,
                       "blocks": store.blocks, "largest_block": int(store.counts.max()), "bytes": size,
                       "bytes_each": store.about["bytes_each"], "ratings_per_user": per_user, "ratings_per_item": per_item,
                       "values": about, "notes": store.about["notes"]})


_NOT_FROM_PASSES = ("user", "users", "new_user", "likes", "titles", "items", "exclude")


def recommend_from_passes(args: argparse.Namespace, say: Say) -> dict:
    """`recommend MODEL.passes --all`: a Parquet file for every block of users."""
    from solver.collab.recommended_blocks import HowToRecommend, recommend_blocks

    for name in _NOT_FROM_PASSES:
        if getattr(args, name):
            raise UserError(f"--{name.replace('_', '-')} asks a model folder, and '{args.model}' has the rows of a fit only. Train without "
                            "--rows-only, or say --all.")
    if args.output is None or args.overwrite:
        raise UserError("Recommendations to all from the rows of a fit go to a new folder, a Parquet file for each block of users. Say "
                        "-o FOLDER, and no --overwrite.")
    part, parts = _part(args.part)
    how = HowToRecommend(n=args.n, exclude_seen=not args.seen, part=part, parts=parts, processes=args.processes or 1)
    if how.processes < 1 or how.n < 1:
        raise UserError("-n and --processes are whole numbers of 1 or more.")
    began, blocks = time.perf_counter(), 0
    for done, blocks in recommend_blocks(Path(args.model), Path(args.output), how):
        say(f"Wrote {done} of {blocks} blocks of users")
    seconds = time.perf_counter() - began
    say(f"All recommendations are in {args.output}, made in {seconds:.1f} s.")
    return json_ready({"model": args.model, "output": args.output, "blocks": blocks, "seconds": seconds})


def _part(text: str | None) -> tuple[int, int]:
    """(2, 8) of "2/8"."""
    if text is None:
        return 1, 1
    part, _, parts = text.partition("/")
    if part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts):
        return int(part), int(parts)
    raise UserError(f"--part is '{text}'. Say which of how many, such as 2/8.")


PREPARE = Command("prepare", "Write ratings to a store on disk that train reads block by block, where memory cannot hold them all.",
                  "collabsheet prepare ratings.csv -o store", _arguments, _prepare)
