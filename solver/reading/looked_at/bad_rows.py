"""What is done about a row that cannot be read: the table is refused, or the row is left out and counted."""

from __future__ import annotations

from solver.errors import UserError

BAD_LINES = ("refuse", "skip")
_SHOWN = 3      # sentences of skipped rows that the note repeats


class BadRows:
    """Takes the sentence of every row that cannot be read. With `policy` ``'refuse'`` the first one ends the reading."""

    def __init__(self, policy: str = "refuse"):
        if policy not in BAD_LINES:
            raise UserError(f"bad_lines is {policy!r}. Choose one of: {', '.join(BAD_LINES)}.")
        self.skip = policy == "skip"
        self.count = 0
        self._first: list[str] = []

    def found(self, sentence: str, n: int = 1) -> None:
        """A row, or `n` of the same kind, cannot be read; raises UserError with the sentence unless rows are skipped."""
        if not self.skip:
            raise refusal_of_row(sentence)
        self.count += n
        if len(self._first) < _SHOWN:
            self._first.append(sentence)

    def notes(self, name: str, unit: str) -> list[str]:
        """How many rows of the table were left out, and the first of them."""
        if not self.count:
            return []
        more = f"{self.count:,} {unit}{'s' * (self.count > 1)}"
        return [f"{name}: {more} left out that could not be read. The first: {' '.join(self._first)}"]


def refusal_of_row(sentence: str) -> UserError:
    """What refuses a table for one row that could be left out."""
    return UserError(f"{sentence} Such lines are left out with --bad-lines skip.")
