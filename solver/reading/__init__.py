"""Ratings from files: CSV, TSV, `.dat` and Parquet of any size, their columns, titles, one person's ratings."""
