"""docs/reliability.md: what the campaign tried, what failed, how long it took."""

from __future__ import annotations

_HEAD = """# How reliable it is

Every change is attacked by seeded mutations before it lands (`tests/test_campaign.py`, about a minute, a fresh seed each time);
`make campaign` attacks for as long as one likes and writes this page. What is judged: a case ends with an answer or with one
sentence, within {cpu} s of CPU and {memory:,} MB; a workbook that was saved is well-formed, holds every edit (read back by collabsheet, by
a plain XML tree and by openpyxl), and is untouched elsewhere; a save that fails or is killed leaves the old file or the new one.

| kind | what is tried |
|---|---|
| packages | workbooks whose XML, parts or zip were changed: inspected, edited, saved |
| sheets | sound but odd sheets, edited, against a plain tree of the same XML |
| formulas | any functions of any arguments, nested |
| ratings | CSV, gzip and Parquet tables, broken |
| models | model folders whose document or numbers were changed: loaded and asked |
| kills | SIGKILL at a random moment of a save |
| disks | a call of the system's that fails during a save |

## The last run

"""
_FOOT = """
One case again, in `tests/`: `PYTHONPATH=.:helpers:.. python -m campaign --only KIND NUMBER`. The long form asks for {long}; the run above says how many it was.
"""


def reliability(run: dict) -> str:
    """The page, from what a run left."""
    from campaign.kinds import KINDS
    from campaign.verdict import CPU_SECONDS, MEMORY

    lines = [f"Seed {run['seed']}, Python {run['python']}, {run['machine']}.", "",
             "| kind | tried | answered | refused | failed | seconds of CPU |", "|---|---:|---:|---:|---:|---:|"]
    for result in run["results"]:
        lines.append(f"| {result['kind']} | {result['tried']:,} | {result['answered']:,} | {result['refused']:,} | {result['failed']:,} | "
                     f"{result['cpu_seconds']:,.0f} |")
    failures = [failure for result in run["results"] for failure in result["failures"]]
    lines += ["", f"**{sum(result['tried'] for result in run['results']):,} cases, {len(failures)} kinds of failure.**"]
    lines += [f"- {failure['kind']} {failure['number']}: {failure['why'].strip().splitlines()[-1]}" for failure in failures]
    long = ", ".join(f"{kind.long:,} {name}" for name, kind in KINDS.items())
    return _HEAD.format(cpu=CPU_SECONDS, memory=MEMORY >> 20) + "\n".join(lines) + "\n" + _FOOT.format(long=long)
