"""Loads a trained model for a command: labels as texts, tables of ratings, titles."""

from __future__ import annotations

import argparse
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pyxl.cli.arguments.reading_arguments import named_ratings, read_given, reading_options
from solver.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from solver import CollabFilter, Ratings


def load_trained(folder: str) -> CollabFilter:
    """The model of a folder. Raises UserError where there is none."""
    from solver import CollabFilter

    return CollabFilter.load(folder)


def as_label(text: str, labels: Sequence[Hashable]) -> Hashable:
    """The label that a text on the command line stands for: 14, where the model's are numbers."""
    from solver.collab.labels.id_labels import known_labels

    (known,) = known_labels([text], labels)
    if known is None and labels and all(isinstance(label, int) for label in labels[:100]):
        try:
            return int(text)  # the model says that it does not know it, and which it knows
        except ValueError:
            pass
    return text if known is None else known


def titles_of(items: Sequence[Hashable], path: str | None) -> Mapping[Hashable, str]:
    """Titles by item, none without a file; the id stands beside each, so that odd ones do no harm."""
    if path is None or not items:
        return {}
    from solver import read_titles

    return read_titles(path, items=items)[0]


def known_part(ratings: Ratings, model: CollabFilter, path: str) -> tuple[np.ndarray, np.ndarray, Ratings]:
    """(whose user, and whose item, the model has learnt from (n,) bool; the ratings where it has both, under its labels).

    Raises UserError where there is no such rating.
    """
    import numpy as np

    from solver.collab.labels.id_labels import known_labels

    masks, sides = [], []
    for labels, index, own, counts in ((ratings.users, ratings.user_index, model.users_, model.user_counts_),
                                       (ratings.items, ratings.item_index, model.items_, model.item_counts_)):
        matched = known_labels(labels, [label for label, n in zip(own, counts.tolist()) if n])
        there = np.array([label is not None for label in matched])
        place = np.cumsum(there) - 1
        masks.append(there[index])
        sides.append((tuple(label for label in matched if label is not None), place[index]))
    known = masks[0] & masks[1]
    if not known.any():
        raise UserError(f"{path}: no rating is of a user and an item that the model knows. Check the columns "
                        "with --columns.")
    (users, user_index), (items, item_index) = sides
    return *masks, replace(ratings.take(known), users=users, items=items, user_index=user_index[known],
                           item_index=item_index[known])


def ratings_for(model: CollabFilter, args: argparse.Namespace) -> tuple[Ratings, list[str]]:
    """The ratings of ``args.ratings`` that the model knows, or those that it keeps; and notes on what was odd."""
    if args.ratings is None:
        refuse_reading_options(args, "Say --ratings FILE, too")
        return model.ratings_, []
    ratings, notes = read_given(args)
    *_, known = known_part(ratings, model, named_ratings(args))
    if len(known) < len(ratings):
        notes.append(f"{len(ratings) - len(known):,} of {len(ratings):,} ratings are of users or items that the model "
                     "does not know; they were left out.")
    return known, notes


def refuse_reading_options(args: argparse.Namespace, advice: str) -> None:
    """Raise UserError for an option of how a table is read, where none is given."""
    given = reading_options(args) | {"layout": args.layout, "missing": args.missing, "dates": args.dates,
                                     "bad-lines": args.bad_lines if args.bad_lines != "refuse" else None, "ids": args.ids if args.ids != "checked" else None}
    if said := next((name for name, value in given.items() if value is not None), None):
        raise UserError(f"--{said} says how a table of ratings is read, and none is given. {advice}, or leave it out.")


def baselines(model: CollabFilter, asked: Ratings) -> list[tuple[str, np.ndarray]]:
    """The predictions of biases alone, learnt from the ratings that the model learnt from."""
    import numpy as np

    from solver.judging.baselines import bias_only, mean_only

    kept = model.learnt_ratings_

    def of_each(bias, own: Sequence[Hashable], labels: Sequence[Hashable], index: np.ndarray) -> np.ndarray:
        place = {label: position for position, label in enumerate(own)}
        return bias[np.array([place[label] for label in labels])][index]

    told = []
    for name, factors in (("biases", bias_only(kept)), ("mean", mean_only(kept))):
        arrays = factors.arrays()
        predicted = (factors.offset + of_each(arrays["user_bias"], model.users_, asked.users, asked.user_index)
                     + of_each(arrays["item_bias"], model.items_, asked.items, asked.item_index))
        told.append((name, np.clip(predicted, *model.rating_range_)))
    return told
