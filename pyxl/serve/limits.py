"""What a service takes and for how long it keeps it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from solver.errors import UserError


@dataclass(frozen=True, kw_only=True)
class ServiceLimits:
    """What a service takes. Raises UserError for what is not above 0.

    `workers` is how many jobs run at a time, `upload` the bytes that a file may have (`pyxl.xlsx.package.Limits` says how
    far its parts may unpack), `seconds` the time that a job may take, and `memory` the bytes that it may take beyond those of an
    idle worker. `waiting` is how many jobs of one user may wait, `kept` the bytes of all files of one user, `requests` how many
    one user may make in a second in the long run. After `keep_minutes` files and results are deleted.
    """

    workers: int = 2
    upload: int = 50 << 20
    seconds: float = 120.0
    memory: int = 2 << 30
    waiting: int = 20
    kept: int = 2 << 30
    requests: float = 20.0
    keep_minutes: float = 60.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise UserError(f"The service's limit {field.name} is {getattr(self, field.name)}. Give a number above 0.")
