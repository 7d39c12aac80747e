"""The attack campaign, the short form: what failed once first, then new cases for about eight seconds.

Their seed is drawn and printed; CAMPAIGN_SEED sets one. A case that fails prints how to try it again, and its smallest
form: mend it, and add its number to REGRESSIONS. `make campaign` is the long form.
"""

from __future__ import annotations

import io
import os
import random
import secrets
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from campaign.dom import compare_sheets, in_order
from campaign.kinds import KINDS
from campaign.ranges import read_ranges, write_ranges
from campaign.report import reliability
from campaign.verdict import Failed, judged
from packages import parts_of, worksheet, zipped

from pyxl.grid.cells import Cell

HERE = Path(__file__).parent
SECONDS = 8        # of the clock, for all kinds together; on a busy machine fewer cases are tried, not more time is taken
CASES = 30          # of each kind at most
# Cases that failed once: (kind, number) -> what was wrong. A change of a generator gives them another content: then they are new cases.
REGRESSIONS = [
    ("packages", 85), ("packages", 162), ("packages", 501207159), ("packages", 501207287), ("packages", 501207579), ("ratings", 4), ("ratings", 774743), ("ratings", 31400148), ("models", 31400183), ("packages", 31400062), ("packages", 31400085),
    ("ratings", 940002407),     # a number with a separator of groups behind it
    ("ratings", 905002416), ("models", 905003464),      # a sentence of several lines; a whole number that is no float
    ("packages", 710007349), ("packages", 913003052), ("packages", 913024500),      # a sheet's name, an address of 40,000 characters in a sentence; a cell inside a cell
    ("formulas", 700003157), ("formulas", 700089455), ("formulas", 800047784),      # an array and a LAMBDA where one value is wanted; FIXED(1E300,…)
    ("packages", 917033984),    # solver_num is INF
    ("packages", 917052719),    # a value among a cell's extensions was taken for the cell's
    ("packages", 917049870),    # the judge took a text among a cell's extensions for its value
    ("packages", 921007470),    # a row before the table of cells
    ("packages", 930057662),    # ratings that are formulas, one of them a circle
    ("packages", 930097970),    # the judge asked openpyxl for a number that is shown as a date beyond the last one
    ("formulas", 930009130), ("formulas", 930044378), ("formulas", 930015912),      # week of day 0; a giant COMBINA; an array to fill up with
    ("formulas", 52023966),     # an array where ADDRESS takes one number
]


