"""Treats SIGTERM and SIGHUP like Ctrl-C: a fit keeps its best so far, and a save is whole or not at all."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = ("SIGTERM", "SIGHUP", "SIGBREAK")   # to end; its terminal is gone; Windows' Ctrl-Break


@contextmanager
def signals_as_ctrl_c() -> Iterator[None]:
    """Within, these signals raise a KeyboardInterrupt that names them; one that is ignored, as `nohup` does, stays so."""
    if threading.current_thread() is not threading.main_thread():   # only there may handlers be set
        yield
        return

    def interrupt(number: int, frame) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    changed = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in changed:
            signal.signal(number, interrupt)
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)
