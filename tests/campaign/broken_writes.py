"""Cases about writing that is cut short: by SIGKILL, by the system, by a limit on memory. Then every file is as it was, or new and whole."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from campaign.verdict import CPU_SECONDS, Failed, address_space
from campaign.writing_acts import Act, acts, contents
from solver import UserError

_CALLS = ("fsync", "replace", "rename", "open", "chmod", "stat", "lstat", "unlink", "mkdir", "rmdir", "utime")
_CODES = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EDQUOT)
_CRASHED, _REFUSED = 3, 4       # exit codes of a child
_WRITE = "write"    # no call, but a limit on the size of files: a write fails at that byte


@cache
def seconds() -> dict[str, float]:
    """How long each act takes when nothing is in its way."""
    return {name: min(_timed(act) for _ in range(3)) for name, act in acts().items()}


def _timed(act: Act) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        act.prepare(folder)
        began = time.perf_counter()
        act.do(folder)
        return time.perf_counter() - began


def kills(number: int) -> None:
    """A process that is killed while it writes leaves the old or the new, and whoever writes next sweeps what it left."""
    rng = random.Random(f"kills {number}")
    name = list(acts())[number % len(acts())]
    act = acts()[name]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        act.prepare(folder)
        before = contents(folder)
        if (child := os.fork()) == 0:
            try:
                act.do(folder)
            finally:
                os._exit(0)
        time.sleep(rng.uniform(0, 1.2 * seconds()[name]))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if not act.done(folder) and name != "model again" and contents(folder, leftovers=False) != before:
            raise Failed(f"a killed {name} changed a file")
        _again(act, folder)


def _again(act: Act, folder: Path) -> None:
    """Do it now that nothing is in its way."""
    for path in folder.iterdir():       # what was left is old enough to be swept
        os.utime(path, (1e9, 1e9))
    for done in ("copy.xlsx", "new.xlsm", "report.xlsx"):
        (folder / done).unlink(missing_ok=True)
    act.do(folder)
    if not act.done(folder):
        raise Failed("it was not done when nothing was in its way")
    if left := contents(folder).keys() - contents(folder, leftovers=False).keys():
        raise Failed(f"{sorted(left)} were left for ever")


@cache
def faults() -> tuple[tuple[str, str, int], ...]:
    """(act, call of the system's, which one of it) for every call that the acts make; of writes, the byte at which they fail."""
    seconds()       # the first time of each loads modules and makes what the others take
    found = []
    for name, act in acts().items():
        with tempfile.TemporaryDirectory() as made:
            folder, counts = Path(made), dict.fromkeys(_CALLS, 0)
            act.prepare(folder)
            with _counted(counts, lambda *_: None):
                act.do(folder)
            size = max(len(content) for content in contents(folder).values())
        found += [(name, call, n) for call, count in counts.items() for n in range(1, count + 1)]
        found += [(name, _WRITE, byte) for byte in range(0, size, max(1, size // 40))]
    random.Random(0).shuffle(found)     # a short run meets some of all acts
    return tuple(found)


def disks(number: int) -> None:
    """Any call of the system's may fail: then every file is as it was, and nothing is left; in the long form each does, in each way."""
    name, call, n = faults()[number % len(faults())]
    code = _CODES[number // len(faults()) % len(_CODES)]
    act, refused = acts()[name], None
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        act.prepare(folder)
        before = contents(folder)
        with _file_limit(n) if call == _WRITE else _failing(call, n, code):
            try:
                act.do(folder)
            except UserError as why:
                refused = why
        if refused is None:
            if not act.done(folder):
                raise Failed(f"{name} says that it was done, and it was not, when {call} {n} failed")
        elif contents(folder, leftovers=call not in ("unlink", "rmdir")) != before and not (act.done(folder) and "was saved" in str(refused)):
            raise Failed(f"{name} that failed at {call} {n} changed the folder: {refused}")
        _again(act, folder)
    if refused is not None:
        raise refused


def memory(number: int) -> None:
    """Memory may run out at any moment: then every file is as it was, or new and whole. (The library that writes the numbers of a
    model ends the process then, which counts as a kill.)"""
    rng = random.Random(f"memory {number}")
    name = list(acts())[number % len(acts())]
    act, spare = acts()[name], 1 << rng.randint(16, 24)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        act.prepare(folder)
        before = contents(folder)
        if (child := os.fork()) == 0:
            code = _CRASHED
            try:
                resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
                resource.setrlimit(resource.RLIMIT_AS, (address_space() + spare, resource.getrlimit(resource.RLIMIT_AS)[1]))
                act.do(folder)
                code = 0
            except (MemoryError, UserError):
                code = _REFUSED
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code in (_CRASHED, -signal.SIGKILL, -signal.SIGXCPU) or code == 0 and not act.done(folder):
            raise Failed(f"{name} ended with {code} when memory ran out")
        if not act.done(folder) and name != "model again" and contents(folder, leftovers=code == _REFUSED) != before:
            raise Failed(f"{name} changed the folder when memory ran out")
        _again(act, folder)
    if code:
        raise UserError("There was too little memory.")


@contextmanager
def _counted(counts: dict[str, int], meet: Callable[[str, int], None]) -> Iterator[None]:
    """Within, calls of functions of `os` are counted, and `meet(name, which one)` may raise instead of the call."""
    real = {name: getattr(os, name) for name in counts}

    def replaced(name: str) -> Callable:
        def called(*arguments, **options):
            counts[name] += 1
            meet(name, counts[name])
            return real[name](*arguments, **options)
        return called
    try:
        for name in counts:
            setattr(os, name, replaced(name))
        yield
    finally:
        for name, function in real.items():
            setattr(os, name, function)


@contextmanager
def _failing(name: str, which: int, code: int) -> Iterator[None]:
    """Within, the given call of a function of `os` fails."""
    def meet(_: str, n: int) -> None:
        if n == which:
            raise OSError(code, os.strerror(code))
    with _counted({name: 0}, meet):
        yield


@contextmanager
def _file_limit(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
