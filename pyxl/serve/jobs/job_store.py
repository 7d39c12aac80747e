"""The books and jobs of a service, in SQLite, so that they are known after a restart, too."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver.errors import UserError

NOT_BEGUN, RUNNING, DONE, FAILED, STOPPED = "waiting", "running", "done", "failed", "stopped"
OVER = (DONE, FAILED, STOPPED)
RESTARTED = "The service was started anew while this ran; nothing of it was written. Start it again."

_TABLES = """
create table if not exists books (id text primary key, owner text not null, name text not null, made real not null);
create table if not exists jobs (id text primary key, owner text not null, kind text not null, book text, asked text not null,
    state text not null, made real not null, began real, ended real, result text);
create table if not exists events (job text not null, number integer not null, told text not null, primary key (job, number));
create index if not exists jobs_by_state on jobs (state, owner);
"""


@dataclass(frozen=True)
class Book:
    """A file that somebody uploaded or a job wrote. `name` is only for display: on disk the file has its `id` as its name."""

    id: str
    owner: str
    name: str

    @property
    def ending(self) -> str:
        return Path(self.name).suffix.lower()


@dataclass(frozen=True)
class Job:
    """Something that was asked for. `result` is an object; that of a job that failed or was stopped has ``error``."""

    id: str
    owner: str
    kind: str
    book: str | None
    asked: dict[str, Any]
    state: str
    result: dict[str, Any] | None


class JobStore:
    """All books and jobs; methods may be called from any thread. Raises UserError where another service has the folder."""

    def __init__(self, path: Path):
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=1.0)
        try:
            self._db.execute("pragma locking_mode = exclusive")
            self._db.execute("pragma journal_mode = wal")
            self._db.executescript(_TABLES)
        except sqlite3.OperationalError as why:
            raise UserError(f"Another service keeps its jobs in {path.parent}. Stop it, or give another --folder.") from why
        for job in self._jobs("state = ?", RUNNING):
            self.end(job.id, FAILED, {"error": RESTARTED})

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # ---- books

    def add_book(self, owner: str, name: str) -> Book:
        """A new book, whose id nobody can guess."""
        book = Book(secrets.token_urlsafe(16), owner, name)
        self._do("insert into books values (?, ?, ?, ?)", book.id, owner, name, time.time())
        return book

    def book(self, id: str, owner: str) -> Book | None:
        """The book of that owner; None where there is none, or it is another's."""
        rows = self._do("select id, owner, name from books where id = ? and owner = ?", id, owner)
        return Book(*rows[0]) if rows else None

    def books_of(self, owner: str) -> list[Book]:
        """All books of an owner."""
        return [Book(*row) for row in self._do("select id, owner, name from books where owner = ?", owner)]

    # ---- jobs

    def add_job(self, owner: str, kind: str, book: str | None, asked: dict[str, Any]) -> Job:
        job = Job(secrets.token_urlsafe(16), owner, kind, book, asked, NOT_BEGUN, None)
        self._do("insert into jobs (id, owner, kind, book, asked, state, made) values (?, ?, ?, ?, ?, ?, ?)",
                 job.id, owner, kind, book, json.dumps(asked), NOT_BEGUN, time.time())
        return job

    def job(self, id: str, owner: str) -> Job | None:
        """The job of that owner; None where there is none, or it is another's."""
        return next(iter(self._jobs("id = ? and owner = ?", id, owner)), None)

    def next_job(self) -> Job | None:
        """The waiting job whose turn it is; from now on it is running. The user with the fewest running jobs comes first, then the one
        served longest ago, then the oldest job."""
        with self._lock:
            rows = self._do("""select id, owner from jobs j where state = ? order by
                (select count(*) from jobs r where r.owner = j.owner and r.state = ?),
                coalesce((select max(began) from jobs b where b.owner = j.owner), 0), made limit 1""", NOT_BEGUN, RUNNING)
            if not rows:
                return None
            self._do("update jobs set state = ?, began = ? where id = ?", RUNNING, time.time(), rows[0][0])
            return self.job(*rows[0])

    def end(self, id: str, state: str, result: dict[str, Any]) -> None:
        """Note how a job ended. A job that has ended before stays as it is."""
        self._do(f"update jobs set state = ?, result = ?, ended = ? where id = ? and state not in {OVER}", state, json.dumps(result), time.time(), id)

    def count(self, state: str, owner: str | None = None) -> int:
        if owner is None:
            return self._do("select count(*) from jobs where state = ?", state)[0][0]
        return self._do("select count(*) from jobs where state = ? and owner = ?", state, owner)[0][0]

    # ---- what running jobs tell

    def tell(self, job: str, told: Iterable[dict[str, Any]]) -> None:
        with self._lock:
            so_far = self._do("select coalesce(max(number), 0) from events where job = ?", job)[0][0]
            for number, one in enumerate(told, so_far + 1):
                self._do("insert into events values (?, ?, ?)", job, number, json.dumps(one))

    def told(self, job: str, after: int) -> list[tuple[int, str]]:
        """(number, JSON) of what a job has told since its event of number `after`."""
        return self._do("select number, told from events where job = ? and number > ? order by number", job, after)

    def forget_before(self, when: float) -> list[str]:
        """Delete books, and jobs that are over, made before a time. Gives the ids of the books."""
        with self._lock:
            over = ",".join("?" * len(OVER))
            self._do(f"delete from events where job in (select id from jobs where made < ? and state in ({over}))", when, *OVER)
            self._do(f"delete from jobs where made < ? and state in ({over})", when, *OVER)
            in_use = "(select book from jobs where book is not null and state not in (?, ?, ?))"
            gone = [row[0] for row in self._do(f"select id from books where made < ? and id not in {in_use}", when, *OVER)]
            for id in gone:
                self._do("delete from books where id = ?", id)
            return gone

    def known_books(self) -> set[str]:
        return {row[0] for row in self._do("select id from books")}

    def _jobs(self, where: str, *values) -> list[Job]:
        rows = self._do(f"select id, owner, kind, book, asked, state, result from jobs where {where}", *values)
        return [Job(id, owner, kind, book, json.loads(asked), state, result and json.loads(result))
                for id, owner, kind, book, asked, state, result in rows]

    def _do(self, sql: str, *values) -> list[tuple]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()
