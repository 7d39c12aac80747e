"""Has something of ours start whenever its user logs in: by systemd on Linux, launchd on a Mac, the Task Scheduler on Windows."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from pyxl.base.own_folder import own_folder
from solver.errors import UserError

_SECONDS = 60       # how long a program of the system may take
_AGAIN = 30         # seconds until a program that has ended is started again


@dataclass(frozen=True, kw_only=True)
class AtLogin:
    """A program to start. `name` is such as ``serve``, `what` says in a few words what it is, `words` follow Python's own name on the
    command line, and `environment` is set for it. `for_ever` starts it again whenever it ends, not only after a failure."""

    name: str
    what: str
    words: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    for_ever: bool = False

    @property
    def called(self) -> str:
        """The name that the system knows it by."""
        return f"collabsheet-{self.name}"


def install_at_login(started: AtLogin) -> tuple[Path, str | None]:
    """Write the file that the system reads, in place of an older one, and start the program now.

    Gives (the file, None), or (the file, a sentence that says what is left to do).
    """
    file = _file(started.called)
    file.parent.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        file.write_bytes(scheduled_task(started))
        commands = [["schtasks", "/Create", "/F", "/TN", started.called, "/XML", str(file)], ["schtasks", "/Run", "/TN", started.called]]
    elif sys.platform == "darwin":
        file.write_bytes(launch_agent(started))
        with suppress(UserError):       # an older one, if there is one
            _do(["launchctl", "bootout", f"gui/{os.getuid()}/{started.called}"])
        commands = [["launchctl", "bootstrap", f"gui/{os.getuid()}", str(file)]]
    else:
        file.write_text(systemd_unit(started), "utf-8")
        commands = [["systemctl", "--user", "daemon-reload"], ["systemctl", "--user", "enable", file.name], ["systemctl", "--user", "restart", file.name]]
    try:
        for command in commands:
            _do(command)
    except UserError as why:
        return file, f"{why} When that is mended, run: {' && '.join(' '.join(command) for command in commands)}"
    return file, None


def uninstall_at_login(name: str) -> bool:
    """End the program and remove its file; False where it was not installed."""
    called = f"collabsheet-{name}"
    file = _file(called)
    there = file.exists()
    if sys.platform == "win32":
        commands = [["schtasks", "/End", "/TN", called], ["schtasks", "/Delete", "/F", "/TN", called]]
    elif sys.platform == "darwin":
        commands = [["launchctl", "bootout", f"gui/{os.getuid()}/{called}"]]
    else:
        commands = [["systemctl", "--user", "disable", "--now", file.name]]
    for command in commands if there else []:
        with suppress(UserError):       # it may not run, and the file goes all the same
            _do(command)
    file.unlink(missing_ok=True)
    return there


def systemd_unit(started: AtLogin) -> str:
    """A unit of the user's own systemd."""
    environment = "".join(f"Environment={_for_systemd(f'{name}={value}')}\n" for name, value in started.environment.items())
    return (f"[Unit]\nDescription=collabsheet: {started.what}\n\n"
            f"[Service]\nExecStart={' '.join(map(_for_systemd, [sys.executable, *started.words]))}\n{environment}"
            f"Restart={'always' if started.for_ever else 'on-failure'}\nRestartSec={_AGAIN}\n"
            "UMask=0077\nNoNewPrivileges=yes\n\n[Install]\nWantedBy=default.target\n")


def _for_systemd(word: str) -> str:
    for sign, written in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        word = word.replace(sign, written)
    return f'"{word}"'


def launch_agent(started: AtLogin) -> bytes:
    """A property list of launchd."""
    return plistlib.dumps({"Label": started.called, "ProgramArguments": [sys.executable, *started.words], "EnvironmentVariables": dict(started.environment),
                           "RunAtLoad": True, "KeepAlive": started.for_ever or {"SuccessfulExit": False}, "ThrottleInterval": _AGAIN, "Umask": 0o077, "ProcessType": "Background"})


def scheduled_task(started: AtLogin) -> bytes:
    """The description of a task, as the Task Scheduler reads it. It cannot set an environment."""
    python = Path(sys.executable)
    without_a_window = python.with_name("pythonw.exe")
    user = escape("\\".join(part for part in (os.environ.get("USERDOMAIN"), os.environ.get("USERNAME")) if part))
    return f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>collabsheet: {escape(started.what)}</Description></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled><UserId>{user}</UserId></LogonTrigger></Triggers>
  <Principals><Principal id="Author"><UserId>{user}</UserId><LogonType>InteractiveToken</LogonType><RunLevel>LeastPrivilege</RunLevel></Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>3</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Author"><Exec><Command>{escape(str(without_a_window if without_a_window.exists() else python))}</Command>\
<Arguments>{escape(subprocess.list2cmdline(started.words))}</Arguments></Exec></Actions>
</Task>
""".encode("utf-16")


def _file(called: str) -> Path:
    if sys.platform == "win32":
        return own_folder() / f"{called}.xml"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "LaunchAgents" / f"{called}.plist"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user" / f"{called}.service"


def _do(command: Sequence[str]) -> None:
    """Run a program of the system. Raises UserError where it is not there or refuses."""
    if not shutil.which(command[0]):
        raise UserError(f"There is no {command[0]} here, so nothing was started.")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as why:
        raise UserError(f"{command[0]} did not answer ({why}).") from why
    if done.returncode:
        raise UserError(f"{command[0]} says: {(done.stderr or done.stdout).strip() or f'code {done.returncode}'}.")
