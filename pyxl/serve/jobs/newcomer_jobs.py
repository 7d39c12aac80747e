"""Jobs that do more with a trained model: a workbook made from it, and what somebody new, who rates a few items, will like."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyxl.base.plain_output import json_ready
from solver.errors import UserError

from .model_jobs import labels_known, loaded_model

ITEMS_ASKED, ITEMS_SHOWN = 12, 10
_CHOICES = 12       # ratings to choose from at most


def export_model(source: Path, target: Path, *, size: int) -> list[str]:
    """Write a workbook of a model with its users and items that have most ratings; notes."""
    from workbook.export import busiest, export

    model = loaded_model(source)
    layouts = export(model, busiest(model.ratings_, users=size, items=size), target)
    return [f"The sheet{'s' * (len(layouts) > 1)} {', '.join(layouts)} of up to {size} users and {size} items, those with most ratings."]


def items_to_rate(source: Path) -> dict[str, Any]:
    """The items of a model that most people rated, to be rated by somebody new, and the ratings to choose from, the highest first."""
    import numpy as np

    model = loaded_model(source)
    given = np.unique(model.ratings_.values)
    choices = given if len(given) <= _CHOICES else np.linspace(*model.rating_range_, _CHOICES - 1)
    most = np.argsort(-model.item_counts_, kind="stable")[:ITEMS_ASKED]
    return json_ready({"films": [{"item": model.items_[place], "title": str(model.items_[place])} for place in most.tolist()],
                       "choices": [round(float(choice), 2) for choice in choices[::-1]]})


def recommend_to_new(source: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody new will like most. Asked: ``ratings``, {item: rating}."""
    given = asked.get("ratings")
    if not isinstance(given, dict) or not given or not all(isinstance(rating, int | float) for rating in given.values()):
        raise UserError("Rate at least one: ratings is an object of items and numbers.")
    model = loaded_model(source)
    best = model.fold_in(dict(zip(labels_known(list(given), model.items_), map(float, given.values())))).recommend(ITEMS_SHOWN)
    return json_ready({"films": [{"item": item, "title": str(item), "prediction": float(prediction)} for item, prediction in zip(best["item"], best["prediction"])]})
