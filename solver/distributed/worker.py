"""A process of a fit of a store: ``python -m solver.distributed.worker task.json 4711``, under torch's elastic agent, whose
number is 4711. Under Ray or Spark, their workers call `do_task`."""

from __future__ import annotations

import sys
from pathlib import Path

from solver.disk import why_not_saved
from solver.errors import UserError
from solver.orphans import end_with_parent

from .fit_store import stored_task, tell_failure
from .group import LostConnection, joined_group
from .passes import run_passes


def main() -> int:
    """Do the part of the fit that is this process's."""
    end_with_parent(int(sys.argv[2]))
    try:
        do_task(Path(sys.argv[1]))
    except UserError as error:
        print(error, file=sys.stderr)    # noqa: T201
        return 1
    return 0


def do_task(path: Path) -> None:
    """Do this process's part of the fit whose task is in a file. An error that a restart would not mend is also written to a file
    beside the task."""
    task = stored_task(path)
    try:
        with joined_group() as group:
            run_passes(task, group)
    except LostConnection:
        raise
    except UserError as error:
        tell_failure(Path(task.folder), str(error))
        raise
    except OSError as error:
        sentence = (f"The pass could not be written: {why_not_saved(error)}, and run the same command again: it goes on from the last pass.")
        tell_failure(Path(task.folder), sentence)
        raise UserError(sentence) from None


if __name__ == "__main__":
    sys.exit(main())
