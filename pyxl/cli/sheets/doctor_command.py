"""The command `doctor`."""

from __future__ import annotations

import argparse
from pathlib import Path

from pyxl.base.plain_output import Say
from pyxl.cli.command_line import Command, Refusal
from solver.errors import UserError

_WIDTH = len("macros, LibreOffice")     # the longest name of what is looked at


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workbook", nargs="?", metavar="BOOK", help="look at this workbook too; it is only read")
    parser.add_argument("--repair", action="store_true",
                        help="write the path of this Python into BOOK, for its buttons: it was built on another machine")
    parser.add_argument("--install", action="store_true",
                        help="on a Mac: put the script in place through which Excel may start Python")


def _doctor(args: argparse.Namespace, say: Say) -> dict:
    from pyxl.doctor.applescript import install
    from pyxl.doctor.check_machine import machine
    from pyxl.doctor.check_programs import programs
    from pyxl.doctor.check_workbook import examine_workbook, repair

    if args.repair and args.workbook is None:
        raise UserError("--repair needs a workbook: collabsheet doctor BOOK --repair.")
    done = [repair(args.workbook)] if args.repair else []
    done += [install(Path.home())] if args.install else []
    for sentence in done:
        say(sentence)
    if done:
        return {"done": done}
    findings = []
    for part in (machine(), programs(), examine_workbook(args.workbook) if args.workbook else ()):
        for finding in part:
            findings.append(finding)
            for line in finding.lines(_WIDTH):
                say(line)
    failing = [finding.what for finding in findings if finding.state == "fails"]
    details = {"fit_works": not failing, "findings": [finding.as_object() for finding in findings]}
    if failing:
        raise Refusal(f"A fit cannot work here: see {', '.join(failing)}.", details)
    missing = [finding.what for finding in findings if finding.state == "missing"]
    say("A fit can work here" + (f"; it does without what is missing: {', '.join(missing)}." if missing else "."))
    return details

DOCTOR = Command("doctor", "Check what works here and what does not, and say how to mend it.",
                 "collabsheet doctor book.xlsx", _arguments, _doctor)
