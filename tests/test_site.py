"""The documentation site: it builds with every link in it checked, and its commands run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pyxl.__main__ import main

ROOT = Path(__file__).resolve().parent.parent
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_the_site_builds_and_no_link_in_it_is_broken(tmp_path):
    built = subprocess.run([sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path / "site")], cwd=ROOT,
                           capture_output=True, text=True, env={"NO_MKDOCS_2_WARNING": "1", "PATH": "", "HOME": str(tmp_path)})
    assert built.returncode == 0, built.stdout + built.stderr
    reference = (tmp_path / "site" / "api" / "index.html").read_text(encoding="utf-8")
    assert "CollabFilter" in reference and "fit_workbook" in reference


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_page_links_to_is_there(page):
    if page.parent == ROOT / "docs" and page.stem in ("architecture", "contributing", "changelog"):
        return      # these include a page of the root
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_command_of_the_guides_runs_in_order(readme_folder, capsys):
    for guide in GUIDES:
        for block in re.findall(r"```sh\n(.*?)```", guide.read_text(encoding="utf-8"), re.S):
            for line in block.splitlines():
                assert main(shlex.split(line)[1:]) == 0, (line, capsys.readouterr().err)
