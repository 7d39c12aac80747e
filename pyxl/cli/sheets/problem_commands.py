"""The command that checks derivatives: `check-gradient`."""

from __future__ import annotations

import argparse

from pyxl.base.plain_output import Say, json_ready, table
from pyxl.cli.arguments.stating_arguments import add_stating_arguments, statement_of
from pyxl.cli.command_line import Command
from solver.errors import UserError

_SHOWN = 10   # lines of the table


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workbook", help="an .xlsx or .xlsm workbook; it is only read")
    parser.add_argument("--sheet", metavar="NAME", help="the sheet with the problem (default: the first with a Solver model)")
    add_stating_arguments(parser)
    parser.add_argument("--most", type=int, default=200, metavar="N", help="check at most N cells, evenly spread (default 200)")


def _check_gradient(args: argparse.Namespace, say: Say) -> dict:
    from pyxl.problems.check_gradient import check_gradient

    if args.most < 1:
        raise UserError(f"--most is {args.most}. Give a whole number of 1 or more.")
    found = check_gradient(args.workbook, sheet=args.sheet, statement=statement_of(args), most=args.most)
    say(f"{found.problem}: {len(found.compared)} of {found.n_cells} cells, recalculated by {found.by}.")
    for line in table(["cell", "derivative", "finite difference", "relative error"],
                      [[c.cell, f"{c.derivative:.9g}", f"{c.difference:.9g}", f"{c.error:.1e}"] for c in found.compared[:_SHOWN]]):
        say(line)
    if (left := len(found.compared) - _SHOWN) > 0:
        say(f"… and {left} more, which agree better.")
    for note in found.notes:
        say(f"Note: {note}")
    worst = found.compared[0]
    verdict = (f"The derivatives agree with finite differences: to {worst.error:.1e} at worst." if found.agrees else
               f"The derivative by {worst.cell} and the finite difference differ: there is a kink or a step near by, or a "
               "defect; please report the latter.")
    say(verdict)
    return json_ready({"problem": found.problem, "by": found.by, "n_cells": found.n_cells, "agrees": found.agrees, "verdict": verdict,
                  "notes": found.notes, "cells": [{"cell": c.cell, "derivative": c.derivative, "difference": c.difference,
                                                   "error": c.error} for c in found.compared]})


CHECK_GRADIENT = Command("check-gradient", "Compare the derivatives of a sheet's formulas with finite differences, cell by cell.",
                         "collabsheet check-gradient book.xlsx --sheet bias", _arguments, _check_gradient)
