"""Draws docs/pictures/walk-*.png: with the demo open one adds oneself, presses Update and Fit, and reads what to watch.

    python docs/draw_walk.py [FOLDER]

Needs LibreOffice, Xvfb and xdotool.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
USERS = 15


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]
    from screen import Screen
    from walk import walk

    import workbook
    from pyxl import fit_workbook

    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "films" / "collabsheet-demo.xlsm"
        path.parent.mkdir()
        ratings, titles = workbook.example()
        workbook.build(ratings.top(users=USERS, items=15), path, titles=titles, holdout=0.1)
        fit_workbook(path, out=path)
        with Screen(path, Path(folder) / "home") as screen:
            def picture(name: str) -> None:
                screen.picture().quantize(256, method=1).save(out / f"walk-{name}.png", optimize=True)
                print(out / f"walk-{name}.png")

            for title, number in walk(screen, USERS, picture=picture):
                print(f"{number:.2f}  {title}")


if __name__ == "__main__":
    main()
