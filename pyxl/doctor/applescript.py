"""The AppleScript through which Excel on a Mac starts Python; its sandbox lets macros run nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

_NAME, HANDLER = "collabsheet.applescript", "StartCollabsheet"
# Handed to AppleScriptTask by our macros. Output goes nowhere, or the script would wait for the end.
SCRIPT = f"""on {HANDLER}(commandLine)
	do shell script commandLine & " > /dev/null 2>&1 &"
	return "started"
end {HANDLER}
"""


def installed_script(home: Path) -> Path:
    """Where Excel looks for it (AppleScriptTask's one folder)."""
    return home / "Library" / "Application Scripts" / "com.microsoft.Excel" / _NAME


def install(home: Path) -> str:
    """Put the script in its place; a sentence on what was done. Other systems need none."""
    if sys.platform != "darwin":
        return "There is nothing to install: only Excel on a Mac needs a script to start Python."
    path = installed_script(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCRIPT, encoding="utf-8")
    return f"Installed {path}: the buttons of a workbook may start Python now."
