"""Real workbooks of many programs: what people do with each is done, and judged as the campaign judges.

`PYTHONPATH=.:helpers:.. python -m campaign.real_books FOLDER … --kept FILE` in tests/ looks at every workbook in these folders once, whatever
names its bytes have. It may be cut short, and goes on after what FILE holds; `--office 150` lets LibreOffice read the edits of so many, too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import re
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from campaign.book_acts import ACTS, schemas, tried_on
from campaign.office_kind import refuse_unless_read, warm_up
from campaign.verdict import judged
from pyxl.grid.cells import Cell

_ENDINGS = (".xlsx", ".xlsm")
_CPU = 120      # seconds of a processor for all acts on a workbook, openpyxl's reading with them
_PATIENCE = 900     # seconds on the clock, after which a process that does nothing is given up


def main() -> int:
    """The exit code: 1 where an act failed."""
    parser = argparse.ArgumentParser(prog="python -m campaign.real_books", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="folders of workbooks, or workbooks")
    parser.add_argument("--kept", type=Path, required=True, metavar="FILE", help="a line of JSON for every workbook; those in it are not tried again")
    parser.add_argument("--office", type=int, default=0, metavar="N", help="how many of the edited copies LibreOffice reads, too")
    args = parser.parse_args()
    kept = {line["sha256"]: line for line in _lines(args.kept)}
    given = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in _workbooks(args.folders)}
    asked = sum("office" in line["acts"] for line in kept.values())
    schemas()
    import pyxl.fit.press_fit
    assert pyxl.fit.press_fit       # and torch with it, once for all that are forked
    with args.kept.open("a", encoding="utf-8") as file:
        for sha, path in sorted(given.items(), key=lambda item: item[1].stat().st_size):     # giants come last
            if sha in kept:
                continue
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder) / f"out{path.suffix.lower()}"
                line = {"sha256": sha, "name": path.name, **_in_a_process(path, out)}
                if asked < args.office and (edits := line["acts"].get("edit", {}).get("edits")):
                    line["acts"]["office"] = _asked_the_office(path, out, edits)
                    asked += 1
            kept[sha] = line
            file.write(json.dumps(line) + "\n")
            file.flush()
    print("\n".join(_told([kept[sha] for sha in sorted(given)])))
    return int(any(act.get("outcome") == "failed" for sha in given for act in kept[sha]["acts"].values()))


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _workbooks(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from [folder] if folder.is_file() else (path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)


def _in_a_process(path: Path, out: Path) -> dict:
    """The verdicts on a workbook, from a process that it may end."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def work():
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU, _CPU))
        theirs.send(tried_on(path, out))
    process = context.Process(target=work)
    process.start()
    theirs.close()
    try:
        found = ours.recv() if ours.poll(_PATIENCE) else None
    except EOFError:
        found = None
    if found is None:
        process.kill()
    process.join()
    return found or {"by": "unknown", "acts": {"all": {"outcome": "failed", "why": f"The process ended with {process.exitcode}."}}}


def _asked_the_office(path: Path, out: Path, edits: dict) -> dict:
    oracle = warm_up()
    if oracle is None:
        return {}
    read = {sheet: {Cell.parse(cell): value for cell, value in cells.items()} for sheet, cells in edits.items()}
    verdict = judged("office", 0, lambda: refuse_unless_read(oracle, path, out, read))
    return {"outcome": verdict.outcome, "why": verdict.why}


def _told(lines: list[dict]) -> Iterator[str]:
    """What came of each act, what failed, what doctor called damaged, and how many formula cells are equal."""
    yield f"{len(lines):,} workbooks: " + ", ".join(f"{n:,} by {program}" for program, n in Counter(line["by"] for line in lines).most_common(8))
    for name in (*ACTS, "office", "all"):
        acts = [line["acts"][name] for line in lines if name in line["acts"]]
        counts = Counter(act["outcome"] for act in acts if act)
        yield f"{name}: " + ", ".join(f"{n:,} {outcome}" for outcome, n in counts.most_common())
        sentences = Counter(re.sub(r"'[^']*'|\b[A-Z]*\d+", "…", act["why"]) for act in acts if act.get("outcome") == "refused")
        yield from (f"  {n:,} refused: {sentence}" for sentence, n in sentences.most_common())
    for line in lines:
        for name, act in line["acts"].items():
            if act.get("outcome") == "failed":
                yield f"FAILED {name} {line['name']}: {act['why'].strip().splitlines()[-1]}"
            yield from (f"ALARM {line['name']}: {alarm}" for alarm in act.get("alarms", [])[:1])
            yield from (f"UNLIKE {line['name']} {one}" for one in act.get("differences", [])[:1] if name == "as openpyxl")
    for program in (None, "Microsoft Excel"):
        sums: Counter[str] = Counter()
        for line in lines:
            if program in (None, line["by"]):
                found = line["acts"].get("recalculate", {})
                sums.update({key: found.get(key, 0) for key in ("equal", "different", "unstored", "refused", "volatile")})
        yield f"formula cells{f' of {program}' if program else ''}: " + ", ".join(f"{n:,} {key}" for key, n in sums.items())


if __name__ == "__main__":
    sys.exit(main())
