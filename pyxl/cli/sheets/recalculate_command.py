"""The command that evaluates all formulas of a workbook: `recalculate`."""

from __future__ import annotations

import argparse

from pyxl.base.plain_output import Say, json_ready, table
from pyxl.cli.command_line import Command

_SHOWN = 10   # lines of the tables


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workbook", help="an .xlsx or .xlsm workbook; it is only read")
    parser.add_argument("-o", "--output", metavar="OUT", help="write a copy in which the results that differ are ours")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")


def _recalculate(args: argparse.Namespace, say: Say) -> dict:
    from pyxl.fit.compare_results import compare_results
    from pyxl.xlsx import open_workbook

    with open_workbook(args.workbook) as book:
        if args.output:
            book.refuse_unless_savable(out=args.output, overwrite=args.overwrite)
        found = compare_results(book)
        if args.output:
            book.save(found.edits, out=args.output, overwrite=args.overwrite)
    n_refused = sum(found.refused.values())
    say(f"{found.equal + len(found.different) + n_refused + found.volatile} formula cells: {found.equal} equal their stored "
        f"results, {len(found.different)} differ, {n_refused} are not evaluated here, {found.volatile} are drawn anew.")
    _say_table(say, ["cell", "stored", "ours"], [[str(one), _shown(one.stored), _shown(one.ours)] for one in found.different])
    _say_table(say, ["cells", "not evaluated, as"], [[n, reason] for reason, n in found.refused.items()])
    if args.output:
        say(f"Wrote {args.output}")
    return json_ready({"equal": found.equal,
                  "different": [{"cell": str(one), "stored": one.stored, "ours": one.ours} for one in found.different],
                  "refused": dict(found.refused), "volatile": found.volatile})


def _say_table(say: Say, headers: list[str], rows: list[list]) -> None:
    for line in table(headers, rows[:_SHOWN]):
        say(line)
    if (left := len(rows) - _SHOWN) > 0:
        say(f"… and {left} more; --json tells all.")


def _shown(value) -> str:
    return "nothing" if value is None else f"{value:.15g}" if isinstance(value, float) else repr(value)


RECALCULATE = Command("recalculate", "Evaluate every formula of a workbook again and compare it with its stored result.",
                      "collabsheet recalculate book.xlsx -o refreshed.xlsx", _arguments, _recalculate)
