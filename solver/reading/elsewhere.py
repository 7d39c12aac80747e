"""Files that lie elsewhere, at an address that fsspec knows (s3://…, gs://…, https://…): copied here, and read as any file is.

A copy, because a table is looked at before it is read, and read again where its first lines misled. It takes disk (TMPDIR), no memory.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from solver.errors import UserError

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|[A-Za-z]+::")     # no drive of Windows: its letter is one


def is_elsewhere(path: str | Path) -> bool:
    """Whether this is an address and no name of a file."""
    return isinstance(path, str) and _ADDRESS.match(path) is not None


@contextmanager
def brought_here(paths: Sequence[str | Path]) -> Iterator[tuple[list[str | Path], dict[Path, list]]]:
    """(the files, with copies in the places of those elsewhere, which are kept until the context ends; what tells each copy's
    original from another, and from what it was before). An address may be a file, a folder or a pattern with ``*``."""
    if not any(map(is_elsewhere, paths)):
        yield list(paths), {}
        return
    with tempfile.TemporaryDirectory(prefix="collabsheet-") as name:
        here, originals = list[str | Path](), dict[Path, list]()
        for number, path in enumerate(paths):
            if not is_elsewhere(path):
                here.append(path)
                continue
            for copy, original in _copied(str(path), Path(name) / str(number)):
                here.append(copy)
                originals[copy] = original
        yield here, originals


def _copied(address: str, folder: Path) -> list[tuple[Path, list]]:
    from fsspec.core import url_to_fs

    try:
        system, where = url_to_fs(address)
        found = sorted(system.glob(where)) if "*" in where else _files(system, where)
    except (ImportError, ValueError) as why:     # no program for it is installed; a scheme that fsspec does not know
        raise UserError(f"'{address}' cannot be reached: {str(why).splitlines()[0].rstrip('.')}. Install what it needs, or give a file.") from None
    except Exception as why:        # each system has errors of its own
        raise _not_read(address, why) from None
    if not found:
        raise UserError(f"There is no file at '{address}'. Check the address.")
    copies = []
    for number, one in enumerate(found):
        copy = folder / str(number) / Path(one).name
        copy.parent.mkdir(parents=True)
        try:
            with system.open(one, "rb") as source, copy.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            copies.append((copy, [address, one, copy.stat().st_size, _version(system, one)]))
        except Exception as why:
            raise _not_read(address, why) from None
    return copies


def _files(system: Any, where: str) -> list[str]:
    if not system.exists(where):
        return []
    return sorted(one for one in system.find(where, maxdepth=1) if not Path(one).name.startswith((".", "_"))) if system.isdir(where) else [where]


def _version(system: Any, where: str) -> str:
    with contextlib.suppress(Exception):    # not every system says when a file was written
        return str(system.modified(where))
    return ""


def _not_read(address: str, why: Exception) -> UserError:
    said = (str(why) or type(why).__name__).splitlines()[0].rstrip(".")
    return UserError(f"'{address}' cannot be read: {said}. Check the address, the network and your rights.")
