"""The routes of the service. A book is a file; a job does something with it. Everything belongs to the caller who made it."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from solver.core.optimizers import OPTIMIZERS
from solver.errors import UserError
from solver.version import __version__

from .graphics_cards import GraphicsCards
from .jobs.job_kinds import JOB_KINDS
from .jobs.job_pool import JobPool
from .jobs.job_store import NOT_BEGUN, OVER, RUNNING, Book, Job, JobStore
from .jobs.model_jobs import MODEL_ENDING, UNPACKED
from .limits import ServiceLimits
from .openapi import description_page, service_description
from .tokens import Caller

ENDINGS = (".xlsx", ".xlsm", ".csv", ".tsv", ".txt")
_LOOK, _SWEEP = 0.1, 30.0       # seconds between two looks for news of a job, and for what is too old
_ASKED = 1 << 20                # bytes of a JSON body
_LONGEST_NAME = 120


def make_service(store: JobStore, folder: Path, limits: ServiceLimits, *, shelf: Path | None = None) -> Starlette:
    """The service as an ASGI application, without its guard (`guards.Guard`). `shelf` is a folder whose files callers may name."""
    pool = JobPool(store, folder, limits)

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        pool.start()
        sweeper = asyncio.create_task(_sweep(store, folder, limits))
        yield
        sweeper.cancel()
        await asyncio.to_thread(pool.close)
        store.close()

    routes = _Routes(store, pool, limits, shelf)
    page = resources.files("pyxl.serve") / "page"
    return Starlette(lifespan=running, exception_handlers={UserError: _sentence, HTTPException: _http_sentence}, routes=[
        Route("/", lambda request: FileResponse(str(page / "index.html"))),
        Mount("/page", StaticFiles(directory=str(page))),
        Mount("/pane", StaticFiles(directory=str(resources.files("pyxl.serve") / "pane"), html=True)),
        Route("/openapi.json", lambda request: JSONResponse(service_description())),
        Route("/docs", lambda request: HTMLResponse(description_page())),
        Route("/api/status", routes.status),
        Route("/api/books", routes.upload, methods=["POST"]),
        Route("/api/books/{id}/file", routes.download),
        Route("/api/jobs", routes.start, methods=["POST"]),
        Route("/api/jobs/{id}", routes.look),
        Route("/api/jobs/{id}/events", routes.events),
        Route("/api/jobs/{id}/stop", routes.stop, methods=["POST"]),
    ])


class _Routes:
    def __init__(self, store: JobStore, pool: JobPool, limits: ServiceLimits, shelf: Path | None):
        self._store, self._pool, self._limits, self._shelf = store, pool, limits, shelf
        self._cards = GraphicsCards()

    async def status(self, request: Request) -> Response:
        """How many jobs run and wait, for all callers together and without their names, and the limits."""
        _caller(request, "read")
        limits = self._limits
        return JSONResponse({"version": __version__, "workers": limits.workers, "running": self._store.count(RUNNING),
                             "waiting": self._store.count(NOT_BEGUN), "kinds": list(JOB_KINDS), "optimizers": list(OPTIMIZERS),
                             "gpus": await asyncio.to_thread(self._cards),
                             "limits": {"upload": limits.upload, "seconds": limits.seconds, "memory": limits.memory,
                                        "waiting": limits.waiting, "kept": limits.kept, "requests": limits.requests,
                                        "keep_minutes": limits.keep_minutes}})

    async def upload(self, request: Request) -> Response:
        """Take the body as a file with the name ``?name=``, or a copy of the file ``?path=`` of the shelf. The file is not read yet."""
        caller = _caller(request, "fit")
        await asyncio.to_thread(self._refuse_hoarding, caller)
        if (named := request.query_params.get("path")) is not None:
            return await asyncio.to_thread(self._copy, caller, named)
        name = shown_name(request.query_params.get("name", ""))
        book = self._store.add_book(caller.name, name)
        path, size = self._pool.path_of(book), 0
        try:
            with path.open("xb") as file:
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > self._limits.upload:
                        raise HTTPException(413, f"'{name}' has more than {self._limits.upload / (1 << 20):,.0f} MB, which is the most that is taken here.")
                    file.write(chunk)
        except (HTTPException, ClientDisconnect, OSError):
            path.unlink(missing_ok=True)
            raise
        if not size:
            path.unlink()
            raise UserError(f"'{name}' is empty. Choose another file.")
        return _taken(book)

    def _copy(self, caller: Caller, named: str) -> Response:
        """A copy of a file of the shelf: jobs change the copy, never the file."""
        if self._shelf is None:
            raise UserError("No file may be named here: the service was started without --books. Upload it.")
        root = self._shelf.resolve()
        source = (root / named).resolve() if "\0" not in named else root
        if not source.is_relative_to(root) or not source.is_file():
            raise HTTPException(404, "There is no such file below the folder that the service was given.")
        name = shown_name(source.name)
        if source.stat().st_size > self._limits.upload:
            raise HTTPException(413, f"'{name}' has more than {self._limits.upload / (1 << 20):,.0f} MB, which is the most that is taken here.")
        book = self._store.add_book(caller.name, name)
        shutil.copyfile(source, self._pool.path_of(book))
        return _taken(book)

    def _refuse_hoarding(self, caller: Caller) -> None:
        paths = (self._pool.path_of(book) for book in self._store.books_of(caller.name))
        if sum(path.stat().st_size for path in paths if path.exists()) >= self._limits.kept:
            raise HTTPException(429, f"Your files here have {self._limits.kept / (1 << 20):,.0f} MB, which is the most that is kept for one. They are deleted "
                                f"after {self._limits.keep_minutes:g} minutes.")

    async def download(self, request: Request) -> Response:
        book = self._book(_caller(request, "read"), request.path_params["id"])
        return FileResponse(self._pool.path_of(book), media_type="application/octet-stream",
                            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(book.name, safe='')}"})

    async def start(self, request: Request) -> Response:
        """Take ``{"kind": …, "book": id, …}`` as a job, which waits for its turn."""
        asked = await _json(request)
        kind = JOB_KINDS.get(str(asked.get("kind")))
        if kind is None:
            raise UserError(f"There is no job of that kind. Kinds are: {', '.join(JOB_KINDS)}.")
        caller = _caller(request, kind.scope)
        if self._store.count(NOT_BEGUN, caller.name) >= self._limits.waiting:
            raise HTTPException(429, f"{self._limits.waiting} jobs of yours wait already. Wait until one of them has begun.")
        if kind.writes:
            await asyncio.to_thread(self._refuse_hoarding, caller)
        book = self._book(caller, str(asked.get("book"))) if kind.reads else None
        rest = {name: value for name, value in asked.items() if name not in ("kind", "book")}
        job = self._store.add_job(caller.name, str(asked["kind"]), book.id if book else None, rest)
        return JSONResponse(_told(job), 201)

    async def look(self, request: Request) -> Response:
        return JSONResponse(_told(self._job(request)))

    async def stop(self, request: Request) -> Response:
        job = self._job(request, "fit")
        if job.state not in OVER:
            self._pool.stop(job.id)
        return JSONResponse(_told(job), 202)

    async def events(self, request: Request) -> Response:
        """Server-sent events: what a job tells, beginning after the event ``Last-Event-ID``. The last event is ``over``, with the job."""
        job, after = self._job(request), _number(request.headers.get("last-event-id", "0"))
        return StreamingResponse(self._news(job, after), media_type="text/event-stream")

    async def _news(self, job: Job, after: int) -> AsyncIterator[str]:
        quiet = time.monotonic()
        while True:
            now = self._store.job(job.id, job.owner)    # asked for before its news, so that its last news is not missed
            for number, told in self._store.told(job.id, after):
                yield f"id: {number}\nevent: told\ndata: {told}\n\n"
                after, quiet = number, time.monotonic()
            if now is None or now.state in OVER:
                yield f"event: over\ndata: {json.dumps(_told(now or job))}\n\n"
                return
            if time.monotonic() - quiet > 10:
                yield ": it runs\n\n"       # so that no proxy thinks the connection dead
                quiet = time.monotonic()
            await asyncio.sleep(_LOOK)

    def _book(self, caller: Caller, id: str) -> Book:
        book = self._store.book(id, caller.name)
        if book is None or not self._pool.path_of(book).exists():
            raise HTTPException(404, "That file is not here, or not any more. Upload it again.")
        return book

    def _job(self, request: Request, scope: str = "read") -> Job:
        job = self._store.job(request.path_params["id"], _caller(request, scope).name)
        if job is None:
            raise HTTPException(404, "That job is not here, or not any more.")
        return job


def shown_name(given: str) -> str:
    """The last part of a name, for messages and downloads; no file on disk has this name. Raises UserError for an ending that the
    service does not read."""
    name = "".join(sign for sign in given.replace("\\", "/").rpartition("/")[2] if sign.isprintable())[-_LONGEST_NAME:].strip()
    if not name.lower().endswith(ENDINGS) or name.lower() in ENDINGS:
        raise UserError(f"'{name}' ends with none of {', '.join(ENDINGS)}. Save the workbook as .xlsx, or give a table of ratings.")
    return name


def sweep(store: JobStore, folder: Path, *, before: float) -> None:
    """Delete what was made before a time, files that belong to no book, and folders that killed jobs left."""
    store.forget_before(before)
    known = store.known_books()
    for path in folder.iterdir():
        if path.suffix in (*ENDINGS, MODEL_ENDING) and path.stem not in known and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
        elif path.name.startswith(UNPACKED) and path.stat().st_mtime < before:
            shutil.rmtree(path, ignore_errors=True)


async def _sweep(store: JobStore, folder: Path, limits: ServiceLimits) -> None:
    while True:
        await asyncio.to_thread(sweep, store, folder, before=time.time() - 60 * limits.keep_minutes)
        await asyncio.sleep(min(_SWEEP, 60 * limits.keep_minutes))


def _taken(book: Book) -> Response:
    return JSONResponse({"book": book.id, "name": book.name, "is_workbook": book.ending in (".xlsx", ".xlsm")}, 201)


def _told(job: Job) -> dict[str, Any]:
    return {"job": job.id, "kind": job.kind, "book": job.book, "state": job.state, "result": job.result}


def _caller(request: Request, scope: str) -> Caller:
    """The caller. Raises HTTPException where the caller's token does not allow this scope."""
    caller: Caller = request.scope["caller"]
    if not caller.may(scope):
        raise HTTPException(403, f"Your token is for '{caller.scope}', and this needs '{scope}'.")
    return caller


async def _json(request: Request) -> dict[str, Any]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _ASKED:
            raise HTTPException(413, "That is more than a job can be asked.")
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise UserError("Ask by one JSON object.")
    return asked


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


async def _sentence(request: Request, why: Exception) -> Response:
    return JSONResponse({"error": str(why)}, 400)


async def _http_sentence(request: Request, why: Exception) -> Response:
    return JSONResponse({"error": getattr(why, "detail", str(why))}, getattr(why, "status_code", 500))
