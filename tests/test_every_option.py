"""Every option of every command on ratings and models, given a value that makes no sense: one sentence, exit code 2, nothing else."""

from __future__ import annotations

import argparse

import pytest
from trained_model import run, trained  # noqa: F401  (a fixture)

from pyxl.__main__ import _commands

NONSENSE = "no such thing"
BASE = {     # what each command is given beside the option
    "look": ("ratings.csv",), "train": ("ratings.csv", "-o", "new"), "prepare": ("ratings.csv", "-o", "store"),
    "cross-validate": ("ratings.csv",), "search": ("ratings.csv", "--try", "factors=1,2"), "learning-curve": ("ratings.csv",), "lr-find": ("ratings.csv",),
    "recommend": ("model", "--user", "1"), "predict": ("model", "ratings.csv"), "similar": ("model", "--item", "101"),
    "explain": ("model", "--user", "1", "--item", "101"), "evaluate": ("model", "ratings.csv"), "fold-in": ("model", "ratings.csv"),
    "bias": ("model",), "map": ("model", "-o", "map.png"), "export": ("model", "-o", "book.xlsx"), "new": ("ratings.csv", "-o", "book.xlsx"),
}
FREE = {     # options to which any text means something: a label, a name of a file that will be written
    ("train", "--output"), ("prepare", "--output"),
}


def options() -> list[tuple[str, str]]:
    """(command, option) of every option that takes a value, from the parsers themselves."""
    found = []
    for command in _commands():
        if command.name in BASE:
            parser = argparse.ArgumentParser()
            command.add_arguments(parser)
            found += [(command.name, action.option_strings[-1]) for action in parser._actions if action.option_strings and action.nargs != 0]
    return [one for one in found if one not in FREE]


@pytest.mark.parametrize("command, option", options())
def test_nonsense_is_refused_in_one_sentence(trained, monkeypatch, capsys, command, option):
    monkeypatch.chdir(trained)
    before = {path.name for path in trained.iterdir()}
    base = [word for pair in zip(BASE[command], (*BASE[command][1:], "")) for word in pair[:1]]
    if option in base:      # in place of what is usually given
        at = base.index(option)
        del base[at:at + 2]
    code, out, err = run(capsys, command, *base, option, NONSENSE)
    assert code == 2 and "Traceback" not in err, (out, err)
    assert err.strip() and len(err.strip().splitlines()) <= 3, err
    assert {path.name for path in trained.iterdir()} - before <= ({"store"} if command == "prepare" else set())     # begun, and told to be unfinished
