"""``--server``: a command's work is done by a service of `collabsheet serve`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from solver.errors import UserError

if TYPE_CHECKING:
    from pyxl.serve.client import Service

TOKEN = "COLLABSHEET_TOKEN"


def add_server_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--server``."""
    parser.add_argument("--server", metavar="URL", help="have it done by a service, at the address that `collabsheet serve` printed; a token may "
                        f"stand in the environment variable {TOKEN} instead")


def service_of(args: argparse.Namespace) -> Service:
    """The service that was named."""
    from pyxl.serve.client import connect

    return connect(args.server, token=os.environ.get(TOKEN))


def refuse_only_here(args: argparse.Namespace, only_here: Mapping[str, str]) -> None:
    """Raise UserError for an argument that a service does not take; `only_here` has its flag by its name among the arguments."""
    if given := [flag for name, flag in only_here.items() if getattr(args, name, None)]:
        raise UserError(f"{given[0]} is done on this machine only: leave it out, or --server.")
