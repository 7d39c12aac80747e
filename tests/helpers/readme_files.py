"""The files that the README speaks of."""

from __future__ import annotations

import csv
from pathlib import Path

import lesson_sheet

import workbook


def write_readme_files(folder: Path) -> None:
    """ratings.csv and movies.csv of the embedded example, somebody else's workbook, and wanted.csv of the guide to Solver workbooks."""
    ratings, titles = workbook.example()
    with open(folder / "ratings.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["userId", "movieId", "rating"])
        rows.writerows((ratings.users[u], ratings.items[i], r)
                       for u, i, r in zip(ratings.user_index, ratings.item_index, ratings.values))
    with open(folder / "movies.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["movieId", "title"])
        rows.writerows(titles.items())
    (folder / "wanted.csv").write_text("B14\n0.06\n0.08\n0.1\n")
    lesson_sheet.write(folder / "theirs.xlsx", lesson_sheet.table(12, 9), k=1, variant="dot+bias")
