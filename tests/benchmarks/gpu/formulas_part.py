"""A sheet's own formulas on the device: the gradient of a block of predictions, and of the two-layer net. See `run_parts`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from figures import ROOT, part_of

part = part_of(__doc__)

import lesson_sheet  # noqa: E402
import torch  # noqa: E402
from bench_formulas import of_lesson  # noqa: E402

from pyxl.formulas.compile_formulas import WIDE, Compiled, compile_formulas  # noqa: E402
from pyxl.grid.cells import Range  # noqa: E402
from pyxl.xlsx import open_workbook  # noqa: E402
from solver.threads import one_thread  # noqa: E402

AIM = 1e-9  # value and gradient on the device less those on the CPU


def gradient(what: str, compiled: Compiled) -> None:
    device = part.sizes.device
    found, milliseconds = [], []
    for where in ("cpu", device):
        program = compiled.program.on(where)
        x = torch.tensor(compiled.start, device=where, requires_grad=True)

        def value_and_gradient(program=program, x=x) -> tuple[torch.Tensor, torch.Tensor]:
            value = program.run(x)[0]
            return value.detach(), torch.autograd.grad(value, x)[0]
        with one_thread(compiled.widest < WIDE):
            milliseconds.append(1e3 * part.seconds(value_and_gradient, times=10))
        found.append([tensor.cpu() for tensor in value_and_gradient()])
    apart = max(float((one - two).abs().max()) for one, two in zip(*found))
    part.save("gradient", what=what, cells=len(compiled.start), cpu_ms=milliseconds[0], device_ms=milliseconds[1], apart=apart,
              aim=AIM, reached=apart <= AIM)


def two_layer_net() -> None:
    with open_workbook(ROOT / "workbook" / "examples" / "two_layer_net.xlsx") as book:
        sheet = "two-layer net"
        gradient("two-layer net", compile_formulas(book, [(sheet, Range.parse("F11").first)],
                                                   [(sheet, Range.parse(area)) for area in ("B6:E8", "F9")]))


def block(size: int) -> None:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "block.xlsx")
        places = lesson_sheet.write(path, lesson_sheet.table(size, size, share=0.3), k=5)
        with open_workbook(path) as book:
            compiled = compile_formulas(book, *of_lesson(places))
    print(f"a block of {size} × {size} written, read and compiled in {time.perf_counter() - began:.1f} s", flush=True)
    gradient(f"block of {size} × {size}", compiled)


if __name__ == "__main__":
    two_layer_net()
    block(part.sizes.block)
