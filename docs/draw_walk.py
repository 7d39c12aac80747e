"""Draws docs/pictures/walk-*.png: with the demo open one adds oneself, presses Update and Fit, and reads what to watch.

    python docs/draw_walk.py [FOLDER]

Needs LibreOffice, Xvfb and xdotool.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]
    from screen import Screen, demo_book
    from walk import walk

    from pyxl import fit_workbook

    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = demo_book(Path(folder))
        fit_workbook(path, out=path)
        with Screen(path, Path(folder) / "home") as screen:
            for title, number in walk(screen, picture=lambda name: screen.draw(out / f"walk-{name}.png")):
                print(f"{number:.2f}  {title}")


if __name__ == "__main__":
    main()
