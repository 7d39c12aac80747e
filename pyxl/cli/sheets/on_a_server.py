"""`inspect`, `fit` and `restore` with ``--server``: the work is done by a service of `collabsheet serve`."""

from __future__ import annotations

import argparse

from pyxl.base.plain_output import Say
from pyxl.cli.arguments.option_arguments import options_in
from pyxl.cli.arguments.server_argument import refuse_only_here, service_of
from solver.core.options import Given
from solver.errors import UserError

# what `fit` takes and a service does not, by its name among the arguments
_ONLY_HERE = {"in_place": "--in-place", "live": "--live", "engine": "--engine", "repeat": "--repeat", "visible_only": "--visible-only", "via": "--via",
              "objective": "--objective", "change": "--change", "goal": "--goal", "where": "--where",
              "overwrite_formulas": "--overwrite-formulas", "starts": "--starts", "seconds": "--seconds", "write_anyway": "--write-anyway", "report": "--report",
              "scenario": "--scenario", "inputs": "--inputs"}


def fit_there(args: argparse.Namespace, sheets: list[str] | None, say: Say) -> dict:
    """What `fit` does, by the service. Raises UserError for arguments that it does not take."""
    _refuse_what_is_done_here(args)
    results = service_of(args).fit(args.workbook, out=args.output, overwrite=args.overwrite, sheets=sheets, options=options_in(args, Given.FIT))
    width = max(map(len, results))
    for name, result in results.items():
        say(f"{name:<{width}}  {result['told']}")
        for line in (result.get("stop"), *(f"Note: {note}" for note in result.get("notes", ()))):
            if line:
                say(f"{'':<{width}}  {line}")
    say(f"Wrote {args.output}")
    return {"workbook": str(args.output), "sheets": results}


def restore_there(args: argparse.Namespace, sheets: list[str] | None) -> dict[str, int]:
    """What `restore` does, by the service: how many cells changed, by sheet."""
    _refuse_what_is_done_here(args)
    return service_of(args).restore(args.workbook, out=args.output, overwrite=args.overwrite, sheets=sheets)


def _refuse_what_is_done_here(args: argparse.Namespace) -> None:
    refuse_only_here(args, _ONLY_HERE)
    if not args.output:
        raise UserError("With --server say where to write it: -o OUT.")
