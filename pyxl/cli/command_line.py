"""What every command of `collabsheet` has in common: arguments, output, errors, exit codes."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pyxl.base.plain_output import Say
from solver.errors import UserError


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


def run(commands: Sequence[Command], argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code: 0, or 2 for what the user can mend, 3 where a problem is proved to have no
    solution, or 1 for a defect."""
    # a large sheet is a million small objects without a cycle among them: looking for cycles as
    # often as Python does cost a sixth of a fit at 300 × 200
    gc.set_threshold(100_000, 50, 1000)
    argv = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in argv
    try:
        args = _parser(commands).parse_args(argv)
        as_json = args.json
        result = args.command.run(args, (lambda line: None) if as_json else print)
        if as_json:
            print(json.dumps(result, ensure_ascii=False))
        sys.stdout.flush()
        return 0
    except BrokenPipeError:  # `… | head`: nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Refusal as why:
        return _fail(str(why), why.exit_code, as_json, why.details)
    except UserError as why:
        return _fail(str(why), why.exit_code, as_json)
    except KeyboardInterrupt:
        return _fail("Stopped by Ctrl-C; nothing was written.", 2, as_json)
    except OSError as why:
        return _fail(f"{why.filename or 'A file'}: {why.strerror or why}.", 2, as_json)
    except Exception as why:  # a defect of ours: still no traceback, unless it is asked for
        if os.environ.get("COLLABSHEET_DEBUG"):
            raise
        return _fail(f"Unexpected {type(why).__name__}: {why}. This is a defect of collabsheet: please "
                     "report it, with what COLLABSHEET_DEBUG=1 prints.", 1, as_json)


def _fail(sentence: str, code: int, as_json: bool, details: Mapping = MappingProxyType({})) -> int:
    if as_json:
        print(json.dumps({"error": sentence, **details}, ensure_ascii=False))
    print(sentence, file=sys.stderr)
    return code


def _parser(commands: Sequence[Command]) -> argparse.ArgumentParser:
    parser = _Parser(prog="collabsheet", formatter_class=argparse.RawDescriptionHelpFormatter,
                     description="Collaborative filtering in a live spreadsheet: build the sheet, fit it, read it.",
                     epilog="Example:\n  collabsheet demo")
    adder = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    for command in commands:
        sub = adder.add_parser(command.name, help=command.summary, description=command.summary,
                               epilog=f"Example:\n  {command.example}",
                               formatter_class=argparse.RawDescriptionHelpFormatter)
        command.add_arguments(sub)
        sub.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        sub.set_defaults(command=command)
    return parser
