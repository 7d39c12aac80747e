"""The exceptions that a user is meant to read, and interruptions."""

import re
import sys

_LINE_BREAKS = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
_ENDLESS = re.compile(r"\S{1000,}")      # no name of a file and no number is that long


def shortened(text: str, *, most: int = 40) -> str:
    """As much of a quoted text as fits into a sentence, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[:most - 1] + "…"


class UserError(ValueError):
    """One sentence for the person at the keyboard: where, what was found, what to do.

    The command line prints it alone and ends with its `exit_code`; nothing has been written. Who calls from Python may catch
    it as the ValueError that it is.
    """

    exit_code = 2

    def __init__(self, sentence: object = ""):
        """What is quoted in it, a formula or a name, may have any length and several lines; the sentence is one line that shows how it begins."""
        super().__init__(_ENDLESS.sub(lambda found: found[0][:60] + "…", _LINE_BREAKS.sub(" ", str(sentence).strip())))


class NoSolution(UserError):
    """A problem has no solution: its constraints contradict each other, or its objective has no end. That is proved, or a search found
    no point that meets all constraints."""

    exit_code = 3


class NotFittedError(UserError, AttributeError):
    """A model that has learnt nothing is asked; of the kinds of scikit-learn's error of that name."""


def not_fitted(sentence: str) -> NotFittedError:
    """The error with this sentence; where scikit-learn is loaded, of its own class of that name, too."""
    exceptions = sys.modules.get("sklearn.exceptions")
    if exceptions is None:
        return NotFittedError(sentence)
    return type("NotFittedError", (NotFittedError, exceptions.NotFittedError), {})(sentence)


def stopped_by(interrupt: KeyboardInterrupt) -> str:
    """Who stopped us, for a sentence: ``Ctrl-C``, or the signal that the interrupt names."""
    return str(interrupt) or "Ctrl-C"
