"""False alarms of `collabsheet doctor`: sound workbooks of many programs, of which it should call none damaged.

`PYTHONPATH=.:helpers:.. python -m campaign.alarms FOLDER …` in tests/ looks at the workbooks in these folders, at copies that LibreOffice, openpyxl
and we ourselves saved, and at what XlsxWriter and we build.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import openpyxl

from campaign.edit_checks import save_edits
from campaign.sound_books import bases
from pyxl.doctor.package_consistency import package_faults
from solver import UserError

_ENDINGS = (".xlsx", ".xlsm")
_AT_ONCE = 20       # workbooks that LibreOffice is given; one that ends it takes those behind it along


def by_office(paths: Iterable[Path], folder: Path) -> list[Path]:
    """The workbooks as LibreOffice saves them, as far as it opens them."""
    soffice = shutil.which("soffice")
    if soffice is None:
        return []
    (folder / "in").mkdir()
    copies = [shutil.copyfile(path, folder / "in" / f"{n}{path.suffix}") for n, path in enumerate(paths)]     # many have the same name
    for first in range(0, len(copies), _AT_ONCE):
        subprocess.run([soffice, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML",
                        "--outdir", folder, *copies[first:first + _AT_ONCE]], capture_output=True, timeout=1200)
    return sorted(folder.glob("*.xlsx"))


def by_openpyxl(paths: Iterable[Path], folder: Path) -> list[Path]:
    """The workbooks as openpyxl saves them, as far as it reads them."""
    saved = []
    for n, path in enumerate(paths):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")     # of what it leaves out
            try:
                openpyxl.load_workbook(path, keep_vba=path.suffix == ".xlsm").save(folder / f"{n}{path.suffix}")
            except Exception:       # it reads fewer than we do
                continue
        saved.append(folder / f"{n}{path.suffix}")
    return saved


def by_us(paths: Iterable[Path], folder: Path) -> list[Path]:
    """The workbooks with random edits of ours."""
    saved = []
    for n, path in enumerate(paths):
        for seed in range(5):       # some edits would hit a formula or a pivot table
            try:
                save_edits(random.Random(seed), path, out := folder / f"{n}-{seed}{path.suffix}")
            except UserError:
                continue
            if out.exists():
                saved.append(out)
                break
    return saved


def built(folder: Path) -> list[Path]:
    """What `collabsheet new` and `demo` build, and small workbooks of XlsxWriter's."""
    from workbook import build, example
    ratings, titles = example()
    made = []
    for n, options in enumerate(({}, {"n_factors": 2}, {"titles": titles})):
        for ending in _ENDINGS:
            made.append(folder / f"{n}{ending}")
            build(ratings, made[-1], **options)
    for n, content in enumerate(bases()):
        made.append(folder / f"base{n}.xlsx")
        made[-1].write_bytes(content)
    return made


def main() -> int:
    """The exit code: 1 where there was an alarm."""
    parser = argparse.ArgumentParser(prog="python -m campaign.alarms", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    args = parser.parse_args()
    given = sorted(path for folder in args.folders for path in folder.rglob("*") if path.suffix in _ENDINGS)
    looked = alarms = 0
    with tempfile.TemporaryDirectory() as name:
        groups: dict[str, Callable[[Path], list[Path]]] = {
            "as they were found": lambda folder: given, "built by collabsheet and XlsxWriter": built,
            "edited by collabsheet": lambda folder: by_us(given, folder), "saved by openpyxl": lambda folder: by_openpyxl(given, folder),
            "saved by LibreOffice": lambda folder: by_office(given, folder)}
        for n, (what, group) in enumerate(groups.items()):
            folder = Path(name) / str(n)
            folder.mkdir()
            paths = group(folder)
            found = {path: faults for path in paths if (faults := _faults(path))}
            looked, alarms = looked + len(paths), alarms + len(found)
            print(f"{what}: {len(paths)} workbooks, {len(found)} alarms", flush=True)
            for path, faults in found.items():
                print(f"  {path.name}: {faults[0]}", flush=True)
    print(f"{looked} workbooks, {alarms} alarms")
    return int(alarms > 0)


def _faults(path: Path) -> list[str]:
    try:
        return list(package_faults(path))
    except UserError as why:
        return [str(why)]


if __name__ == "__main__":
    sys.exit(main())
