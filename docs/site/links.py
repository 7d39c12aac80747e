"""Lets pages of the site include files of the repository's root, whose links start from that root."""

from __future__ import annotations

import re

# where a page of the site stands for a file of the root
PAGES = {"ARCHITECTURE.md": "architecture.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md",
         "README.md": "index.md"}
SOURCE = re.compile(r"\]\((?:\.\./)*((?:workbook|solver|pyxl|tests)/[^)]+)\)")


def on_page_markdown(markdown: str, **_) -> str:
    """Links to pages lead to the site's own; a link to a source file becomes the file's name."""
    for file, page in PAGES.items():
        markdown = markdown.replace(f"]({file})", f"]({page})")
    return re.sub(r"\[([^\]]+)" + SOURCE.pattern, r"\1 (`\2`)", markdown)
