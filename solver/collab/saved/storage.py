"""A folder of two files, numbers as safetensors and the rest as JSON, written whole or not at all.

`model.json` names the SHA-256 of the `model.safetensors` that belongs to it, and of its own other entries. A new folder is written
beside its place and renamed. An old one is replaced in two steps: both files are written to a staging
folder inside it and made durable; then `model.json` takes its place, and with it the new model holds,
since who reads or saves next finishes a move that was cut short. Other files in the folder are left alone.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from solver.disk import note_written, why_not_saved
from solver.drafts import draft_folder, sweep_drafts
from solver.errors import UserError

NUMBERS, DOCUMENT = "model.safetensors", "model.json"
FORMAT = 2                  # version of what is in the two files; the first had no digest of the document
_KIND = "collabsheet model"
_STAGING = ".saving"
_OWN_DIGEST = "document_sha256"

# -- writing ----------------------------------------------------------------------------------------

def write_folder(folder: str | Path, arrays: Mapping[str, np.ndarray], document: Mapping, *,
                 overwrite: bool = False) -> None:
    """Write arrays and a JSON document to a model folder, atomically. Raises UserError as `take_folder`."""
    _put(folder, lambda draft: _write_both(draft, arrays, document), overwrite=overwrite)


def take_folder(source: Path, folder: str | Path, *, overwrite: bool = False) -> None:
    """Put the two files of another model folder there, byte by byte, atomically.

    Raises UserError where the folder is there and `overwrite` is not said, where it holds something
    else, and where the system refuses; what was there is then as it was.
    """
    def copy(draft: Path) -> None:
        for name in (NUMBERS, DOCUMENT):
            shutil.copyfile(source / name, draft / name)
        _make_files_durable(draft)

    _put(folder, copy, overwrite=overwrite)


def _put(folder: str | Path, fill: Callable[[Path], None], *, overwrite: bool) -> None:
    folder = Path(folder)
    old = os.path.lexists(folder)
    try:
        if old:
            _refuse_unless_model(folder, overwrite)
            sweep_drafts(folder.parent)
            _replace(folder, fill)
        else:
            _create(folder, fill)
        note_written(folder)
    except OSError as error:
        kept = "; the model that was there is as it was" if old else "; nothing was left behind"
        raise UserError(f"'{folder.name}' was not saved: {why_not_saved(error)}{kept}.") from None


def _refuse_unless_model(folder: Path, overwrite: bool) -> None:
    if not folder.is_dir():
        raise UserError(f"'{folder.name}' is a file. Give a folder for the model.")
    if not overwrite:
        raise UserError(f"There is a folder '{folder.name}' already. Choose another, or say overwrite.")
    if not (folder / DOCUMENT).exists() and any(folder.iterdir()):
        raise UserError(f"The folder '{folder.name}' holds other files and no model. Choose another folder.")


def _create(folder: Path, fill: Callable[[Path], None]) -> None:
    with draft_folder(folder.parent) as drafts:
        draft = drafts / folder.name
        draft.mkdir()
        fill(draft)
        os.rename(draft, folder)
    _make_durable(folder.parent)


def _replace(folder: Path, fill: Callable[[Path], None]) -> None:
    staging = folder / _STAGING
    with _only_saver(folder):
        _finish(folder)
        shutil.rmtree(staging, ignore_errors=True)  # of a saver that was killed
        try:
            staging.mkdir()
            fill(staging)
            os.replace(staging / DOCUMENT, folder / DOCUMENT)  # from here on the new model holds
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        with contextlib.suppress(OSError):  # else it stays where readers find it, and the next save moves it
            os.replace(staging / NUMBERS, folder / NUMBERS)
            staging.rmdir()
        _make_durable(folder)


def _finish(folder: Path) -> None:
    """Put the numbers in their place where a save was killed between its two steps."""
    staged, document = folder / _STAGING / NUMBERS, folder / DOCUMENT
    if staged.exists() and document.exists() and not (folder / _STAGING / DOCUMENT).exists():
        with contextlib.suppress(ValueError):
            if json.loads(document.read_bytes()).get("sha256") == _digest(staged):
                os.replace(staged, folder / NUMBERS)


def _write_both(folder: Path, arrays: Mapping[str, np.ndarray], document: Mapping) -> None:
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    try:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / NUMBERS)
    except SafetensorError as error:  # it tells the system's error in its text only
        number = re.search(r"os error (\d+)", str(error))
        raise OSError(int(number[1]) if number else errno.EIO, str(error)) from None
    head = {"kind": _KIND, "format": FORMAT, "sha256": _digest(folder / NUMBERS)}
    whole = head | dict(document) | head
    (folder / DOCUMENT).write_text(json.dumps(whole | {_OWN_DIGEST: _digest_of(whole)}, indent=1) + "\n", encoding="utf-8")
    _make_files_durable(folder)


def _make_files_durable(folder: Path) -> None:
    for name in (NUMBERS, DOCUMENT):
        with (folder / name).open("rb+") as file:
            os.fsync(file.fileno())
    _make_durable(folder)


def _make_durable(folder: Path) -> None:
    """Make renames in a folder outlive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _only_saver(folder: Path) -> Iterator[None]:
    """Hold the system's lock on the folder; it dies with its process. Where there is none, go without."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"'{folder.name}' is being saved by another run. Wait for it to end, "
                            "then save again.") from None
        except OSError:  # some network disks know no locks
            pass
        yield
    finally:
        os.close(handle)


# -- reading ----------------------------------------------------------------------------------------

def read_folder(folder: str | Path) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays and the document of a model folder. Raises UserError where it is none, or is damaged."""
    folder = Path(folder)
    try:
        document = _document(folder)
        arrays = _arrays(folder, document["sha256"])
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UserError(f"The model '{folder.name}' cannot be read: {why}. Get it where you may read it.") from None
    return arrays, document


