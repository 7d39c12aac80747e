"""`collabsheet serve --install`: what systemd, launchd and the Task Scheduler are given, read by their own rules."""

from __future__ import annotations

import os
import plistlib
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pyxl.__main__ import main
from pyxl.serve import at_login
from pyxl.serve.at_login import AtLogin, launch_agent, scheduled_task, systemd_unit
from pyxl.serve.tokens import TokenFile

WORDS = ["-m", "pyxl", "serve", "--folder", '/a b/50% "x" $HOME\\y', "--name", "ä&<b>"]
STARTED = AtLogin(name="serve", what="the page & the service", words=WORDS, environment={"A": "b c"})


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The commands that the system was asked for; it refuses none."""
    commands = []
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(at_login, "_do", commands.append)
    return commands


def test_systemd_takes_the_unit(tmp_path):
    lines = systemd_unit(STARTED).splitlines()
    started = next(line for line in lines if line.startswith("ExecStart=")).removeprefix("ExecStart=")
    assert [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(started)] == [sys.executable, *WORDS]
    assert 'Environment="A=b c"' in lines and "Restart=on-failure" in lines
    assert "Restart=always" in systemd_unit(AtLogin(name="w", what="w", words=[], for_ever=True))
    if shutil.which("systemd-analyze"):
        (tmp_path / "collabsheet-serve.service").write_text(systemd_unit(STARTED), "utf-8")
        checked = subprocess.run(["systemd-analyze", "--user", "verify", tmp_path / "collabsheet-serve.service"], capture_output=True, text=True,
                                 env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)})
        assert checked.returncode == 0 and "collabsheet-serve" not in checked.stderr, checked.stderr


def test_launchd_and_the_task_scheduler_get_the_same_words(monkeypatch):
    agent = plistlib.loads(launch_agent(STARTED))
    assert agent["ProgramArguments"] == [sys.executable, *WORDS] and agent["RunAtLoad"] and agent["KeepAlive"] == {"SuccessfulExit": False}
    monkeypatch.setenv("USERNAME", "ann")
    monkeypatch.setenv("USERDOMAIN", "R&D")
    task = ElementTree.fromstring(scheduled_task(STARTED))
    found = {element.tag.rpartition("}")[2]: element.text for element in task.iter()}
    assert found["Arguments"] == subprocess.list2cmdline(WORDS) and found["Command"] == sys.executable
    assert found["UserId"] == "R&D\\ann" and found["LogonType"] == "InteractiveToken" and found["ExecutionTimeLimit"] == "PT0S"
    assert [child.tag.rpartition("}")[2] for child in task] == ["RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"]


def test_the_command_installs_a_service_whose_address_stays_and_takes_it_out(asked, tmp_path, capsys):
    assert main(["serve", "--install", "--port", "8400", "--workers", "1"]) == 0
    said, unit = capsys.readouterr().out, tmp_path / ".config" / "systemd" / "user" / "collabsheet-serve.service"
    assert asked[-1] == ["systemctl", "--user", "restart", "collabsheet-serve.service"] and '"--port" "8400"' in unit.read_text()
    address = said.split()[-1]
    assert address.startswith("http://127.0.0.1:8400/#token=")
    assert TokenFile(tmp_path / ".collabsheet" / "service-tokens")(address.partition("token=")[2]).scope == "admin"
    assert main(["serve", "--install", "--port", "8400"]) == 0 and address in capsys.readouterr().out
    words = shlex.split(unit.read_text().partition("ExecStart=")[2].splitlines()[0])
    assert words[:4] == [sys.executable, "-m", "pyxl", "serve"] and words[words.index("--tokens") + 1] == str(tmp_path / ".collabsheet" / "service-tokens")
    assert main(["serve", "--uninstall"]) == 0 and not unit.exists()
    assert asked[-1] == ["systemctl", "--user", "disable", "--now", "collabsheet-serve.service"]
    assert main(["serve", "--uninstall"]) == 0 and "was not installed" in capsys.readouterr().out


@pytest.mark.parametrize("words, said", [(["--host", "0.0.0.0"], "--certificate"), (["--port", "0"], "--port 0"), (["--uninstall"], "not allowed"),
                                         (["--open"], "--install makes no use of --open"), (["worker", "--port", "8400"], "--install worker makes no use of --port")])
def test_what_would_be_unsafe_or_lost_is_not_installed(asked, words, said, capsys):
    try:
        assert main(["serve", "--install", *words]) == 2
    except SystemExit as why:
        assert why.code == 2
    assert said in capsys.readouterr().err and not asked


def test_a_worker_for_presses_is_installed_where_there_are_workers(asked, tmp_path, monkeypatch, capsys):
    assert main(["serve", "--install", "worker"]) == 0
    unit = (tmp_path / ".config" / "systemd" / "user" / "collabsheet-worker.service").read_text()
    assert '"-m" "pyxl.press" "wait"' in unit and "Restart=always" in unit
    monkeypatch.setattr("pyxl.live.worker_client.has_workers", lambda: False)
    assert main(["serve", "--install", "worker"]) == 2 and "no worker" in capsys.readouterr().err


@pytest.mark.parametrize("platform, place", [("win32", ".collabsheet/collabsheet-serve.xml"), ("darwin", "Library/LaunchAgents/collabsheet-serve.plist")])
def test_elsewhere_it_goes_where_the_system_looks(asked, tmp_path, monkeypatch, platform, place):
    monkeypatch.setattr(at_login.sys, "platform", platform)
    file, left = at_login.install_at_login(STARTED)
    assert file == tmp_path / place and file.exists() and left is None
    assert asked[-1][0] == {"win32": "schtasks", "darwin": "launchctl"}[platform]
    assert at_login.uninstall_at_login("serve") and not file.exists()


def test_what_the_system_refuses_is_left_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(at_login.shutil, "which", lambda program: None)
    file, left = at_login.install_at_login(STARTED)
    assert Path(file).exists() and left.startswith("There is no systemctl here") and "systemctl --user daemon-reload && " in left
