"""What the benchmarks share: every task in a process of its own, results as lines of JSON, tables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from machine import about

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "benchmarks"  # results of every part, and data that more than one task reads
KEPT = ROOT / "tests" / "benchmarks" / "measured"  # what stays with the code, so that a part of it can be measured again
PICTURES = ROOT / "docs" / "pictures"
sys.path[:0] = [str(ROOT)]


def run_task(script: str, task: dict, *, seconds: float, threads: int = 2) -> dict:
    """What the task returned, or ``{"failed": why}``: a peer that breaks or hangs must not end the run.

    It runs in a process of its own, so that imports, threads and memory are those of the task
    alone; after `seconds` it is ended.
    """
    environment = os.environ | {name: str(threads) for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS")}
    environment["PYTHONWARNINGS"] = "ignore"
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        try:
            ran = subprocess.run([sys.executable, script, "--task", json.dumps(task), "--answer", str(answer)],
                                 capture_output=True, text=True, timeout=seconds, env=environment)
        except subprocess.TimeoutExpired:
            return {"failed": f"not done after {seconds:.0f} s"}
        if answer.exists():
            return json.loads(answer.read_text())
    return {"failed": (ran.stderr.strip().splitlines() or [f"ended with {ran.returncode}"])[-1]}


def answer_task(arguments: Sequence[str], task: Callable[[dict], dict]) -> bool:
    """The other side of `run_task`: True where the command line asked for a task, which is then done."""
    if "--task" not in arguments:
        return False
    asked, answer = (arguments[arguments.index(option) + 1] for option in ("--task", "--answer"))
    Path(answer).write_text(json.dumps(task(json.loads(asked))))
    return True


def save(part: str, records: Iterable[dict]) -> None:
    """The part's results, in place of earlier ones, after a line on where and when they were made."""
    path = _path(part)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in (about(), *records)))


def load(part: str) -> tuple[dict, list[dict]]:
    """(where and when, the part's results); both empty where it has not been run."""
    path = _path(part)
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else [{}]
    return lines[0], lines[1:]


def _path(part: str) -> Path:
    return (KEPT if part == "frontier" else BUILD) / f"{part}.jsonl"


def kept_texts() -> dict[str, str]:
    """What was last filled into the page, by the names in its template: of parts whose records are not here."""
    path = KEPT / "texts.json"
    return json.loads(path.read_text()) if path.exists() else {}


def keep_texts(texts: dict[str, str]) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / "texts.json").write_text(json.dumps(texts, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, left: int = 1) -> str:
    """A table in Markdown, aligned so that it reads well as plain text; the first `left` columns are words."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ["| " + " | ".join(cell.ljust(width) if column < left else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(row, widths))) + " |" for row in cells]
    rule = "|" + "|".join("-" * (width + 2) if column < left else "-" * (width + 1) + ":"
                          for column, width in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def seconds_text(seconds: float) -> str:
    """Two digits that mean something: 0.0034, 0.21, 5.1, 98."""
    return f"{seconds:.0f}" if seconds >= 9.95 else f"{seconds:.{1 if seconds >= 0.995 else 2 if seconds >= 0.0995 else 3 if seconds >= 0.00995 else 4}f}"


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
