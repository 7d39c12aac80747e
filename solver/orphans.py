"""Ends a process whose parent is gone: whoever kills a command kills what it started, too."""

from __future__ import annotations

import os
import threading
import time

_LOOKS = 0.2    # seconds between two looks at who the parent is


def end_with_parent(parent: int) -> None:
    """From now on this process ends, at once and without a word, when the process that started it has ended.

    `parent` is the number of that process, which it says itself: whoever asks for it here, when all is imported, may be an
    orphan already, and would wait for the end of the system's first process.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
