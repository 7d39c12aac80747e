"""Where and when something was measured: the machine, without its name, and the versions."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "numba", "torch", "pandas", "pyarrow", "libmf", "scikit-surprise", "cornac", "lenskit", "fastai", "myfm")


def about() -> dict[str, str]:
    """What a reader needs to judge the numbers by."""
    return {**when_and_where(), "versions": versions(),
            "load": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"}


def when_and_where() -> dict[str, str]:
    return {"machine": machine(), "date": datetime.date.today().isoformat()}


def machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [_first_field("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
             f"{cores} cores"]
    for level, size in _caches():
        parts.append(f"{size} {level} cache")
    if memory := _first_field("/proc/meminfo", "MemTotal"):
        parts.append(f"{int(memory.split()[0]) / 2**20:.0f} GiB memory")
    return ", ".join([*parts, platform.system()])


def versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found.append(f"{package} {version(package)}")
    return ", ".join(found)


def _first_field(path: str, name: str) -> str | None:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)


def _caches() -> list[tuple[str, str]]:
    """(level, size) of the caches that hold data, from the second level on."""
    found = []
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, size, kind = ((index / name).read_text().strip() for name in ("level", "size", "type"))
        if kind != "Instruction" and int(level) > 1:
            found.append((f"L{level}", f"{int(size.rstrip('K')) // 1024} MiB" if int(size.rstrip("K")) >= 1024 else size))
    return found
