"""The task pane of Excel: its manifest read by Microsoft's tools, its code run against Microsoft's mock of Office.js."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from needed import lacking

from pyxl.__main__ import main
from pyxl.functions.udfs import CELL_FUNCTIONS
from pyxl.serve.jobs.cell_jobs import cell_values
from solver import UserError

ROOT = Path(__file__).resolve().parent.parent
SERVE, TOOLS = ROOT / "pyxl" / "serve", ROOT / "build" / "office" / "node_modules"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Runs a script of tests/office beside copies of the page and the pane; what it prints."""
    if not shutil.which("node") or not TOOLS.exists():
        lacking("node and npm, by which `make test` installs Microsoft's tools")
    folder = tmp_path_factory.mktemp("node")
    for part in (SERVE / "page", SERVE / "pane", ROOT / "tests" / "office"):
        shutil.copytree(part, folder if part.name == "office" else folder / part.name, dirs_exist_ok=True)
    (folder / "node_modules").symlink_to(TOOLS)

    def run(script: str, *words: str | Path) -> str:
        done = subprocess.run(["node", script, *words], cwd=folder, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout
    return run


def test_microsofts_tools_take_the_manifest(node, tmp_path, capsys):
    """Its own check of XML manifests is a service of Microsoft's; its reader, its converter and its schema of the newer format run here."""
    assert main(["addin", "pane", "-o", str(tmp_path / "pane.xml"), "--server", "https://sheets.example.org/"]) == 0
    assert "never tried in Excel" in capsys.readouterr().out
    told = json.loads(node("check_manifest.js", tmp_path / "pane.xml", tmp_path / "converted"))
    assert told["isValid"] and told["read"]["hosts"] == ["Workbook"] and told["read"]["permissions"] == "ReadWriteDocument"
    assert told["read"]["defaultSettings"]["sourceLocation"] == "https://sheets.example.org/pane/"
    tree = ElementTree.parse(tmp_path / "pane.xml")
    known = {element.get("id") for element in tree.iter()}
    assert {element.get("resid") for element in tree.iter() if element.get("resid")} <= known
    pages = {element.get("DefaultValue").removeprefix("https://sheets.example.org/pane/") for element in tree.iter() if "/pane/" in element.get("DefaultValue", "")}
    assert {name for name in pages if name} <= {path.name for path in (SERVE / "pane").iterdir()}


def test_the_pane_reads_and_writes_a_workbook_by_microsofts_mock(node):
    assert node("check_pane.js").endswith("everything holds\n")


@pytest.mark.parametrize("words, said", [(["pane", "-o", "p.xml", "--server", "http://localhost:8365/"], "https alone"), (["pane", "-o", "p.xlam"], "end in .xml"),
                                         (["xlam", "-o", "p.xlam", "--server", "https://x/"], "needs no service")])
def test_a_manifest_that_excel_would_not_take_is_refused(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["addin", *words]) == 2 and said in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_excel_is_told_of_every_function_as_it_is():
    described = json.loads((SERVE / "pane" / "functions.json").read_text("utf-8"))["functions"]
    assert [one["id"] for one in described] == list(CELL_FUNCTIONS)
    for one in described:
        parameters = inspect.signature(CELL_FUNCTIONS[one["id"]]).parameters.values()
        assert [(p["name"], p.get("optional", False)) for p in one["parameters"]] == [(p.name, p.default is not p.empty) for p in parameters]
        assert one["id"] == f"CF_{one['name']}" and one["description"] == inspect.getdoc(CELL_FUNCTIONS[one["id"]]).splitlines()[0]
    counts = dict(re.findall(r"(CF_\w+): (\d)", (SERVE / "pane" / "functions.js").read_text("utf-8")))
    assert counts == {one["id"]: str(len(one["parameters"])) for one in described}


def test_a_job_computes_what_the_functions_do():
    ratings, predicted = [[4, None], [1, 2]], [[3, 9], [1, 4]]
    found = cell_values({"calls": [["CF_RMSE", [ratings, predicted]], ["CF_FILL", [ratings, [[1]], [["dotprod"]], [[0.1]]]], ["CF_RMSE", [[[None]], [[1]]]]]})["values"]
    assert found[:2] == [CELL_FUNCTIONS["CF_RMSE"](ratings, predicted), CELL_FUNCTIONS["CF_FILL"](ratings, [[1]], [["dotprod"]], [[0.1]])]
    assert found[2].startswith("ratings holds no number")


@pytest.mark.parametrize("asked, said", [({}, "a list of"), ({"calls": [["CF_RMSE", [1]]]}, "was given 1"), ({"calls": [["exec", []]]}, "no function 'exec'"),
                                         ({"calls": [["CF_RMSE", []]] * 101}, "101 calls")])
def test_calls_that_are_none_are_told(asked, said):
    with pytest.raises(UserError, match=said):
        cell_values(asked)
