"""What `fit --inputs TABLE` does: a problem solved for each row of a table."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pyxl.base.plain_output import Say, json_ready, table
from pyxl.cli.arguments.target_arguments import out_of, refuse_idle, sheets_of
from solver.errors import UserError

if TYPE_CHECKING:
    from pyxl.fit.solve_each_row import SolvedTable
    from pyxl.problems.solve import ByFormulas

_ONLY_ONCE = {"repeat": "--repeat", "visible_only": "--visible-only", "report": "--report"}
_MOST_COLUMNS = 12      # of the table that is told; a new sheet, a file and --json have all


def solve_inputs_as_asked(args: argparse.Namespace, by_formulas: ByFormulas, say: Say, on_step: Callable | None) -> dict:
    """Solve the rows, and put the results where they were asked for: a new sheet, or a .csv file. ``on_step(name, step)`` is told how
    far each row is."""
    if given := [option for name, option in _ONLY_ONCE.items() if getattr(args, name)]:
        raise UserError(f"{given[0]} is about one fit, and --inputs makes one for each row. Leave it out.")
    refuse_idle(args)
    if args.live:
        from pyxl.hosts.live_host import LiveHost
        from pyxl.live.live_rows import solve_rows_live
        from pyxl.live.open_live import opened_live, where_it_is
        sheets = sheets_of(args)
        with opened_live(args.workbook, engine=args.engine, show=sheets[0] if sheets else None) as book:
            solved = solve_rows_live(book, args.inputs, sheets=sheets, by_formulas=by_formulas)
            out, done = LiveHost(book).place, where_it_is(book)
    else:
        out = str(out_of(args))
        done, solved = f"Wrote {out}", _solved_in_file(args, out, by_formulas, on_step)
    headers, lines = solved.headers, list(solved.lines())
    shown = range(len(headers)) if len(headers) <= _MOST_COLUMNS else [*range(_MOST_COLUMNS - 1), len(headers) - 1]
    for line in table([headers[n] for n in shown], [[f"{value:.9g}" if type(value := line[n]) is float else "" if value is None else str(value)
                                                     for n in shown] for line in lines]):
        say(line)
    if len(shown) < len(headers):
        say(f"… and {len(headers) - len(shown)} columns more.")
    say(done)
    return {"workbook": out, "sheet": solved.problem.sheet, "headers": list(headers), "rows": json_ready(lines)}


def _solved_in_file(args: argparse.Namespace, out: str, by_formulas: ByFormulas, on_step: Callable | None) -> SolvedTable:
    from pyxl.fit.solve_each_row import solve_inputs

    solve = partial(solve_inputs, args.workbook, args.inputs, sheets=sheets_of(args), by_formulas=by_formulas, on_step=on_step)
    if not out.lower().endswith(".csv"):
        return solve(out=out, overwrite=args.overwrite)
    from workbook.new_file import checked_new_target, new_file

    checked_new_target(out, overwrite=args.overwrite)
    solved = solve()
    with new_file(out, overwrite=args.overwrite) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([solved.headers, *solved.lines()])
    return solved
