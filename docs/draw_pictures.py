"""Draws docs/pictures/: the example workbook, fitted, a picture of each sheet that README shows; or those of docs/films.md.

    python docs/draw_pictures.py [FOLDER]
    python docs/draw_pictures.py FOLDER ml-latest-small

Needs LibreOffice (soffice) and poppler (pdftoppm, pdftotext).
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHOWN = ("start", "ratings", "bias", "you", "check")
DOTS_PER_INCH = 110
PYTHON = "/home/you/collabsheet/.venv/bin/python"    # what `start` shows: not the path on this machine
PAD = 8     # white dots kept around a picture


def fitted_example(path: Path) -> None:
    """The workbook of `collabsheet demo`: the example's 15 busiest users and films, fitted."""
    sys.path.insert(0, str(ROOT))
    import pyxl
    import workbook
    from pyxl.grid.cells import Cell
    from pyxl.hosts.refresh_results import refreshed

    ratings, titles = workbook.example()
    workbook.build(workbook.with_names(ratings.top(users=15, items=15)), path, titles=titles, holdout=0.1, python=PYTHON)
    pyxl.fit_workbook(path, out=path)
    with pyxl.open_workbook(path) as book:      # somebody rates four films on the sheet `you`
        typed = {"you": dict(zip((Cell(row, 2) for row in (9, 12, 14, 19)), (5, 1.5, 4.5, 2)))}
        results, _ = refreshed(book, typed)
        book.save({sheet: {**typed.get(sheet, {}), **results.get(sheet, {})} for sheet in typed.keys() | results.keys()})


def printed(path: Path) -> Path:
    """The workbook as a PDF beside it, printed by LibreOffice with a profile of its own."""
    command = ["soffice", f"-env:UserInstallation={(path.parent / 'profile').as_uri()}", "--headless",
               "--convert-to", "pdf", "--outdir", str(path.parent), str(path)]
    pdf = path.with_suffix(".pdf")
    for _ in range(2):      # on a fresh profile it may only set itself up and end
        subprocess.run(command, check=False, capture_output=True)
        if pdf.exists():
            return pdf
    raise SystemExit("soffice printed nothing")


def first_pages(pdf: Path) -> dict[str, int]:
    """sheet -> its first page; every page's header begins with the sheet's name."""
    pages: dict[str, int] = {}
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, text=True).stdout
    for number, page in enumerate(text.split("\f")[:-1], 1):
        pages.setdefault(page.split(maxsplit=1)[0], number)
    return pages


def trimmed(ppm: bytes) -> bytes:
    """A binary PPM picture without the white paper around it, and without header and footer."""
    import numpy as np

    _, size, _, pixels = ppm.split(b"\n", 3)
    width, height = map(int, size.split())
    picture = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    inked = (picture < 250).any(2)
    rows = np.flatnonzero(inked.any(1))
    gaps = np.flatnonzero(np.diff(rows) > 1)
    rows = rows[gaps[0] + 1:gaps[-1] + 1]      # the first run of inked rows is the header, the last the footer
    cols = np.flatnonzero(inked[rows].any(0))
    body = picture[rows[0] - PAD:rows[-1] + PAD, cols[0] - PAD:cols[-1] + PAD]
    return b"P6\n%d %d\n255\n" % (body.shape[1], body.shape[0]) + body.tobytes()


