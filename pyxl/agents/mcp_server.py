"""The tools that an agent gets. Each runs a command in a process of its own: what it prints as JSON is the answer."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solver.core.options import Given
from solver.core.settings import options_named
from solver.errors import UserError

if TYPE_CHECKING:
    from mcp.server import MCPServer

_LONGEST = 600.0    # seconds of a command
_ABOUT = ("Fits collaborative-filtering models, and problems of Excel's Solver, in workbooks of the folder that it was given. Ask `inspect` first. Paths are "
          "below that folder. `fit` and `restore` write a new workbook, in which nothing but the fitted cells and the results that depend on them "
          "differs; the numbers are those that the sheet's own formulas confirm.")


class AgentFolder:
    """The folder below which everything lies that an agent may read and write."""

    def __init__(self, folder: str | Path):
        self.root = Path(folder).resolve()
        if not self.root.is_dir():
            raise UserError(f"There is no folder '{folder}'. Give the one that the agent may use.")

    def path(self, given: str) -> Path:
        """The path of something below the folder. Raises UserError for what lies elsewhere, through a link too."""
        path = (self.root / given).resolve()
        if not path.is_relative_to(self.root):
            raise UserError(f"'{given}' does not lie below the folder that was given to `collabsheet mcp`. Name a file below it.")
        return path

    def files(self) -> list[str]:
        """The workbooks, tables of ratings and models, below it."""
        endings = (".xlsx", ".xlsm", ".csv", ".tsv", ".parquet")
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*")
                      if path.suffix.lower() in endings or (path / "model.json").is_file())


def mcp_server(folder: AgentFolder) -> MCPServer:
    """The server with its tools. Raises UserError where the SDK is missing."""
    try:
        from mcp.server import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError as why:
        raise UserError("Agents are served by the SDK of the Model Context Protocol. Run: pip install 'collabsheet[mcp]'.") from why

    server = MCPServer("collabsheet", instructions=_ABOUT)

    async def asked(words: Callable[[], list[str]]) -> dict[str, Any]:
        """What the command of these words answers; a refusal is told to the agent in its sentence."""
        try:
            return await _output_of(words())
        except UserError as why:
            raise ToolError(str(why)) from None

    @server.tool()
    async def files() -> list[str]:
        """The workbooks, tables of ratings and trained models below the folder."""
        return folder.files()

    @server.tool()
    async def inspect(workbook: str) -> dict[str, Any]:
        """What is on each sheet of a workbook: its model or Solver problem, the cells of every block, RMSE now, notes, and why a sheet is not recognised."""
        return await asked(lambda: ["inspect", str(folder.path(workbook))])

    @server.tool()
    async def fit(workbook: str, output: str, sheets: list[str] | None = None, options: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fit the models, or minimise the Solver problems, of a workbook and write a new one to `output`, which must not exist. `sheets` None: every
        recognised one. `options` are those of `collabsheet fit`, by name: optimizer, weight_decay, start, seed, epochs, ..."""
        chosen = [f"--sheet={sheet}" for sheet in sheets or ()]
        return await asked(lambda: ["fit", str(folder.path(workbook)), "-o", str(folder.path(output)), *chosen, *_as_words(options or {})])

    @server.tool()
    async def restore(workbook: str, output: str) -> dict[str, Any]:
        """Write a new workbook to `output` with the parameters as they were before the last fit."""
        return await asked(lambda: ["restore", str(folder.path(workbook)), "-o", str(folder.path(output))])

    @server.tool()
    async def check_gradient(workbook: str, sheet: str) -> dict[str, Any]:
        """Hold the derivatives of a sheet's Solver problem against finite differences that LibreOffice, or our own calculator, recalculates."""
        return await asked(lambda: ["check-gradient", str(folder.path(workbook)), f"--sheet={sheet}"])

    @server.tool()
    async def recalculate(workbook: str) -> dict[str, Any]:
        """Evaluate every formula of a workbook afresh and hold it against the result that is stored."""
        return await asked(lambda: ["recalculate", str(folder.path(workbook))])

    @server.tool()
    async def train(ratings: str, output: str, effort: str = "quick") -> dict[str, Any]:
        """Learn factors from a table of ratings and write the model to the folder `output`. `effort`: quick, good or best."""
        return await asked(lambda: ["train", str(folder.path(ratings)), "-o", str(folder.path(output)), f"--effort={effort}"])

    @server.tool()
    async def recommend(model: str, user: str, n: int = 10) -> dict[str, Any]:
        """The `n` items that a trained model predicts highest for a user, of those that he has not rated."""
        return await asked(lambda: ["recommend", str(folder.path(model)), f"--user={user}", "-n", str(n)])

    return server


async def _output_of(words: list[str]) -> dict[str, Any]:
    """What a command prints as JSON. Raises UserError with its sentence."""
    running = await asyncio.create_subprocess_exec(sys.executable, "-P", "-m", "pyxl", *words, "--json", stdin=asyncio.subprocess.DEVNULL,
                                                   stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    try:
        out, complaint = await asyncio.wait_for(running.communicate(), _LONGEST)
    except (TimeoutError, asyncio.CancelledError):
        running.terminate()     # a fit keeps its best so far
        await running.wait()
        raise
    try:
        told = json.loads(out)
    except ValueError:
        raise UserError(complaint.decode(errors="replace").strip() or f"`collabsheet {words[0]}` ended without an answer.") from None
    if running.returncode:
        raise UserError(told.get("error", "It was not done."))
    return told


def _as_words(options: dict[str, Any]) -> list[str]:
    known = options_named(options, Given.FIT)
    return [f"{known[name].flag}={','.join(map(str, value)) if isinstance(value, list) else value}" for name, value in options.items()]
