"""Starts the service, after everything that would make it unsafe has been refused."""

from __future__ import annotations

import ipaddress
import socket
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from pyxl.base.own_folder import own_folder
from pyxl.base.plain_output import Say
from solver.errors import UserError

from .jobs.job_store import JobStore
from .limits import ServiceLimits
from .tokens import FindCaller, TokenFile, one_token


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where a service listens. `names` are its names from outside (``sheets.example.org``). `certificate` and `key` are PEM files, `tokens` is
    the file that lists who may ask, `folder` holds files and jobs. With `behind_tls` a proxy on this machine does TLS. `books` is a
    folder whose files callers may name in place of an upload."""

    host: str = "127.0.0.1"
    port: int = 8365
    names: tuple[str, ...] = ()
    certificate: str | None = None
    key: str | None = None
    tokens: str | None = None
    folder: str | None = None
    behind_tls: bool = False
    books: str | None = None


def run_service(where: Where, limits: ServiceLimits, say: Say, *, open_page: bool = False) -> None:
    """Serve until SIGINT or SIGTERM. Raises UserError where the extra is missing, the port is taken, or others could reach the service
    without TLS and tokens."""
    refuse_unsafe(where)
    if where.books and not Path(where.books).is_dir():
        raise UserError(f"There is no folder '{where.books}'. Give the one whose files callers may name.")
    uvicorn = _uvicorn()
    from .guards import Guard
    from .service import make_service

    token, find_caller = _callers(where)
    listening = _listening(where)
    port = listening.getsockname()[1]
    folder = Path(where.folder) if where.folder else own_folder() / "serve"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    hosts = {f"{name}:{port}".lower() for name in (*where.names, *_own_names(where))} | {name.lower() for name in where.names}
    service = Guard(make_service(JobStore(folder / "jobs.sqlite"), folder, limits, shelf=Path(where.books) if where.books else None), hosts=hosts, scheme=_scheme(where), find_caller=find_caller,
                    audit=folder / "audit.log", per_second=limits.requests)
    page = page_address(where, port) + (f"#token={token}" if token else "")
    say(f"Serving at {page}")
    say("Ctrl-C ends it.")
    if open_page:
        webbrowser.open(page)
    server = uvicorn.Server(uvicorn.Config(service, log_level="warning", access_log=False, server_header=False, ssl_certfile=where.certificate,
                                           ssl_keyfile=where.key, limit_concurrency=500, timeout_graceful_shutdown=2, ws="none"))
    server.run(sockets=[listening])


def page_address(where: Where, port: int) -> str:
    """The address of the page, without a token."""
    return f"{_scheme(where)}://{where.names[0] if where.names else _shown(where.host)}{'' if where.behind_tls else f':{port}'}/"


def _scheme(where: Where) -> str:
    return "https" if where.certificate or where.behind_tls else "http"


def refuse_unsafe(where: Where) -> None:
    """Raise UserError where others than the users of this machine could reach the service, and it lacks TLS or tokens."""
    if (where.certificate is None) != (where.key is None):
        raise UserError("TLS needs both --certificate and --key.")
    if where.behind_tls and not (where.tokens and where.names and _is_loopback(where.host) and where.certificate is None):
        raise UserError("--behind-tls is for a proxy on this machine that answers for TLS: give --tokens for who may ask, --name for what it is called from "
                        "outside, and neither --host nor --certificate.")
    if not _is_loopback(where.host) and not (where.certificate and where.tokens):
        raise UserError(f"At {where.host} others could reach this service: give --certificate and --key for TLS, and --tokens for who may ask. "
                        "Or leave out --host: then only this machine can reach it.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _callers(where: Where) -> tuple[str | None, FindCaller]:
    return (None, TokenFile(where.tokens)) if where.tokens else one_token()


def _own_names(where: Where) -> tuple[str, ...]:
    return ("127.0.0.1", "localhost", "[::1]") if _is_loopback(where.host) else (_shown(where.host),)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listening(where: Where) -> socket.socket:
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((where.host, where.port))
        listening.listen()      # before the address is printed, so that a caller who uses it at once waits and is not refused
    except OSError as why:
        raise UserError(f"{where.host}:{where.port} cannot be listened at: {(why.strerror or str(why)).lower()}. Give another --port.") from why
    return listening


def _uvicorn():
    try:
        import starlette  # noqa: F401  # the other half of the extra
        import uvicorn
    except ImportError as why:
        raise UserError("The service needs Starlette and uvicorn. Run: pip install 'collabsheet[serve]'.") from why
    return uvicorn


