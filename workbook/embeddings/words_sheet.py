"""The sheet `words`: words of a sentence, each by its embedding."""

from __future__ import annotations

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

from workbook.examples.draft import Draft
from workbook.write.styles import Styles

_NAME = "words"
_VOCABULARY = {"(unknown)": (0.0, 0.0, 0.0, 0.0), "a": (0.1, 0.0, 0.2, -0.1), "the": (0.1, 0.1, 0.2, -0.1), "film": (0.9, 0.0, -0.2, 0.3),
               "movie": (0.85, 0.05, -0.2, 0.35), "song": (0.6, 0.1, 0.7, 0.2), "good": (0.0, 0.9, 0.1, 0.2), "great": (0.0, 1.0, 0.1, 0.3),
               "bad": (0.0, -0.9, 0.1, 0.2), "dull": (0.1, -0.7, -0.3, 0.1), "was": (0.0, 0.0, -0.4, -0.5), "not": (-0.1, -0.4, -0.3, -0.6)}
_SENTENCE = ("the", "movie", "was", "not", "dull", "tonight")


def write_words(workbook: Workbook, styles: Styles) -> None:
    """Add the sheet: a vocabulary with its embedding, and a sentence that is looked up in it."""
    draft = Draft(workbook, styles, _NAME, "Words have embeddings too",
                  ("Nothing here is about films: whatever can be listed can have a row of numbers. MATCH says which word it is, OFFSET reads its row.",
                   "Change a word of the sentence; one that the vocabulary lacks gets the first row. A net would go on from the six rows, or from their mean."))
    last = 5 + len(_VOCABULARY)
    draft.labels("A5", ("vocabulary", "1", "2", "3", "4"))
    draft.labels("A6", _VOCABULARY, down=True)
    draft.numbers("B6", _VOCABULARY.values(), changing=True)
    draft.labels("G5", ("sentence", "which word"))
    draft.counts("I5", range(1, 5))
    for row, word in enumerate(_SENTENCE, 6):
        draft.choice(f"G{row}", word)
    draft.fill("H6:H11", lambda cell: f"=IFERROR(MATCH($G{cell.row},$A$6:$A${last},0),1)", whole=True)
    draft.fill("I6:L11", lambda cell: f"=OFFSET($B$6,$H{cell.row}-1,{xl_col_to_name(cell.col - 1)}$5-1)")
    draft.labels("G13", ("the sentence", "mean"))
    draft.fill("I13:L13", lambda cell: f"=AVERAGE({xl_col_to_name(cell.col - 1)}6:{xl_col_to_name(cell.col - 1)}11)")
