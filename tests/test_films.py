"""docs/films.md is true: its commands run on the real ratings and say what it says."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pyxl.__main__ import main
from solver import CollabFilter, read_titles

DOC = (Path(__file__).resolve().parent.parent / "docs" / "films.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", DOC, re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, shared) -> Path:
    """A folder with the ratings, in which every command of the document has been run."""
    folder = tmp_path_factory.mktemp("films")
    (folder / "ml-latest-small").symlink_to(shared / "data" / "ml-latest-small")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in (line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()):
            words = shlex.split(line)
            assert words[0] == "collabsheet" and main(words[1:]) == 0, line
    return folder


def test_its_pictures_and_files_are_made(folder):
    assert (folder / "map.png").stat().st_size > 50_000 and (folder / "films.xlsx").exists()


def test_best_and_worst_by_bias(folder):
    """Another machine adds up in another order: most of the films told are among those found."""
    code = next(text for kind, text in BLOCKS if kind == "python")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    found = {line.split("  ", 1)[1] for line in done.stdout.splitlines()}
    told = [title for row in re.findall(r"^\| (.+?) \| \+0\.\d\d \| (.+?) \| −\d\.\d\d \|$", DOC, re.M) for title in row]
    assert len(told) == len(found) == 16 and len(found & set(told)) >= 13


def test_neighbours(folder, capsys):
    model = CollabFilter.load(folder / "model")
    titles, _ = read_titles(folder / "ml-latest-small" / "movies.csv", items=model.items_)
    rows = re.findall(r"^\| (\d+): (.+?) \| (.+) \|$", DOC, re.M)
    assert len(rows) == 6
    for item, title, alike in rows:
        near = [titles[other] for other in model.similar_items(int(item), 8, min_ratings=50)["item"]]
        assert titles[int(item)] == title and set(alike.split("; ")) <= set(near)


def test_the_ends_of_the_map(folder, capsys):
    assert main(["map", str(folder / "model"), "-n", "120", "--titles", str(folder / "ml-latest-small" / "movies.csv"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert sum(said["shares"]) == pytest.approx(0.27, abs=0.02)
    first, second = ({row["title"]: row["scores"][n] for row in said["items"]} for n in (0, 1))
    hits, loved = ("Independence Day (a.k.a. ID4) (1996)", "Armageddon (1998)", "Titanic (1997)"), ("Fargo (1996)", "Pulp Fiction (1994)")
    assert max(map(first.get, hits)) < -0.5 and min(map(first.get, loved)) > 0.5
    assert max(score for title, score in second.items() if title.startswith("Lord of the Rings")) < -0.8
