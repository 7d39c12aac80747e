"""Tries cases of a kind, one after the other, and tells what failed as soon as it did, made small."""

from __future__ import annotations

import gc
import os
import platform
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from campaign.formula_kind import formula_of, judge_formula
from campaign.kinds import KINDS
from campaign.shrink import shrunk, shrunk_formula
from campaign.verdict import Verdict, judged
from campaign.workbook_kinds import judge_package, package_of

_EVERY = 30.0       # seconds between two notes of how far a long run is


def attacked(kind: str, *, first: int, seconds: float, most: int, findings: Path | None, note: Callable[[dict], None] = lambda _: None) -> dict:
    """Try cases of a kind for so long, or so many; the range of them that was tried. `note` is given the same now and then.

    The case is noted on stderr before it is tried, as it may end us. A failure is told once for each signature; a small workbook
    that fails in the same way is left in the folder `findings`.
    """
    KINDS[kind].warm_up()
    gc.freeze()     # the libraries are never garbage: a fifth of a case's time was looking through them
    counts, failures, began, cpu = Counter(), {}, time.monotonic(), _cpu_seconds()
    surroundings = {"code": _code(), "python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}
    number, noted = first, began

    def so_far() -> dict:
        return {"kind": kind, "first": first, "tried": number - first, **{name: counts[name] for name in ("answered", "refused", "failed")},
                "seconds": time.monotonic() - began, "cpu_seconds": _cpu_seconds() - cpu, "failures": [_kept(one) for one in failures.values()], **surroundings}
    while number - first < most and (time.monotonic() - began < seconds or number == first):
        print(f"{kind} {number}", file=sys.stderr, flush=True)
        verdict = tried(kind, number)
        counts[verdict.outcome] += 1
        if verdict.outcome == "failed" and verdict.signature not in failures:
            failures[verdict.signature] = verdict = replace(verdict, small=_small(verdict, findings))
            print(told(verdict), flush=True)
        number += 1
        if time.monotonic() - noted > _EVERY:
            noted = time.monotonic()
            note(so_far())
    return so_far()


def _kept(failure: Verdict) -> dict:
    """What is worth keeping of a failure: no trace, which names this machine's folders."""
    return asdict(replace(failure, why=failure.why.strip().splitlines()[-1], small="" if failure.small.endswith(".xlsx") else failure.small))


def _cpu_seconds() -> float:
    """Those of this process and of the ones it started that have ended."""
    return sum(os.times()[:4])


def _code() -> str:
    """The commit that is attacked, if git knows."""
    try:
        return subprocess.run(["git", "describe", "--always", "--dirty", "--exclude=*"], cwd=Path(__file__).parent, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def tried(kind: str, number: int) -> Verdict:
    """The verdict on one case."""
    return judged(kind, number, lambda: KINDS[kind].attempt(number))


def tried_again(path: Path, number: int) -> Verdict:
    """The verdict on a workbook that was shrunk from a case of the kind `packages`."""
    return judged("packages", number, lambda: judge_package(path.read_bytes(), number))


def told(failure: Verdict) -> str:
    """A failure, how to see it again, and its smallest form."""
    as_file = failure.small.endswith(".xlsx")
    again = f"python -m campaign --only {failure.kind} {failure.number} --file {failure.small}" if as_file else failure.small
    small = f"\n  small: {again}" if failure.small else ""
    return f"  again by: python -m campaign --only {failure.kind} {failure.number}{small}\n  {failure.why.strip()[-700:]}"


def _small(failure: Verdict, findings: Path | None) -> str:
    """The smallest formula that fails in the same way, or the name of the smallest workbook; nothing for other kinds."""
    if failure.kind == "formulas":
        text, array = formula_of(failure.number)
        return "=" + shrunk_formula(text, lambda less: _cause(judged("formulas", 0, lambda: judge_formula(less, array))) == _cause(failure))
    if failure.kind == "packages" and findings is not None:
        findings.mkdir(parents=True, exist_ok=True)
        path = findings / f"packages-{failure.number}.xlsx"
        path.write_bytes(shrunk(package_of(failure.number), lambda content: judged(
            "packages", failure.number, lambda: judge_package(content, failure.number)).signature == failure.signature, most=500))
        return str(path)
    return ""


def _cause(verdict: Verdict) -> str:
    """What formulas that fail alike say: all but the formula itself."""
    return verdict.why.rpartition(" gives ")[2] if verdict.outcome == "failed" else ""
