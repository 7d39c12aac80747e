"""What is dear to make and read by many tests is made once in a run, whichever of its processes asks first."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

Made = TypeVar("Made")


class MadeOnce:
    """`once("demo", make)` is `make(folder)`, with a folder that all processes of a run share; its result is pickled for the others.

    No test may change what stands in the folder.
    """

    def __init__(self, root: Path):
        self._root = root

    def __call__(self, name: str, make: Callable[[Path], Made]) -> Made:
        folder, result = self._root / name, self._root / f"{name}.pickle"
        with FileLock(self._root / f"{name}.lock"):
            if result.exists():
                return pickle.loads(result.read_bytes())
            folder.mkdir(parents=True)
            made = make(folder)
            result.write_bytes(pickle.dumps(made))
        return made
