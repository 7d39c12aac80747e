"""A process forked from the worker: it does a press, and waits for the next, attached to its office and workbook still."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence

READY = b"r"        # what it tells the worker after a press
_MESSAGE = 1 << 20  # bytes of a press at most


def do_presses(worker: socket.socket, asker: socket.socket, do_press: Callable[[Sequence[str]], int]) -> None:
    """Do what `asker` wants, then what each one wants whose connection `worker` sends; never returns. Whatever went wrong in a press
    ends the process: the next one has a new one."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        while _one_press(worker, asker, do_press):
            _, connections, _, _ = socket.recv_fds(worker, 1, 1)
            if not connections:     # the worker has ended, or has another to wait
                break
            asker = socket.socket(fileno=connections[0])
    finally:
        os._exit(0)


def _one_press(worker: socket.socket, asker: socket.socket, do_press: Callable[[Sequence[str]], int]) -> bool:
    """Read what is asked, take its streams and environment, and do it; whether all went well."""
    code, done, watching = 1, threading.Event(), threading.Thread(daemon=True)
    streams: list[int] = []
    try:
        asker.settimeout(10)
        head, streams, _, _ = socket.recv_fds(asker, 4, 3)
        size = int.from_bytes(head, "big")
        if len(head) == 4 and size <= _MESSAGE:
            asked = json.loads(_exactly(asker, size))
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
            os.environ.clear()
            os.environ.update(asked["environment"])
            os.chdir(asked["folder"])
            watching = threading.Thread(target=_end_with, args=(asker, done), daemon=True)
            watching.start()
            code = do_press(asked["words"])
    finally:
        _let_go(streams)
        done.set()
        with contextlib.suppress(OSError):
            if code == 0:
                worker.sendall(READY)   # before the answer: a press that follows it is ours
            asker.sendall(bytes([code & 255]))
        with contextlib.suppress(OSError):
            asker.shutdown(socket.SHUT_RDWR)
        if watching.ident is not None:
            watching.join()
        asker.close()
    return code == 0


def _let_go(streams: Sequence[int]) -> None:
    """Close the streams of a press and leave its folder: whoever reads to their end does not wait for us."""
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    for opened in (nowhere, *streams):
        os.close(opened)
    os.chdir("/")


def _end_with(asker: socket.socket, done: threading.Event) -> None:
    """End this process as SIGTERM ends a press, once the one that asked is gone before it is done: whoever kills it means the press."""
    with contextlib.suppress(OSError):
        asker.settimeout(None)
        if not asker.recv(1) and not done.is_set():
            os.kill(os.getpid(), signal.SIGTERM)


def _exactly(there: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        part = there.recv(size - len(got))
        if not part:
            raise EOFError
        got += part
    return got
