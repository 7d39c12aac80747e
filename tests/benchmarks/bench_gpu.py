"""Aim 4: seconds of a pass on a GPU, and how much of its memory's bandwidth that is.

    python tests/benchmarks/bench_gpu.py [--quick]

Everything of a fit is on the device. With no GPU the same calls run on the CPU at a small size, and
the table says so. What the bytes of a pass are stands in cost.py. Nothing here fails.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

from cost import WAYS, bandwidth, bytes_least, bytes_most, pass_seconds  # noqa: E402
from records import answer_task, run_task, save, say, seconds_text, table  # noqa: E402
from synthetic import PRESETS, generate, resized  # noqa: E402

SIZES = ("ml-1m", "ml-10m", "ml-25m", "100m")
LONGEST = 600.0
LARGE_BATCH = 65_536  # of AdamW: a GPU is idle at the CPU's 512


def measure(*, quick: bool = False) -> list[dict]:
    """A record for the device, and one for every size and way of fitting."""
    device = run_task(__file__, {"do": "device"}, seconds=LONGEST)
    records = [{"kind": "device"} | device]
    cuda = device.get("device") == "cuda"
    for size in SIZES[:1 if quick else None] if cuda else ("ml-100k",):
        for number, way in enumerate(WAYS):
            if PRESETS[size].ratings <= way.most:
                task = {"do": "fit", "size": size, "way": number, "device": "cuda" if cuda else "cpu"}
                found = run_task(__file__, task, seconds=LONGEST)
                records.append({"kind": "pass", "size": size, "way": way.name} | found)
                say(f"{size}: {way.name}: {found}")
    return records


def task(asked: dict) -> dict:
    import torch
    if asked["do"] == "device":
        cuda = torch.cuda.is_available()
        return {"device": "cuda" if cuda else "cpu", "bytes": bandwidth("cuda" if cuda else "cpu"),
                "name": torch.cuda.get_device_name() if cuda else "no GPU: the CPU"}
    device, way = asked["device"], WAYS[asked["way"]]
    if "batch_size" in way.options and device == "cuda":
        way = type(way)(f"AdamW, batch {LARGE_BATCH}", way.options | {"batch_size": LARGE_BATCH}, way.epochs)
    pass_seconds(way, generate(resized(PRESETS["ml-100k"], 20_000)), device=device)  # compile
    ratings = generate(PRESETS[asked["size"]])
    found = pass_seconds(way, ratings, device=device)
    if device == "cuda":
        found["memory"] = torch.cuda.max_memory_allocated()
    return found | {"ratings": len(ratings), "least": bytes_least(ratings), "most": bytes_most(ratings)}


def report(records: list[dict]) -> dict[str, str]:
    """The table and sentences by the names that the template knows."""
    device = next((r for r in records if r["kind"] == "device" and "failed" not in r), None)
    if device is None:
        return {"gpu_table": "not measured", "gpu_device": "unknown", "gpu_bandwidth": "?", "gpu_failed": ""}
    rows = [(f"{r['ratings']:,}", r["way"], seconds_text(r["pass"]), seconds_text(r["fit"]),
             *((f"{r['least'] / r['pass'] / 1e9:.1f} to {r['most'] / r['pass'] / 1e9:.1f}",
                f"{r['least'] / r['pass'] / device['bytes']:.0%} to {r['most'] / r['pass'] / device['bytes']:.0%}")
               if r["way"].startswith("SGD") else ("", "")),
             f"{r['memory'] / 2**30:.2f}" if "memory" in r else "")
            for r in records if r["kind"] == "pass" and "failed" not in r]
    failed = [f"{r['size']}, {r['way']}: {r['failed']}" for r in records if r["kind"] == "pass" and "failed" in r]
    return {"gpu_table": table(("ratings", "way", "s / pass", "fit s", "GB/s", "of bandwidth", "GiB on the card"), rows, left=2),
            "gpu_device": device["name"], "gpu_bandwidth": f"{device['bytes'] / 1e9:.1f}",
            "gpu_failed": "".join(f"\n- not measured: {line}" for line in failed)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a million ratings only")
    records = measure(quick=parser.parse_args().quick)
    save("gpu", records)
    for text in report(records).values():
        print(text, end="\n\n")


if __name__ == "__main__":
    if not answer_task(sys.argv, task):
        main()
