"""The command `embeddings`: the workbook of what an embedding is."""

from __future__ import annotations

import argparse

from pyxl.base.plain_output import Say
from pyxl.cli.arguments.new_book_arguments import add_new_book_arguments
from pyxl.cli.command_line import Command


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_new_book_arguments(parser, "the workbook to build, an .xlsx")


def _embeddings(args: argparse.Namespace, say: Say) -> dict:
    from workbook.embeddings.embeddings_book import build_embeddings

    build_embeddings(args.output, overwrite=args.overwrite)
    say(f"Built {args.output}: one hot (a lookup is a product of matrices), words (they have embeddings too), turn (factors are not unique).")
    return {"workbook": str(args.output)}


EMBEDDINGS = Command("embeddings", "Build a workbook that shows what an embedding is: one-hot rows, words, turned factors.",
                     "collabsheet embeddings -o embeddings.xlsx", _arguments, _embeddings)
