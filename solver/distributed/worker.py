"""A process of a fit of a store: ``python -m solver.distributed.worker task.json 4711``, under torch's elastic agent, whose
number is 4711."""

from __future__ import annotations

import sys
from pathlib import Path

from solver.disk import why_not_saved
from solver.errors import UserError
from solver.orphans import end_with_parent

from .fit_store import FAILURE_FILE, stored_task
from .group import joined_group
from .passes import run_passes


def main() -> int:
    """Do the part of the fit that is this process's."""
    end_with_parent(int(sys.argv[2]))
    task = stored_task(Path(sys.argv[1]))
    try:
        with joined_group() as group:
            run_passes(task, group)
    except UserError as error:
        return _failed(task.folder, str(error))
    except OSError as error:
        return _failed(task.folder, f"The pass could not be written: {why_not_saved(error)}, and run the same command again: it goes on from "
                                    "the last pass.")
    return 0


def _failed(folder: str, sentence: str) -> int:
    (Path(folder) / FAILURE_FILE).write_text(sentence)
    print(sentence, file=sys.stderr)    # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
