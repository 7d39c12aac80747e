"""Run the campaign, or one case of it again, or write docs/reliability.md from what runs left."""

from __future__ import annotations

import argparse
import faulthandler
import secrets
import sys
from pathlib import Path

from campaign.attack import attacked, tried, tried_again
from campaign.kinds import KINDS
from campaign.ranges import Ranges, next_number, read_ranges, tried_before, write_ranges
from campaign.report import reliability

FINDINGS = Path(__file__).parents[2] / "build" / "campaign"


def main() -> int:
    """The exit code: 1 where a case failed."""
    parser = argparse.ArgumentParser(prog="python -m campaign", description=__doc__)
    parser.add_argument("number", nargs="?", type=int, help="with --only: this case alone")
    parser.add_argument("--only", choices=KINDS, help="one kind")
    parser.add_argument("--file", type=Path, help="with --only packages and a number: judge this workbook, with the edits of that case")
    parser.add_argument("--seconds", type=float, default=60, help="for all kinds together; inf: until all cases are tried")
    parser.add_argument("--cases", type=int, default=sys.maxsize, help="of each kind at most so many; 0: only write the page")
    parser.add_argument("--long", action="store_true", help="as many cases as the long form still lacks in --runs")
    parser.add_argument("--seed", type=int, help="number of the first case (default: the next one in --runs, or drawn)")
    parser.add_argument("--runs", type=Path, metavar="JSON", help="keep what was tried here, while it runs too, and go on after what is there")
    parser.add_argument("--report", type=Path, help="write this page from all that was tried")
    args = parser.parse_args()
    faulthandler.enable()
    if args.only and args.number is not None:
        KINDS[args.only].warm_up()
        verdict = tried_again(args.file, args.number) if args.file else tried(args.only, args.number)
        print(f"{verdict.kind} {verdict.number}: {verdict.outcome}\n{verdict.why}")
        return int(verdict.outcome == "failed")
    ranges = read_ranges(args.runs) if args.runs else []
    failed = _run(args, ranges)
    if args.report:
        args.report.write_text(reliability(ranges), encoding="utf-8")
    return int(failed)


def _run(args: argparse.Namespace, ranges: Ranges) -> bool:
    """Attack each kind and add what was tried to `ranges`; whether a case failed."""
    drawn = secrets.randbelow(10**9) if args.seed is None else args.seed
    kinds = {args.only: KINDS[args.only]} if args.only else KINDS
    whole, failed = sum(kind.share for kind in kinds.values()), False
    for name, kind in kinds.items():
        most = min(args.cases, kind.long - tried_before(ranges, name)) if args.long else args.cases
        if most <= 0:
            continue
        first = drawn if args.seed is not None else next_number(ranges, name, drawn)
        print(f"seed {first}", flush=True)

        def leave(now: dict) -> None:
            if args.runs:
                write_ranges(args.runs, [*ranges, now])
        last = attacked(name, first=first, seconds=args.seconds * kind.share / whole, most=most, findings=FINDINGS, note=leave)
        leave(last)
        ranges.append(last)
        failed = failed or bool(last["failed"])
        print(f"{name:<9} {last['tried']:>8,} tried, {last['answered']:>8,} answered, {last['refused']:>8,} refused, "
              f"{last['failed']:>3,} failed, {last['seconds']:.0f} s", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
