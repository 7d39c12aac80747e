"""Asks the worker that waits for presses (`press_worker.py`), or starts it. Every press imports this, so it imports little.

Both sides find each other in a folder that only their user may enter, and ask the system who is at the other end.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pyxl.base.own_folder import own_folder

IDLE_MINUTES = 10.0                             # unless COLLABSHEET_WORKER_MINUTES says otherwise; 0: no worker
_MINUTES = "COLLABSHEET_WORKER_MINUTES"
_ROOTS = ("pyxl", "solver", "workbook")         # whose files a worker has loaded


def has_workers() -> bool:
    """Whether presses may be done by a worker here."""
    return sys.platform == "linux" and idle_seconds() > 0


def ask_worker(words: Sequence[str]) -> int | None:
    """Have a worker do a press: its exit code; None where no worker of this Python and these files answers. What it prints goes to our
    own streams."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        folder = press_folder()
        announced = json.loads((folder / "worker.json").read_text("utf-8"))
        if announced["files"] != state_of_files():
            return None
        with socket.socket(socket.AF_UNIX) as there:
            with short_name(folder) as short:
                there.connect(f"{short}/{announced['socket']}")
            if not is_ours(there):
                return None
            asked = json.dumps({"words": list(words), "environment": dict(os.environ), "folder": str(Path.cwd())}).encode()
            socket.send_fds(there, [len(asked).to_bytes(4, "big")], [_stream(number) for number in (0, 1, 2)])
            there.sendall(asked)
            answer = there.recv(1)
            return answer[0] if answer else None
    return None


def start_worker(words: Sequence[str]) -> None:
    """Start one, by the words for Python that call `wait_for_presses`; it outlives this process."""
    import subprocess

    subprocess.Popen([sys.executable, "-P", *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL, start_new_session=True)


def press_folder() -> Path:
    """Our own, which others may not enter. Raises OSError where it is another's."""
    folder = own_folder() / "press"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise PermissionError(f"{folder} is not ours alone")
    return folder


@contextlib.contextmanager
def short_name(folder: Path) -> Iterator[str]:
    """Another name of the folder: that of a socket may have 107 bytes at most, and a home has a name of any length."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}"
    finally:
        os.close(opened)


def is_ours(other: socket.socket) -> bool:
    """Whether the process at the other end is one of our user."""
    owner = other.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)     # pid, uid, gid, four bytes each
    return int.from_bytes(owner[4:8], sys.byteorder) == os.getuid()


def state_of_files() -> list:
    """Which Python and which files a worker has loaded: after an update it is not asked any more."""
    root = Path(__file__).parents[2]
    newest = max(entry.stat().st_mtime_ns for name in _ROOTS for entry in _files(root / name))
    return [sys.executable, sys.path[-1], str(root), newest]


def _files(folder: Path):
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from _files(Path(entry.path))
            elif entry.name.endswith(".py"):
                yield entry


def _stream(number: int) -> int:
    """The stream of that number, or, where it was closed, one that leads nowhere."""
    try:
        os.fstat(number)
    except OSError:
        return os.open(os.devnull, os.O_RDWR)
    return number


def idle_seconds() -> float:
    try:
        return 60 * float(os.environ.get(_MINUTES, IDLE_MINUTES))
    except ValueError:
        return 60 * IDLE_MINUTES
