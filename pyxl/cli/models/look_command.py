"""The command `look`: what would be read of a table of ratings, without learning from it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyxl.base.plain_output import Say, json_ready, table
from pyxl.cli.arguments.reading_arguments import TABLE_OF_RATINGS, add_ratings_arguments, named_ratings, read_given
from pyxl.cli.command_line import Command
from solver.store.recognised import is_store

from .store_commands import look_at_store

if TYPE_CHECKING:
    import numpy as np

    from solver import Ratings

_FIRST = 5
_MOST_VALUES, _BINS, _WIDTH = 21, 10, 40    # distinct ratings that have a line each, bins where there are more, signs of the longest bar
_EARLIEST, _LATEST = 1e8, 1e10              # times between these are seconds since 1970, between a thousand times these milliseconds


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ratings", nargs="+", metavar="RATINGS", help=TABLE_OF_RATINGS + "; or a store that prepare wrote")
    add_ratings_arguments(parser)


def _look(args: argparse.Namespace, say: Say) -> dict:
    if is_store(args.ratings):
        return look_at_store(args, say)
    import numpy as np

    ratings, notes = read_given(args, unrated=1.0)
    density = len(ratings) / (ratings.n_users * ratings.n_items)
    first = [{"user": ratings.users[ratings.user_index[n]], "item": ratings.items[ratings.item_index[n]],
              "rating": float(ratings.values[n])} for n in range(min(_FIRST, len(ratings)))]
    per_user = _spread(np.bincount(ratings.user_index, minlength=ratings.n_users))
    per_item = _spread(np.bincount(ratings.item_index, minlength=ratings.n_items))
    histogram = list(_histogram(ratings.values))
    for note in notes:
        say(f"Note: {note}")
    say(f"{named_ratings(args)}: {len(ratings):,} ratings by {ratings.n_users:,} users of {ratings.n_items:,} items, "
        f"{100 * density:.3g} % of all pairs.")
    times = _times(ratings)
    if times:
        say(f"They are from {times[0]} to {times[1]}.")
    for line in table(("user", "item", "rating"), [tuple(row.values()) for row in first]):
        say(line)
    say("")
    for line in table(("ratings of", "fewest", "median", "most"), [("each user", *per_user), ("each item", *per_item)]):
        say(line)
    say("")
    if len(histogram) == 1:
        say(f"All values are {histogram[0][0]}: nothing can be learnt from them but which pairs happened (train --feedback implicit).")
    else:
        most, width = max(count for _, count in histogram), max(len(value) for value, _ in histogram)
        for value, count in histogram:
            say(f"{value:>{width}}  {'#' * round(_WIDTH * count / most):<{_WIDTH}}  {count:>10,}")
    return json_ready({"ratings": len(ratings), "users": ratings.n_users, "items": ratings.n_items, "density": density, "first": first,
                       "ratings_per_user": per_user, "ratings_per_item": per_item, "times": times,
                       "histogram": [{"value": value, "count": count} for value, count in histogram], "notes": notes})


def _spread(counts: np.ndarray) -> tuple[int, float, int]:
    """(fewest, median, most)"""
    import numpy as np

    return int(counts.min()), float(np.median(counts)), int(counts.max())


def _histogram(values: np.ndarray) -> Iterator[tuple[str, int]]:
    """(value or range of values, how many ratings) in rising order; ranges where a few values are far from most widen with them."""
    import numpy as np

    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= _MOST_VALUES:
        yield from ((f"{value:g}", int(count)) for value, count in zip(distinct, counts))
        return
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)))    # bins of about as many ratings: no tail hides the rest
    found, _ = np.histogram(values, edges)
    yield from ((f"{low:.4g} to {high:.4g}", int(count)) for low, high, count in zip(edges[:-1], edges[1:], found))


def _times(ratings: Ratings) -> tuple[str, str] | None:
    """The first and the last day, or number where the times are no seconds since 1970; None where there are no times."""
    if ratings.times is None:
        return None
    ends = float(ratings.times.min()), float(ratings.times.max())
    if _EARLIEST * 1e3 <= ends[0] <= ends[1] <= _LATEST * 1e3:
        ends = ends[0] / 1e3, ends[1] / 1e3
    if not _EARLIEST <= ends[0] <= ends[1] <= _LATEST:
        return f"{ends[0]:g}", f"{ends[1]:g}"
    first, last = (datetime.fromtimestamp(end, UTC).date().isoformat() for end in ends)
    return first, last


LOOK_COMMAND = Command("look", "Show how a table of ratings would be read: its rows, users, items and values. Nothing is learnt from it.",
               "collabsheet look ratings.csv", _arguments, _look)
