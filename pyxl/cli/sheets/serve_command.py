"""The command `serve`: workbooks fitted by HTTP, and the page that does it in a browser."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pyxl.base.plain_output import Say
from pyxl.cli.command_line import Command
from solver.errors import UserError

if TYPE_CHECKING:
    from pyxl.serve.at_login import AtLogin
    from pyxl.serve.run_service import Where

_MB = 1 << 20
_AT_LOGIN = ("serve", "worker")
_PATHS = ("certificate", "key", "folder", "books")
_KEPT = ("host", "port", "name", "certificate", "key", "behind_tls", "folder", "workers", "upload_mb", "job_seconds", "job_mb", "kept_mb", "requests",
         "keep_minutes", "books")   # by an installed service


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    at_login = parser.add_mutually_exclusive_group()
    at_login.add_argument("--install", nargs="?", const="serve", choices=_AT_LOGIN, metavar="WHAT", help="start it now and whenever you log in, with the "
                          "other options given here (systemd, launchd, or a task of Windows); worker: what makes presses of buttons quick, in its place, on "
                          "Linux")
    at_login.add_argument("--uninstall", nargs="?", const="serve", choices=_AT_LOGIN, metavar="WHAT", help="end that and take it out")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default 127.0.0.1: only this machine "
                        "can reach it); elsewhere only with --certificate, --key and --tokens")
    parser.add_argument("--port", type=int, default=8365, metavar="N", help="the port (default 8365; 0: any that is free)")
    parser.add_argument("--name", action="append", default=[], metavar="HOST", help="what the service is called from outside; other names are refused")
    parser.add_argument("--certificate", metavar="FILE.pem", help="TLS: the certificate")
    parser.add_argument("--key", metavar="FILE.pem", help="TLS: its key")
    parser.add_argument("--behind-tls", action="store_true", help="a proxy on this machine answers for TLS and asks this service: pages come by https, "
                        "under --name")
    parser.add_argument("--tokens", metavar="FILE", help="who may ask: a line NAME read|fit|admin TOKEN for each (default: whoever has the address that is "
                        "printed)")
    parser.add_argument("--folder", metavar="DIR", help="where files and jobs are kept (default: serve in your folder .collabsheet)")
    parser.add_argument("--books", metavar="DIR", help="a folder whose files callers may name in place of an upload; they get copies")
    limits = parser.add_argument_group("limits")
    limits.add_argument("--workers", type=int, default=2, metavar="N", help="jobs at a time (default 2)")
    limits.add_argument("--upload-mb", type=float, default=50, metavar="MB", help="largest file (default 50)")
    limits.add_argument("--job-seconds", type=float, default=120, metavar="S", help="longest job (default 120)")
    limits.add_argument("--job-mb", type=float, default=2048, metavar="MB", help="memory of a job, on Linux (default 2048)")
    limits.add_argument("--kept-mb", type=float, default=2048, metavar="MB", help="files of one user together (default 2048)")
    limits.add_argument("--requests", type=float, default=20, metavar="N", help="of one user in a second, in the long run (default 20)")
    limits.add_argument("--keep-minutes", type=float, default=60, metavar="MIN", help="after which files are deleted (default 60)")


def _serve(args: argparse.Namespace, say: Say) -> dict:
    _refuse_idle(args)
    if args.uninstall:
        return _uninstalled(args.uninstall, say)
    if args.install == "worker":
        return _installed_worker(say)
    from pyxl.serve.limits import ServiceLimits
    from pyxl.serve.run_service import Where, run_service

    limits = ServiceLimits(workers=args.workers, upload=int(args.upload_mb * _MB), seconds=args.job_seconds, memory=int(args.job_mb * _MB), kept=int(args.kept_mb * _MB),
                           requests=args.requests, keep_minutes=args.keep_minutes)
    where = Where(host=args.host, port=args.port, names=tuple(args.name), certificate=args.certificate, key=args.key, tokens=args.tokens,
                  folder=args.folder, behind_tls=args.behind_tls, books=args.books)
    if args.install:
        return _installed_service(args, where, say)
    run_service(where, limits, say, open_page=args.open)
    return {"served": True}


def _refuse_idle(args: argparse.Namespace) -> None:
    """Raise UserError for an option that nothing is made of, where something is installed or taken out."""
    what = "--uninstall" if args.uninstall else "--install worker" if args.install == "worker" else "--install" if args.install else None
    names = () if what is None else ("open",) if what == "--install" else ("open", "tokens", *_KEPT)
    parser = argparse.ArgumentParser()
    _arguments(parser)
    given = next((name for name in names if getattr(args, name) != parser.get_default(name)), None)
    if given:
        raise UserError(f"{what} makes no use of --{given.replace('_', '-')}. Leave it out.")


def _installed_service(args: argparse.Namespace, where: Where, say: Say) -> dict:
    from pyxl.serve.at_login import AtLogin
    from pyxl.serve.run_service import page_address, refuse_unsafe
    from pyxl.serve.tokens import lasting_token

    refuse_unsafe(where)
    if not where.port:
        raise UserError("--port 0 is another one at every start. Give one that stays, or leave it out.")
    tokens, token = (where.tokens, None) if where.tokens else lasting_token()
    words = ["-m", "pyxl", "serve", "--tokens", str(Path(tokens).absolute())]
    for name in _KEPT:
        value, flag = getattr(args, name), f"--{name.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif value not in (None, False):
            for one in value if isinstance(value, list) else [value]:
                words += [flag, str(Path(one).absolute()) if name in _PATHS else str(one)]
    installed = _installed(AtLogin(name="serve", what="the page and the service", words=words), say)
    say(f"Its address: {page_address(where, where.port)}" + (f"#token={token}" if token else ""))
    return installed


def _installed_worker(say: Say) -> dict:
    from pyxl.live.worker_client import has_workers
    from pyxl.serve.at_login import AtLogin

    if not has_workers():
        raise UserError("There is no worker for presses here; a press starts Python each time. --install alone is for the service.")
    # while nobody presses it ends after an hour and is started anew, by which it has the files of an update
    return _installed(AtLogin(name="worker", what="makes presses of buttons quick", words=["-m", "pyxl.press", "wait"],
                              environment={"COLLABSHEET_WORKER_MINUTES": "60"}, for_ever=True), say)


def _installed(started: AtLogin, say: Say) -> dict:
    from pyxl.serve.at_login import install_at_login

    file, left = install_at_login(started)
    say(f"Wrote {file}: it starts whenever you log in{'' if left else ', and has started'}.")
    if left:
        say(left)
    return {"installed": str(file), "started": left is None}


def _uninstalled(name: str, say: Say) -> dict:
    from pyxl.serve.at_login import uninstall_at_login

    gone = uninstall_at_login(name)
    say("It has ended, and starts no more when you log in." if gone else "It was not installed: there was nothing to do.")
    return {"uninstalled": gone}


SERVE = Command("serve", "Serve a web page, and an interface for programs, that fit workbooks.",
                "collabsheet serve --open", _arguments, _serve)
