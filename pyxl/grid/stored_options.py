"""The options that Excel's Solver stores beside a model: which are used here, and what stands in place of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

AS_LONG_AS_IT_TAKES = 2147483647     # Solver's own number for as long as it takes


@dataclass(frozen=True)
class StoredOption:
    """A row of the table: what Solver calls an option, the values that it has by itself, and what is made of another one."""

    title: str
    usual: tuple[float, ...]
    here: Callable[[float], str]


STORED_OPTIONS = {
    "solver_rlx": StoredOption("Ignore Integer Constraints", (2,), lambda _: "is on, and is honoured: nothing has to be a whole number."),
    "solver_tim": StoredOption("Max Time", (100, AS_LONG_AS_IT_TAKES), lambda seconds: f"is {seconds:g} s; here a search for whole numbers or by "
                               "points ends by itself after 4 to 6, and --seconds says another limit."),
    "solver_itr": StoredOption("Iterations", (100, 1000, AS_LONG_AS_IT_TAKES), lambda steps: f"is {steps:g}; here a search goes on as long as it "
                               "gets better. --epochs limits its steps."),
    "solver_tol": StoredOption("Integer Optimality", (0.01, 0.05, 0.0), lambda share: f"is {share:.2g}; here the optimum is proved to "
                               "1e-9, or how far it may be away is said."),
    "solver_pre": StoredOption("Constraint Precision", (1e-6,), lambda share: f"is {share:g}; here constraints are met to 1e-6."),
    "solver_msl": StoredOption("Use Multistart", (2,), lambda _: "is on; here it is --starts 20."),
    "solver_mip": StoredOption("Max Subproblems", (5000, AS_LONG_AS_IT_TAKES), lambda count: f"is {count:g}; here --seconds limits a search."),
    "solver_mni": StoredOption("Maximum Time without improvement", (30,), lambda seconds: f"is {seconds:g} s; here a search ends when "
                               "rounds of it find nothing better."),
    "solver_ssz": StoredOption("Population Size", (0, 100), lambda count: f"is {count:g}; here a generation has 400 points."),
    "solver_rsd": StoredOption("Random Seed", (0,), lambda seed: f"is {seed:g}; here --seed says it."),
}


def option_notes(names: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence on every option among Solver's `names` of a problem that is not as Solver has it by itself."""
    stored = _numbers(names)
    return tuple(f"Solver's option '{option.title}' {option.here(stored[name])}" for name, option in STORED_OPTIONS.items()
                 if name in stored and stored[name] not in option.usual)


def _numbers(names: Mapping[str, str]) -> dict[str, float]:
    """Those of Solver's names that are numbers."""
    found = {}
    for name, refers_to in names.items():
        try:
            found[name] = float(refers_to.strip().removeprefix("="))
        except ValueError:
            continue
    return found
