"""How long building, opening and recalculating takes, by size.

    python tests/benchmarks/bench_build.py

Building includes the formulas' results by our own calculator; opening and recalculating is
LibreOffice's. The line MOST_FORMULAS (crosstab_sheet.py) was drawn by this table; MOST_COPIES
(embedding_sheet.py) by counting formulas.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SIZES = ((15, 15, 5, 0.9), (40, 25, 5, 0.5), (50, 50, 10, 0.5), (100, 100, 10, 0.4), (300, 200, 20, 0.35))


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]
    from office import Office

    import workbook
    from solver import Ratings

    print(f"{'users × items × factors':>24} {'ratings':>8} {'build s':>8} {'office s':>9} {'MB':>6}")
    with tempfile.TemporaryDirectory() as folder, Office() as office:
        for users, items, factors, density in SIZES:
            draw = np.random.default_rng(0)
            table = draw.integers(1, 11, (users, items)) / 2
            table[draw.random((users, items)) > density] = np.nan
            ratings = Ratings.from_crosstab(table, range(users), [f"Film {i}" for i in range(items)])
            path = Path(folder) / f"{users}x{items}x{factors}.xlsx"
            began = time.perf_counter()
            layouts = workbook.build(ratings, path, n_factors=factors)
            built = time.perf_counter()
            office.recalculate(path, {sheet: [str(layout.rmse)] for sheet, layout in layouts.items()})
            done = time.perf_counter()
            print(f"{f'{users} × {items} × {factors}':>24} {len(ratings):>8,} {built - began:>8.2f} "
                  f"{done - built:>9.2f} {path.stat().st_size / 1e6:>6.2f}", flush=True)


if __name__ == "__main__":
    main()