def png(ppm: bytes) -> bytes:
    """A PNG of a binary PPM picture (RGB, 8 bits)."""
    import struct
    import zlib

    _, size, _, pixels = ppm.split(b"\n", 3)
    width, height = map(int, size.split())
    rows = b"".join(b"\0" + pixels[3 * width * y:3 * width * (y + 1)] for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def draw(pdf: Path, pictures: dict[str, Path]) -> None:
    """The first page of each sheet as the PNG of its name."""
    for sheet, page in first_pages(pdf).items():
        if sheet in pictures:
            ppm = subprocess.run(["pdftoppm", "-r", str(DOTS_PER_INCH), "-f", str(page), "-l", str(page), str(pdf)],
                                 check=True, capture_output=True).stdout
            pictures[sheet].write_bytes(png(trimmed(ppm)))
            print(pictures[sheet])


def draw_example(out: Path, folder: Path) -> None:
    """The sheets of the demo that README shows."""
    path = folder / "films.xlsx"
    fitted_example(path)
    draw(printed(path), {sheet: out / f"{sheet}.png" for sheet in SHOWN})


def draw_optimizers(out: Path, folder: Path) -> None:
    """The optimizer workbook after 20 epochs on every sheet."""
    from pyxl.training.run_epochs import run_training
    from workbook.optimizers.optimizer_book import build_optimizers

    path = folder / "graddesc.xlsx"
    build_optimizers(path)
    run_training(path, epochs=20, out=path)
    draw(printed(path), {sheet: out / f"{name}.png" for sheet, name in (("adam", "adam"), ("compare", "compare"))})


def draw_gradients(out: Path, folder: Path) -> None:
    """The gradients beside `bias`, which --gradients writes and folds away."""
    import workbook
    from pyxl.grid.cells import Range
    from workbook.gradients.gradient_plan import GradientPlan
    from workbook.model_sheets.geometry import crosstab

    ratings, titles = workbook.example()
    path, shown = folder / "gradients.xlsx", folder / "unfolded.xlsx"
    workbook.build(ratings.top(users=15, items=15), path, titles=titles, holdout=0.1, gradients=True, python=PYTHON)
    plan = GradientPlan(crosstab("bias", "dot+bias", users=15, items=15, factors=5))
    area = Range(plan.counts["item"].top - 1, plan.shift + 1, plan.errors.bottom, plan.errors.right).absolute
    hidden = f'min="{plan.folded}" max="{plan.right}"'
    with zipfile.ZipFile(path) as folded, zipfile.ZipFile(shown, "w") as unfolded:
        for name in folded.namelist():
            text = folded.read(name)
            if hidden.encode() in text:
                head, _, rest = text.decode().partition(f"<col {hidden}")
                looks, _, rest = rest.partition("/>")
                seen = looks.replace(' hidden="1"', "").replace(' outlineLevel="1"', "")
                text = (f'{head}<col min="{plan.folded}" max="{plan.table.right + 1}"{looks}/>'
                        f'<col min="{plan.shift + 1}" max="{plan.right}"{seen}/>{rest}').encode()
            if name == "xl/workbook.xml":
                text = re.sub(rb"(Print_Area\"[^>]*>bias!)[^<]*", rb"\g<1>" + area.encode(), text)
            unfolded.writestr(name, text)
    draw(printed(shown), {"bias": out / "gradients.png"})


def draw_landscape(out: Path, folder: Path) -> None:
    """The error of `bias` over two factors, around where its fit ended."""
    from pyxl.fit.landscape import landscape
    from workbook.landscape_book import build_landscape

    path, book = folder / "landscape.xlsx", folder / "films.xlsx"
    if not book.exists():
        fitted_example(book)
    build_landscape(path, landscape(book, ("B26", "C26"), sheet="bias"))
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(folder / "map.xlsx", "w") as alone:
        for name in whole.namelist():
            area = r"\g<1>$A$1:$K$34" if name == "xl/workbook.xml" else ""
            alone.writestr(name, re.sub(r"(Print_Area\"[^>]*>landscape!)[^<]*", area, whole.read(name).decode()) if area else whole.read(name))
    draw(printed(folder / "map.xlsx"), {"landscape": out / "landscape.png"})


def draw_films(out: Path, folder: Path, data: Path) -> None:
    """The pictures of docs/films.md, by its commands, from the folder `data` of MovieLens."""
    sys.path.insert(0, str(ROOT))
    from pyxl.__main__ import main as collabsheet

    model, titles, book = folder / "model", ["--titles", str(data / "movies.csv")], folder / "films.xlsx"
    for command in (["train", data / "ratings.csv", "-o", model],
                    ["map", model, "-n", 120, *titles, "--plot", out / "films-map.png"],
                    ["export", model, "-o", book, "--users", 40, "--items", 25, *titles]):
        if collabsheet([str(word) for word in command]):
            raise SystemExit(f"collabsheet {command[0]} failed")
    draw(printed(book), {"items": out / "films-items.png"})


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 2:
            draw_films(out, Path(folder), Path(sys.argv[2]))
        else:
            draw_example(out, Path(folder))
            draw_optimizers(out, Path(folder))
            draw_gradients(out, Path(folder))
            draw_landscape(out, Path(folder))


if __name__ == "__main__":
    main()
