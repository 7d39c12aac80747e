"""The process in which a job runs: it waits, warm, for one job, does it, and ends. It sends JSON, never pickles: even if a
workbook took this process over, it could run nothing in the service."""

from __future__ import annotations

import json
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pyxl.base.known_failures import remedy
from pyxl.base.log_file import log_failure
from solver.errors import UserError

STOP_ASKED = b"stop"
# how libraries say that no memory is left; the last one says it of a thread's stack
_NO_MEMORY = ("out of memory", "can't allocate", "cannot allocate", "not enough memory", "bad_alloc", "resource temporarily unavailable")
WARM = ("torch", "numba", "pandas", "pyxl.serve.jobs.job_kinds", "pyxl.fit.press_fit", "pyxl.fit.fit_messages", "solver.fitting.fit_ratings",
        "solver.fitting.start_values", "solver.judging.metrics", "solver.collab.collab_filter", "workbook.builder")   # loaded before a job comes


def wait_for_job(pipe: Connection, memory: int) -> None:
    """Load what jobs use, say so, then do the one job that comes through the pipe.

    Messages out: ``{"warm": true}``, ``{"told": […]}`` as often as the job tells something, last ``{"result": …}`` or
    ``{"error": sentence}``. `memory`: bytes that the job may take beyond what is loaded.
    """
    from importlib import import_module

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for name in WARM:
        import_module(name)
    _limit_memory(memory)
    pipe.send_bytes(json.dumps({"warm": True}).encode())
    try:
        asked = json.loads(pipe.recv_bytes())
    except (EOFError, OSError, KeyboardInterrupt):      # the service has ended
        return
    pipe.send_bytes(json.dumps(_done(pipe, asked)).encode())


def _done(pipe: Connection, asked: dict[str, Any]) -> dict[str, Any]:
    from .job_kinds import JOB_KINDS, Work

    stopped = False

    def stop_asked() -> bool:
        nonlocal stopped
        stopped = stopped or (pipe.poll() and pipe.recv_bytes() == STOP_ASKED)
        return stopped

    source = Path(asked["source"]) if asked["source"] else None
    work = Work(source, Path(asked["target"]), asked["asked"], lambda told: pipe.send_bytes(json.dumps({"told": told}).encode()), stop_asked)
    try:
        return {"result": JOB_KINDS[asked["kind"]].run(work), "stopped": stopped}
    except UserError as why:
        return {"error": _named(str(why), source, asked["name"])}
    except Exception as why:
        if isinstance(why, MemoryError) or any(sign in str(why).lower() for sign in _NO_MEMORY):
            return {"error": "There is too little memory for this here. Take a smaller file."}
        return _defect(asked["kind"], why)


def _defect(kind: str, why: Exception) -> dict[str, Any]:
    if sentence := remedy(why):
        return {"error": sentence}
    return {"error": f"Unexpected {type(why).__name__}. This is a defect of collabsheet. (Details: {log_failure(f'serve: {kind}', why)})"}


def _named(sentence: str, source: Path | None, name: str) -> str:
    """The sentence with the user's name of the file in place of its name on disk."""
    return sentence if source is None else sentence.replace(str(source), name).replace(source.name, name)


def _limit_memory(more: int) -> None:
    """On Linux, let the process take at most `more` bytes of writable memory beyond what it has now. Elsewhere only the time limit
    holds.

    The address space is not limited, because CUDA reserves far more of it than it uses."""
    if sys.platform != "linux":
        return
    import resource

    now = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (now + more, now + more))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
