"""Puts the extension into LibreOffice and takes it out, by LibreOffice's own manager of extensions.

`unopkg`, the program for that, refuses root, as whom containers run; the manager behind it does not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyxl.engines.libreoffice.find_office import load_uno
from pyxl.engines.libreoffice.office import USUAL_PROFILE, Office
from solver.errors import UserError

from .office_extension import IDENTIFIER, office_extension

_MANAGER = "com.sun.star.deployment.ExtensionManager"
_FILE = "collabsheet.oxt"


def install_extension(python: str, *, profile: Path | None = None) -> None:
    """Put the extension, whose menu starts `python`, into the user's LibreOffice, or into the one whose settings lie in the
    folder `profile`. Raises UserError."""
    with tempfile.TemporaryDirectory() as folder, _manager(profile) as (manager, environment):
        file = Path(folder) / _FILE
        file.write_bytes(office_extension(python))
        try:
            manager.addExtension(file.as_uri(), (), "user", None, environment)
        except load_uno().getClass("com.sun.star.deployment.DeploymentException") as why:
            raise UserError(f"LibreOffice did not take the extension ({why}). Write it to a file, collabsheet addin oxt -o {_FILE}, "
                            "and open that in LibreOffice.") from why


def uninstall_extension(*, profile: Path | None = None) -> bool:
    """Take the extension out; False where it is not there. Raises UserError."""
    with _manager(profile) as (manager, environment):
        there = [package.getName() for package in manager.getDeployedExtensions("user", None, environment)
                 if package.getIdentifier().Value == IDENTIFIER]
        for name in there:
            manager.removeExtension(IDENTIFIER, name, "user", None, environment)
    return bool(there)


@contextmanager
def _manager(profile: Path | None) -> Iterator[tuple]:
    """The manager of extensions and the environment in which its commands run."""
    office = Office(visible=False, profile=profile or USUAL_PROFILE)
    try:
        yield office.singleton(_MANAGER), _environment()
    finally:
        office.close()


def _environment():
    """Says yes to whatever the manager asks: whether it may install, or replace an older version."""
    uno = load_uno()
    import unohelper
    from com.sun.star.task import XInteractionHandler
    from com.sun.star.ucb import XCommandEnvironment

    class Environment(unohelper.Base, XCommandEnvironment, XInteractionHandler):
        def getInteractionHandler(self):
            return self

        def getProgressHandler(self):
            return None

        def handle(self, request):
            for answer in request.getContinuations():
                if answer.queryInterface(uno.getTypeByName("com.sun.star.task.XInteractionApprove")) is not None:
                    answer.select()

    return Environment()
