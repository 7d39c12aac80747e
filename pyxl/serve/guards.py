"""What every request must pass before it reaches a route, and what every answer carries."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from solver.errors import UserError

from .rates import RequestRates
from .tokens import Caller, FindCaller

_ANSWERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
}

_PANE = "/pane/"
# The task pane of Excel: Microsoft wants Office.js to come from its own servers, and shows the pane in a frame of its own pages, which
# fetch the description of the functions. There is nothing under this path but files that everybody may read.
_OF_THE_PANE = _ANSWERS | {
    "Content-Security-Policy": "default-src 'none'; script-src 'self' https://appsforoffice.microsoft.com; style-src 'self'; img-src 'self' data:; "
                               "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self' https://*.officeapps.live.com "
                               "https://*.office.com https://*.cloud.microsoft https://*.sharepoint.com",
    "Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*",
}


class Guard:
    """An ASGI application in front of another.

    It refuses a request whose Host is none of `hosts`, so that a foreign name that was made to lead here (DNS rebinding) gets nothing.
    It refuses a request that comes from another page, which its Origin tells. Every path under ``/api/`` needs a token, which a
    foreign page does not have; there are no cookies. Nobody may ask more than `per_second` times a second in the long run. Every
    answer carries a strict content security policy; the one of the task pane also names Microsoft's servers. Every request under
    ``/api/`` becomes a line of the audit log: when, who, what, and the status of the answer, but nothing of what is in files.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], scheme: str, find_caller: FindCaller, audit: Path, per_second: float):
        self._app, self._hosts, self._find_caller, self._audit = app, set(hosts), find_caller, audit
        self._rates = RequestRates(per_second)
        self._origins = {f"{scheme}://{host}" for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers, status, who = Headers(scope=scope), 0, "-"
        of_the_pane = scope["path"].startswith(_PANE)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(_OF_THE_PANE if of_the_pane else _ANSWERS)
            await send(message)

        refusal = self._refusal(headers, any_page=of_the_pane)
        if refusal is None and scope["path"].startswith("/api/"):
            caller = self._caller(headers)
            if caller is None:
                refusal = JSONResponse({"error": "This needs a token: open the page by the whole address that `collabsheet serve` printed."}, 401)
            else:
                scope["caller"], who = caller, caller.name
            if not self._rates.take(who):       # all callers without a token share one count
                refusal = JSONResponse({"error": "These are too many requests. Wait a few seconds."}, 429, {"Retry-After": "5"})
        await (refusal or self._app)(scope, receive, answer)
        if scope["path"].startswith("/api/"):
            with self._audit.open("a", encoding="utf-8") as log:
                log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {who} {scope['method']} {scope['path'][:120]!r} {status}\n")

    def _caller(self, headers: Headers) -> Caller | None:
        with suppress(UserError):   # a file of tokens that cannot be read any more lets nobody in
            return self._find_caller(headers.get("authorization", "").removeprefix("Bearer ").strip())
        return None

    def _refusal(self, headers: Headers, *, any_page: bool) -> JSONResponse | None:
        if headers.get("host", "").lower() not in self._hosts:
            return JSONResponse({"error": "This service does not go by that name."}, 421)
        if (origin := headers.get("origin")) is not None and not any_page and origin.lower() not in self._origins:
            return JSONResponse({"error": "Another page may not ask this service."}, 403)
        return None