def damaged_model(folder: str | Path, what: str) -> UserError:
    """The sentence for a model whose files are not what was saved."""
    return UserError(f"The model '{Path(folder).name}' is damaged: {what}. Save it again, or get a whole copy.")


def _document(folder: Path) -> dict:
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "is not there"
        raise UserError(f"There is no model '{folder.name}': the folder {what}. Check its name.")
    if not (folder / DOCUMENT).is_file():
        raise UserError(f"The folder '{folder.name}' holds no model: it has no {DOCUMENT}. Check its name.")
    try:
        document = json.loads((folder / DOCUMENT).read_bytes())
    except (ValueError, RecursionError):
        raise damaged_model(folder, f"{DOCUMENT} is not whole") from None
    if not isinstance(document, dict) or document.get("kind") != _KIND:
        raise UserError(f"The folder '{folder.name}' holds no model: its {DOCUMENT} is something else. Check its name.")
    if not isinstance(document.get("format"), int) or not isinstance(document.get("sha256"), str):
        raise damaged_model(folder, f"{DOCUMENT} is not whole")
    if document["format"] > FORMAT:
        raise UserError(f"The model '{folder.name}' was saved by a newer version (format {document['format']}; this "
                        f"one reads up to {FORMAT}). Update collabsheet.")
    if document["format"] > 1 and document.pop(_OWN_DIGEST, None) != _digest_of(document):
        raise damaged_model(folder, f"{DOCUMENT} is not the one that was saved")
    return document


def _arrays(folder: Path, digest: str) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    for path in (folder / NUMBERS, folder / _STAGING / NUMBERS):  # the second: see the head of this file
        if not path.is_file():
            continue
        content = path.read_bytes()     # once: what is checked is what is loaded, and a file that shrinks kills nobody
        if hashlib.sha256(content).hexdigest() == digest:
            try:
                return {name: array.copy() for name, array in load(content).items()}    # its own may not be written to
            except (SafetensorError, KeyError):     # KeyError: numbers of a kind that numpy has not
                break
    missing = not (folder / NUMBERS).is_file()
    raise damaged_model(folder, f"{NUMBERS} is {'missing' if missing else 'not the one that was saved'}")


def _digest_of(document: Mapping) -> str:
    """The digest of a JSON document, however it is laid out."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
