"""Builds the workbook of what an embedding is: one-hot times a matrix is a lookup, words have embeddings too, and factors may
be turned without a change in any prediction.

A module a sheet, and `embeddings_book`, which puts them together. Stands on `workbook.examples.draft`. You may add a sheet.
"""
