"""What may come of a case: an answer, or one sentence; within its time and memory."""

from __future__ import annotations

import re
import resource
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from solver import UserError

CPU_SECONDS = 10
MEMORY = 1 << 30        # bytes that a case may take beyond what the process held before


class Failed(AssertionError):
    """A promise that was broken; the text says which."""


class OverTime(BaseException):
    """A case that takes more than its seconds; no `except Exception` on the way may swallow it."""


@dataclass(frozen=True)
class Verdict:
    """`kind` and `number` are the case; `outcome` is "answered", "refused" or "failed"; `why` is the sentence or the failure, `small`
    the smallest form of what failed."""

    kind: str
    number: int
    outcome: str
    why: str = ""
    small: str = ""

    @property
    def signature(self) -> str:
        """What failures of one cause have in common."""
        lines = [line for line in self.why.strip().splitlines() if not line.startswith("in the dialects")]
        last = lines[-1][:120] if lines else ""
        frames = re.findall(r'File "[^"]*/(\w+\.py)", line (\d+)', self.why)
        return re.sub(r"'[^']*'|[A-Z]*\d+", "…", last) + "".join(f" {name}:{line}" for name, line in frames[-1:])


def judged(kind: str, number: int, attempt: Callable[[], None]) -> Verdict:
    """Run a case within its limits."""
    size = address_space()
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGVTALRM, _over_time)
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, most))
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
    try:
        attempt()
    except UserError as why:
        sentence = str(why)
        if "\n" in sentence or not sentence.endswith((".", ")")) or len(sentence) > 2000:
            return Verdict(kind, number, "failed", f"This is no sentence: {sentence!r}")
        if "please report" in sentence.lower():
            return Verdict(kind, number, "failed", f"It blames itself: {sentence}")
        return Verdict(kind, number, "refused", sentence)
    except OverTime:
        return Verdict(kind, number, "failed", f"{traceback.format_exc()}\nIt took more than {CPU_SECONDS} s")
    except MemoryError:
        return Verdict(kind, number, "failed", f"{traceback.format_exc()}\nIt took more than {MEMORY >> 20} MB")
    except Exception:
        return Verdict(kind, number, "failed", traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        signal.signal(signal.SIGVTALRM, before)
    return Verdict(kind, number, "answered")


def _over_time(*_):
    raise OverTime


def address_space() -> int:
    """Bytes that this process has reserved."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
