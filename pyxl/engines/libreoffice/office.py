"""Starts a LibreOffice, or connects to one that is running."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

from solver.errors import UserError

from .find_office import OFFICE, find_soffice, load_uno
from .office_pipe import own_pipe, refuse_foreign_pipe

USUAL_PROFILE = "the user's own"    # the profile that LibreOffice takes by itself
_RESTART = 81           # how soffice ends after it made a fresh profile: start it again
_ANSWERS = 30.0         # seconds within which an office that listens answers
_TAKEN_OVER = 3.0       # seconds within which a running office that took the command over listens


class Office:
    """A connection to one LibreOffice, which listens at `spec`; `desktop` is its
    com.sun.star.frame.Desktop.

    `spec` says where one listens (``pipe,name=…`` or ``socket,host=…,port=…``). Without it, and
    `visible`: the user's own LibreOffice, started if it is not running; not `visible`: one of our
    own that nobody sees, which `close` ends. Its profile, the folder of its settings, is thrown away, or is `profile`: another
    folder, or ``USUAL_PROFILE``. Where that profile's office is running, it is that one, and goes on. Raises UserError.
    """

    def __init__(self, *, spec: str | None = None, visible: bool = True, profile: Path | str | None = None):
        self._process: subprocess.Popen | None = None
        self._thrown_away = ""
        self._profile = profile or ""
        self.ours = spec is None and not visible
        if self.ours:
            if profile is None:
                self._profile = self._thrown_away = tempfile.mkdtemp(prefix="collabsheet-office-")
            spec = f"pipe,name=collabsheet{uuid.uuid4().hex}"
        if spec is None:
            spec = own_pipe()
            self._context = _resolved(spec) or self._started(spec)
        else:
            self._context = self._started(spec) if self.ours else _resolved(spec)
        if self._context is None:
            raise UserError(f"No LibreOffice listens at '{spec}'. Start one that does: "
                            f"soffice --accept='{spec};urp;'.")
        self.spec = spec
        self.desktop = self.service("com.sun.star.frame.Desktop")

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else -1

    def service(self, name: str, *arguments):
        """A new object of the office's, by the name of its service."""
        if arguments:
            return self.services.createInstanceWithArgumentsAndContext(name, arguments, self._context)
        return self.services.createInstanceWithContext(name, self._context)

    @property
    def services(self):
        """Its com.sun.star.lang.ServiceManager."""
        return self._context.ServiceManager

    def singleton(self, name: str):
        """The one object of the office's that has this name."""
        return self._context.getValueByName(f"/singletons/{name}")

    def answers(self) -> bool:
        """Whether it is there still: its user may have closed it, or it crashed."""
        try:
            self.desktop.getCurrentFrame()
        except Exception:   # which one depends on how it ended
            return False
        return True

    def close(self) -> None:
        """End an office of our own; let go of another."""
        if not self.ours or self._process is None:
            return
        ends = True
        with suppress(Exception):   # the connection ends with the office, sometimes before the answer, or had ended
            ends = bool(self._thrown_away) or not self.desktop.Frames.Count     # else its user has a window open
            if ends:
                self.desktop.terminate()
        if ends:
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._thrown_away:
            shutil.rmtree(self._thrown_away, ignore_errors=True)
        self.ours = False

    def _started(self, spec: str):
        command = [find_soffice(), f"--accept={spec};urp;", "--norestore", "--nologo", "--nofirststartwizard", "--nodefault"]
        if self.ours:
            command += ["--headless", "--invisible"]
            if self._profile != USUAL_PROFILE:
                command.append(f"-env:UserInstallation={Path(self._profile).absolute().as_uri()}")
        def start() -> subprocess.Popen:
            # what a macro starts in this office finds its way back to it
            return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                    start_new_session=True, env=os.environ | {OFFICE: spec})

        process, until, ended = start(), time.monotonic() + 60, None
        while time.monotonic() < until:
            if (context := _resolved(spec)) is not None:
                self._process = process
                return context
            if process.poll() == 0 and ended is None:
                ended = time.monotonic()
            # 0: an office that is running took the command over and begins to listen, or (seen on a
            # fresh profile) it went away without a word
            if process.returncode == _RESTART or (ended and time.monotonic() - ended > _TAKEN_OVER):
                process, ended = start(), None
            elif process.returncode:
                raise UserError(f"LibreOffice did not start (it ended with code {process.returncode}). "
                                f"Try it by hand: {Path(command[0]).name} --calc.")
            time.sleep(0.05)
        process.kill()
        raise UserError("LibreOffice started but did not answer within a minute. Close it and run again.")


def _resolved(spec: str):
    """The office's component context, or None where nobody listens."""
    uno = load_uno()
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    refuse_foreign_pipe(spec)
    answer: Queue = Queue()

    def ask() -> None:
        try:
            answer.put((resolver.resolve(f"uno:{spec};urp;StarOffice.ComponentContext"), None))
        except BaseException as why:    # whatever it is: it is raised below
            answer.put((None, why))

    Thread(target=ask, daemon=True).start()     # what listens may never answer, and UNO would wait for it
    try:
        context, why = answer.get(timeout=_ANSWERS)
    except Empty:
        raise UserError(f"What listens at '{spec}' does not answer: it is no LibreOffice, or it hangs. End it, and run again.") from None
    if why is None or isinstance(why, uno.getClass("com.sun.star.connection.NoConnectException")):
        return context
    if isinstance(why, uno.getClass("com.sun.star.uno.Exception")):
        raise UserError(f"'{spec}' does not say where a LibreOffice listens: {why}. "
                        "Give pipe,name=NAME or socket,host=HOST,port=PORT.") from why
    raise why


def properties(**values):
    """UNO's way to pass named arguments."""
    value_of = load_uno().getClass("com.sun.star.beans.PropertyValue")
    return tuple(value_of(name, 0, value, 0) for name, value in values.items())
