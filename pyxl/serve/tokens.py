"""Who may ask a service for what. A token is a secret word that every request carries."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pyxl.base.own_folder import own_folder
from solver.errors import UserError

SCOPES = ("read", "fit", "admin")   # each may do what those before it may
LOCAL = "local"                     # the name of the one caller of a service that is only for this machine
_SHORTEST = 24                      # characters of a token: a shorter one could be guessed


@dataclass(frozen=True)
class Caller:
    """Somebody who asks, and what they may do."""

    name: str
    scope: str

    def may(self, scope: str) -> bool:
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


FindCaller = Callable[[str], Caller | None]
"""The caller of a token; None where nobody has it."""


def one_token() -> tuple[str, FindCaller]:
    """(a new token, the function that finds its caller): one user of this machine, who may do everything."""
    token = secrets.token_urlsafe(32)
    return token, lambda given: Caller(LOCAL, "admin") if _same(given, token) else None


def lasting_token() -> tuple[Path, str]:
    """(the file of tokens in the user's own folder, the token of its first line). The file is made where there is none. Its token stays
    the same whenever a service starts again."""
    path = own_folder() / "service-tokens"
    with suppress(FileExistsError), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{LOCAL} admin {secrets.token_urlsafe(32)}\n")
    TokenFile(path)     # refuses a file that others may read
    return path, path.read_text("utf-8").split()[2]


class TokenFile:
    """The callers of a file: a line for each, ``NAME SCOPE TOKEN``. It is read again whenever it changes: a line that was
    deleted counts no more from the next request on."""

    def __init__(self, path: str | Path):
        self._path = Path(path)
        self._stamp: tuple[int, int] | None = None
        self._callers: list[tuple[str, Caller]] = []
        self._read()

    def __call__(self, given: str) -> Caller | None:
        """The caller; all tokens are compared, in constant time."""
        self._read()
        found = None
        for token, caller in self._callers:
            if _same(given, token):
                found = caller
        return found

    def _read(self) -> None:
        try:
            seen = self._path.stat()
        except OSError as why:
            raise UserError(f"The file of tokens {self._path} cannot be read: {(why.strerror or str(why)).lower()}.") from why
        if os.name == "posix" and stat.S_IMODE(seen.st_mode) & 0o077:
            raise UserError(f"Others may read the file of tokens {self._path}. Run: chmod 600 {self._path}.")
        if (stamp := (seen.st_mtime_ns, seen.st_size)) == self._stamp:
            return
        lines = [line.split() for line in self._path.read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")]
        for number, words in enumerate(lines, 1):
            if len(words) != 3 or words[1] not in SCOPES or len(words[2]) < _SHORTEST:
                raise UserError(f"{self._path}: entry {number} is not NAME SCOPE TOKEN, with a scope of {', '.join(SCOPES)} and a token of "
                                f"{_SHORTEST} signs or more.")
        if not lines:
            raise UserError(f"{self._path} names nobody. Give a line NAME SCOPE TOKEN for everybody who may ask.")
        self._callers, self._stamp = [(token, Caller(name, scope)) for name, scope, token in lines], stamp


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())
