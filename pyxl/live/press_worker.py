"""A process that has loaded everything and waits for presses of buttons: the next press starts without loading anything.

The first press starts it; it ends after ten minutes without a press. A press is done in a process forked from it, which shares what is loaded, and
then waits for the next: it is attached to the office and knows the workbook's sheets and names. On
Linux only: elsewhere a process cannot be forked safely once such libraries are loaded, and a press starts Python as before.

It listens at a socket of a random name in a folder that only its user may enter. Both sides ask the system who is at the other end.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import secrets
import select
import signal
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .forked_presses import READY, do_presses
from .worker_client import idle_seconds, is_ours, press_folder, short_name, state_of_files

_LOADED = ("torch", "openpyxl", "numpy.ma", "numpy.random", "pyxl.live.live_fit", "pyxl.fit.press_fit", "pyxl.fit.randomize", "pyxl.fit.restore",
           "pyxl.engines.libreoffice.calc_engine", "pyxl.engines.engine_table", "solver.fitting.fit_ratings", "solver.fitting.start_values",
           "solver.fitting.choose_decay", "solver.core.objective", "solver.methods.full_batch")
_LOOK = 5.0         # seconds between two looks whether it is still wanted


def wait_for_presses(do_press: Callable[[Sequence[str]], int]) -> int:
    """Load everything, then do presses until none has come for a while; one worker of a user is enough."""
    import fcntl

    folder = press_folder()
    with (folder / "worker.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return 0        # there is one
        state = state_of_files()
        _load()
        name = f"{secrets.token_hex(8)}.socket"
        with socket.socket(socket.AF_UNIX) as listening:
            for old in folder.glob("*.socket"):     # of workers that were killed: we have the lock
                old.unlink(missing_ok=True)
            with short_name(folder) as short:
                listening.bind(f"{short}/{name}")
            (folder / name).chmod(0o600)
            listening.listen()
            (folder / "worker.json").write_text(json.dumps({"socket": name, "files": state}), "utf-8")
            try:
                _serve(listening, do_press, folder / name)
            finally:
                (folder / name).unlink(missing_ok=True)
    return 0


def _serve(listening: socket.socket, do_press: Callable[[Sequence[str]], int], name: Path) -> None:
    """Hand each press to the process that did the last one and waits, or, where none does, to one that is forked for it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)   # the system buries who has ended
    last, at_most = time.monotonic(), idle_seconds()
    processes: list[socket.socket] = []     # our ends to those that do presses
    waiting: socket.socket | None = None    # the one of them that waits for the next
    while time.monotonic() - last < at_most and name.exists():
        heard, _, _ = select.select([listening, *processes], [], [], min(_LOOK, at_most))
        for process in heard:
            if process is listening:
                continue
            if _told(process):
                waiting, gone = process, waiting    # one that waits is enough
            else:
                waiting, gone = None if process is waiting else waiting, process
            if gone:
                processes.remove(gone)
                gone.close()
        if listening in heard:
            last = time.monotonic()
            with listening.accept()[0] as asker:
                if is_ours(asker):
                    if not (waiting and _handed(waiting, asker)):
                        processes.append(_forked(asker, do_press, [listening, *processes]))
                    waiting = None


def _forked(asker: socket.socket, do_press: Callable[[Sequence[str]], int], ours: Sequence[socket.socket]) -> socket.socket:
    """Our end of a connection to a new process that does the press of `asker` and those that follow; it keeps nothing of ours open."""
    here, there = socket.socketpair()
    if os.fork() == 0:
        for one in (here, *ours):
            one.close()
        do_presses(there, asker, do_press)
    there.close()
    return here


def _handed(waiting: socket.socket, asker: socket.socket) -> bool:
    """Whether the process that waits got the press: it may have ended."""
    with contextlib.suppress(OSError):
        return bool(socket.send_fds(waiting, [b"p"], [asker.fileno()]))
    return False


def _told(process: socket.socket) -> bool:
    """Whether a process says that it waits; else it has ended."""
    with contextlib.suppress(OSError):
        return process.recv(1) == READY
    return False


def _load() -> None:
    from importlib import import_module

    from pyxl.engines.bare_xlwings import import_bare_xlwings
    from pyxl.engines.libreoffice.find_office import load_uno
    from solver.errors import UserError

    import_bare_xlwings()
    with contextlib.suppress(UserError):    # without LibreOffice there is no button here; a press says so
        load_uno()
    for name in _LOADED:
        import_module(name)
    gc.collect()
    gc.freeze()     # what is loaded stays: no press looks through it for what may go, which would copy it all
