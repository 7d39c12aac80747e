"""docs/reliability.md: what the campaign tried, what failed, how long it took."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from campaign.kinds import KINDS
from campaign.verdict import CPU_SECONDS, MEMORY

TEMPLATE = Path(__file__).with_name("reliability.template.md")


def reliability(runs: Sequence[Mapping]) -> str:
    """The page, from what runs left: those of one kind are added up."""
    lines = ["| kind | what is tried | cases | answered | refused | failed | seconds of CPU |", "|---|---|---:|---:|---:|---:|---:|"]
    results = [result for run in runs for result in run["results"]]
    for name, kind in KINDS.items():
        of_kind = [result for result in results if result["kind"] == name]
        sums = {column: sum(result[column] for result in of_kind) for column in ("tried", "answered", "refused", "failed", "cpu_seconds")}
        cases = f"{sums['tried']:,} of {kind.long:,}" + (f" ({sums['tried'] * kind.pieces:,} {name})" if kind.pieces > 1 else "")
        lines.append(f"| {name} | {kind.what} | {cases} | {sums['answered']:,} | {sums['refused']:,} | {sums['failed']:,} | {sums['cpu_seconds']:,.0f} |")
    failures = [failure for result in results for failure in result["failures"]]
    lines += ["", f"**{sum(result['tried'] for result in results):,} cases, {_counted(len(failures))} of failure.**"]
    lines += [f"- {failure['kind']} {failure['number']}: {_in_short(failure)}" for failure in failures]
    seeds = ", ".join(f"{result['kind']} {result['first']}" for result in results)
    return TEMPLATE.read_text(encoding="utf-8").format(
        cpu=CPU_SECONDS, memory=MEMORY >> 20, table="\n".join(lines), seeds=seeds, python=runs[-1]["python"], machine=runs[-1]["machine"])


def _in_short(failure: Mapping) -> str:
    """The formula that fails, or how a failure ends."""
    if failure["kind"] == "formulas" and failure["small"]:
        return failure["small"]
    return re.sub(r"\S{80,}", lambda found: found[0][:60] + "…", failure["why"].strip().splitlines()[-1])


def _counted(kinds: int) -> str:
    return f"{kinds or 'no'} kind{'s' * (kinds != 1)}"
