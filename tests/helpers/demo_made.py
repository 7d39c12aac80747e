"""The demo, as `collabsheet demo` makes it."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

from pyxl.__main__ import main


@dataclass(frozen=True)
class Demo:
    """What a demo made (`plain` and `with_buttons`, in a folder whose name has a space) and told."""

    code: int
    plain: Path
    with_buttons: Path
    out: str
    err: str


def make_demo(folder: Path) -> Demo:
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(["demo", "-o", "my demo"])
    plain, with_buttons = (folder / "my demo" / f"collabsheet-demo.{kind}" for kind in ("xlsx", "xlsm"))
    return Demo(code, plain, with_buttons, out.getvalue(), err.getvalue())
