"""The files for a container, read as far as one can without Docker; nobody has built it here."""

from __future__ import annotations

import argparse
import json
import re
import socket
from pathlib import Path

import pytest
import yaml
from service_process import ServiceProcess

from pyxl.cli.sheets.serve_command import SERVE
from pyxl.serve.run_service import Where, refuse_unsafe
from solver.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "container"


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", (FOLDER / "Dockerfile").read_text(), flags=re.M).replace("\\\n", " ")
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line.strip())]


def test_the_image_is_made_of_what_is_there_and_runs_as_nobody_in_particular():
    steps = instructions()
    assert {word for word, _ in steps} <= {"FROM", "ARG", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "ENV", "ENTRYPOINT"} and steps[0][0] == "FROM"
    let_in = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {name for word, rest in steps if word == "COPY" for name in rest.split()[:-1]}
    assert copied == let_in and all((ROOT / name).exists() for name in copied)
    assert dict(steps)["USER"] == "collabsheet" and steps[-1][0] == "ENTRYPOINT"


def test_the_service_of_the_compose_file_takes_its_arguments_and_is_reached_through_the_proxy_alone():
    services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    ours = services["collabsheet"]
    command, subcommand, *words = [*json.loads(instructions()[-1][1]), *ours["command"]]
    assert (command, subcommand) == ("collabsheet", "serve")
    parser = argparse.ArgumentParser()
    SERVE.add_arguments(parser)
    args = parser.parse_args(words)
    refuse_unsafe(Where(host=args.host, names=tuple(args.name), tokens=args.tokens, behind_tls=args.behind_tls))
    assert ours["network_mode"] == "service:proxy" and "ports" not in ours and ours["build"]["dockerfile"] == "container/Dockerfile"
    assert f"reverse_proxy {args.host}:{args.port} " in (FOLDER / "Caddyfile").read_text()
    mounted = {volume.split(":")[1] for volume in ours["volumes"]}
    assert args.tokens in mounted and args.folder.startswith("/data/") and "/data" in mounted


@pytest.mark.parametrize("where", [Where(behind_tls=True, names=("a.example",)), Where(behind_tls=True, tokens="t"),
                                   Where(behind_tls=True, tokens="t", names=("a.example",), host="0.0.0.0")])
def test_behind_a_proxy_it_asks_for_tokens_and_a_name(where):
    with pytest.raises(UserError, match="--behind-tls"):
        refuse_unsafe(where)


def test_behind_a_proxy_pages_come_by_https(tmp_path):
    (tmp_path / "tokens").write_text("ann fit " + "t" * 30)
    (tmp_path / "tokens").chmod(0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--port", str(port), "--behind-tls", "--name", "sheets.example.org", "--tokens", str(tmp_path / "tokens")]
    with ServiceProcess(tmp_path, *words) as service:
        assert service.url == "https://sheets.example.org/"
        service.port, service.token = port, "t" * 30
        for origin, status in (("https://sheets.example.org", 200), ("http://sheets.example.org", 403), ("https://elsewhere.example", 403)):
            assert service.ask("GET", "/api/status", Host="sheets.example.org", Origin=origin)[0] == status
