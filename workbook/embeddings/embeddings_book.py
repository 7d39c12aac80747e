"""The workbook of what an embedding is, as a whole."""

from __future__ import annotations

from pyxl.hosts.refresh_results import refresh_all
from workbook.new_file import checked_new_target, new_file, new_workbook
from workbook.write.styles import make_styles

from .one_hot_sheet import write_one_hot
from .turn_sheet import write_turn
from .words_sheet import write_words


def build_embeddings(path, *, overwrite: bool = False) -> None:
    """Write the workbook. Raises UserError, with nothing written, where `path` exists (unless `overwrite`), is open elsewhere or
    cannot be written."""
    with new_file(checked_new_target(path, overwrite=overwrite), overwrite=overwrite) as draft:
        with new_workbook(draft) as workbook:
            styles = make_styles(workbook)
            for write in (write_one_hot, write_words, write_turn):
                write(workbook, styles)
        problems = refresh_all(draft)
        if problems:    # our own formulas: a fault of ours, not the user's
            raise RuntimeError(problems[0])
