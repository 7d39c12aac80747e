"""Failures of the machine, not of collabsheet, that have a remedy: each in a sentence."""

from __future__ import annotations

import traceback


def remedy(why: BaseException) -> str | None:
    """A sentence on what failed and what mends it; None where that is not known."""
    if "-1743" in str(why):
        return ("macOS did not permit Python to work in Excel (error -1743). Allow it in System Settings > Privacy & Security > "
                "Automation, below the program that started Python (Excel, or Terminal), and try again.")
    if isinstance(why, (ImportError, OSError)) and _while_loading_torch(why):
        return f"Python cannot load torch ({type(why).__name__}: {' '.join(str(why).split())[:200]}). Run: collabsheet doctor."
    return None


def _while_loading_torch(why: BaseException) -> bool:
    if getattr(why, "name", None) == "torch":
        return True
    steps = traceback.extract_tb(why.__traceback__)
    return any(step.filename.replace("\\", "/").endswith(("/torch/__init__.py", "/torch.py")) for step in steps)
