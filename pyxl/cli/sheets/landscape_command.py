"""The command `landscape`: the error around the present point, over two cells, and the way that the last fit went."""

from __future__ import annotations

import argparse

from pyxl.base.plain_output import Say, json_ready
from pyxl.cli.command_line import Command


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workbook", help="an .xlsx or .xlsm workbook; it is only read")
    parser.add_argument("--cells", required=True, nargs=2, metavar=("ACROSS", "UP"), help="the two cells, such as B26 C26")
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help="the workbook to build, an .xlsx with the grid and its map")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--sheet", metavar="NAME", help="the sheet that the cells are on, unless they name one")
    parser.add_argument("--objective", metavar="CELL", help="the cell whose values are shown (default: the sheet's RMSE, or what Solver minimises there)")
    parser.add_argument("--points", type=int, default=25, metavar="N", help="values of each cell (default 25)")


def _landscape(args: argparse.Namespace, say: Say) -> dict:
    from pyxl.fit.landscape import landscape
    from workbook.landscape_book import build_landscape
    from workbook.new_file import checked_new_target

    checked_new_target(args.output, overwrite=args.overwrite)
    seen = landscape(args.workbook, args.cells, sheet=args.sheet, objective=args.objective, points=args.points)
    build_landscape(args.output, seen, overwrite=args.overwrite)
    for note in seen.notes:
        say(f"Note: {note}")
    lowest = seen.heights.min()
    say(f"{seen.objective} is {seen.here[2]:.6g} now, and {lowest:.6g} at the lowest of {seen.heights.size} points. Built {args.output}.")
    return json_ready({"workbook": args.output, "objective": seen.objective, "cells": seen.cells, "here": seen.here, "lowest": float(lowest),
                       "way": seen.way.tolist(), "notes": seen.notes})


LANDSCAPE = Command("landscape", "Draw the error around the present point as a map over two cells, with the path of the last fit.",
                    "collabsheet landscape book.xlsx --sheet bias --cells B26 C26 -o landscape.xlsx", _arguments, _landscape)
