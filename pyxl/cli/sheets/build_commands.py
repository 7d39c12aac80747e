"""The commands that build a workbook: `demo`, `new`, `update` and `export`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pyxl.base.plain_output import Say, quoted_command
from pyxl.cli.arguments.new_book_arguments import BUTTONS_OR_NOT, add_new_book_arguments, add_size_arguments
from pyxl.cli.arguments.reading_arguments import TABLE_OF_RATINGS, add_ratings_arguments, read_given
from pyxl.cli.arguments.target_arguments import refuse_idle
from pyxl.cli.command_line import Command
from pyxl.cli.models.trained_model import load_trained, ratings_for
from solver.errors import UserError

if TYPE_CHECKING:
    from solver import Ratings
    from workbook.update import Updated

HOLDOUT = 0.1   # a workbook that shows what its predictions are worth is worth a tenth of the ratings


def _demo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="DIR", default=".",
                        help="folder for collabsheet-demo.xlsm and .xlsx (default: this one); a demo that is there is built anew")
    _holdout_argument(parser)
    _net_argument(parser)
    _gradients_argument(parser)


def _net_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--net", action="store_true", help="add the sheet `net`: the lesson's embedding net in formulas, a rating a row, "
                        "for at most 2,000 ratings")


def _gradients_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--gradients", action="store_true",
                        help="show gradient descent in cells beside dotprod and bias, folded away: every gradient, and where a step of sgd, "
                             "momentum or adam leads, and on embedding by one rating a step; in an .xlsm the buttons Step, ×10 and ×100 take it")


def _feedback_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--feedback", choices=("explicit", "implicit"), default="explicit",
                        help="explicit: ratings (default); implicit: pairs that happened, or zeros and ones: one sheet, `likes`, with their "
                             "chance, a sigmoid, and the cross-entropy as live formulas")


def _holdout_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--holdout", type=float, default=HOLDOUT, metavar="SHARE",
                        help="share of the ratings kept apart, by which the sheet `check` judges the models; "
                             f"0: none (default {HOLDOUT:g})")


def _held_out(ratings: Ratings, share: float, seed: int = 0) -> str:
    """What to say of the ratings that a workbook of these holds out."""
    from solver import hold_out

    held = int(hold_out(ratings, share, seed=seed).sum())
    return f", {held:,} of them held out" if held else ""


def _demo(args: argparse.Namespace, say: Say) -> dict:
    from pyxl.fit.fit_messages import result_object, tell_results
    from pyxl.fit.press_fit import fit_workbook
    from workbook import build, example, with_names

    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    plain, with_buttons = folder / "collabsheet-demo.xlsx", folder / "collabsheet-demo.xlsm"
    ratings, titles = example()
    part = with_names(ratings.top(users=15, items=15))
    for path in (plain, with_buttons):
        build(part, path, titles=titles, holdout=args.holdout, net=args.net, gradients=args.gradients, overwrite=True)
    say(f"Built a workbook of {part.n_users} users, {part.n_items} films and {len(part)} ratings{_held_out(part, args.holdout)}.")
    results = fit_workbook(plain, out=plain)
    fit_workbook(with_buttons, out=with_buttons)
    tell_results(results, say)
    say(f"Open {with_buttons} in Excel or LibreOffice and press Fit, or {plain.name}, which has no macros.")
    return {"workbook": str(plain), "with_buttons": str(with_buttons),
            "sheets": {name: result_object(r) for name, r in results.items()}}


def _new_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ratings", nargs="+", metavar="RATINGS", help=TABLE_OF_RATINGS)
    add_new_book_arguments(parser, BUTTONS_OR_NOT)
    add_size_arguments(parser)
    parser.add_argument("--factors", type=int, default=5, metavar="N", help="factors for every user and item (default 5)")
    _titles_arguments(parser)
    add_ratings_arguments(parser)
    _feedback_argument(parser)
    _holdout_argument(parser)
    _net_argument(parser)
    _gradients_argument(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="seed of the random start values and of what is held out (default 0)")
    parser.add_argument("--run-main", action="store_true",
                        help="also write the Python module beside BOOK that Run main of xlwings' add-in looks for")


def _new(args: argparse.Namespace, say: Say) -> dict:
    from workbook import build
    from workbook.likes_book import build_likes
    from workbook.run_main_module import module_beside, write_module

    _check_sizes(args, "users", "items", "factors")
    if args.seed < 0:
        raise UserError(f"--seed is {args.seed}. Give a whole number of 0 or more.")
    _check_name(args.output)
    if args.run_main:
        module_beside(args.output)
    implicit = args.feedback == "implicit"
    if implicit:
        _refuse_of_ratings(args)
    everything, notes = read_given(args, unrated=1.0 if implicit else None)
    ratings = everything.top(users=args.users, items=args.items)
    titles, more = _titles(args, ratings)
    notes += more
    if implicit:
        build_likes(ratings, args.output, n_factors=args.factors, titles=titles, seed=args.seed, overwrite=args.overwrite)
        notes += _notes_on_values(ratings)
    else:
        build(ratings, args.output, n_factors=args.factors, titles=titles, seed=args.seed, holdout=args.holdout, net=args.net,
              gradients=args.gradients, overwrite=args.overwrite)
    notes += _notes_on_labels(ratings, titles)
    for note in notes:
        say(f"Note: {note}")
    held = "" if implicit else _held_out(ratings, args.holdout, args.seed)
    say(f"Built {args.output}: {ratings.n_users} users, {ratings.n_items} items, {len(ratings)} of "
        f"{len(everything)} {'pairs' if implicit else 'ratings'}{held}, {args.factors} factors.")
    if args.run_main:
        say(f"Wrote {write_module(args.output)}: Run main of xlwings' add-in fits the sheet in view.")
    press = "open it and press Fit, or close it and: " if args.output.lower().endswith(".xlsm") else ""
    say(f"Fit it: {press}{quoted_command('collabsheet', 'fit', args.output, '--in-place')}")
    return {"workbook": str(args.output), "users": ratings.n_users, "items": ratings.n_items,
            "ratings": len(ratings), "factors": args.factors, "notes": notes}


def _refuse_of_ratings(args: argparse.Namespace) -> None:
    given = [option for option, said in (("--holdout", args.holdout != HOLDOUT), ("--net", args.net), ("--gradients", args.gradients)) if said]
    if given:
        raise UserError(f"{given[0]} is for models of ratings, and --feedback implicit builds the sheet `likes` alone. Leave one of them out.")


def _notes_on_values(pairs: Ratings) -> list[str]:
    """What became of values that are not those of the sheet `likes`."""
    if set(pairs.values.tolist()) <= {0.0, 1.0}:
        return []
    return [f"The values, {pairs.values.min():g} to {pairs.values.max():g}, are not looked at: every pair is one that happened."]


def _titles_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--titles", metavar="FILE", help="a table of item ids and titles")
    parser.add_argument("--article-first", action="store_true",
                        help="write the title 'Fugitive, The (1993)' as one says it: 'The Fugitive (1993)'")


def _titles(args: argparse.Namespace, ratings: Ratings) -> tuple[Mapping | None, list[str]]:
    """The titles of the items, where a table of them is given, and notes on it."""
    from solver import read_titles
    from solver.reading.titles import article_first

    if not args.titles:
        if args.article_first:
            raise UserError("--article-first is about titles: give their table, too (--titles FILE), or leave it out.")
        return None, []
    titles, notes = read_titles(args.titles, items=ratings.items)
    return {item: article_first(title) for item, title in titles.items()} if args.article_first else titles, notes


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL_DIR", help="a folder that `collabsheet train` wrote")
    add_new_book_arguments(parser, BUTTONS_OR_NOT)
    add_size_arguments(parser)
    _titles_arguments(parser)
    parser.add_argument("--ratings", metavar="FILE", help="take the ratings from this table, not from the model")
    add_ratings_arguments(parser)


def _export(args: argparse.Namespace, say: Say) -> dict:
    from workbook.export import busiest, export

    _check_sizes(args, "users", "items")
    _check_name(args.output)
    model = load_trained(args.model)
    ratings, notes = ratings_for(model, args)
    part = busiest(ratings, users=args.users, items=args.items)
    titles, more = _titles(args, part)
    notes += more
    if model.result_.samples:
        notes.append(f"The model predicts the mean over {len(model.result_.samples)} sets of factors; the sheet has one, "
                     "the mean of them, and predicts a little differently.")
    layouts = export(model, part, args.output, titles=titles, overwrite=args.overwrite)
    notes += _notes_on_labels(part, titles)
    for note in notes:
        say(f"Note: {note}")
    factors = model.factors_.n_factors
    say(f"Built {args.output}: {part.n_users} users, {part.n_items} items, {len(part)} of {len(ratings):,} ratings, "
        f"{factors} factors, sheet{'s' * (len(layouts) > 1)} {', '.join(layouts)}.")
    return {"workbook": str(args.output), "users": part.n_users, "items": part.n_items, "ratings": len(part),
            "factors": factors, "sheets": list(layouts), "notes": notes}


def _notes_on_labels(ratings: Ratings, titles: Mapping | None) -> list[str]:
    from workbook.write.display_labels import notes_on_formula_like

    return notes_on_formula_like([*ratings.users, *((titles or {}).get(item) or item for item in ratings.items)])


def _update_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workbook", help="a workbook of `collabsheet new`; saved and closed, but with --live")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("-o", "--output", metavar="OUT", help="write the updated workbook here; the given one stays as it is")
    target.add_argument("--in-place", action="store_true", help="write into the given workbook")
    target.add_argument("--live", action="store_true", help="update the workbook that is open in Excel or LibreOffice: it is saved, a copy is kept "
                        "beside it, and the updated one is opened in its place")
    parser.add_argument("--engine", metavar="excel|libreoffice", help="with --live: the program (default: Excel, else LibreOffice)")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--users", type=int, metavar="N", help="keep the N users with most ratings (default: all on the sheet `ratings`)")
    parser.add_argument("--items", type=int, metavar="N", help="keep the N items with most ratings (default: all on the sheet `ratings`)")
    parser.add_argument("--factors", type=int, metavar="N", help="factors for every user and item (default: as many as there are)")


def _update(args: argparse.Namespace, say: Say) -> dict:
    from workbook.update import update_workbook

    _check_sizes(args, *(name for name in ("users", "items", "factors") if getattr(args, name) is not None))
    refuse_idle(args)
    if args.live:
        return _update_live(args, say)
    if args.engine:
        raise UserError("--engine says where a live update runs: say --live too, or leave it out.")
    out = args.workbook if args.in_place else args.output
    _check_name(out)
    done = update_workbook(args.workbook, out=out, users=args.users, items=args.items, factors=args.factors,
                           overwrite=args.overwrite)
    changes = {"new users": done.new_users, "new items": done.new_items, "users that are gone": done.gone_users,
               "items that are gone": done.gone_items}
    for what, labels in changes.items():
        if labels:
            more = f" and {len(labels) - 8} more" if len(labels) > 8 else ""
            say(f"{len(labels)} {what}: {', '.join(map(str, labels[:8]))}{more}")
    for note in done.notes:
        say(f"Note: {note}")
    say(f"Wrote {out}: {done.users} users, {done.items} items, {done.factors} factors.")
    say(f"Fit it: {quoted_command('collabsheet', 'fit', out, '--in-place')}")
    return _updated(out, done)


def _update_live(args: argparse.Namespace, say: Say) -> dict:
    from pyxl.live.live_update import update_live
    from pyxl.live.open_live import opened_live
    from workbook.update import updated_copy

    with opened_live(args.workbook, engine=args.engine) as book:
        if book.app.engine.name == "file":
            raise UserError(f"No program shows the workbook here. Update the file: {quoted_command('collabsheet', 'update', args.workbook, '--in-place')}")
        live = update_live(book, book.sheets.active.name, rebuild=lambda copy, draft: updated_copy(
            copy, draft, users=args.users, items=args.items, factors=args.factors))
    say(live.told)
    return {"workbook": str(args.workbook), "kept": None} if live.done is None else {
        **_updated(args.workbook, live.done), "kept": str(live.kept)}


def _updated(out, done: Updated) -> dict:
    return {"workbook": str(out), "users": done.users, "items": done.items, "factors": done.factors,
            "new_users": list(done.new_users), "new_items": list(done.new_items), "users_gone": list(done.gone_users),
            "items_gone": list(done.gone_items), "notes": list(done.notes)}


def _examples_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="folder for the workbooks, made where it is missing")
    parser.add_argument("--overwrite", action="store_true", help="replace workbooks of these names")


def _examples(args: argparse.Namespace, say: Say) -> dict:
    from workbook.examples import write_examples

    paths = [str(path) for path in write_examples(args.output, overwrite=args.overwrite)]
    for path in paths:
        say(path)
    say(f"Solve one: {quoted_command('collabsheet', 'fit', paths[0], '--in-place')}")
    return {"workbooks": paths}


def _check_sizes(args: argparse.Namespace, *options: str) -> None:
    for option in options:
        if getattr(args, option) < 1:
            raise UserError(f"--{option} is {getattr(args, option)}. Give a whole number of 1 or more.")


def _check_name(output: str) -> None:
    if Path(output).suffix.lower() not in (".xlsx", ".xlsm"):
        raise UserError(f"{output}: a workbook is built as .xlsm, with buttons, or as .xlsx, without. Give a name that ends so.")


DEMO = Command("demo", "Build the example workbook from embedded ratings and fit it.",
               "collabsheet demo -o demo", _demo_arguments, _demo)
NEW = Command("new", "Build a workbook from a table of ratings.",
              "collabsheet new ratings.csv -o book.xlsx --titles movies.csv", _new_arguments, _new)
UPDATE = Command("update", "Give the users and items that came or went on the sheet `ratings` their rows and columns everywhere.",
                 "collabsheet update book.xlsx --in-place", _update_arguments, _update)
EXAMPLES = Command("examples", "Write example workbooks, each with a problem that its formulas state and Solver's model of it.",
                   "collabsheet examples -o examples", _examples_arguments, _examples)
EXPORT = Command("export", "Build a workbook of a trained model: its busiest users and items, with live formulas.",
                 "collabsheet export model -o book.xlsx --titles movies.csv", _export_arguments, _export)
