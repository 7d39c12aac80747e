"""Starts the processes of a fit by torch's elastic agent: ``python -m solver.distributed.agent task.json 4 4711`` starts 4 of
them for the process 4711.

The agent is a process by itself, so that it has signals and imports of its own. When it loses a process of the fit, it starts
all of them again.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from solver.orphans import end_with_parent

RESTARTS = 3            # of all processes, where one of them is lost


def main() -> int:
    """Start so many processes and wait for them."""
    end_with_parent(int(sys.argv[3]))
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    task = Path(sys.argv[1])
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    config = LaunchConfig(min_nodes=1, max_nodes=1, nproc_per_node=int(sys.argv[2]), run_id=f"collabsheet-{os.getpid()}", rdzv_backend="c10d",
                          rdzv_endpoint="localhost:0", max_restarts=RESTARTS, monitor_interval=0.1, local_addr="localhost",
                          logs_specs=DefaultLogsSpecs(str(task.parent / "log"), redirects=Std.OUT | Std.ERR))
    try:
        elastic_launch(config, sys.executable)("-m", "solver.distributed.worker", str(task), str(os.getpid()))
    except ChildFailedError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
