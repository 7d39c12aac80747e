"""The machine: versions, the card, and how many bytes a second its memory moves. See `run_parts`."""

from __future__ import annotations

import subprocess

from figures import part_of

part = part_of(__doc__)

import torch  # noqa: E402
from cost import bandwidth  # noqa: E402
from machine import about  # noqa: E402


def driver() -> str:
    asked = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired) as why:
        return f"unknown ({why})"


def main() -> None:
    device = part.sizes.device
    part.save("machine", **about(), torch=torch.__version__, cuda=torch.version.cuda, driver=driver(),
              card=torch.cuda.get_device_name() if device == "cuda" else "none: a dry run on the CPU")
    part.save("bandwidth", bytes_a_second=bandwidth(device, floats=1 << (28 if device == "cuda" else 20)))


if __name__ == "__main__":
    main()
