"""One finding of the doctor: a sentence on the state of something, and what mends it."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass

from pyxl.base.plain_output import quoted_command

STATES = {
    "works": "as it should be",
    "missing": "something does without it",
    "fails": "nothing can be fitted",
    "look": "only you can see it",
}


@dataclass(frozen=True)
class Finding:
    """`what` was looked at; `state` is a name of STATES; `says` is a sentence, and so is `mend`, or a command."""

    what: str
    state: str
    says: str
    mend: str = ""

    def lines(self, width: int) -> list[str]:
        """What a person reads; `width` is that of the longest `what`."""
        first = f"{self.state:<7}  {self.what:<{width}}  {self.says}"
        return [first, *([f"{'':<7}  {'':<{width}}  → {self.mend}"] if self.mend else [])]

    def as_object(self) -> dict:
        return asdict(self)


def pip_install(package: str) -> str:
    """The command that installs a package for the Python that runs."""
    return quoted_command(sys.executable, "-m", "pip", "install", package)
