"""How many items of each list are judged, and which a user likes: of metrics of lists alone."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from typing import Any

from solver.errors import UserError

_N = 10


def add_list_metric_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", type=int, metavar="N", help=f"items of each user's list that are judged, by metrics of lists (default {_N})")
    parser.add_argument("--liked", type=float, metavar="X", help="rating from which on a user likes an item, for metrics of "
                        "lists (default: the mean of the ratings that were learnt from)")


def list_options(args: argparse.Namespace, metrics: Collection[str]) -> dict[str, Any]:
    """What was given of them, as `evaluate` and `cross_validate` take it. Raises UserError where no metric uses it."""
    from solver.judging.metrics import METRICS, check_metrics

    check_metrics(metrics)
    given = next((flag for flag, value in (("-n", args.n), ("--liked", args.liked)) if value is not None), None)
    if given and all(METRICS[name].of_ratings for name in metrics):
        raise UserError(f"{given} says how lists are judged, and {' and '.join(metrics)} judge{'s' * (len(metrics) == 1)} single ratings. "
                        "Leave it out, or name a metric of lists, such as ndcg.")
    return {"n": how_many_listed(_N if args.n is None else args.n), "liked": args.liked}


def how_many_listed(n: int) -> int:
    if n < 1:
        raise UserError(f"-n is {n}. Give a whole number of 1 or more.")
    return n
