"""All benchmarks of the solver, and docs/benchmarks.md made of them.

    make bench                                                       with every peer, in a venv of its own
    python tests/benchmarks/make_benchmarks.py [--only frontier [--systems NAME …]] [--quick] [--data FOLDER]

Results are kept, those of the frontier and the texts of the other parts beside the code (`measured/`), the rest under
build/benchmarks, so that a part can be run again by itself (`--only`; `--only none` writes the page anew from what is
there), and of the frontier those systems whose names begin so (`--systems`). The text is benchmarks.template.md; numbers
are filled in. `--quick` tries everything at small sizes and writes under build/benchmarks/quick only.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from string import Template

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

import bench_data  # noqa: E402
import bench_frontier  # noqa: E402
import bench_gpu  # noqa: E402
import bench_scale  # noqa: E402
import frontier_plot  # noqa: E402
import frontier_tables  # noqa: E402
import records  # noqa: E402
import scale_plot  # noqa: E402

HERE = Path(__file__).resolve().parent
PARTS = {"data": bench_data, "frontier": bench_frontier, "scale": bench_scale, "gpu": bench_gpu}
REPORTS = {"data": bench_data.report, "frontier": frontier_tables.report, "scale": bench_scale.report,
           "gpu": bench_gpu.report}
NOT_RUN = "(not measured)"


def measure(parts: Sequence[str], *, folder: Path, quick: bool, systems: Sequence[str] = ()) -> None:
    """Run the parts one after another and keep what they found."""
    for part in parts:
        began = time.perf_counter()
        options = {"folder": folder, "names": systems, "kept": records.load(part)[1]} if part == "frontier" else {}
        records.save(part, PARTS[part].measure(quick=quick, **options))
        records.say(f"== {part}: {(time.perf_counter() - began) / 60:.1f} minutes ==")


def write_page(page: Path, pictures: Path) -> None:
    """The page and its pictures, of all that has been measured."""
    names = records.kept_texts()
    found = {part: records.load(part) for part in PARTS}
    for part, (about, results) in found.items():
        if results:
            names |= REPORTS[part](results) | {f"{part}_{what}": about[what] for what in ("machine", "versions", "date", "load")}
    drawn = {"frontier": frontier_plot.draw(found["frontier"][1], pictures)}
    if found["scale"][1]:
        drawn["scale"] = [scale_plot.draw(found["scale"][1], pictures)]
    for kind, of_kind in drawn.items():
        names[f"{kind}_pictures"] = "\n\n".join(f"![{picture.stem}]({picture.relative_to(page.parent).as_posix()})" for picture in of_kind)
    records.keep_texts({name: text for name, text in names.items() if not name.startswith("frontier")})     # that has its records
    page.write_text(fill((HERE / "benchmarks.template.md").read_text(), names))
    records.say(f"written: {page.relative_to(records.ROOT)}, {sum(map(len, drawn.values()))} pictures")


def fill(template: str, names: dict[str, str]) -> str:
    """The text with its names filled in; what has not been measured says so."""
    text = Template(template)
    return text.substitute(dict.fromkeys(text.get_identifiers(), NOT_RUN) | names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=(*PARTS, "none"), help="run this part only; may be repeated")
    parser.add_argument("--systems", nargs="+", metavar="NAME", default=(),
                        help="of the frontier only systems whose names begin so; the others keep what was measured")
    parser.add_argument("--quick", action="store_true", help="everything at small sizes, in about two minutes")
    parser.add_argument("--data", type=Path, default=bench_frontier.LATEST_FOLDER, help="folder of ml-latest-small")
    chosen = parser.parse_args()
    page, pictures = records.ROOT / "docs" / "benchmarks.md", records.PICTURES
    if chosen.quick:
        records.BUILD = records.KEPT = records.BUILD / "quick"
        page, pictures = records.BUILD / "benchmarks.md", records.BUILD / "pictures"
        shutil.rmtree(records.BUILD, ignore_errors=True)
    parts = [part for part in PARTS if part in (chosen.only or PARTS)]
    measure(parts, folder=chosen.data, quick=chosen.quick, systems=chosen.systems)
    write_page(page, pictures)


if __name__ == "__main__":
    main()
