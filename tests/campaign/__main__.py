"""Run the campaign, or one case of it again, or write docs/reliability.md from what a run left."""

from __future__ import annotations

import argparse
import faulthandler
import json
import platform
import secrets
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from campaign.kinds import KINDS
from campaign.report import reliability
from campaign.shrink import shrunk
from campaign.verdict import Verdict, judged
from campaign.workbook_kinds import judge_package, package_of


def attacked(kind: str, *, first: int, seconds: float, most: int) -> dict:
    """Try cases of a kind for so long, or so many; what came of them. The case is noted before it is tried, as it may end us."""
    KINDS[kind].warm_up()
    counts, failures, began, cpu = Counter(), {}, time.monotonic(), time.process_time()
    number = first
    while number - first < most and (time.monotonic() - began < seconds or number == first):
        print(f"{kind} {number}", file=sys.stderr, flush=True)
        verdict = judged(kind, number, lambda: KINDS[kind].attempt(number))  # noqa: B023  (called at once)
        counts[verdict.outcome] += 1
        if verdict.outcome == "failed":
            failures.setdefault(verdict.signature, verdict)
        number += 1
    return {"kind": kind, "first": first, "tried": sum(counts.values()), **{name: counts[name] for name in ("answered", "refused", "failed")},
            "seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - cpu, "failures": [asdict(one) for one in failures.values()]}


def main() -> int:
    """The exit code: 1 where a case failed."""
    parser = argparse.ArgumentParser(prog="python -m campaign", description=__doc__)
    parser.add_argument("number", nargs="?", type=int, help="with --only: this case alone")
    parser.add_argument("--shrink", type=Path, metavar="FILE", help="with a case of packages: write the smallest workbook that fails so")
    parser.add_argument("--only", choices=KINDS, help="one kind")
    parser.add_argument("--seconds", type=float, default=60, help="for all kinds together")
    parser.add_argument("--long", action="store_true", help="as many cases as the long form wants, however long it takes")
    parser.add_argument("--seed", type=int, help="number of the first case (default: drawn)")
    parser.add_argument("--json", type=Path, help="where to leave what came of it")
    parser.add_argument("--report", type=Path, help="write this page from it")
    args = parser.parse_args()
    faulthandler.enable()
    if args.only and args.number is not None:
        KINDS[args.only].warm_up()
        verdict = judged(args.only, args.number, lambda: KINDS[args.only].attempt(args.number))
        print(f"{verdict.kind} {verdict.number}: {verdict.outcome}\n{verdict.why}")
        if args.shrink and args.only == "packages" and verdict.outcome == "failed":
            args.shrink.write_bytes(shrunk(package_of(args.number), lambda content: _fails_so(content, verdict)))
        return int(verdict.outcome == "failed")
    seed = secrets.randbelow(10**9) if args.seed is None else args.seed
    print(f"seed {seed}", flush=True)
    kinds = {args.only: KINDS[args.only]} if args.only else KINDS
    whole, results = sum(kind.share for kind in kinds.values()), []
    for name, kind in kinds.items():
        seconds = float("inf") if args.long else args.seconds * kind.share / whole
        results.append(attacked(name, first=seed, seconds=seconds, most=kind.long if args.long else sys.maxsize))
        last = results[-1]
        print(f"{name:<9} {last['tried']:>8,} tried, {last['answered']:>8,} answered, {last['refused']:>8,} refused, "
              f"{last['failed']:>3,} failed, {last['seconds']:.0f} s", flush=True)
        for failure in last["failures"]:
            print(_told(Verdict(**failure)), flush=True)
    run = {"seed": seed, "python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}", "results": results}
    if args.json:
        args.json.write_text(json.dumps(run, indent=1))
    if args.report:
        args.report.write_text(reliability(run), encoding="utf-8")
    return int(any(result["failed"] for result in results))


def _fails_so(content: bytes, verdict: Verdict) -> bool:
    return judged("packages", verdict.number, lambda: judge_package(content, verdict.number)).signature == verdict.signature


def _told(verdict: Verdict) -> str:
    return f"  again by: python -m campaign --only {verdict.kind} {verdict.number}\n  {verdict.why.strip()[-700:]}"


if __name__ == "__main__":
    sys.exit(main())
