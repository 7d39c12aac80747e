"""Run the campaign, or one case of it again, or write docs/reliability.md from what runs left."""

from __future__ import annotations

import argparse
import faulthandler
import json
import platform
import secrets
import sys
from pathlib import Path

from campaign.attack import attacked, tried, tried_again
from campaign.kinds import KINDS
from campaign.report import reliability

FINDINGS = Path(__file__).parents[2] / "build" / "campaign"


def main() -> int:
    """The exit code: 1 where a case failed."""
    parser = argparse.ArgumentParser(prog="python -m campaign", description=__doc__)
    parser.add_argument("number", nargs="?", type=int, help="with --only: this case alone")
    parser.add_argument("--only", choices=KINDS, help="one kind")
    parser.add_argument("--file", type=Path, help="with --only packages and a number: judge this workbook, with the edits of that case")
    parser.add_argument("--seconds", type=float, default=60, help="for all kinds together")
    parser.add_argument("--cases", type=int, default=sys.maxsize, help="of each kind at most so many")
    parser.add_argument("--long", action="store_true", help="as many cases as the long form wants, however long it takes")
    parser.add_argument("--seed", type=int, help="number of the first case (default: drawn)")
    parser.add_argument("--json", type=Path, help="where to leave what came of it, while it runs too")
    parser.add_argument("--report", type=Path, help="write this page from it")
    parser.add_argument("--of", type=Path, nargs="+", metavar="JSON", help="run nothing: write the page of these runs")
    args = parser.parse_args()
    faulthandler.enable()
    if args.of:
        args.report.write_text(reliability([json.loads(path.read_text()) for path in args.of]), encoding="utf-8")
        return 0
    if args.only and args.number is not None:
        KINDS[args.only].warm_up()
        verdict = tried_again(args.file, args.number) if args.file else tried(args.only, args.number)
        print(f"{verdict.kind} {verdict.number}: {verdict.outcome}\n{verdict.why}")
        return int(verdict.outcome == "failed")
    seed = secrets.randbelow(10**9) if args.seed is None else args.seed
    print(f"seed {seed}", flush=True)
    kinds = {args.only: KINDS[args.only]} if args.only else KINDS
    whole, results = sum(kind.share for kind in kinds.values()), []

    def run(*more: dict) -> dict:
        return {"seed": seed, "python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}", "results": [*results, *more]}

    def leave(*more: dict) -> None:
        if args.json:
            args.json.write_text(json.dumps(run(*more), indent=1))
    for name, kind in kinds.items():
        seconds = float("inf") if args.long else args.seconds * kind.share / whole
        results.append(attacked(name, first=seed, seconds=seconds, most=kind.long if args.long else args.cases, findings=FINDINGS, note=leave))
        leave()
        last = results[-1]
        print(f"{name:<9} {last['tried']:>8,} tried, {last['answered']:>8,} answered, {last['refused']:>8,} refused, "
              f"{last['failed']:>3,} failed, {last['seconds']:.0f} s", flush=True)
    if args.report:
        args.report.write_text(reliability([run()]), encoding="utf-8")
    return int(any(result["failed"] for result in results))


if __name__ == "__main__":
    sys.exit(main())
