"""Files that are there whole or not at all, and their digests."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

DRAFT = ".draft"    # the ending of a name while the file is being written


def write_whole(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Write a file by `write(file)` under another name, wait until it is on the disk, and then give it its own name."""
    draft = path.with_name(path.name + DRAFT)
    with draft.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON document whole."""
    write_whole(path, lambda file: file.write((json.dumps(content, indent=1) + "\n").encode()))


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array in numpy's format, whole."""
    write_whole(path, lambda file: np.save(file, array, allow_pickle=False))


def write_arrays(folder: Path, **arrays: np.ndarray) -> None:
    """Write a folder of arrays, `NAME.npy` each, whole. What was there is replaced."""
    draft = folder.with_name(folder.name + DRAFT)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    for name, array in arrays.items():
        np.save(draft / f"{name}.npy", array, allow_pickle=False)
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def new_mapped(path: Path, n: int) -> np.memmap:
    """A new array of `n` whole numbers in a file, with all its room on the disk reserved. Without the room, a process that writes into
    the array would be ended by a signal."""
    array = np.lib.format.open_memmap(path, "w+", np.int64, (n,))
    if hasattr(os, "posix_fallocate"):      # not on macOS, nor on Windows
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
    return array


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
