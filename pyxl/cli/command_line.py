"""What every command of `collabsheet` has in common: arguments, output, errors, exit codes."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pyxl.base.interruption import signals_as_ctrl_c
from pyxl.base.known_failures import remedy
from pyxl.base.plain_output import Say
from solver.disk import written_files
from solver.errors import UserError, stopped_by
from solver.version import __version__

from .command_output import Output


@dataclass(frozen=True)
class Command:
    """One command: `add_arguments(parser)` declares what it takes; `run(args, say)` does it, tells
    a person by `say(line)`, and returns the object that ``--json`` prints."""

    name: str
    summary: str
    example: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Say], dict]


class Refusal(UserError):
    """A sentence with what ``--json`` prints beside it."""

    def __init__(self, sentence: str, details: dict):
        super().__init__(sentence)
        self.details = details


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are one sentence, like all others."""

    def error(self, message: str):
        raise UserError(f"{message[:1].upper()}{message[1:]}. See `{self.prog} --help`.")


class _CommandParser(_Parser):
    """The parser of one command, which declares its arguments when it is first used: one command runs, and the others
    need not load what their arguments are made from."""

    declare: Callable[[argparse.ArgumentParser], None] | None = None

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[override]  # overloaded there
        self._declared()
        return super().parse_known_args(args, namespace)

    def format_help(self) -> str:
        self._declared()
        return super().format_help()

    def _declared(self) -> None:
        declare, self.declare = self.declare, None
        if declare is not None:
            declare(self)
            self.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(commands: Callable[[], Sequence[Command]], argv: Sequence[str] | None = None) -> int:
    """Run the command line that these commands make up; the exit code tells what was done.

    0: all that was asked. 1: a defect of collabsheet. 2: what the user can mend stood in the way, or the user stopped it;
    the sentence says what was written, if anything. 3: a problem is proved to have no solution. 4: all was done that was
    asked, but stdout took no report.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    output = Output(as_json="--json" in argv)
    with written_files() as written, signals_as_ctrl_c():
        try:
            # a large sheet is a million small objects without a cycle among them: looking for cycles as
            # often as Python does cost a sixth of a fit at 300 × 200
            gc.set_threshold(100_000, 50, 1000)
            args = _parser(commands()).parse_args(argv)
            output.as_json = args.json
            output.json(args.command.run(args, output.line))
        except BaseException as why:
            if isinstance(why, SystemExit) or (os.environ.get("COLLABSHEET_DEBUG") and not isinstance(why, UserError)):
                raise
            return _failed(why, written, output)
    if output.failure:
        done = f"{_and(written)} written; the report" if written else "The report"
        output.error(f"{done} could not be written: {_reason(output.failure)}.")
        return 4
    return 0


def _failed(why: BaseException, written: Sequence[str], output: Output) -> int:
    """Say why a command ended; its exit code."""
    if isinstance(why, UserError):
        return _fail(str(why), why.exit_code, output, why.details if isinstance(why, Refusal) else {})
    if interrupt := _interrupt(why):
        return _fail(f"Stopped by {stopped_by(interrupt)}; {_and(written)} written.", 2, output)
    if isinstance(why, MemoryError):
        return _fail(f"There is too little memory for this. Close other programs, or take less at once.{_told(written)}", 2, output)
    if sentence := remedy(why):
        return _fail(f"{sentence}{_told(written)}", 2, output)
    if isinstance(why, OSError):
        return _fail(f"{why.filename or 'A file'}: {_reason(why)}.{_told(written)}", 2, output)
    return _fail(f"Unexpected {type(why).__name__}: {why}. This is a defect of collabsheet: please "
                 f"report it, with what COLLABSHEET_DEBUG=1 prints.{_told(written)}", 1, output)


def _fail(sentence: str, code: int, output: Output, details: Mapping = MappingProxyType({})) -> int:
    output.json({"error": sentence, **details})
    output.error(sentence)
    return code


def _interrupt(why: BaseException | None) -> KeyboardInterrupt | None:
    """The Ctrl-C behind an exception: one that comes while a library loads may end as an ImportError."""
    while why is not None and not isinstance(why, KeyboardInterrupt):
        why = why.__cause__ or why.__context__
    return why


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _told(written: Sequence[str]) -> str:
    return f" Before it, {_and(written)} written." if written else ""


def _and(written: Sequence[str]) -> str:
    """``nothing was``, ``a.xlsx was``, ``a.xlsx and b.xlsx were``: for the front of "written"."""
    if len(written) < 2:
        return f"{written[0] if written else 'nothing'} was"
    return f"{', '.join(written[:-1])} and {written[-1]} were"


def _parser(commands: Sequence[Command]) -> argparse.ArgumentParser:
    parser = _Parser(prog="collabsheet", formatter_class=argparse.RawDescriptionHelpFormatter,
                     description="Collaborative filtering in a live spreadsheet: build the sheet, fit it, read it.",
                     epilog="Example:\n  collabsheet demo")
    parser.add_argument("--version", action="version", version=f"collabsheet {__version__}")
    adder = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_CommandParser)
    for command in commands:
        sub = adder.add_parser(command.name, help=command.summary, description=command.summary,
                               epilog=f"Example:\n  {command.example}",
                               formatter_class=argparse.RawDescriptionHelpFormatter)
        sub.declare = command.add_arguments
        sub.set_defaults(command=command)
    return parser
