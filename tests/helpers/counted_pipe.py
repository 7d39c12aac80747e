"""A pipe to LibreOffice that counts the messages which go through: each is a way to the office and back."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
from pathlib import Path

FOLDER = Path("/tmp")   # where LibreOffice's pipes are, whatever TMPDIR says


class CountedPipe:
    """Leads to the office that listens at `spec`; `own_spec` is what to give to who is to be counted, `messages` how many there were."""

    def __init__(self, spec: str):
        name = re.search(r"pipe,name=([^,;]+)", spec)[1]
        self.own_spec, self.messages = f"pipe,name={name}counted", 0
        self._to, self._path = _pipe(name), _pipe(f"{name}counted")
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self._path))
        self._listening.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listening.close()
        self._path.unlink()

    def _serve(self) -> None:
        while True:
            try:
                here, _ = self._listening.accept()
            except OSError:     # closed
                return
            there = socket.socket(socket.AF_UNIX)
            there.connect(str(self._to))
            for source, target, counts in ((here, there, True), (there, here, False)):
                threading.Thread(target=self._pass_on, args=(source, target, counts), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        kept = b""
        while part := _received(source):
            target.sendall(part)
            kept += part if counts else b""
            while len(kept) >= 8:   # a block of UNO's protocol: its length, the number of its messages, and these
                length, messages = (int.from_bytes(kept[at:at + 4], "big") for at in (0, 4))
                if len(kept) < 8 + length:
                    break
                self.messages, kept = self.messages + messages, kept[8 + length:]
        with contextlib.suppress(OSError):  # it has ended, too
            target.shutdown(socket.SHUT_WR)


def _pipe(name: str) -> Path:
    return FOLDER / f"OSL_PIPE_{os.getuid()}_{name}"


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(1 << 16)
    except OSError:
        return b""
