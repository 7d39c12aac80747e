"""The command line: `collabsheet …` and `python -m pyxl …` are the same.

It stands above all three packages, so this file alone may look upwards: commands that build a
workbook live in `workbook`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .cli import run


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    from workbook.commands import DEMO, EXAMPLES, EXPORT, NEW
    from workbook.reports import REPORTS, with_report

    from .commands import FIT, INSPECT, RESTORE
    from .doctor.command import DOCTOR
    from .functions_command import FUNCTIONS_COMMAND
    from .map_command import MAP
    from .model_commands import EVALUATE, EXPLAIN, FOLD_IN, RECOMMEND, SIMILAR
    from .problem_commands import CHECK_GRADIENT
    from .recalculate_command import RECALCULATE
    from .train_command import TRAIN
    asking = (with_report(command, REPORTS[command.name]) for command in (RECOMMEND, SIMILAR, EXPLAIN, EVALUATE, FOLD_IN))
    return run((DEMO, NEW, INSPECT, FIT, RESTORE,
                CHECK_GRADIENT, RECALCULATE, EXAMPLES,
                TRAIN, *asking, MAP, EXPORT, DOCTOR, FUNCTIONS_COMMAND), argv)


if __name__ == "__main__":
    sys.exit(main())
