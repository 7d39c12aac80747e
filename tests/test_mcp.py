"""`collabsheet mcp` as an agent meets it: by the protocol's own client, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys

import pytest

from pyxl import fit_workbook
from pyxl.agents.mcp_server import AgentFolder
from solver import UserError


@pytest.fixture
def folder(example_book, tmp_path):
    shutil.copy(example_book.path, tmp_path / "book.xlsx")
    (tmp_path / "ratings.csv").write_text("user,item,rating\n" + "".join(f"{u},{i},{(u * i) % 5 + 1}\n" for u in range(20) for i in range(20) if (u + i) % 3))
    return tmp_path


def ask(folder, *calls):
    """What the tools answer, one after another: (whether it is an error, what it says)."""
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    async def asked():
        how = StdioServerParameters(command=sys.executable, args=["-m", "pyxl", "mcp", str(folder)])
        async with stdio_client(how) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            tools = {tool.name for tool in (await session.list_tools()).tools}
            answers = []
            for name, arguments in calls:
                answer = await session.call_tool(name, arguments)
                answers.append((answer.is_error, answer.content[0].text))
            return tools, answers
    return asyncio.run(asked())


def test_an_agent_inspects_fits_restores_and_recommends(folder):
    tools, answers = ask(folder, ("files", {}), ("inspect", {"workbook": "book.xlsx"}),
                         ("fit", {"workbook": "book.xlsx", "output": "fitted.xlsx", "sheets": ["bias"], "options": {"weight_decay": 0.05}}),
                         ("recalculate", {"workbook": "fitted.xlsx"}), ("train", {"ratings": "ratings.csv", "output": "model"}),
                         ("recommend", {"model": "model", "user": "3", "n": 2}))
    assert tools == {"files", "inspect", "fit", "restore", "check_gradient", "recalculate", "train", "recommend"}
    assert not [told for failed, told in answers if failed]
    assert json.loads(answers[1][1])["sheets"]["bias"]["recognised"]
    here = fit_workbook(folder / "book.xlsx", sheets=["bias"], options={"weight_decay": 0.05})["bias"]
    assert json.loads(answers[2][1])["sheets"]["bias"]["rmse_after"] == here.rmse_after and (folder / "fitted.xlsx").exists()
    assert len(json.loads(answers[5][1])["items"]) == 2


def test_what_is_refused_is_a_sentence(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (folder / "link.xlsx").symlink_to(elsewhere / "b.xlsx")
    shutil.copy(folder / "book.xlsx", elsewhere / "b.xlsx")
    before = (folder / "book.xlsx").read_bytes()
    _, answers = ask(folder, ("inspect", {"workbook": "../b.xlsx"}), ("inspect", {"workbook": str(elsewhere / "b.xlsx")}), ("inspect", {"workbook": "link.xlsx"}),
                     ("fit", {"workbook": "book.xlsx", "output": "../out.xlsx"}), ("fit", {"workbook": "book.xlsx", "output": "book.xlsx"}),
                     ("fit", {"workbook": "book.xlsx", "output": "o.xlsx", "options": {"speed": 1}}), ("inspect", {"workbook": "none.xlsx"}))
    assert all(failed for failed, _ in answers)
    for (_, told), said in zip(answers, ("does not lie below", "does not lie below", "does not lie below", "does not lie below", "itself", "There is no option 'speed'", "none.xlsx")):
        assert said in told and "Traceback" not in told
    assert (folder / "book.xlsx").read_bytes() == before and not (folder / "o.xlsx").exists() and not (folder.parent / "out.xlsx").exists()


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UserError, match="There is no folder"):
        AgentFolder(tmp_path / "none")
