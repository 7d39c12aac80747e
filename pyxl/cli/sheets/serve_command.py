"""The command `serve`: workbooks fitted by HTTP, and the page that does it in a browser."""

from __future__ import annotations

import argparse

from pyxl.base.plain_output import Say
from pyxl.cli.command_line import Command

_MB = 1 << 20


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
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
    limits = parser.add_argument_group("limits")
    limits.add_argument("--workers", type=int, default=2, metavar="N", help="jobs at a time (default 2)")
    limits.add_argument("--upload-mb", type=float, default=50, metavar="MB", help="largest file (default 50)")
    limits.add_argument("--job-seconds", type=float, default=120, metavar="S", help="longest job (default 120)")
    limits.add_argument("--job-mb", type=float, default=2048, metavar="MB", help="memory of a job, on Linux (default 2048)")
    limits.add_argument("--keep-minutes", type=float, default=60, metavar="MIN", help="after which files are deleted (default 60)")


def _serve(args: argparse.Namespace, say: Say) -> dict:
    from pyxl.serve.limits import ServiceLimits
    from pyxl.serve.run_service import Where, run_service

    limits = ServiceLimits(workers=args.workers, upload=int(args.upload_mb * _MB), seconds=args.job_seconds, memory=int(args.job_mb * _MB),
                           keep_minutes=args.keep_minutes)
    where = Where(host=args.host, port=args.port, names=tuple(args.name), certificate=args.certificate, key=args.key, tokens=args.tokens,
                  folder=args.folder, behind_tls=args.behind_tls)
    run_service(where, limits, say, open_page=args.open)
    return {"served": True}


SERVE = Command("serve", "Serve a web page, and an interface for programs, that fit workbooks.",
                "collabsheet serve --open", _arguments, _serve)
