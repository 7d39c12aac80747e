"""One run at a time in an open workbook; what goes wrong in it is said on the sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pyxl.base.known_failures import remedy
from pyxl.base.log_file import log_failure
from pyxl.base.one_at_a_time import one_at_a_time
from pyxl.hosts.live_host import LiveHost
from solver.errors import NoSolution, UserError, stopped_by

from .panel import Panel


@contextmanager
def alone(host: LiveHost, sheets: list[str] | None, failed: str) -> Iterator[dict[str, Panel]]:
    """The panels of the sheets, given back at the end; no other run works on the workbook meanwhile. What goes wrong is said
    in the status cells, with its details in the log, and raised as a UserError."""
    panels = {sheet: Panel(host, sheet) for sheet in (sheets or host.sheets)}
    try:
        with one_at_a_time(host.place):
            yield panels
    except (Exception, KeyboardInterrupt) as why:
        sentence = _sentence(why)
        log = log_failure(f"{host.name}: {failed.lower()}", why)
        _try(panels, lambda panel: panel.say(f"{failed}: {sentence} (Details: {log})"))
        raise (NoSolution if isinstance(why, NoSolution) else UserError)(sentence) from why
    finally:
        _try(panels, lambda panel: panel.bar(None))


def _sentence(why: BaseException) -> str:
    if isinstance(why, UserError):
        return str(why)
    if isinstance(why, KeyboardInterrupt):
        return f"Stopped by {stopped_by(why)} before the first epoch; the parameters are as they were."
    return remedy(why) or f"Unexpected {type(why).__name__}: {' '.join(str(why).split())[:300] or 'no message'}."


def _try(panels: Mapping[str, Panel], action) -> None:
    """Do it for all panels, as far as the workbook is still there."""
    for panel in panels.values():
        try:
            action(panel)
        except Exception:  # the program or the workbook was closed: nobody could read it
            return