def campaign(*argv) -> subprocess.CompletedProcess:
    """In a process of its own, which a case may end."""
    return subprocess.run([sys.executable, "-m", "campaign", *map(str, argv)], cwd=HERE, capture_output=True, text=True, timeout=600,
                          env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (HERE, HERE / "helpers", HERE.parent)))})


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the judge asks Linux for the memory that a case takes")
def test_what_failed_once_does_not_fail_again():
    for kind in dict.fromkeys(kind for kind, _ in REGRESSIONS):
        KINDS[kind].warm_up()
    verdicts = [judged(kind, number, lambda kind=kind, number=number: KINDS[kind].attempt(number)) for kind, number in REGRESSIONS]
    assert not [verdict for verdict in verdicts if verdict.outcome == "failed"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the judge asks Linux for the memory that a case takes")
def test_an_attack_finds_nothing(tmp_path):
    seed = int(os.environ.get("CAMPAIGN_SEED") or secrets.randbelow(10**9))
    done = campaign("--seconds", SECONDS, "--cases", CASES, "--seed", seed, "--runs", tmp_path / "runs.json")
    print(done.stdout)
    last = "\n".join(done.stderr.splitlines()[-20:])
    assert (tmp_path / "runs.json").exists(), f"seed {seed}\n{done.stdout}\n{last}"      # else a case ended the process
    ranges = read_ranges(tmp_path / "runs.json")
    failures = [failure for one in ranges for failure in one["failures"]]
    assert not failures, f"seed {seed}\n{done.stdout}"
    assert {one["kind"] for one in ranges} == set(KINDS)
    answered, tried = (sum(one[column] for one in ranges) for column in ("answered", "tried"))
    assert answered > tried / 10        # a judge before whom all is refused would find nothing for ever
    assert f"| packages | {seed} |" in reliability(ranges)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the judge asks Linux for the memory that a case takes")
def test_a_long_run_goes_on_where_it_was_cut_short(tmp_path):
    runs, page = tmp_path / "runs.json", tmp_path / "page.md"
    for _ in range(2):
        done = campaign("--only", "formulas", "--cases", 3, "--long", "--runs", runs, "--report", page)
        assert done.returncode == 0, done.stdout + done.stderr
    before, after = read_ranges(runs)
    assert (before["tried"], after["tried"], after["first"]) == (3, 3, before["first"] + 3)
    assert "| 6 of 100,000 | " in page.read_text()


def test_a_kind_that_was_tried_in_full_is_not_tried_again(tmp_path):
    write_ranges(tmp_path / "runs.json", [{"kind": "formulas", "first": 1, "tried": 100_000}])
    assert campaign("--only", "formulas", "--long", "--runs", tmp_path / "runs.json").stdout == ""


def test_a_namespace_with_the_sign_of_the_judges_reader():
    """What the guided form of `sheets` found once: ElementTree refuses such a workbook, which is sound."""
    from campaign.workbook_kinds import judge_package
    odd = worksheet(CELLS, after='<extLst xmlns:x="urn:a}b"><ext uri="u"><x:y/></ext></extLst>')
    judge_package(zipped(parts_of({"S": odd})), 1)


# -- the judge itself --------------------------------------------------------------------------------

@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the judge asks Linux for the memory that a case takes")
@pytest.mark.parametrize("attempt, outcome", [
    (lambda: None, "answered"), (lambda: 1 / 0, "failed"), (lambda: bytearray(1 << 32), "failed"), (lambda: raise_(Failed("no")), "failed")])
def test_the_judge_sees_crashes_and_memory(attempt, outcome):
    assert judged("kind", 1, attempt).outcome == outcome


def test_the_judge_sees_what_takes_too_long(monkeypatch):
    monkeypatch.setattr("campaign.verdict.CPU_SECONDS", 0.2)

    def endless():
        while True:
            try:
                sum(range(1000))
            except Exception:
                continue
    assert "It took more than" in judged("kind", 1, endless).why


def raise_(error):
    raise error


CELLS = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row>'


@pytest.mark.parametrize("after, fault", [
    (CELLS.replace("<v>1</v>", "<v>9</v>"), None), (CELLS, "was written"), (CELLS.replace("<v>2</v>", "<v>3</v>"), "nobody edited"),
    (CELLS.replace("<v>1</v>", "<v>9</v>") + '<row r="1"/>', "comes after"),
    (CELLS.replace("<v>1</v>", "<v>9</v>").replace("</row>", '<c r="C1"><v>0</v></c></row>'), "appeared")])
def test_the_judge_sees_cells_that_changed_and_edits_that_are_lost(after, fault):
    edits = {Cell(1, 1): 9.0}
    if fault is None:
        compare_sheets(worksheet(CELLS).encode(), worksheet(after).encode(), edits)
    else:
        with pytest.raises(Failed, match=fault):
            compare_sheets(worksheet(CELLS).encode(), worksheet(after).encode(), edits)


def test_what_fails_is_shrunk_to_what_it_needs():
    from campaign.shrink import shrunk

    def fails(package: bytes) -> bool:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            return any(b'r="C7"' in archive.read(name) for name in archive.namelist())
    cells = "".join(f'<row r="{row}"><c r="C{row}"><v>{row}</v></c></row>' for row in range(1, 200))
    small = shrunk(zipped(parts_of({"R": worksheet(cells), "S": worksheet(cells.replace("C", "D"))})), fails)
    with zipfile.ZipFile(io.BytesIO(small)) as archive:
        (name,) = archive.namelist()
        assert archive.read(name).count(b"<c ") == 1 and fails(small)


def test_a_formula_that_fails_is_shrunk_to_what_it_needs():
    from campaign.shrink import shrunk_formula
    assert shrunk_formula('SUM(A1,IF(B2>1,PMT(1,"x y",3)),7)', lambda text: "PMT" in text and '"x y"' in text) == 'PMT"x y"'


@pytest.mark.parametrize("xml, ordered", [
    ('<row r="1"/><row r="2"/>', True), ('<row r="2"/><row r="1"/>', False), ('<row r="1"/><row r="1"/>', False), ('<row/><row r="1"/>', False),
    ('<row r="1"><c r="A1"/><c r="A1"/></row>', False), ('<row r="1"><c r="B1"/><c r="A1"/></row>', False), ('<row r="1"><c r="A11"/></row>', False)])
def test_the_judge_sees_disorder(xml, ordered):
    assert in_order(worksheet(xml).encode()) is ordered


def test_a_shrunk_workbook_is_judged_again(tmp_path):
    from campaign.sound_books import bases
    for name, content, outcome in (("sound", bases()[0], "answered"), ("text", b"1;2", "refused")):
        (tmp_path / name).write_bytes(content)
        done = campaign("--only", "packages", 7, "--file", tmp_path / name)
        assert done.returncode == 0 and f"packages 7: {outcome}" in done.stdout, done.stdout + done.stderr


def test_a_case_is_the_same_whenever_it_is_tried():
    from campaign.mutations import with_package_changed
    from campaign.sound_books import bases
    assert with_package_changed(random.Random("packages 7"), bases()[0]) == with_package_changed(random.Random("packages 7"), bases()[0])
