"""The command line: `collabsheet …` and `python -m pyxl …` are the same.

It stands above all three packages, so this file alone may look upwards: commands that build a
workbook live in `workbook`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyxl.cli.command_line import Command


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    try:
        from pyxl.cli.command_line import run

        return run(_commands, argv)
    except KeyboardInterrupt:   # while the first modules load
        print("Stopped by Ctrl-C; nothing was written.", file=sys.stderr)
        return 2


def _commands() -> tuple[Command, ...]:
    """Every command, in the order that `collabsheet --help` shows."""
    from pyxl.cli.arguments.report_files import REPORTS, with_report
    from pyxl.cli.lesson.embeddings_command import EMBEDDINGS
    from pyxl.cli.lesson.factors_command import FACTORS
    from pyxl.cli.lesson.optimizers_command import OPTIMIZERS_COMMAND
    from pyxl.cli.models.bias_command import BIAS
    from pyxl.cli.models.bulk_commands import PREDICT, RECOMMEND
    from pyxl.cli.models.fold_in_command import FOLD_IN
    from pyxl.cli.models.judging_commands import CROSS_VALIDATE, LEARNING_CURVE, LR_FIND, SEARCH
    from pyxl.cli.models.look_command import LOOK_COMMAND
    from pyxl.cli.models.map_command import MAP
    from pyxl.cli.models.model_commands import EVALUATE, EXPLAIN, SIMILAR
    from pyxl.cli.models.store_commands import PREPARE
    from pyxl.cli.models.train_command import TRAIN
    from pyxl.cli.sheets.addin_command import ADDIN
    from pyxl.cli.sheets.build_commands import DEMO, EXAMPLES, EXPORT, NEW, UPDATE
    from pyxl.cli.sheets.doctor_command import DOCTOR
    from pyxl.cli.sheets.functions_command import FUNCTIONS_COMMAND
    from pyxl.cli.sheets.landscape_command import LANDSCAPE
    from pyxl.cli.sheets.mcp_command import MCP
    from pyxl.cli.sheets.problem_commands import CHECK_GRADIENT
    from pyxl.cli.sheets.recalculate_command import RECALCULATE
    from pyxl.cli.sheets.serve_command import SERVE
    from pyxl.cli.sheets.workbook_commands import FIT, GOAL_SEEK, INSPECT, RESTORE
    asking = (with_report(command, REPORTS[command.name]) for command in (SIMILAR, EXPLAIN, EVALUATE))
    return (DEMO, NEW, UPDATE, INSPECT, FIT, GOAL_SEEK, RESTORE,
            CHECK_GRADIENT, RECALCULATE, EXAMPLES, EMBEDDINGS, FACTORS, LANDSCAPE, OPTIMIZERS_COMMAND,
            LOOK_COMMAND, PREPARE, TRAIN, RECOMMEND, PREDICT, *asking, FOLD_IN, BIAS, MAP, EXPORT,
            CROSS_VALIDATE, SEARCH, LEARNING_CURVE, LR_FIND, DOCTOR, ADDIN, FUNCTIONS_COMMAND, SERVE, MCP)


if __name__ == "__main__":
    sys.exit(main())
