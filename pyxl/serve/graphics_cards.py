"""The GPUs of the machine that a service runs on, as the driver's own program reports them. The service itself does not load CUDA."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from typing import Any

_ASKED_EVERY, _PATIENCE = 5.0, 5.0      # seconds
_ASK = ("nvidia-smi", "--query-gpu=name,memory.used,memory.total,utilization.gpu", "--format=csv,noheader,nounits")


class GraphicsCards:
    """Tells what GPUs there are and how full they are; asks the driver every few seconds at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._found: list[dict[str, Any]] = []

    def __call__(self) -> list[dict[str, Any]]:
        """For each GPU its ``name``, ``memory_used`` and ``memory`` in bytes, and ``busy``: the share of the last moment that it computed."""
        with self._lock:
            if time.monotonic() - self._asked_at >= _ASKED_EVERY:
                self._found, self._asked_at = _cards(), time.monotonic()
            return self._found


def _cards() -> list[dict[str, Any]]:
    if not shutil.which(_ASK[0]):
        return []
    try:
        told = subprocess.run(_ASK, capture_output=True, text=True, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [card for line in told.stdout.splitlines() if (card := _card(line))]


def _card(line: str) -> dict[str, Any] | None:
    name, _, numbers = line.partition(", ")
    try:
        used, total, busy = (float(number) for number in numbers.split(","))
    except ValueError:      # "No devices were found", or a card that does not report these numbers
        return None
    return {"name": name, "memory_used": int(used) << 20, "memory": int(total) << 20, "busy": busy / 100}
