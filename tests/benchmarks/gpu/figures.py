"""What the parts of `on_a_gpu.sh` share: sizes, the device, and figures that are kept as soon as they are known."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers"), str(ROOT / "tests" / "benchmarks")]


@dataclass(frozen=True)
class Sizes:
    """How large everything is: in earnest, and in a dry run."""

    device: str
    some: int       # ratings that are fitted on the CPU and on the device
    many: int       # ratings of the large fits
    users: int
    items: int
    factors: int    # of the large SGD
    wide: int       # of the large ALS and Gibbs
    block: int      # rows and columns of the block of formulas
    passes: int
    sheet: tuple[int, int]  # users and items of the workbook that is fitted


IN_EARNEST = Sizes("cuda", 1_000_000, 100_000_000, 480_000, 17_800, 50, 64, 1000, 8, (30, 20))
DRY = Sizes("cpu", 3_000, 4_000, 200, 60, 5, 5, 12, 2, (8, 6))


@dataclass(frozen=True)
class Part:
    """What a part is given."""

    sizes: Sizes
    folder: Path
    what: str | None    # which of its fits, where it has several

    def save(self, figure: str, **found) -> None:
        """Keep a figure and print it."""
        line = {"figure": figure, **found}
        with (self.folder / "figures.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)

    def wait(self) -> None:
        """Until the device has done all that it was given."""
        if self.sizes.device == "cuda":
            import torch
            torch.cuda.synchronize()

    def seconds(self, work: Callable[[], object], *, times: int) -> float:
        """The median over so many calls, after one that is not counted."""
        found = []
        for _ in range(times + 1):
            self.wait()
            began = time.perf_counter()
            work()
            self.wait()
            found.append(time.perf_counter() - began)
        return statistics.median(found[1:])


def part_of(description: str) -> Part:
    """From the command line of a part."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--what")
    chosen = parser.parse_args()
    return Part(DRY if chosen.dry_run else IN_EARNEST, chosen.folder, chosen.what)


def load_figures(folder: Path) -> list[dict]:
    path = folder / "figures.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
