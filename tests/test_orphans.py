"""Nothing that we started outlives whoever was killed."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

# a parent that starts a child, says its number and waits; the child takes its time before it asks for its parent
_PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", *sys.argv[1:], str(os.getpid())], stdin=subprocess.DEVNULL, stdout=sys.stdout)
print(child.pid, flush=True)
time.sleep(60)
"""
_CHILD = """
import sys, time
time.sleep(float(sys.argv[1]))
from solver.orphans import end_with_parent
end_with_parent(int(sys.argv[2]))
print("watches", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("late", [0.0, 1.0], ids=["while it works", "while it is still loading"])
def test_a_process_ends_when_the_one_that_started_it_was_killed(late):
    with subprocess.Popen([sys.executable, "-c", _PARENT, _CHILD, str(late)], stdout=subprocess.PIPE, text=True) as parent:
        parent.stdout.readline()
        if not late:
            assert parent.stdout.readline() == "watches\n"
        parent.kill()
        began = time.monotonic()
        parent.stdout.read()        # to its end: until nobody has it open, the child neither
        assert time.monotonic() - began < 30
