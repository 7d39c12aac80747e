"""Brings a workbook of ours up to what its sheet `ratings` holds: users and items that came, or went, or another size.

The workbook is read (ratings, labels, factors, settings, what was typed beside them) and built anew by the same builder,
so every block of every sheet gets its rows and columns. Who stays keeps the fitted factors to the last digit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pyxl.fit.own_sheets.before_fit import SHEET as BEFORE_FIT
from pyxl.fit.own_sheets.check_source import check_source, refuse_typed_over
from pyxl.fit.own_sheets.source_table import RatingsSource, label_key, read_source
from pyxl.grid.block_names import HELD, PYTHON, SCALE, STEP_ROLES, block_name, setting_name
from pyxl.grid.cells import quoted
from pyxl.grid.parameters import parameter_cells
from pyxl.grid.sheet_names import area_named, prefix_of
from pyxl.hosts.file_host import FileHost
from pyxl.xlsx import open_workbook, same_file
from solver import Ratings, Settings, random_factors
from solver.collab.arrivals.carried_factors import carried_factors, carried_net, resized_factors
from solver.errors import UserError
from solver.model.net import AnyFactors, NetFactors
from workbook.write.content import Content, NetWidths, content_of

from .builder import CROSSTABS, EMBEDDING, NET, build_with, model_of, plan_sheets, write_draft
from .typed_cells import KEPT_SHEET, TypedCells, typed_cells
from .xlwings_conf import XLWINGS_CONF


@dataclass(frozen=True)
class Updated:
    """What an update did: labels that came and went, and how many of each the workbook has now. `notes` say what
    could not stay where it was."""

    users: int
    items: int
    factors: int
    new_users: tuple
    new_items: tuple
    gone_users: tuple
    gone_items: tuple
    notes: tuple[str, ...]

    def told(self) -> str:
        """Who came and who went, in words."""
        parts = [f"{len(labels)} {what}{'s' * (len(labels) > 1)} ({_first_of(labels)})" for what, labels in (
            ("new user", self.new_users), ("new item", self.new_items)) if labels]
        parts += [f"without {_first_of(labels)}" for labels in (self.gone_users, self.gone_items) if labels]
        notes = "".join(f". {note.rstrip('.')}" for note in self.notes)
        return f"Updated: {', '.join(parts) or 'the same users and items'}; {self.users} × {self.items} now{notes}"


def update_workbook(path, *, out=None, users: int | None = None, items: int | None = None, factors: int | None = None,
                    overwrite: bool = False) -> Updated:
    """Build the workbook anew for the users and items that its sheet `ratings` has, and write it to `out`, None: in place.

    `users` and `items` take those with most ratings only, `factors` another number of factors. Raises UserError, with
    nothing written, for a workbook that is not ours, or whose ratings and labels make no sense.
    """
    target = Path(path if out is None else out)
    in_place = out is None or same_file(path, out)
    with open_workbook(path) as book:
        book.refuse_unless_savable(out=None if in_place else target, overwrite=overwrite)
        read = _read(FileHost(book), users=users, items=items, factors=factors)
    return _build(read, target, overwrite=in_place or overwrite)


def updated_copy(path: Path, out: Path, *, users: int | None = None, items: int | None = None, factors: int | None = None) -> Updated | None:
    """The same, written to the new file `out`: None, with nothing written, where all sheets have what `ratings` has already."""
    with open_workbook(path) as book:
        read = _read(FileHost(book), users=users, items=items, factors=factors)
    return _build(read, out, overwrite=False) if read.anything_new else None


@dataclass(frozen=True, eq=False)
class _Read:
    """A workbook as it was read: what its model sheets hold, what is to be built, and what somebody typed beside it."""

    before: Mapping[str, _Fitted]
    content: Content
    typed: TypedCells

    @property
    def anything_new(self) -> bool:
        old, now = self.before["dotprod"], self.content
        same = not _differing(now.given.users, old.ratings.users) and not _differing(now.given.items, old.ratings.items)
        size = now.given.n_users, now.given.n_items, now.n_factors
        # a large `embedding` lists the ratings of the last update
        return not (same and size == (old.ratings.n_users, old.ratings.n_items, old.factors.user.shape[1])
                    and len(self.before[EMBEDDING].ratings) == len(now.ratings))


def _read(host: FileHost, *, users: int | None, items: int | None, factors: int | None) -> _Read:
    source = read_source(host)
    if source is None:
        raise UserError(f"'{host.name}' has no sheet of ratings that the other sheets follow, so there is nothing to update it "
                        "by. Workbooks of `collabsheet new` have one.")
    _refuse_what_is_not_ours(host)
    before = {prefix: _fitted(host, sheet, source) for sheet in host.sheets
              if (prefix := prefix_of(host, sheet)) in (*CROSSTABS, EMBEDDING, NET)}
    if not {*CROSSTABS, EMBEDDING} <= set(before):
        missing = ", ".join(name for name in (*CROSSTABS, EMBEDDING) if name not in before)
        raise UserError(f"'{host.name}' has no sheet {missing}. Only whole workbooks of `collabsheet new` are updated.")
    content = _content(host, source, users=users, items=items, factors=factors)
    if NET in before and isinstance(net := before[NET].factors, NetFactors):
        content = replace(content, net=NetWidths(net.user.shape[1], net.item.shape[1], len(net.biases[0])))
    return _Read(before, content, typed_cells(host))


def _build(read: _Read, target: Path, *, overwrite: bool) -> Updated:
    content = read.content
    parameters = {sheet: _carried(old, content, sheet) for sheet, old in read.before.items()}
    notes: list[str] = []
    # the builder writes 16 digits of a number, and 17 tell it exactly
    exact = {sheet: parameter_cells(layout, parameters[sheet]) for sheet, layout in plan_sheets(content, parameters).layouts.items()}

    def fill(draft: Path) -> None:
        notes.extend(read.typed.write_into(draft, exact, lambda: _as_built(read, draft)))

    build_with(content, target, parameters=parameters, overwrite=overwrite, fill=fill)
    now, then = content.given, read.before["dotprod"].ratings
    return Updated(now.n_users, now.n_items, content.n_factors, new_users=_differing(now.users, then.users),
                   new_items=_differing(now.items, then.items), gone_users=_differing(then.users, now.users),
                   gone_items=_differing(then.items, now.items), notes=tuple(notes))


def _as_built(read: _Read, draft: Path) -> TypedCells:
    """The workbook of before as it was built, but for its ratings; written beside the draft for a moment."""
    then, now = read.before["dotprod"], read.content
    content = content_of(then.ratings, titles=None, n_factors=then.factors.user.shape[1], seed=now.seed, bounds=None)
    held = read.typed.areas[HELD[0]][1].size if HELD[0] in read.typed.areas else 0
    apart = np.arange(len(content.given)) < min(held, len(content.given) - 1)
    content = replace(content, apart=apart, titled=now.titled, python=now.python, net=now.net, gradients=now.gradients)
    path = draft.with_stem(f"{draft.stem} as built")
    write_draft(content, path, parameters={sheet: old.factors for sheet, old in read.before.items()})
    with open_workbook(path) as book:
        built = typed_cells(book)
    path.unlink()
    return built


@dataclass(frozen=True, eq=False)
class _Fitted:
    ratings: Ratings
    factors: AnyFactors


def _fitted(host: FileHost, sheet: str, source: RatingsSource) -> _Fitted:
    from pyxl.detect.verified_model import verified_model
    from solver.model.array_factors import as_tensors

    refuse_typed_over(host, sheet)
    ready = verified_model(host, sheet, Settings())
    check_source(source, ready)
    return _Fitted(ready.ratings, as_tensors(ready.start))


def _refuse_what_is_not_ours(book: FileHost) -> None:
    from .all_views import VIEWS

    ours = {"start", "ratings", "run log", *VIEWS}
    ours |= {sheet for sheet in book.sheets if prefix_of(book, sheet)}
    ours |= {where[0] for name in book.names if name.scope is None and name.name.endswith(("_view", "run_log", PYTHON, "source"))
             and (where := area_named(book, name.name))}
    own = [sheet for sheet in book.sheets if sheet not in ours and sheet not in (BEFORE_FIT, KEPT_SHEET, XLWINGS_CONF)]
    if own:
        raise UserError(f"{quoted(own[0])} is a sheet of your own in '{book.name}', which is built anew by an update and would lose it. "
                        "Move it to another workbook (right-click its tab > Move or Copy), and update then.")


def _content(book: FileHost, source: RatingsSource, *, users: int | None, items: int | None, factors: int | None) -> Content:
    given = _ratings(source, users=users, items=items)
    low, high = (_number(book, block_name("bounded", end)) for end in ("low", "high"))
    # where the range of before does not hold these ratings, it is theirs
    bounds = (low, high) if low is not None and high is not None and low <= given.values.min() and given.values.max() <= high else None
    seed = _number(book, setting_name("seed"))
    there = area_named(book, block_name("dotprod", "user_factors"))
    k = there[1].shape[1] if factors is None and there else factors
    if k is None:
        raise UserError(f"No sheet of '{book.name}' says how many factors it has. Give their number: --factors 5.")
    content = content_of(given, titles=None, n_factors=k, seed=int(seed or 0), bounds=bounds)
    held = {pair for pair, rating in source.ratings.items() if rating.held}
    keys = [[label_key(label) for label in labels] for labels in (given.users, given.items)]
    apart = np.array([(keys[0][u], keys[1][i]) in held for u, i in zip(given.user_index.tolist(), given.item_index.tolist())])
    python = area_named(book, PYTHON)
    at = book.grid(python[0]).values.get(python[1].first) if python else None
    stepped = area_named(book, block_name("bias", STEP_ROLES[0])) is not None
    lowest, highest = (_number(book, end) for end in SCALE)
    scale = None if lowest is None or highest is None else (lowest, highest)    # all ratings lie within: others are refused
    return replace(content, apart=apart, gradients=stepped, typed_scale=scale, titled=bool(source.item_ids), python=at if isinstance(at, str) and at else content.python,
                   item_ids=[_plain(source.item_ids.get(key, label)) for key, label in zip(keys[1], given.items)])


def _ratings(source: RatingsSource, *, users: int | None, items: int | None) -> Ratings:
    labels = [{key: _plain(label) for key, (label, _) in side.items()} for side in (source.users, source.items)]
    for what, wanted, there in (("users", users, labels[0]), ("items", items, labels[1])):
        if not there:
            raise UserError(f"{quoted(source.sheet)} names no {what}. Undo that, or take the workbook as it was saved before.")
        if wanted is not None and not 1 <= wanted <= len(there):
            raise UserError(f"--{what} is {wanted}, and {quoted(source.sheet)} has {len(there)} {what}. Type more there, or give "
                            f"a number from 1 to {len(there)}.")
    places = [{key: n for n, key in enumerate(side)} for side in labels]
    triples = sorted((places[0][user], places[1][item], rating.value) for (user, item), rating in source.ratings.items())
    if not triples:
        raise UserError(f"{quoted(source.sheet)} has no rating. Type some, or take the workbook as it was saved before.")
    user_index, item_index, values = (np.array(column) for column in zip(*triples))
    everything = Ratings(tuple(labels[0].values()), tuple(labels[1].values()), user_index, item_index, values.astype(np.float64))
    if users is None and items is None:
        return everything
    return everything.top(users=users or everything.n_users, items=items or everything.n_items)


def _carried(old: _Fitted, content: Content, sheet: str) -> AnyFactors:
    model = model_of(sheet)
    bounds = content.bounds if model == "bounded" else None
    low, high = bounds or (None, None)

    def keys(labels):
        return [label_key(label) for label in labels]

    if isinstance(old.factors, NetFactors):
        return carried_net(old.factors, users=keys(old.ratings.users), items=keys(old.ratings.items),
                           wanted=(keys(content.given.users), keys(content.given.items)))
    # who is new is folded in from the ratings that may be learnt from
    learnt = replace(content.ratings, users=tuple(keys(content.given.users)), items=tuple(keys(content.given.items)))
    factors = carried_factors(old.factors, users=keys(old.ratings.users), items=keys(old.ratings.items), ratings=learnt, bounds=bounds)

    def draw(k: int) -> np.ndarray:
        return random_factors(content.ratings, model=model, n_factors=k, seed=content.seed, low=low, high=high).arrays()["user"]

    return resized_factors(factors, content.n_factors, draw=draw)


def _first_of(labels: Sequence) -> str:
    return ", ".join(map(str, labels[:3])) + (f" and {len(labels) - 3} more" if len(labels) > 3 else "")


def _differing(labels, others) -> tuple:
    there = {label_key(label) for label in others}
    return tuple(label for label in labels if label_key(label) not in there)


def _plain(label):
    return int(label) if isinstance(label, float) and label.is_integer() else label


def _number(book: FileHost, name: str) -> float | None:
    where = area_named(book, name)
    value = book.grid(where[0]).values.get(where[1].first) if where else None
    return value if type(value) is float else None
