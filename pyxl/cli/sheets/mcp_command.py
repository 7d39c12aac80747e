"""The command `mcp`: workbooks for agents, by the Model Context Protocol."""

from __future__ import annotations

import argparse

from pyxl.base.plain_output import Say
from pyxl.cli.command_line import Command


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="below it the agent may read files and write new ones")


def _mcp(args: argparse.Namespace, say: Say) -> dict:
    from pyxl.agents.mcp_server import AgentFolder, mcp_server

    mcp_server(AgentFolder(args.folder)).run("stdio")
    return {"folder": args.folder}


MCP = Command("mcp", "Let an agent inspect and fit the workbooks of a folder, by the Model Context Protocol on stdin and stdout.",
              "collabsheet mcp ~/workbooks", _arguments, _mcp)
