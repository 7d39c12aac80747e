"""Asks a service of `collabsheet serve` from Python. It needs nothing but Python's own library."""

from __future__ import annotations

import http.client
import json
import os
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from solver.errors import UserError
from workbook.new_file import checked_new_target, new_file

from .trained_there import Label, TrainedThere

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
        view = self.job("inspect", self._upload(path, there=there))["result"]
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
        job = self.job("fit", self._upload(path, there=there), asked, on_epoch)
        if out is not None:
            self.download(job["result"]["book"], Path(out), overwrite=overwrite)
        return job["result"]["results"]

    def run_epochs(self, path: str | Path, *, out: str | Path, epochs: int = 5, reset: bool = False, overwrite: bool = False,
                   sheets: Sequence[str] | None = None) -> dict[str, list[float]]:
        """Run epochs there of sheets that train a row after another, as `optimizers run` does here, and write the workbook to `out`; the
        error of each epoch, by sheet."""
        checked_new_target(out, overwrite=overwrite)
        job = self.job("epochs", self._upload(path), {"epochs": epochs, "reset": reset} | ({} if sheets is None else {"sheets": list(sheets)}))
        self.download(job["result"]["book"], Path(out), overwrite=overwrite)
        return job["result"]["errors"]

    def restore(self, path: str | Path, *, out: str | Path, overwrite: bool = False, sheets: Sequence[str] | None = None) -> dict[str, int]:
        """Put back there the parameters of before the last fit, as `restore_workbook` does here, and write the workbook to `out`; how many
        cells changed, by sheet."""
        checked_new_target(out, overwrite=overwrite)
        job = self.job("restore", self._upload(path), {} if sheets is None else {"sheets": list(sheets)})
        self.download(job["result"]["book"], Path(out), overwrite=overwrite)
        return job["result"]["restored"]

    def train(self, path: str | Path, *, effort: str = "good", holdout: float = 0.0, split: str = "random",
              rating_range: tuple[float, float] | None = None, feedback: str = "explicit", counts: bool = False,
              options: Mapping[str, Any] | None = None, reading: Mapping[str, str | None] | None = None,
              on_start: Callable[[dict[str, Any]], object] | None = None,
              on_epoch: Callable[[dict[str, Any]], bool | None] | None = None) -> TrainedThere:
        """Learn there from a table of ratings, as `collabsheet train` does here: `options` are its settings, and `reading` says how the table
        is written. `on_start` gets what is learnt from, and what biases alone reach; `on_epoch` as in `fit`."""
        asked = {"effort": effort, "holdout": holdout, "split": split, "rating_range": rating_range, "feedback": feedback, "counts": counts,
                 "options": dict(options or {}), "reading": dict(reading or {})}

        def told(one: dict[str, Any]) -> bool | None:
            if "start" not in one:
                return on_epoch(one) if on_epoch else None
            if on_start:
                on_start(one["start"])
            return None

        result = self.job("train", self._upload(path), asked, told)["result"]
        return TrainedThere(self, result["book"], result)

    def model(self, book: str) -> TrainedThere:
        """A model that was trained there before, by what it is called there (`TrainedThere.book`)."""
        return TrainedThere(self, book)

    def recommend(self, model: TrainedThere | str, user: Label, n: int = 10, **more: Any) -> list[dict[str, Any]]:
        """As `TrainedThere.recommend`, of a model or of what it is called there."""
        return self._model(model).recommend(user, n, **more)

    def predict(self, model: TrainedThere | str, pairs: Sequence[tuple[Label, Label]]) -> list[float]:
        """As `TrainedThere.predict`."""
        return self._model(model).predict(pairs)

    def similar(self, model: TrainedThere | str, *, item: Label | None = None, user: Label | None = None, n: int = 10) -> list[dict[str, Any]]:
        """As `TrainedThere.similar_items`, or, of a user, `similar_users`."""
        asked = {name: label for name, label in (("item", item), ("user", user)) if label is not None}
        return self._model(model).asked("similar", asked | {"n": n})["similar"]

    def _model(self, model: TrainedThere | str) -> TrainedThere:
        return self.model(model) if isinstance(model, str) else model

    def _upload(self, path: str | Path, *, there: bool = False) -> str:
        if there:
            return self._ask("POST", f"/api/books?path={quote(str(path))}")["book"]
        try:
            with Path(path).open("rb") as file:
                if (size := os.fstat(file.fileno()).st_size) > (most := self.status()["limits"]["upload"]):
                    raise UserError(f"'{Path(path).name}' has {size / (1 << 20):,.1f} MB, and this service takes {most / (1 << 20):,.0f} MB. Do it on this "
                                    "machine, or start the service with a larger --upload-mb.")
                return self._ask("POST", f"/api/books?name={quote(Path(path).name)}", file)["book"]
        except FileNotFoundError:
            raise UserError(f"There is no file '{path}'.") from None
        except IsADirectoryError:
            raise UserError(f"'{path}' is a folder. Give one file.") from None

    def job(self, kind: str, book: str, asked: Mapping[str, Any] | None = None, on_epoch: Callable | None = None) -> dict[str, Any]:
        """A job of a kind, once it is over. Raises UserError where it failed."""
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

    def download(self, book: str, out: Path, *, overwrite: bool) -> None:
        """Write a file that is there to a new one here."""
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


def _sentence(answer: http.client.HTTPResponse) -> str:
    try:
        return json.loads(answer.read())["error"]
    except (ValueError, KeyError, TypeError):
        return f"The service answers {answer.status} {answer.reason}."
