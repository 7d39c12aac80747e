"""The workbook of what an embedding is, as a whole."""

from __future__ import annotations

from workbook.new_file import compute_formulas, new_file, new_workbook
from workbook.write.styles import make_styles

from .one_hot_sheet import write_one_hot
from .turn_sheet import write_turn
from .words_sheet import write_words


def build_embeddings(path, *, overwrite: bool = False) -> None:
    """Write the workbook. Raises UserError, with nothing written, where `path` exists (unless `overwrite`), is open elsewhere or
    cannot be written."""
    with new_file(path, overwrite=overwrite) as draft:
        with new_workbook(draft) as workbook:
            styles = make_styles(workbook)
            for write in (write_one_hot, write_words, write_turn):
                write(workbook, styles)
        compute_formulas(draft)
