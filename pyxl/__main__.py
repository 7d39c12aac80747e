"""The command line: `collabsheet …` and `python -m pyxl …` are the same.

It stands above all three packages, so this file alone may look upwards: commands that build a
workbook live in `workbook`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cli import Command


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    try:
        from .cli import run

        return run(_commands, argv)
    except KeyboardInterrupt:   # while the first modules load
        print("Stopped by Ctrl-C; nothing was written.", file=sys.stderr)
        return 2


def _commands() -> tuple[Command, ...]:
    """Every command, in the order that `collabsheet --help` shows."""
    from workbook.commands import DEMO, EXAMPLES, EXPORT, NEW
    from workbook.reports import REPORTS, with_report

    from .commands import FIT, INSPECT, RESTORE
    from .doctor.command import DOCTOR
    from .functions_command import FUNCTIONS_COMMAND
    from .map_command import MAP
    from .model_commands import EVALUATE, EXPLAIN, FOLD_IN, RECOMMEND, SIMILAR
    from .problem_commands import CHECK_GRADIENT
    from .train_command import TRAIN
    asking = (with_report(command, REPORTS[command.name]) for command in (RECOMMEND, SIMILAR, EXPLAIN, EVALUATE, FOLD_IN))
    return (DEMO, NEW, INSPECT, FIT, RESTORE,
            CHECK_GRADIENT, EXAMPLES,
            TRAIN, *asking, MAP, EXPORT, DOCTOR, FUNCTIONS_COMMAND)


if __name__ == "__main__":
    sys.exit(main())
