"""The doctor: what it finds here is so, what it finds wrong is wrong, and what it mends is mended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import lesson_sheet
import openpyxl
import pytest
import xlsxwriter

from pyxl.__main__ import main
from pyxl.doctor import applescript
from pyxl.doctor import check_programs as programs
from pyxl.doctor.check_workbook import repair
from pyxl.doctor.finding import STATES, Finding
from solver import UserError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return home


def found(capsys, *argv) -> tuple[int, dict[str, dict]]:
    """The exit code, and the findings by what was looked at."""
    code = main(["doctor", *map(str, argv), "--json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert all(finding["state"] in STATES and finding["says"] for finding in findings)
    return code, {finding["what"]: finding for finding in findings}


def with_python(path: Path, interpreter: str) -> Path:
    """A workbook with a cell of the name `collabsheet_python`, and with a picture that is to stay as it is."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("my start")
        sheet.write_string("C3", interpreter)
        sheet.insert_textbox("E5", "untouched")
        book.add_worksheet("other").write_formula("A1", "='my start'!C3", None, interpreter)
        book.define_name("collabsheet_python", "='my start'!$C$3")
    return path


def test_what_is_here_is_found(tmp_path, capsys, office):
    lesson_sheet.write(tmp_path / "theirs.xlsx", lesson_sheet.table(8, 6), k=2, variant="dot+bias")
    code, findings = found(capsys, tmp_path / "theirs.xlsx")
    assert code == 0
    assert {what for what, finding in findings.items() if finding["state"] == "works"} >= {
        "Python", "torch", "a fit", "kernels", "xlwings", "own folder", "LibreOffice", "file", "Sheet1"}
    assert sys.executable in findings["Python"]["says"]
    assert findings["macros, LibreOffice"]["mend"] == programs.TRUST_OFFICE     # nobody chose yet, in this home
    assert findings["its Python"]["state"] == findings["macros"]["state"] == "missing"


def test_without_torch_no_fit_works_and_the_command_that_mends_it_is_said(tmp_path):
    (tmp_path / "torch.py").write_text("raise OSError('libtorch_cpu.so: cannot open shared object file')")
    done = subprocess.run([sys.executable, "-m", "pyxl", "doctor"], capture_output=True, text=True, cwd=ROOT,
                          env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "PATH": ""})
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert done.stderr == "A fit cannot work here: see torch, a fit.\n"
    assert "fails    torch" in done.stdout and "libtorch_cpu.so: cannot open" in done.stdout
    assert f"→ {sys.executable} -m pip install torch" in done.stdout


