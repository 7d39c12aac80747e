"""Writes the list of worksheet functions in docs/formulas.md anew, from the table itself.

    python docs/list_functions.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "formulas.md"


def listed(page: str) -> str:
    """The page with a list that is true."""
    from pyxl.formulas.functions.all_functions import FUNCTION_KINDS, FUNCTIONS
    rows = [f"| {kind} | {', '.join(f'`{name}`' for name in sorted(table))} |" for kind, table in FUNCTION_KINDS.items()]
    table = "\n".join([f"{len(FUNCTIONS)} functions:", "", "| kind | functions |", "|---|---|", *rows, ""])
    return re.sub(r"(<!-- functions -->\n).*?(<!-- end -->)", lambda mark: mark[1] + table + mark[2], page, flags=re.S)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(listed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
