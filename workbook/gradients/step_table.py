"""The table by which a step is taken, and the settings in sight: macros read it, the columns behind are folded away."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.cells import Cell, Range
from solver.core.optimizers import OPTIMIZERS
from workbook.write.content import Content
from workbook.write.references import box, ref
from workbook.write.styles import Styles
from workbook.write.write_cells import put_formula, put_number, put_text

from .copy_table import address_of, define_step_names, put_address
from .gradient_blocks import write_gradients, write_loss
from .gradient_history import write_gradient_history
from .gradient_plan import STEP_SETTINGS, STEPPED, GradientPlan
from .next_values import write_next_values

_LABELS = {"optimizer": "optimizer", "lr_sgd": "learning rate, sgd", "lr_momentum": "learning rate, momentum", "momentum": "β, momentum",
           "lr_adam": "learning rate, adam", "beta1": "β₁, adam", "beta2": "β₂, adam", "eps": "ε, adam", "weight_decay": "weight decay λ (start)",
           "spread": "spread of ratings", "ratings": "ratings n", "mean_user_bias": "mean user bias", "mean_item_bias": "mean item bias",
           "largest": "largest gradient", "steps": "steps done", "adam_steps": "of these by adam"}
_CHECKED = {"moved": "move this cell", "by": "by", "row": "its row", "column": "its column", "error": "mean of error²", "decay": "+ decay",
            "loss": "= loss", "difference": "Δ loss / Δ cell", "gradient": "its gradient"}
_ROLES = {"user_factors": "user factors", "item_factors": "item factors", "user_bias": "user bias", "item_bias": "item bias"}
_RESIZED = "No step: rows or columns were inserted or deleted here. Undo that (Ctrl+Z); who is new is typed on the sheet ratings."
_GREW = "The numbers grew without end: press Reset and take a smaller learning rate."
_MOVED = "No step: these columns were sorted or typed over. Undo that (Ctrl+Z)."
_HEADERS = ("what", "goes to", *STEPPED, "comes from", "at Reset")


def write_gradient_columns(workbook: Workbook, sheet, styles: Styles, plan: GradientPlan, content: Content) -> None:
    """Everything beside the blocks of one crosstab sheet, and its names."""
    _columns(sheet, styles, plan)
    _settings(sheet, styles, plan, content)
    write_loss(sheet, styles, plan)
    write_gradients(sheet, styles, plan, content)
    write_next_values(sheet, styles, plan)
    write_gradient_history(workbook, sheet, styles, plan)
    _table(sheet, styles, plan)
    define_step_names(workbook, plan, STEP_SETTINGS)


def _columns(sheet, styles: Styles, plan: GradientPlan) -> None:
    left = plan.left
    for col, width in zip(range(left - 1, left + 6), (3, 23, 10, 3, 15, 12, 12)):
        sheet.set_column(col - 1, col - 1, width, styles.text)
    sheet.set_column(plan.folded - 1, plan.right - 1, 7.5, styles.text, {"level": 1, "hidden": True})
    sheet.set_column(plan.right, plan.right, 3, None, {"collapsed": True})
    put_text(sheet, Cell(2, left), "Gradient descent in cells", styles.heading)
    put_text(sheet, Cell(2, left + 3), "Is the gradient right?", styles.heading)
    for col in (left + 1, left + 4, left + 5):
        put_text(sheet, Cell(2, col), "", styles.heading)
    below = plan.check["gradient"].row + 2
    for place, line in enumerate(("Folded away at the right: the gradient of",
                                  "every parameter, and where a step leads.",
                                  "Press + above the columns.",
                                  "Buttons in an .xlsm: Step, ×10, ×100, Reset.")):
        put_text(sheet, Cell(below + place, left + 3), line, styles.note)


def _settings(sheet, styles: Styles, plan: GradientPlan, content: Content) -> None:
    ratings = content.ratings
    busiest = max(max(ratings.user_index.tolist().count(user) for user in set(ratings.user_index.tolist())),
                  max(ratings.item_index.tolist().count(item) for item in set(ratings.item_index.tolist())))
    for name, cell in plan.settings.items():
        put_text(sheet, cell.moved(0, -1), _LABELS[name], styles.label)
        if name == "optimizer":
            put_text(sheet, cell, next(iter(STEPPED)), styles.option)
            sheet.data_validation(*box(Range.around([cell])), {"validate": "list", "source": list(STEPPED)})
        elif name in STEP_SETTINGS:
            put_number(sheet, cell, _usual(name, len(ratings) / busiest), styles.option)
        elif name.endswith("steps"):
            put_number(sheet, cell, 0, styles.factor_whole)
    for name, cell in plan.check.items():
        put_text(sheet, cell.moved(0, -1), _CHECKED[name], styles.label)
    for place, header in enumerate(("now", "moved")):
        put_text(sheet, plan.check["error"].moved(-1, place), header, styles.header)
    put_formula(sheet, plan.fault, _fault(plan), styles.status_above)


def _fault(plan: GradientPlan) -> str:
    """Why no step can be taken: the columns are there for as many users and items as there were when the sheet was made."""
    layout = plan.crosstab.layout
    pairs = [(layout.ratings, plan.errors), (layout.predictions, plan.errors),
             *((block.range, plan.gradients[role]) for role, block in layout.parameters.items())]
    alike = ",".join(f"{count}({ref(one)})={count}({ref(other)})" for one, other in pairs for count in ("ROWS", "COLUMNS"))
    return (f'=IF(NOT(AND({alike})),"{_RESIZED}",IF(NOT(ISNUMBER({layout.rmse})),"{_GREW}",'
            f'IF(AND(ISNUMBER({plan.check["loss"]}),ISNUMBER({plan.settings["largest"]})),"","{_MOVED}")))')


def _usual(name: str, per_row: float) -> float:
    """The default of `solver`, to three digits where it depends on the ratings."""
    of, _, optimizer = name.partition("_")
    if of != "lr":
        return OPTIMIZERS["momentum" if name == "momentum" else "adam"].constants[name]
    row = OPTIMIZERS[optimizer]
    return float(f"{row.constants['lr'] * (per_row if row.per_row else 1):.3g}")


def _table(sheet, styles: Styles, plan: GradientPlan) -> None:
    table, at = plan.table, plan.settings
    put_text(sheet, Cell(table.top - 2, table.left), "What a step copies", styles.heading)
    for place, header in enumerate(_HEADERS):
        put_text(sheet, Cell(table.top - 1, table.left + place), header, styles.header)
    lines: list[tuple[str, Range, dict[str, Range], Range | None]] = []
    start = plan.panel("start")
    for role, block in plan.crosstab.layout.parameters.items():
        lines.append((_ROLES[role], block.range, {name: plan.panel(f"next_{name}")[role] for name in STEPPED}, start[role]))
    for optimizer, memory in STEPPED.items():
        for name in memory:
            lines += [(f"{name}, {_ROLES[role]}", where, {optimizer: plan.panel(f"next_{name}")[role]}, None)
                      for role, where in plan.panel(name).items()]
    for row, (what, target, sources, at_reset) in enumerate(lines, table.top):
        put_text(sheet, Cell(row, table.left), what, styles.table_plain)
        put_address(sheet, Cell(row, table.left + 1), address_of(target), styles)
        for place, optimizer in enumerate(STEPPED, 2):
            put_address(sheet, Cell(row, table.left + place), address_of(sources[optimizer]) if optimizer in sources else '=""', styles)
        _chosen(sheet, plan, row, styles)
        if at_reset:
            put_address(sheet, Cell(row, table.left + 6), address_of(at_reset), styles)
        else:
            put_number(sheet, Cell(row, table.left + 6), 0, styles.table_plain)
    for row, name in enumerate(("steps", "adam_steps"), table.top + len(lines)):
        put_text(sheet, Cell(row, table.left), _LABELS[name], styles.table_plain)
        put_address(sheet, Cell(row, table.left + 1), address_of(Range.around([at[name]])), styles)
        for place, optimizer in enumerate(STEPPED, 2):
            counted = name == "steps" or optimizer == "adam"
            put_address(sheet, Cell(row, table.left + place), f"={at[name]}+1" if counted else f"={at[name]}", styles)
        _chosen(sheet, plan, row, styles)
        put_number(sheet, Cell(row, table.left + 6), 0, styles.table_plain)


def _chosen(sheet, plan: GradientPlan, row: int, styles: Styles) -> None:
    """The source by the optimizer that is chosen."""
    left, top = plan.table.left, plan.table.top
    heads, sources = Range(top - 1, left + 2, top - 1, left + 4), Range(row, left + 2, row, left + 4)
    put_address(sheet, Cell(row, left + 5), f"=INDEX({sources},MATCH({ref(plan.settings['optimizer'])},{heads},0))", styles)
