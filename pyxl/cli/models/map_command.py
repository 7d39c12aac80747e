"""The command `map`: the items of a trained model on their first two principal components."""

from __future__ import annotations

import argparse

from pyxl.base.plain_output import Say, json_ready, table
from pyxl.cli.command_line import Command
from solver.errors import UserError

from .trained_model import load_trained, titles_of

ENDS = 5    # items told at each end of a component


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL_DIR", help="a folder that `collabsheet train` wrote")
    parser.add_argument("-n", type=int, default=100, metavar="N", help="items to map, those with most ratings (default 100)")
    parser.add_argument("--titles", metavar="FILE", help="a table of item ids and titles")
    parser.add_argument("--plot", metavar="FILE.png", help="draw them, with as many names as find room")


def _map(args: argparse.Namespace, say: Say) -> dict:
    import numpy as np

    from solver import principal_components
    from solver.judging.plots import plot_map, refuse_plot

    if args.n < 1:
        raise UserError(f"-n is {args.n}. Give a whole number of 1 or more.")
    if args.plot:
        refuse_plot(args.plot)
    model = load_trained(args.model)
    titles = titles_of(model.items_, args.titles)
    counts = model.item_counts_
    shown = np.argsort(-counts, kind="stable")[:args.n]
    shown = shown[counts[shown] > 0]
    found = principal_components(model.factors_.item.numpy()[shown])
    names = [titles.get(model.items_[place]) or str(model.items_[place]) for place in shown]
    for component in (0, 1):
        order = np.argsort(-found.scores[:, component], kind="stable")
        say(f"Component {component + 1}, {found.shares[component]:.0%} of the variance, from end to end:")
        ends = [*order[:ENDS], *order[max(ENDS, len(order) - ENDS):]]
        for line in table(("score", "item"), [(float(found.scores[place, component]), names[place]) for place in ends]):
            say(line)
    if args.plot:
        plot_map(found.scores, names, args.plot, shares=found.shares.tolist(), title=f"{len(names)} items with most ratings")
        say(f"Drew {args.plot}")
    items = [{"item": model.items_[place], "title": titles.get(model.items_[place]), "ratings": int(counts[place]),
              "scores": scores.tolist()} for place, scores in zip(shown, found.scores)]
    return json_ready({"model": args.model, "shares": found.shares.tolist(), "loadings": found.loadings.T.tolist(), "items": items,
                  "plot": args.plot})


MAP = Command("map", "Place the items of a trained model on the two directions in which they differ most.",
              "collabsheet map model --titles movies.csv --plot map.png", _arguments, _map)
