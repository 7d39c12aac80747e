"""Ends a process whose parent is gone: whoever kills a command kills what it started, too."""

from __future__ import annotations

import os
import threading
import time

_LOOKS = 0.2    # seconds between two looks at who the parent is


def end_with_parent() -> None:
    """From now on this process ends, at once and without a word, when its parent has ended."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
