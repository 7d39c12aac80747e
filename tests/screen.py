"""A screen that nobody sees (Xvfb), LibreOffice on it as a user has it, and a mouse (xdotool)."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from pathlib import Path
from xml.sax.saxutils import escape

SIZE = (1680, 860)
PROGRAMS = ("Xvfb", "xdotool", "soffice")
_QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
# what a user sets in Tools > Options > Security > Macro Security > Trusted Sources
_TRUSTED = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Office.Common/Security/Scripting">\
<prop oor:name="SecureURL" oor:op="fuse"><value><it>{folder}</it></value></prop></item></oor:items>
"""


def missing() -> list[str]:
    """The programs that are not here."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


class Screen:
    """A workbook open in LibreOffice on a screen of its own; a context manager that ends both.

    The office is a user's own: started with the workbook and not to listen to us (we listen at a
    door of our own), on the profile in its home, where the workbook's folder is trusted.
    """

    def __init__(self, path, home: Path):
        self._path, self._home = Path(path), home
        self._spec = f"pipe,name=screen{uuid.uuid4().hex}"
        profile = home / ".config" / "libreoffice" / "4" / "user"
        profile.mkdir(parents=True)
        (profile / "registrymodifications.xcu").write_text(_TRUSTED.format(folder=escape(self._path.parent.as_uri())))

    def __enter__(self) -> Screen:
        out, into = os.pipe()
        self._xvfb = subprocess.Popen(["Xvfb", "-displayfd", str(into), "-screen", "0", "{}x{}x24".format(*SIZE), "-nolisten", "tcp"],
                                      pass_fds=(into,), **_QUIET)
        os.close(into)
        with os.fdopen(out) as number:
            self.display = f":{number.readline().strip()}"
        try:
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        for process in (getattr(self, "_office", None), self._xvfb):
            if process and process.poll() is None:
                process.terminate()
                process.wait(20)

    def _open(self) -> None:
        import xlwings

        from pyxl.engines import choose_engine
        from pyxl.engines.office import Office
        from solver import UserError

        user = f"screen{uuid.uuid4().hex[:8]}"      # whose office another of this machine is not
        env = {name: value for name, value in os.environ.items() if name != "COLLABSHEET_OFFICE"}
        env |= {"DISPLAY": self.display, "HOME": str(self._home), "LC_ALL": "C.UTF-8", "USER": user, "LOGNAME": user}
        command = ["soffice", "--norestore", "--nologo", f"--accept={self._spec};urp;", str(self._path)]
        self._office, until = subprocess.Popen(command, env=env, **_QUIET), time.monotonic() + 60
        while True:
            try:
                Office(spec=self._spec)
                break
            except UserError:
                if self._office.poll() is not None:     # it made its profile and ended
                    self._office = subprocess.Popen(command, env=env, **_QUIET)
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
        choose_engine("libreoffice")
        app = xlwings.App(spec=self._spec, visible=True, add_book=False)
        while not len(app.books) and time.monotonic() < until:
            time.sleep(0.1)
        self.book = app.books[str(self._path)]
        self._view = self.book.impl.document.CurrentController
        window = self._view.Frame.ContainerWindow
        window.setPosSize(0, 0, *SIZE, 15)      # x, y, width and height
        window.setFocus()
        self._mouse("search", "--sync", "--onlyvisible", "--name", self._path.stem)    # its window is there
        self.settle()

    def settle(self) -> None:
        """Wait until two pictures in a row are the same: what is drawn is drawn."""
        before = None
        while (now := self.picture().tobytes()) != before:
            before = now
            time.sleep(0.7)

    def click(self, caption: str) -> None:
        """Move the mouse to a button of the sheet in view and press it."""
        form = self._view.ActiveSheet.DrawPage.Forms.getByIndex(0)
        button = next(model for n in range(form.Count) if (model := form.getByIndex(n)).Label == caption)
        seen = self._view.getControl(button).AccessibleContext
        where, size = seen.LocationOnScreen, seen.Size
        self._mouse("mousemove", str(where.X + size.Width // 2), str(where.Y + size.Height // 2), "click", "1")

    def _mouse(self, *what: str) -> None:
        subprocess.run(["xdotool", *what], check=True, env=os.environ | {"DISPLAY": self.display})

    def picture(self):
        """The screen as a PIL image."""
        from PIL import ImageGrab
        return ImageGrab.grab(xdisplay=self.display)
