"""Which labels on the map stand where another one is to be written, in formulas."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 35    # signs; charts break a longer label into two lines


@dataclass(frozen=True)
class LabelColumns:
    """References to columns of labels: the height at which each is written, its words, and between which places it stands."""

    up: str
    words: str
    begins: str
    ends: str

    def in_the_way(self, *, up: str, words: str, line: str, begins: str, ends: str) -> str:
        """The formula of how many of them a label would touch; `line` is the height of one."""
        high = f"(1+((LEN({self.words})>{LONGEST})+(LEN({words})>{LONGEST}))/2)*{line}"     # half of both
        return f"SUM(IFERROR((ABS({self.up}-{up})<={high})*({self.begins}<{ends})*({self.ends}>{begins}),0))"
