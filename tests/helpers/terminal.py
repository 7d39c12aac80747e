"""A command on a terminal of its own, as a person sees it and interrupts it."""

from __future__ import annotations

import os
import pty
import select
import signal
import time


def on_a_terminal(command, *, until: bytes, then: int | None) -> tuple[int, bytes]:
    """Run a command on a pseudo-terminal; send signal `then` once `until` is on the screen."""
    pid, screen = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)   # a shell's job in the background ignores it, and so would the command
        os.execv(command[0], command)
    shown, deadline = b"", time.monotonic() + 120
    while time.monotonic() < deadline:
        if select.select([screen], [], [], 0.2)[0]:
            try:
                chunk = os.read(screen, 65536)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            shown += chunk
            if then and until in shown:
                os.kill(pid, then)
                then = None
    else:
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown
