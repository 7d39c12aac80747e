"""Takes waiting jobs in turn and runs each in a warm process of its own."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pyxl.serve.limits import ServiceLimits

from .job_kinds import JOB_KINDS
from .job_process import STOP_ASKED, WARM, wait_for_job
from .job_store import DONE, FAILED, STOPPED, Book, Job, JobStore

_PAUSE = 0.05       # seconds between two looks for a job, or at a running one
_GRACE = 30.0       # seconds that a job has to end once its time is over
_ADDED = {"fit": "-fitted", "train": "-model"}      # what the name of the book that a job read gets at its end
_WARMING = 120.0    # seconds within which a process must be warm


class JobPool:
    """`limits.workers` threads, each with a process that waits for a job. On Linux and Mac a new process is
    forked from one that has loaded everything; this takes milliseconds and shares memory. On Windows the next process loads while
    the one before it works."""

    def __init__(self, store: JobStore, folder: Path, limits: ServiceLimits):
        self._store, self._folder, self._limits = store, folder, limits
        forks = "forkserver" in multiprocessing.get_all_start_methods()
        self._context = multiprocessing.get_context("forkserver" if forks else "spawn")
        if forks:
            self._context.set_forkserver_preload(list(WARM))
        self._ending = threading.Event()
        self._stop_asked: set[str] = set()
        self._threads = [threading.Thread(target=self._work, name=f"jobs {number}", daemon=True) for number in range(limits.workers)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End all processes. Jobs that ran get a sentence about it when the service starts again."""
        self._ending.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def stop(self, job: str) -> None:
        """Ask a job to end with the best so far. A job that still waits will not begin."""
        self._stop_asked.add(job)

    def path_of(self, book: Book) -> Path:
        """The path of a book on disk. It is made from the book's id, not from its name."""
        return self._folder / f"{book.id}{book.ending}"

    def _work(self) -> None:
        process = None
        try:
            while not self._ending.is_set():
                if process and not process.waits:       # the caller stopped it while it waited
                    process.end()
                    process = None
                process = process or _Process(self._context, self._limits)
                job = self._store.next_job()
                if job is None:
                    time.sleep(_PAUSE)
                    continue
                ran, process = process, None
                try:
                    self._run(job, ran)
                finally:
                    ran.end()
        finally:
            if process:
                process.end()

    def _run(self, job: Job, process: _Process) -> None:
        book = self._store.book(job.book, job.owner) if job.book else None
        kind = JOB_KINDS[job.kind]
        if kind.reads and book is None:
            return self._store.end(job.id, FAILED, {"error": "The file is not there any more. Upload it again."})
        if job.id in self._stop_asked:
            self._stop_asked.discard(job.id)
            return self._store.end(job.id, STOPPED, {"error": "Stopped before it began; nothing was written."})
        written = self._target(job, book)
        last = process.ask({"kind": job.kind, "asked": job.asked, "name": book.name if book else "", "target": str(self.path_of(written)),
                            "source": str(self.path_of(book)) if book else None}, lambda told: self._store.tell(job.id, told),
                           stop=lambda: job.id in self._stop_asked, ending=self._ending, seconds=self._limits.seconds)
        self._stop_asked.discard(job.id)
        if self._ending.is_set():       # told when the service starts anew
            return None
        if "result" not in last:
            self.path_of(written).unlink(missing_ok=True)
            return self._store.end(job.id, FAILED, {"error": last["error"]})
        result = last["result"] | ({"book": written.id, "name": written.name} if kind.writes else {})
        return self._store.end(job.id, STOPPED if last["stopped"] else DONE, result)

    def _target(self, job: Job, book: Book | None) -> Book:
        """The book that a job may write. Nobody can ask for it unless the job writes it."""
        writes = JOB_KINDS[job.kind].writes
        if writes is None:
            return Book(job.id, job.owner, "nothing")
        ending = book.ending if writes == "same" and book else writes
        stem = Path(book.name).stem.removesuffix("-fitted") if book else "collabsheet-demo"
        return self._store.add_book(job.owner, f"{stem}{_ADDED.get(job.kind, '')}{ending}")


class _Process:
    """A process that waits for one job."""

    def __init__(self, context: Any, limits: ServiceLimits):
        self._pipe: Connection
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=wait_for_job, args=(theirs, limits.memory), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def waits(self) -> bool:
        """Whether the process is alive."""
        return self._process.is_alive()

    def ask(self, asked: dict[str, Any], tell, *, stop, ending: threading.Event, seconds: float) -> dict[str, Any]:
        """The last message of a job: ``result``, or ``error`` with a sentence. A process that died or took too long gives an ``error``, too."""
        try:
            if not self._pipe.poll(_WARMING) or "warm" not in json.loads(self._pipe.recv_bytes()):
                return {"error": "The job's process did not start in time. Try again."}
            self._pipe.send_bytes(json.dumps(asked).encode())
            began, asked_to_stop = time.monotonic(), False
            while not ending.is_set():
                if self._pipe.poll(_PAUSE):
                    message = json.loads(self._pipe.recv_bytes())
                    if "told" not in message:
                        return message
                    tell(message["told"])
                late = time.monotonic() - began - seconds
                if not asked_to_stop and (stop() or late > 0):
                    self._pipe.send_bytes(STOP_ASKED)
                    asked_to_stop = True
                if late > _GRACE:
                    return {"error": f"It took longer than the {seconds:g} seconds that a job may take here, and was ended; nothing was written."}
        except (EOFError, OSError):
            self._process.join(timeout=5)
            return {"error": "The job's process ended before the job did: it may have taken more memory than a job may take here. "
                             "Nothing was written; take a smaller file."}
        return {"error": "The service ends."}

    def end(self) -> None:
        with suppress(OSError):
            self._pipe.close()
        self._process.join(timeout=0.2)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(timeout=5)


