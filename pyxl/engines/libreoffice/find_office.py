"""Finds LibreOffice and its bridge to Python, or says how to install them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from solver.errors import UserError

OFFICE = "COLLABSHEET_OFFICE"  # where a running office listens: pipe,name=… or socket,host=…,port=…

_PROGRAMS = ("/usr/lib/libreoffice/program/soffice", "/opt/libreoffice/program/soffice",
             "/Applications/LibreOffice.app/Contents/MacOS/soffice",
             r"C:\Program Files\LibreOffice\program\soffice.exe")
_DEBIAN = Path("/usr/lib/python3/dist-packages")


def find_soffice() -> str:
    """The path of LibreOffice's program; UserError with the sentence that installs it."""
    found = shutil.which("soffice") or next((path for path in _PROGRAMS if Path(path).exists()), None)
    if found is None:
        raise UserError("There is no LibreOffice here. Install it: apt-get install libreoffice-calc python3-uno "
                        "(Debian, Ubuntu), or from libreoffice.org.")
    return found


def load_uno():
    """The module `uno`; UserError with the sentence that installs it.

    A virtual environment does not see Debian's packages: their folder is appended to sys.path, so
    that it never hides a package of the environment.
    """
    try:
        import uno
        return uno
    except ImportError:
        pass
    if not (_DEBIAN / "uno.py").exists():
        raise UserError("LibreOffice's bridge to Python is missing. Install it: apt-get install python3-uno.")
    # the bridge is compiled for one Python only; in another it would take the process down
    theirs, ours = Path("/usr/bin/python3").resolve().name, f"python{sys.version_info.major}.{sys.version_info.minor}"
    if theirs != ours:
        raise UserError(f"python3-uno is made for {theirs}, this is {ours}. Run collabsheet with {theirs}: "
                        f"{theirs} -m venv, then pip install collabsheet in it.")
    if str(_DEBIAN) not in sys.path:
        sys.path.append(str(_DEBIAN))
    import uno
    return uno


def has_screen() -> bool:
    """Whether a window can be shown here."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
