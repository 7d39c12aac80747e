"""The page that walks through the lesson: its commands run in its order, and every number it shows comes out."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

import collabsheet as cs
from pyxl.__main__ import main

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "lesson.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(sh|text)\n(.*?)```", PAGE, re.S)
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))


def decimals(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d\.\d{4,}", text)]


def test_every_command_shows_the_numbers_below_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    said = ""
    for kind, text in BLOCKS:
        if kind == "sh":
            for line in text.splitlines():
                assert main(shlex.split(line)[1:]) == 0, capsys.readouterr().err
                if " restore " in line:
                    cell, number = re.search(r"The RMSE cell, (\w+), shows (\d+\.\d+)", PAGE).groups()
                    sheet = openpyxl.load_workbook("lesson/collabsheet-demo.xlsx", data_only=True)["dotprod"]
                    assert sheet[cell].value == pytest.approx(float(number), abs=1e-4)
            said = capsys.readouterr().out
        elif text.startswith(("RMSE 0", "RMSE 1")):
            assert decimals(said)[:len(decimals(text))] == pytest.approx(decimals(text), abs=2e-4), (text, said)


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_prints_what_the_page_shows(script, tmp_path):
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and not done.stderr, done.stderr
    first = done.stdout.splitlines()[0].split()[:2]
    shown = next(text for kind, text in BLOCKS if kind == "text" and text.split()[:2] == first)
    assert decimals(done.stdout)[:len(decimals(shown))] == pytest.approx(decimals(shown), abs=2e-3)


def test_what_the_table_of_names_calls_ours_is_there():
    table = PAGE.partition("## What fast.ai calls it")[2]
    for name in re.findall(r"\bcs\.(\w+)", table):
        assert hasattr(cs, name)
    for name in re.findall(r"model\.(\w+)\(", table.replace("learn.model", "")):
        assert hasattr(cs.CollabFilter, name)
    settings = inspect.signature(cs.Settings).parameters
    for name in re.findall(r"(\w+)=", table.partition("|---|---|")[2].replace("use_nn=", "").replace("layers=", "").replace(
            "y_range=", "").replace("wd=", "").replace("on_epoch=", "")):
        assert name in settings
