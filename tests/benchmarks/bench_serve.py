"""Whether a service loses a job, or mixes two up, under load, and how long jobs take and how much memory they hold.

    python tests/benchmarks/bench_serve.py [--clients 50] [--minutes 5]

Each client has a token of its own and fits the 15 × 15 example again and again, with a weight decay of its own: another's result would
show another RMSE. Shown are jobs that were done, lost (an error, or no answer) and mixed up, the median and the 95th percentile of a job from upload to result, and the
memory of the service with all its processes (Linux: proportional set size) after each fifth of the time. Nothing fails here:
`tests/test_serve.py` does with eight clients.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers"), str(Path(__file__).parent)]

from records import say  # noqa: E402
from service_process import ServiceProcess  # noqa: E402

import workbook  # noqa: E402
from pyxl import fit_workbook  # noqa: E402
from pyxl.serve.client import connect  # noqa: E402
from solver import UserError  # noqa: E402

SHEET, LOOKS = "bias", 5


class Client(threading.Thread):
    """One of many: asks until the time is over, and keeps how long each job took and what went wrong."""

    def __init__(self, where: tuple[str, str], book: Path, decay: float, expected: float, until: float):
        super().__init__()
        self._asked, self._until = (where, book, decay, expected), until
        self.seconds: list[float] = []
        self.lost: list[str] = []
        self.mixed_up = 0

    def run(self) -> None:
        (url, token), book, decay, expected = self._asked
        while time.monotonic() < self._until:
            began = time.monotonic()
            try:
                found = connect(url, token=token).fit(book, sheets=[SHEET], options={"weight_decay": decay})[SHEET]["rmse_after"]
            except UserError as why:
                self.lost.append(str(why))
                continue
            self.seconds.append(time.monotonic() - began)
            self.mixed_up += found != expected


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=5.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        book = folder / "book.xlsx"
        ratings, titles = workbook.example()
        workbook.build(ratings.top(users=15, items=15), book, titles=titles)
        decays = [0.01 + 0.002 * n for n in range(chosen.clients)]
        expected = [fit_workbook(book, sheets=[SHEET], options={"weight_decay": decay})[SHEET].rmse_after for decay in decays]
        tokens = [secrets.token_hex(16) for _ in decays]
        who = folder / "tokens"
        who.touch(mode=0o600)
        who.write_text("".join(f"client{number} fit {token}\n" for number, token in enumerate(tokens)))
        with ServiceProcess(folder, "--tokens", str(who)) as service:
            until = time.monotonic() + 60 * chosen.minutes
            clients = [Client((service.url, token), book, decay, rmse, until) for token, decay, rmse in zip(tokens, decays, expected)]
            for client in clients:
                client.start()
            memory = []
            for look in range(LOOKS):
                time.sleep(max(0.0, until - 60 * chosen.minutes * (LOOKS - 1 - look) / LOOKS - time.monotonic()))
                memory.append(memory_of(service.process.pid))
            for client in clients:
                client.join()
    seconds = [one for client in clients for one in client.seconds]
    lost = [why for client in clients for why in client.lost]
    say(f"{chosen.clients} clients, {chosen.minutes:g} minutes: {len(seconds)} jobs done, {len(lost)} lost, {sum(client.mixed_up for client in clients)} mixed up")
    if seconds:
        say(f"from upload to result: median {np.median(seconds):.2f} s, 95th percentile {np.percentile(seconds, 95):.2f} s")
    say("memory after each fifth of the time, MB: " + ", ".join(f"{one >> 20}" for one in memory))
    for why in sorted(set(lost)):
        say(f"  {lost.count(why)} × {why}")


def memory_of(pid: int) -> int:
    """Bytes of a process and all that it started, what they share counted once; 0 where the system does not say."""
    total = 0
    for path in (Path(f"/proc/{pid}/smaps_rollup"), *Path(f"/proc/{pid}/task").glob("*/children")):
        try:
            text = path.read_text()
        except OSError:     # ended meanwhile
            continue
        if path.name == "children":
            total += sum(memory_of(int(child)) for child in text.split())
        else:
            total += sum(int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("Pss:"))
    return total


if __name__ == "__main__":
    main()
