"""What processes of one fit say to each other: a port, for a process alone and for many under torch.distributed."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol

import numpy as np
import torch

from solver.errors import UserError

_PATIENCE = timedelta(minutes=30)   # how long a process waits for another before it gives up
# seconds after which torchrun gives up a machine that it no longer hears from: it misses three signs of life, five seconds apart
_GIVEN_UP_AFTER = 20.0


class LostConnection(UserError):
    """Another process of the fit is gone. Starting them again helps."""


class ProcessGroup(Protocol):
    """The processes of a fit, this one being number `rank` of `size`. `sent` counts the bytes of factors and of systems of
    equations that this one has sent; single numbers are not counted."""

    rank: int
    size: int
    sent: int

    def pass_on(self, out: np.ndarray, into: np.ndarray) -> None:
        """Send an array to the process before this one, in a ring, and receive one from the process after it."""

    def receive(self, into: np.ndarray, source: int) -> None:
        """Receive an array that another process sends."""

    def send(self, out: np.ndarray, to: int) -> None:
        """Send an array to another process."""

    def share(self, array: np.ndarray, source: int) -> None:
        """Give an array of process `source` to all, in place."""

    def add_up(self, array: np.ndarray) -> None:
        """Add the arrays of all processes, in place. The sum is exact wherever all processes but one hold 0."""

    def wait_for_all(self) -> None:
        """Wait until all processes have made this call."""


class Alone:
    """A process by itself."""

    rank, size, sent = 0, 1, 0

    def pass_on(self, out: np.ndarray, into: np.ndarray) -> None:
        into[...] = out

    def receive(self, into: np.ndarray, source: int) -> None:
        pass

    def send(self, out: np.ndarray, to: int) -> None:
        pass

    def share(self, array: np.ndarray, source: int) -> None:
        pass

    def add_up(self, array: np.ndarray) -> None:
        pass

    def wait_for_all(self) -> None:
        pass


class TorchGroup:
    """The processes of a torch.distributed group, by gloo."""

    def __init__(self) -> None:
        from torch import distributed

        self._torch, self.sent = distributed, 0
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()

    def pass_on(self, out: np.ndarray, into: np.ndarray) -> None:
        sent, received = _tensor(out), _tensor(into)
        waiting = [self._torch.isend(sent, (self.rank - 1) % self.size), self._torch.irecv(received, (self.rank + 1) % self.size)]
        for one in waiting:
            if one is not None:
                one.wait()
        self.sent += out.nbytes

    def receive(self, into: np.ndarray, source: int) -> None:
        self._torch.recv(_tensor(into), source)

    def send(self, out: np.ndarray, to: int) -> None:
        self._torch.send(_tensor(out), to)
        self.sent += out.nbytes

    def share(self, array: np.ndarray, source: int) -> None:
        """Torch chooses the way, such as a tree. At the source, `sent` counts the array once for every other process."""
        self._torch.broadcast(_tensor(array), source)
        self.sent += array.nbytes * (self.size - 1) if self.rank == source else 0

    def add_up(self, array: np.ndarray) -> None:
        self._torch.all_reduce(_tensor(array))

    def wait_for_all(self) -> None:
        self._torch.barrier()


def _tensor(array: np.ndarray) -> torch.Tensor:
    """A tensor that shares the memory of a contiguous array."""
    return torch.from_numpy(array.reshape(-1)) if array.flags.c_contiguous else _refused()


def _refused():
    raise ValueError("an array that is sent must be contiguous")


def under_torchrun() -> bool:
    """Whether torchrun, or a program that sets the same variables, has started this process."""
    return {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys()


@contextmanager
def joined_group():
    """The group that torchrun put this process in, until the context ends.

    The group's store belongs to the agent. It outlives a restart of the workers and keeps the addresses of the lost ones, so each
    attempt gets a prefix of its own; without it a restart ends in "connectFullMesh … refused". Raises LostConnection when another
    process is lost: torchrun then starts the remaining ones again. On several machines this process first waits until torchrun has
    given up the lost machine: otherwise torchrun would wait for that machine in vain.
    """
    from torch import distributed

    if distributed.is_initialized():    # Ray has joined the group before, and leaves it afterwards
        yield TorchGroup()
        return
    env = os.environ
    of_agent = env.get("TORCHELASTIC_USE_AGENT_STORE", "False") == "True"
    store = distributed.TCPStore(env["MASTER_ADDR"], int(env["MASTER_PORT"]), int(env["WORLD_SIZE"]),
                                 not of_agent and env["RANK"] == "0", timeout=_PATIENCE)
    attempt = distributed.PrefixStore(f"attempt {env.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
    distributed.init_process_group("gloo", store=attempt, rank=int(env["RANK"]), world_size=int(env["WORLD_SIZE"]), timeout=_PATIENCE)
    try:
        with _ended_by_sigterm():
            yield TorchGroup()
    except RuntimeError as why:
        if not (isinstance(why, distributed.DistError) or "gloo" in str(why)):   # gloo has no class of its own
            raise
        if int(env.get("GROUP_WORLD_SIZE", "1")) > 1:
            time.sleep(_GIVEN_UP_AFTER)
        raise LostConnection("The connection to another process of the fit was lost. Those that torchrun starts again, or the same command "
                             "later, go on from the last pass.") from why
    finally:
        distributed.destroy_process_group()


@contextmanager
def _ended_by_sigterm():
    """SIGTERM ends the process at once. A handler in Python would not be called while gloo waits for a lost process. Nothing is
    damaged by it: every file is written whole or not at all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
