"""A screen that nobody sees (Xvfb), LibreOffice on it as a user has it, and a mouse (xdotool)."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

SIZE = (1680, 860)
DEMO_USERS = 15
FACES = ("gen", "gtk3")     # what LibreOffice draws its windows with: plain X11, or GTK as on most desktops
_QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
# what a user sets in Tools > Options > Security > Macro Security > Trusted Sources
_TRUSTED = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Office.Common/Security/Scripting">\
<prop oor:name="SecureURL" oor:op="fuse"><value><it>{folder}</it></value></prop></item></oor:items>
"""


def missing(face: str) -> list[str]:
    """The Debian packages that a screen with this face needs and that are not here."""
    packages = {"Xvfb": "xvfb", "xdotool": "xdotool", "soffice": "libreoffice-calc"}
    lacking = [package for program, package in packages.items() if shutil.which(program) is None]
    if face == "gtk3" and not lacking:
        office = Path(shutil.which("soffice")).resolve().parent
        lacking += ["libreoffice-gtk3"] if not (office / "libvclplug_gtk3lo.so").exists() else []
    return lacking


def skip_without(face: str) -> None:
    """Skip the test where what a screen with this face needs is not here."""
    from needed import lacking
    if packages := missing(face):
        lacking(f"apt-get install {' '.join(packages)}")


def demo_book(folder: Path) -> Path:
    """The workbook of `collabsheet demo`, with buttons and not fitted, in a new folder of this one."""
    import workbook
    path = folder / "my films" / "collabsheet-demo.xlsm"
    path.parent.mkdir()
    ratings, titles = workbook.example()
    workbook.build(workbook.with_names(ratings.top(users=DEMO_USERS, items=15)), path, titles=titles, holdout=0.1)
    return path


class Screen:
    """A workbook open in LibreOffice on a screen of its own; a context manager that ends both.

    The office is a user's own: started with the workbook and not to listen to us (we listen at a
    door of our own), on the profile in its home, where the workbook's folder is trusted. `face` is
    one of FACES.
    """

    def __init__(self, path, home: Path, *, face: str = "gen"):
        self._path, self._home, self._face = Path(path), home, face
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
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def _open(self) -> None:
        import xlwings

        from pyxl.engines import choose_engine
        from pyxl.engines.libreoffice.office import Office
        from solver import UserError

        user = f"screen{uuid.uuid4().hex[:8]}"      # whose office another of this machine is not
        env = {name: value for name, value in os.environ.items() if name != "COLLABSHEET_OFFICE"}
        env |= {"DISPLAY": self.display, "HOME": str(self._home), "LC_ALL": "C.UTF-8", "USER": user, "LOGNAME": user,
                "SAL_USE_VCLPLUGIN": self._face}
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
        self._app = xlwings.App(spec=self._spec, visible=True, add_book=False)
        while not len(self._app.books) and time.monotonic() < until:
            time.sleep(0.1)
        self.look()

    def look(self) -> None:
        """Take the workbook as it is open now: an update opens it anew."""
        self.book = self._app.books[str(self._path)]
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

    def click(self, caption: str, *, followed: Callable[[], object]) -> None:
        """Press a button of the sheet in view with the mouse, again where nothing followed.

        A click may miss: GTK's window says where its buttons are only after the mouse has moved over
        it, and a busy machine may draw late.
        """
        for _ in range(4):
            self._mouse("mousemove", *self._settled_middle(caption))
            self._mouse("click", "1")
            until = time.monotonic() + 10
            while time.monotonic() < until:
                if followed():
                    return
                time.sleep(0.1)
        raise AssertionError(f"nothing followed a click on '{caption}'")

    def _settled_middle(self, caption: str) -> tuple[str, str]:
        """Where the middle of a button is: what two readings in a row say, with the mouse over it."""
        before = None
        while (now := self._middle(caption)) != before:
            before = now
            self._mouse("mousemove", *now)
            time.sleep(0.3)
        return now

    def _middle(self, caption: str) -> tuple[str, str]:
        form = self._view.ActiveSheet.DrawPage.Forms.getByIndex(0)
        button = next(model for n in range(form.Count) if (model := form.getByIndex(n)).Label == caption)
        seen = self._view.getControl(button).AccessibleContext
        where, size = seen.LocationOnScreen, seen.Size
        return str(where.X + size.Width // 2), str(where.Y + size.Height // 2)

    def _mouse(self, *what: str) -> None:
        subprocess.run(["xdotool", *what], check=True, env=os.environ | {"DISPLAY": self.display}, **_QUIET)

    def picture(self):
        """The screen as a PIL image."""
        from PIL import ImageGrab
        return ImageGrab.grab(xdisplay=self.display)

    def draw(self, path: Path) -> None:
        """Write the picture of the screen to a file, small."""
        self.picture().quantize(256, method=1).save(path, optimize=True)    # by coverage: small cells keep their colours
        print(path)
