"""A file replaced whole or not at all: written beside it, made durable, then renamed over it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from solver.disk import note_written, why_not_saved
from solver.drafts import sweep_drafts
from solver.errors import UserError

_PREFIX, _SUFFIX = ".~collabsheet-", ".tmp"

def same_file(a, b) -> bool:
    """Whether both paths lead to one file that is there."""
    try:
        return os.path.samefile(a, b)
    except OSError:
        return False


def not_saved(name: str, error: OSError) -> UserError:
    """The sentence for a save that the operating system refused."""
    return UserError(f"'{name}' was not saved: {why_not_saved(error)}; the workbook is as it was.")


@contextlib.contextmanager
def one_saver(folder: Path, name: str, *, wait: float) -> Iterator[None]:
    """Hold the folder's lock while saving, so that savers come one after another.

    Waits up to `wait` seconds, then raises UserError. The lock is the system's own on the folder:
    it leaves no file and dies with its process. Leftovers of killed savers are swept. Where
    folders cannot be locked (Windows, some network disks) nothing is held and nothing swept.
    """
    lock = _locked(folder, name, wait)
    try:
        if lock is not None:
            for leftover in folder.glob(_PREFIX + "*" + _SUFFIX):   # no living saver's: we hold the lock
                with contextlib.suppress(OSError):
                    leftover.unlink()
            sweep_drafts(folder)
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _locked(folder: Path, name: str, wait: float) -> int | None:
    try:
        import fcntl
    except ImportError:
        return None
    lock, until = os.open(folder, os.O_RDONLY), time.monotonic() + wait
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() >= until:
                os.close(lock)
                raise UserError(f"'{name}' is being saved by another run. "
                                "Wait for it to end, then run again.") from None
            time.sleep(0.02)
        except OSError:
            os.close(lock)
            return None


def open_elsewhere(target: Path) -> tuple[str, str] | None:
    """(user, lock file) when Excel or LibreOffice has `target` open, by the lock file beside it."""
    excel = target.with_name("~$" + target.name)
    office = target.with_name(f".~lock.{target.name}#")
    for lock in (excel, office):
        try:
            content = lock.read_bytes()[:512]
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:       # the workbook's own name just fits: no program has its lock beside it
                continue
            content = b""
        if lock is excel:      # its first byte counts the letters of the name that follows
            user = content[1:1 + content[0]].decode("latin-1") if content else ""
        else:                  # "name,login,host,date,profile;", names may be missing
            user = next((field for field in content.decode("utf-8", "replace").split(",")[:2] if field.strip()), "")
        user = "".join(letter for letter in user if letter.isprintable()).strip()
        return user or "someone", lock.name
    return None


def note_on_links(target: Path) -> str | None:
    """What to say where a file that will be replaced has other names, hard links: they keep the old content."""
    try:
        others = target.stat().st_nlink - 1
    except OSError:
        return None
    if others < 1:
        return None
    return (f"'{target.name}' had {others} other name{'s' * (others != 1)} (hard link{'s' * (others != 1)}), which keep{'s' * (others == 1)} "
            "the workbook as it was before: a save puts a new file in its place.")


def refuse_unless_writable(target: Path) -> None:
    """Raise UserError when `target` exists and is read-only, a folder, or open in an office program."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(f"'{target.name[:60]}' cannot be written: {why_not_saved(error)}; nothing was saved.") from None
    if stat.S_ISDIR(mode):
        raise UserError(f"'{target.name}' is a folder. Give a file name for the workbook.")
    if not stat.S_ISREG(mode):
        raise UserError(f"'{target.name}' is a pipe or a device. Give a file name for the workbook.")
    if (holder := open_elsewhere(target)) is not None:
        user, lock = holder
        raise UserError(f"'{target.name}' is open by {user}. Close it and run again "
                        f"(if nobody has it open, delete the leftover '{lock}'); nothing was saved.")
    refuse_read_only(target)


def refuse_read_only(target: Path) -> None:
    """Raise UserError where the file `target`, which is there, must not be written."""
    # root may write to anything: the mark counts, not only the right
    if not (os.access(target, os.W_OK) and target.stat().st_mode & 0o222):
        raise UserError(f"'{target.name}' is read-only. Clear the mark, or give another output name; "
                        "nothing was saved.")


@contextlib.contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """An empty file beside `target`, with its permissions if it exists; gone at the end unless renamed."""
    temporary = target.with_name(_PREFIX + secrets.token_hex(8) + _SUFFIX)
    # one that replaces a private file must not be readable for others, not even for a moment
    mode = 0o600 if target.exists() else 0o666
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    try:
        yield temporary
    finally:
        with contextlib.suppress(OSError):      # it was renamed; or it cannot be removed, and the next saver sweeps it
            temporary.unlink()


def put_in_place(temporary: Path, target: Path) -> None:
    """Rename `temporary` over `target`, durably, with the old file's owner and permissions."""
    if target.exists():
        old = target.stat()
        shutil.copystat(target, temporary)
        os.utime(temporary)
        with contextlib.suppress(OSError, AttributeError):
            os.chown(temporary, -1, old.st_gid)
        with contextlib.suppress(OSError, AttributeError):
            os.chown(temporary, old.st_uid, -1)
        os.chmod(temporary, stat.S_IMODE(old.st_mode))     # chown clears some bits
    os.replace(temporary, target)
    note_written(target)
    with contextlib.suppress(OSError):      # the rename has happened; this only makes it outlive a power cut
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
