"""How a store is recognised, without reading it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

MANIFEST, PREPARING = "manifest.json", "preparing"      # a whole store has the first, an unfinished one the second
STORE_KIND = "collabsheet store"


def is_store(paths: str | Path | Sequence[str | Path]) -> bool:
    """Whether these name one folder that is a store, finished or not."""
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    return len(given) == 1 and any((Path(given[0]) / name).exists() for name in (MANIFEST, PREPARING)) and _is_ours(Path(given[0]))


def _is_ours(folder: Path) -> bool:
    if not (folder / MANIFEST).exists():
        return True
    try:
        return json.loads((folder / MANIFEST).read_bytes()).get("kind") == STORE_KIND
    except (OSError, ValueError, AttributeError):
        return False
