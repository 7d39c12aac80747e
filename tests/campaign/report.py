"""docs/reliability.md: what the campaign tried, what failed, how long it took."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from campaign.kinds import KINDS
from campaign.verdict import CPU_SECONDS, MEMORY

TEMPLATE = Path(__file__).with_name("reliability.template.md")


def reliability(ranges: Sequence[Mapping]) -> str:
    """The page, from the ranges that were tried: those of one kind are added up."""
    lines = ["| kind | what is tried | cases | answered | refused | failed | seconds of CPU |", "|---|---|---:|---:|---:|---:|---:|"]
    for name, kind in KINDS.items():
        of_kind = [one for one in ranges if one["kind"] == name]
        sums = {column: sum(one[column] for one in of_kind) for column in ("tried", "answered", "refused", "failed", "cpu_seconds")}
        cases = f"{sums['tried']:,} of {kind.long:,}" + (f" ({sums['tried'] * kind.pieces:,} {name})" if kind.pieces > 1 else "")
        lines.append(f"| {name} | {kind.what} | {cases} | {sums['answered']:,} | {sums['refused']:,} | {sums['failed']:,} | {sums['cpu_seconds']:,.0f} |")
    failures = [failure for one in ranges for failure in one["failures"]]
    lines += ["", f"**{sum(one['tried'] for one in ranges):,} cases, {_counted(len(failures))} of failure.**"]
    lines += [f"- {failure['kind']} {failure['number']}: {_in_short(failure)}" for failure in failures]
    tried = [f"| {one['kind']} | {one['first']} | {one['tried']:,} | {one['code']} |" for one in ranges]
    return TEMPLATE.read_text(encoding="utf-8").format(
        cpu=CPU_SECONDS, memory=MEMORY >> 20, table="\n".join(lines), ranges="\n".join(tried),
        surroundings=", ".join(sorted({f"Python {one['python']} on {one['machine']}" for one in ranges})))


def _in_short(failure: Mapping) -> str:
    """The formula that fails, or how a failure ends."""
    if failure["kind"] == "formulas" and failure["small"]:
        return failure["small"]
    return re.sub(r"\S{80,}", lambda found: found[0][:60] + "…", failure["why"].strip().splitlines()[-1])


def _counted(kinds: int) -> str:
    return f"{kinds or 'no'} kind{'s' * (kinds != 1)}"
