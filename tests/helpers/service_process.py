"""A service of `collabsheet serve` in a process of its own, as a user starts it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit


class ServiceProcess:
    """Starts it, reads the address that it prints, and ends it."""

    def __init__(self, folder: Path, *words: str):
        self.process = subprocess.Popen([sys.executable, "-m", "pyxl", "serve", "--port", "0", "--folder", str(folder / "served"), *words],
                                        stdout=subprocess.PIPE, stderr=(folder / "errors").open("w"), text=True, cwd=folder,
                                        env={**os.environ, "HOME": str(folder)})
        giving_up = threading.Timer(120, self.process.kill)
        giving_up.start()
        line = self.process.stdout.readline()
        giving_up.cancel()
        if not line:
            raise AssertionError((folder / "errors").read_text())
        self.folder, self.url = folder / "served", line.split()[-1]
        parts = urlsplit(self.url)
        self.port, self.token, self.scheme = parts.port, parts.fragment.removeprefix("token="), parts.scheme

    def __enter__(self) -> ServiceProcess:
        return self

    def __exit__(self, *_) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, method: str, path: str, body: bytes | dict | None = None, **headers: str) -> tuple[int, dict, dict]:
        """(status, headers, object) of an answer; the token is sent unless another Authorization, or '', is given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        sent = {"Authorization": f"Bearer {self.token}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, sent)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        try:
            told = json.loads(content)
        except ValueError:
            told = {"content": content}
        return answer.status, dict(answer.getheaders()), told

    def over(self, job: str) -> dict:
        """A job, once it is over."""
        status, _, news = self.ask("GET", f"/api/jobs/{job}/events")
        assert status == 200
        return json.loads(news["content"].decode().rstrip().rpartition("data: ")[2])
