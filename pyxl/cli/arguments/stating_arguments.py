"""Arguments that state a problem by hand, shared by the commands that solve and check one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from solver.errors import UserError

if TYPE_CHECKING:
    from pyxl.problems.stated import Statement


def add_stating_arguments(parser) -> None:
    """Add ``--objective``, ``--change``, ``--goal`` and ``--where`` to a parser or a group of one."""
    parser.add_argument("--objective", metavar="CELL", help="the cell to make small (default: what Solver's stored model says)")
    parser.add_argument("--change", metavar="RANGES", action="append", help="the cells that may change: B2:B5,D2")
    parser.add_argument("--goal", metavar="min|max|value=X", help="what the objective is to become (default min)")
    parser.add_argument("--where", metavar="CONSTRAINT", action="append",
                        help='a constraint, as often as needed: "B2:B5 >= 0", "SUM(B2:B5) = 1"')


def statement_of(args: argparse.Namespace) -> Statement | None:
    """The problem stated on the command line, or None. Raises UserError where a part of it is missing."""
    from pyxl.problems.stated import Statement

    parts = {"--change": args.change, "--goal": args.goal, "--where": args.where}
    if args.objective is None:
        if given := [option for option, value in parts.items() if value is not None]:
            raise UserError(f"{given[0]} belongs to a problem stated by hand: say --objective CELL --change RANGES too.")
        return None
    if not args.change:
        raise UserError(f"Which cells may change to bring {args.objective} there? Say --change RANGES.")
    return Statement(args.objective, tuple(args.change), args.goal or "min", tuple(args.where or ()))
