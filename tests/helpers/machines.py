"""Two machines that are none: network namespaces of Linux, joined by a cable, which share the disk and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from needed import lacking

ADDRESSES = ("10.79.0.1", "10.79.0.2")
CABLE = "cable"     # the name of the interface in each of them


class Machines:
    """Runs commands on the one or the other, and pulls the plug of one."""

    def __init__(self) -> None:
        self.names = [f"collabsheet-{os.getpid()}-{number}" for number in (1, 2)]
        self.running: list[list[subprocess.Popen]] = [[], []]

    def start(self, machine: int, command: list[str], **more) -> subprocess.Popen:
        """Start a command on machine 0 or 1."""
        env = os.environ | {"GLOO_SOCKET_IFNAME": CABLE, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(["ip", "netns", "exec", self.names[machine], *command], env=env, start_new_session=True, **more)
        self.running[machine].append(process)
        return process

    def plug_in(self) -> None:
        """Make both, with a cable between them."""
        for name in self.names:
            _ip("netns", "add", name)
        _ip("link", "add", CABLE, "netns", self.names[0], "type", "veth", "peer", "name", CABLE, "netns", self.names[1])
        for name, address in zip(self.names, ADDRESSES):
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", CABLE)
            for link in ("lo", CABLE):
                _ip("-n", name, "link", "set", link, "up")

    def lose(self, machine: int) -> None:
        """The cable is torn out, and whatever ran there is gone without a word to the other one."""
        _ip("-n", self.names[machine], "link", "set", CABLE, "down")
        self._end(machine)

    def come_back(self, machine: int) -> None:
        """The machine is up again, with nothing running."""
        _ip("-n", self.names[machine], "link", "set", CABLE, "up")

    def unplug(self) -> None:
        """End and remove both."""
        for machine, name in enumerate(self.names):
            self._end(machine)
            subprocess.run(["ip", "netns", "del", name], capture_output=True)

    def _end(self, machine: int) -> None:
        pids = subprocess.run(["ip", "netns", "pids", self.names[machine]], capture_output=True, text=True).stdout.split()
        for pid in pids:
            os.kill(int(pid), signal.SIGKILL)
        for process in self.running[machine]:
            process.wait()
        self.running[machine] = []


@contextmanager
def two_machines() -> Iterator[Machines]:
    """Both of them; the test is skipped where they cannot be made."""
    if not shutil.which("ip") or os.geteuid():
        lacking("two machines are network namespaces, which only root makes, by ip")
    machines = Machines()
    try:
        try:
            machines.plug_in()
        except subprocess.CalledProcessError as why:
            lacking(f"this system makes no network namespaces: {why.stderr.decode().strip()}")
        yield machines
    finally:
        machines.unplug()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
