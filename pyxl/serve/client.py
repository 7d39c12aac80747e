"""Asks a service of `collabsheet serve` from Python. It needs nothing but Python's own library."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from solver.errors import UserError
from workbook.new_file import checked_new_target, new_file

_WAIT = 60.0        # seconds for an answer, also for the next line of a job's news
_CHUNK = 1 << 20


def connect(url: str, *, token: str | None = None, certificate: str | None = None) -> Service:
    """The service at an address, as `collabsheet serve` printed it. The address holds the token, or `token` gives it. `certificate` is
    a PEM file with the certificate that signed the service's own, needed where the system does not know that one. Raises UserError where nothing answers."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"'{url}' is no address of a service. Give what `collabsheet serve` printed: http://127.0.0.1:8365/#token=…")
    given = token or parse_qs(parts.fragment).get("token", [""])[0]
    if not given:
        raise UserError("The service asks for a token. Give the whole address that `collabsheet serve` printed, or token=.")
    service = Service(parts.scheme, parts.hostname, parts.port, given, certificate)
    service.status()
    return service


@dataclass(frozen=True)
class Service:
    """A service that fits workbooks. Every method raises UserError with the service's own sentence where it refuses."""

    scheme: str
    host: str
    port: int | None
    token: str
    certificate: str | None = None

    def status(self) -> dict[str, Any]:
        """What runs and waits there, and its limits."""
        return self._ask("GET", "/api/status")

    def inspect(self, path: str | Path, *, there: bool = False) -> dict[str, Any]:
        """What is on each sheet, by name, as `inspect_workbook` says it. With `there` nothing is uploaded: the path lies below the folder
        that the service was started with (``--books``)."""
        view = self._job("inspect", self._upload(path, there=there))["result"]
        return {sheet["name"]: sheet["found"] for sheet in view["sheets"]}

    def fit(self, path: str | Path, *, out: str | Path | None = None, overwrite: bool = False, sheets: Sequence[str] | None = None,
            options: Mapping[str, Any] | None = None, there: bool = False, on_epoch: Callable[[dict[str, Any]], bool | None] | None = None) -> dict[str, dict]:
        """Fit a workbook there, as `fit_workbook` does here, and write it to `out` (None: nowhere); `there` as for `inspect`.

        `on_epoch` gets what the service tells: ``sheet``, ``epoch``, ``rmse`` and ``held_out``, or ``step`` and ``objective``. When it
        returns a true value, the fit stops and keeps the best so far. Returns the results by sheet, as ``fit --json`` prints them.
        """
        if out is not None:
            checked_new_target(out, overwrite=overwrite)
        asked = {"options": dict(options or {})} | ({} if sheets is None else {"sheets": list(sheets)})
        job = self._job("fit", self._upload(path, there=there), asked, on_epoch)
        if out is not None:
            self._download(job["result"]["book"], Path(out), overwrite=overwrite)
        return job["result"]["results"]

    def run_epochs(self, path: str | Path, *, out: str | Path, epochs: int = 5, reset: bool = False, overwrite: bool = False,
                   sheets: Sequence[str] | None = None) -> dict[str, list[float]]:
        """Run epochs there of sheets that train a row after another, as `optimizers run` does here, and write the workbook to `out`; the
        error of each epoch, by sheet."""
        checked_new_target(out, overwrite=overwrite)
        job = self._job("epochs", self._upload(path), {"epochs": epochs, "reset": reset} | ({} if sheets is None else {"sheets": list(sheets)}))
        self._download(job["result"]["book"], Path(out), overwrite=overwrite)
        return job["result"]["errors"]

    def restore(self, path: str | Path, *, out: str | Path, overwrite: bool = False, sheets: Sequence[str] | None = None) -> dict[str, int]:
        """Put back there the parameters of before the last fit, as `restore_workbook` does here, and write the workbook to `out`; how many
        cells changed, by sheet."""
        checked_new_target(out, overwrite=overwrite)
        job = self._job("restore", self._upload(path), {} if sheets is None else {"sheets": list(sheets)})
        self._download(job["result"]["book"], Path(out), overwrite=overwrite)
        return job["result"]["restored"]

    def train(self, path: str | Path, *, effort: str = "good", holdout: float = 0.0,
              on_epoch: Callable[[dict[str, Any]], bool | None] | None = None) -> TrainedThere:
        """Learn there from a table of ratings, as `CollabFilter` does here; `on_epoch` as in `fit`."""
        result = self._job("train", self._upload(path), {"effort": effort, "holdout": holdout}, on_epoch)["result"]
        return TrainedThere(self, result["book"], result)

    def _upload(self, path: str | Path, *, there: bool = False) -> str:
        if there:
            return self._ask("POST", f"/api/books?path={quote(str(path))}")["book"]
        try:
            with Path(path).open("rb") as file:
                return self._ask("POST", f"/api/books?name={quote(Path(path).name)}", file)["book"]
        except FileNotFoundError:
            raise UserError(f"There is no file '{path}'.") from None

    def _job(self, kind: str, book: str, asked: Mapping[str, Any] | None = None, on_epoch: Callable | None = None) -> dict[str, Any]:
        job = self._ask("POST", "/api/jobs", json.dumps({"kind": kind, "book": book, **(asked or {})}).encode())["job"]
        stopping = False
        for event, told in self._news(job):
            if event == "over":
                if "error" in told["result"]:
                    raise UserError(told["result"]["error"])
                return told
            if on_epoch and on_epoch(told) and not stopping:
                stopping = True
                self._ask("POST", f"/api/jobs/{job}/stop")
        raise UserError("The service ended while the job ran. Start it again.")

    def _news(self, job: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(event, object) of a job's server-sent events."""
        with self._answer("GET", f"/api/jobs/{job}/events") as answer:
            event = ""
            for line in answer:
                name, _, text = line.decode().rstrip("\n").partition(": ")
                if name == "event":
                    event = text
                elif name == "data":
                    yield event, json.loads(text)

    def _download(self, book: str, out: Path, *, overwrite: bool) -> None:
        with self._answer("GET", f"/api/books/{book}/file") as answer, new_file(out, overwrite=overwrite) as draft, Path(draft).open("wb") as file:
            while chunk := answer.read(_CHUNK):
                file.write(chunk)

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        with self._answer(method, path, body) as answer:
            return json.loads(answer.read())

    @contextmanager
    def _answer(self, method: str, path: str, body: Any = None) -> Iterator[http.client.HTTPResponse]:
        connection: http.client.HTTPConnection
        if self.scheme == "https":
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=_WAIT, context=ssl.create_default_context(cafile=self.certificate))
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=_WAIT)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            if answer.status >= 400:
                raise UserError(_sentence(answer))
            yield answer
        except (OSError, http.client.HTTPException) as why:
            raise UserError(f"The service at {self.host} does not answer: {str(why) or type(why).__name__}. Is `collabsheet serve` running there?") from why
        finally:
            connection.close()


