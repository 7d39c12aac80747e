"""docs/bad-input.md: what is said of each of the sixty bad inputs. `PYTHONPATH=tests/helpers:. python -m bad_input_page` writes it."""

from __future__ import annotations

import re
from pathlib import Path

from bad_files import FILES
from bad_sheets import SHEETS

PAGE = Path(__file__).parents[2] / "docs" / "bad-input.md"
_HEAD = """<!-- made by tests/helpers/bad_input_page.py from the cases that tests/test_bad_input.py tries -->
# What is said of bad input

Sixty kinds of bad input, each tried on the command line. What is refused ends with one sentence, exit code 2, and every file as it
was; what is noted is done all the same, and told. A few words of each sentence:

| | what is met | refused or noted | what is said |
|---:|---|---|---|
"""


def page() -> str:
    """The text of the page."""
    cases = sorted((SHEETS | FILES).items(), key=lambda item: int(re.match(r"\d+", item[0])[0]))
    return _HEAD + "".join(f"| {number.split()[0]} | {case.what} | {'refused' if case.code else 'noted'} | {_cell(case.sentence)} |\n"
                           for number, case in cases)


def _cell(sentence: str) -> str:
    return "`" + sentence.replace("|", "\\|").replace("\N{NO-BREAK SPACE}", " ") + "`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
