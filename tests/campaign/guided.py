"""The same attacks guided by coverage: atheris keeps the inputs that reach new lines, and goes on from them.

`python -m campaign.guided KIND --seconds 600` tries one kind until a case fails; the input of that case is left in build/campaign.
`--file` judges such an input again. atheris is in the extra `fuzz`. Source: https://github.com/google/atheris
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import atheris

_PRODUCT = Path(__file__).parents[2]
_KERNELS = [".".join(path.relative_to(_PRODUCT).with_suffix("").parts) for path in _PRODUCT.glob("solver/kernels/**/*.py")]


def _instrumented():
    """Only what is imported within it counts as coverage; numba cannot compile what atheris has changed."""
    return atheris.instrument_imports(include=["pyxl", "solver"], exclude=_KERNELS)


with _instrumented():
    from packages import parts_of, zipped

    from campaign import formula_kind, model_kind, ratings_kind, workbook_kinds
    from campaign.__main__ import FINDINGS
    from campaign.mutations import with_bytes_changed, with_xml_changed
    from campaign.sound_books import bases, random_sheet
    from campaign.verdict import Failed, judged
    from solver import read_ratings

_SEEDS = 40     # inputs to begin with
_MOST = 20_000  # bytes of an input


@dataclass(frozen=True)
class _Target:
    """`judge` tries one input; `seeds` are sound ones; `change` is how an input is made odd beside atheris' own ways."""

    judge: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    change: Callable[[random.Random, bytes], bytes] = with_bytes_changed
    warm_up: Callable[[], object] = ratings_kind.warm_up    # its allocator reserves memory once


def _judge_sheet(content: bytes) -> None:
    """A workbook whose only sheet is this XML: looked at, edited, saved."""
    package = parts_of({"S1": "<sheet/>"})
    name = next(part for part in package if "worksheets/sheet" in part)
    workbook_kinds.judge_package(zipped({**package, name: content}), len(content))


def _judge_workbook_part(content: bytes) -> None:
    """A built workbook whose xl/workbook.xml is this: names, sheets and Solver's model."""
    with zipfile.ZipFile(io.BytesIO(bases()[0])) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    workbook_kinds.judge_package(zipped({**parts, "xl/workbook.xml": content}), len(content))


def _workbook_parts() -> list[bytes]:
    found = []
    for base in bases():
        with zipfile.ZipFile(io.BytesIO(base)) as archive:
            found.append(archive.read("xl/workbook.xml"))
    return found


def _judge_ratings(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.csv"
        path.write_bytes(content)
        found, notes = read_ratings(path)
        if not len(found):
            raise Failed("a table was read that holds no ratings")


def _judge_formula(content: bytes) -> None:
    formula_kind.judge_formula(content.decode("utf-8", "replace"), bool(len(content) % 2))


def _judge_document(content: bytes) -> None:
    """A model folder whose document is this JSON, under a digest that is right."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return
    if not isinstance(document, dict):
        return
    tensors, _ = model_kind.base_models()[0]
    with tempfile.TemporaryDirectory() as folder:
        model_kind.write_model(Path(folder) / "m", tensors, document)
        model_kind.ask_model(Path(folder) / "m")


def _documents() -> list[bytes]:
    return [json.dumps(document).encode() for _, document in model_kind.base_models()]


TARGETS = {
    "sheets": _Target(_judge_sheet, lambda: [random_sheet(random.Random(n)).encode() for n in range(_SEEDS)], with_xml_changed),
    "workbooks": _Target(_judge_workbook_part, _workbook_parts, with_xml_changed),
    "formulas": _Target(_judge_formula, lambda: [formula_kind.formula_of(n)[0].encode() for n in range(_SEEDS)]),
    "ratings": _Target(_judge_ratings, lambda: [ratings_kind.table_of(random.Random(n)) for n in range(_SEEDS)]),
    "documents": _Target(_judge_document, _documents, warm_up=model_kind.warm_up),
}


def main() -> int:
    """The exit code: 1 or more where a case failed."""
    parser = argparse.ArgumentParser(prog="python -m campaign.guided", description=__doc__)
    parser.add_argument("kind", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--file", type=Path, help="judge this input alone")
    args = parser.parse_args()
    target = TARGETS[args.kind]
    if args.file:
        verdict = judged(args.kind, 0, lambda: target.judge(args.file.read_bytes()))
        print(f"{verdict.outcome}\n{verdict.why}")
        return int(verdict.outcome == "failed")

    with _instrumented():       # what the seeds load late counts too
        target.warm_up()
        seeds = list(target.seeds())
        for seed in seeds:
            judged(args.kind, 0, lambda seed=seed: target.judge(seed))

    def one_input(data: bytes) -> None:
        verdict = judged(args.kind, 0, lambda: target.judge(data))
        if verdict.outcome == "failed":     # libFuzzer keeps no input of an exception
            kept = FINDINGS / f"{args.kind}-{hashlib.sha256(data).hexdigest()[:16]}"
            kept.write_bytes(data)
            print(f"  again by: python -m campaign.guided {args.kind} --file {kept}", flush=True)
            raise Failed(verdict.why)

    def changed(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        return target.change(rng, data)[:most] if rng.random() < 0.5 else atheris.Mutate(data, most)
    FINDINGS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for n, seed in enumerate(seeds):
            (Path(corpus) / str(n)).write_bytes(seed)
        atheris.Setup(["guided", corpus, f"-max_total_time={args.seconds}", f"-max_len={_MOST}", "-rss_limit_mb=0", "-timeout=60",
                       f"-artifact_prefix={FINDINGS}/{args.kind}-", "-print_final_stats=1"], one_input, custom_mutator=changed)
        atheris.Fuzz()      # it ends the process
    return 0


if __name__ == "__main__":
    sys.exit(main())
