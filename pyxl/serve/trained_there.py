"""A model on a service, as `client.Service.train` leaves it there."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solver.errors import UserError
from workbook.new_file import checked_new_target

if TYPE_CHECKING:
    from .client import Service

Label = str | int | float
_PAIRS = 10_000     # that the service predicts at a time


@dataclass(frozen=True)
class TrainedThere:
    """A model on a service, for as long as the service keeps its files. `book` is what it is called there, and `about`, where it was trained
    just now, says what it learnt from, its RMSE and notes."""

    service: Service
    book: str
    about: dict[str, Any] = field(default_factory=dict)

    def recommend(self, user: Label, n: int = 10, **more: Any) -> list[dict[str, Any]]:
        """``item`` and ``prediction`` of what a user will rate highest of what they have not rated, best first. `more` are `items`, `exclude`
        and `seen`, as ``POST /api/jobs`` takes them."""
        return self.asked("recommend", {"user": user, "n": n} | more)["items"]

    def recommend_many(self, users: Sequence[Label] | None = None, n: int = 10, **more: Any) -> list[dict[str, Any]]:
        """``user``, ``item`` and ``prediction`` for several users, or for all."""
        return self.asked("recommend", {"users": None if users is None else list(users), "n": n} | more)["recommendations"]

    def similar_items(self, item: Label, n: int = 10, *, min_ratings: int = 1) -> list[dict[str, Any]]:
        """``item`` and ``similarity`` of the items most like one."""
        return self.asked("similar", {"item": item, "n": n, "min_ratings": min_ratings})["similar"]

    def similar_users(self, user: Label, n: int = 10, *, min_ratings: int = 1) -> list[dict[str, Any]]:
        """``user`` and ``similarity`` of the users most like one."""
        return self.asked("similar", {"user": user, "n": n, "min_ratings": min_ratings})["similar"]

    def predict(self, pairs: Sequence[tuple[Label, Label]]) -> list[float]:
        """The predicted ratings of pairs (user, item)."""
        return [one["prediction"] for one in self.predictions(pairs)]

    def predictions(self, pairs: Sequence[tuple[Label, Label]], *, interval: float | None = None) -> list[dict[str, Any]]:
        """``prediction`` of pairs (user, item), and with `interval` ``low`` and ``high``, between which a rating lies with that probability."""
        more = {} if interval is None else {"interval": interval}
        return [one for first in range(0, len(pairs), _PAIRS)
                for one in self.asked("predict", {"pairs": [list(pair) for pair in pairs[first:first + _PAIRS]]} | more)["predictions"]]

    def save(self, out: str | Path, *, overwrite: bool = False) -> None:
        """Write the model to a folder, which `CollabFilter.load` and `collabsheet recommend` take; or, where `out` ends in .zip, to a zip file
        of that folder."""
        if Path(out).suffix.lower() == ".zip":
            checked_new_target(out, overwrite=overwrite)
            self.service.download(self.book, Path(out), overwrite=overwrite)
            return
        from solver.collab.saved.storage import DOCUMENT, NUMBERS, read_folder, take_folder

        with tempfile.TemporaryDirectory() as drafts:
            packed, unpacked = Path(drafts) / "model.zip", Path(drafts) / Path(out).name
            unpacked.mkdir()
            self.service.download(self.book, packed, overwrite=False)
            try:
                with zipfile.ZipFile(packed) as files:
                    for name in (NUMBERS, DOCUMENT):
                        with files.open(name) as source, (unpacked / name).open("xb") as target:
                            shutil.copyfileobj(source, target)
            except (zipfile.BadZipFile, KeyError) as why:
                raise UserError(f"The service gave no whole model ({why}). Train it again.") from why
            read_folder(unpacked)       # refuses what is not whole
            take_folder(unpacked, out, overwrite=overwrite)

    def asked(self, kind: str, asked: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What a job of that kind gives for this model."""
        return self.service.job(kind, self.book, asked)["result"]
