#!/usr/bin/env bash
# All that we want to know of a CUDA device, in less than 8 minutes: is it right, how fast is it, do its tests pass.
#
#     tests/benchmarks/on_a_gpu.sh [FOLDER]              on a machine with a CUDA device
#     tests/benchmarks/on_a_gpu.sh [FOLDER] --dry-run    the same calls, tiny and on the CPU, in seconds
#
# Figures are kept in FOLDER (default: $OUT, or build/gpu) as soon as they are known: figures.jsonl, log.txt, table.md.
# $PYTHON names another Python than the one that `python3` is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "${PYTHON:-python3}" "$here/gpu/run_parts.py" "$@"