def test_a_workbook_without_a_model_cannot_be_fitted(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(programs, "ENGINES", {"excel": programs.ENGINES["excel"], "libreoffice": programs.ENGINES["excel"]})
    code, findings = found(capsys, with_python(tmp_path / "b.xlsx", sys.executable))
    assert code == 2 and findings["models"]["state"] == "fails" and findings["its Python"]["state"] == "works"
    assert main(["doctor", str(tmp_path / "none.xlsx")]) == 2
    assert "There is no file 'none.xlsx'" in capsys.readouterr().err


@pytest.mark.parametrize("interpreter, state", [("/gone/bin/python", "missing"), ("/bin/sh", "look")])
def test_a_workbook_from_another_machine_is_repaired(tmp_path, capsys, interpreter, state):
    from pyxl.doctor.check_workbook import _python
    from pyxl.xlsx import open_workbook
    path = with_python(tmp_path / "my book.xlsx", interpreter)
    with open_workbook(path) as book:
        finding = _python(book, path)
        assert finding.state == state and f"doctor '{path}' --repair" in finding.mend and f"'my start'!C3 says {interpreter}" in finding.says
    with zipfile.ZipFile(path) as package:
        before = {name: package.read(name) for name in package.namelist()}
    assert main(["doctor", str(path), "--repair"]) == 0
    assert capsys.readouterr().out == f"'my start'!C3 is now {sys.executable}.\n"
    with zipfile.ZipFile(path) as package:
        changed = {name for name in package.namelist() if package.read(name) != before[name]}
    assert changed == {"xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"}
    again = openpyxl.load_workbook(path, data_only=True)
    assert again["my start"]["C3"].value == again["other"]["A1"].value == sys.executable
    assert "is right" in repair(path)


def test_what_cannot_be_repaired_is_said(tmp_path, capsys):
    lesson_sheet.write(tmp_path / "theirs.xlsx", lesson_sheet.table(5, 5), k=1)
    with pytest.raises(UserError, match="'theirs.xlsx' keeps no path of a Python: it has no buttons"):
        repair(tmp_path / "theirs.xlsx")
    assert main(["doctor", "--repair"]) == 2 and "needs a workbook" in capsys.readouterr().err


def test_the_script_is_for_a_mac(home, capsys, monkeypatch):
    assert main(["doctor", "--install"]) == 0
    assert capsys.readouterr().out == "There is nothing to install: only Excel on a Mac needs a script to start Python.\n"
    assert not list(home.iterdir())
    monkeypatch.setattr(applescript.sys, "platform", "darwin")
    assert main(["doctor", "--install"]) == 0
    path = home / "Library" / "Application Scripts" / "com.microsoft.Excel" / "collabsheet.applescript"
    lines = path.read_text().splitlines()
    assert lines[0] == "on StartCollabsheet(commandLine)" and lines[-1] == "end StartCollabsheet"
    assert programs._script().state == "works"


def test_the_add_in_is_looked_for_where_xlwings_puts_it(home, monkeypatch):
    monkeypatch.setenv("APPDATA", str(home))
    assert programs._addin().mend == "xlwings addin install"
    folder = home / "Microsoft" / "Excel" / "XLSTART"
    folder.mkdir(parents=True)
    (folder / "xlwings.xlam").touch()
    assert programs._addin().state == "works"


@pytest.mark.parametrize("value, state", [(None, "missing"), (3, "missing"), (2, "missing"), (1, "works"), (0, "works")])
def test_libreoffices_macro_security_is_read(home, value, state):
    settings = programs._office_settings()
    assert settings == home / ".config" / "libreoffice" / "4" / "user" / "registrymodifications.xcu"
    if value is not None:
        settings.parent.mkdir(parents=True)
        settings.write_text('<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name='
                            f'"MacroSecurityLevel" oor:op="fuse"><value>{value}</value></prop></item>')
    assert programs._office_macros(settings).state == state


def test_a_finding_reads_as_a_line_and_what_mends_it():
    assert Finding("torch", "fails", "It is not there.", "pip install torch").lines(6) == [
        "fails    torch   It is not there.", "                 → pip install torch"]


def test_buttons_work_in_trusted_folders(home):
    settings = programs._office_settings()
    settings.parent.mkdir(parents=True)
    settings.write_text('<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="SecureURL" oor:op="fuse">'
                        "<value><it>file:///home/zoe/my%20books</it><it>$(inst)/share</it></value></prop></item>")
    found = programs._office_macros(settings)
    assert found.state == "works" and "/home/zoe/my books" in found.says


def test_an_open_workbook_is_said_to_be_open(tmp_path, capsys):
    path = tmp_path / "my book.xlsx"
    lesson_sheet.write(path, lesson_sheet.table(5, 6), k=2)
    (tmp_path / ".~lock.my book.xlsx#").write_text(",zoe,host,27.11.2026 01:00,file:///x;")
    code, findings = found(capsys, path)
    assert code == 0 and findings["file"]["state"] == "look" and "is open by" in findings["file"]["says"]
    assert findings["file"]["mend"].startswith(f"collabsheet fit '{path}' --live")


def test_a_torch_that_cannot_be_loaded_sends_to_the_doctor(tmp_path):
    (tmp_path / "torch.py").write_text("raise OSError('libtorch_cpu.so: cannot open shared object file')")
    lesson_sheet.write(tmp_path / "b.xlsx", lesson_sheet.table(5, 6), k=2)
    done = subprocess.run([sys.executable, "-m", "pyxl", "fit", str(tmp_path / "b.xlsx"), "--in-place"], capture_output=True, text=True,
                          cwd=ROOT, env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    assert done.returncode == 2 and "Run: collabsheet doctor." in done.stderr and "report" not in done.stderr


def test_macs_refusal_to_automate_is_a_sentence():
    from pyxl.base.known_failures import remedy
    assert "Privacy & Security > Automation" in remedy(RuntimeError("Command failed: OSERROR: -1743"))
    assert remedy(OSError("disk full")) is None