@dataclass(frozen=True)
class TrainedThere:
    """A model on a service, for as long as the service keeps its files. `about` says what it learnt from, its RMSE and notes."""

    service: Service
    book: str
    about: dict[str, Any]

    def recommend(self, user: str | int, n: int = 10) -> list[dict[str, Any]]:
        """``item`` and ``prediction`` of what a user will rate highest of what they have not rated, best first."""
        return self._asked("recommend", {"user": user, "n": n})["items"]

    def similar_items(self, item: str | int, n: int = 10) -> list[dict[str, Any]]:
        """``item`` and ``similarity`` of the items most like one."""
        return self._asked("similar", {"item": item, "n": n})["similar"]

    def similar_users(self, user: str | int, n: int = 10) -> list[dict[str, Any]]:
        """``user`` and ``similarity`` of the users most like one."""
        return self._asked("similar", {"user": user, "n": n})["similar"]

    def predict(self, pairs: Sequence[tuple[str | int, str | int]]) -> list[float]:
        """The predicted ratings of pairs (user, item)."""
        return [one["prediction"] for one in self._asked("predict", {"pairs": [list(pair) for pair in pairs]})["predictions"]]

    def save(self, out: str | Path, *, overwrite: bool = False) -> None:
        """Write the model to a zip file; unpacked to a folder, `CollabFilter.load` and `collabsheet recommend` take it."""
        checked_new_target(out, overwrite=overwrite)
        self.service._download(self.book, Path(out), overwrite=overwrite)

    def _asked(self, kind: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        return self.service._job(kind, self.book, asked)["result"]


def _sentence(answer: http.client.HTTPResponse) -> str:
    try:
        return json.loads(answer.read())["error"]
    except (ValueError, KeyError, TypeError):
        return f"The service answers {answer.status} {answer.reason}."
