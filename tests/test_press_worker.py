"""The worker that does presses of buttons: real processes, a press of our own in place of a fit."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from office import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers fork, which is safe on Linux only")

PRESS = """
import os, sys, time
from pyxl.live.press_worker import wait_for_presses
from pyxl.live.worker_client import ask_worker

def press(words):
    loaded = "torch" in sys.modules
    if words == ["whose"]:
        print(os.getpid(), flush=True)
        return 0
    print("did", *words, os.environ.get("COLOUR"), os.getcwd(), loaded, flush=True)
    print("told", file=sys.stderr)
    if words == ["long"]:
        def ended(*_):
            open("ended", "w").close()
            os._exit(0)
        import signal
        signal.signal(signal.SIGTERM, ended)
        open("began", "w").close()
        time.sleep(600)
    return 7

if sys.argv[1:] == ["wait"]:
    sys.exit(wait_for_presses(press))
code = ask_worker(sys.argv[1:])
sys.exit(99 if code is None else code)
"""


class Presses:
    """A home of its own, with a worker in it."""

    def __init__(self, folder: Path):
        self.home, self.script = folder, folder / "press.py"
        self.script.write_text(PRESS)
        self.worker = None

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "HOME": str(self.home), **more}

    def start(self, **more: str) -> subprocess.Popen:
        started = subprocess.Popen([sys.executable, str(self.script), "wait"], env=self.environment(**more))
        self.worker = self.worker or started
        return started

    @property
    def folder(self) -> Path:
        return self.home / ".collabsheet" / "press"

    def until_it_waits(self) -> None:
        until(lambda: (self.folder / "worker.json").exists() and self.press("ready").returncode == 7, seconds=300)

    def press(self, *words: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, str(self.script), *words], env=self.environment(**more), cwd=cwd or self.home, capture_output=True, text=True)


@pytest.fixture(scope="module")
def presses(tmp_path_factory):
    home = tmp_path_factory.mktemp("home") / f"a home with {'a long ' * 15}name"    # the path of a socket may be short only
    home.mkdir()
    made = Presses(home)
    assert made.press("cold").returncode == 99      # nobody waits yet: it is done as before
    made.start()
    made.until_it_waits()
    yield made
    made.worker.terminate()
    made.worker.wait()


def test_a_press_is_done_in_the_place_and_with_the_streams_of_who_asks(presses, tmp_path):
    done = presses.press("fit", "--wb=Zoë's", cwd=tmp_path, COLOUR="green")
    assert (done.returncode, done.stdout, done.stderr) == (7, f"did fit --wb=Zoë's green {tmp_path} True\n", "told\n")


def test_presses_at_once_do_not_wait_for_each_other(presses, tmp_path):
    long = subprocess.Popen([sys.executable, str(presses.script), "long"], env=presses.environment(), cwd=tmp_path)
    until((tmp_path / "began").exists)
    assert presses.press("short").returncode == 7
    assert not (tmp_path / "ended").exists()
    long.send_signal(signal.SIGKILL)        # whoever kills it means the press
    long.wait()
    until((tmp_path / "ended").exists)
    assert presses.press("after").returncode == 7


def test_the_process_of_a_press_does_the_next_one_too(presses, tmp_path):
    first, second = (presses.press("whose", cwd=tmp_path).stdout for _ in range(2))
    assert first == second
    assert Path(f"/proc/{int(first)}/cwd").resolve() == Path("/")      # it holds no folder and no stream of its askers
    assert presses.press("fit", cwd=tmp_path, COLOUR="blue").stdout == f"did fit blue {tmp_path} True\n"
    third = presses.press("whose").stdout       # what went wrong in a press is over with its process
    assert third != first
    os.kill(int(third), signal.SIGKILL)
    until(lambda: not Path(f"/proc/{int(third)}").exists())
    assert presses.press("whose").stdout not in (first, third, "")


def test_one_worker_of_a_user_is_enough(presses):
    assert presses.start().wait(timeout=120) == 0
    assert presses.press("fit").returncode == 7


def test_only_its_user_may_reach_it(presses):
    assert stat.S_IMODE(presses.folder.stat().st_mode) == 0o700
    sockets = [path for path in presses.folder.iterdir() if path.suffix == ".socket"]
    assert len(sockets) == 1 and len(sockets[0].stem) == 16 and stat.S_IMODE(sockets[0].stat().st_mode) == 0o600
    presses.folder.chmod(0o755)
    assert presses.press("fit").returncode == 99        # others could have put a socket of theirs there
    presses.folder.chmod(0o700)
    assert presses.press("fit").returncode == 7


def test_a_worker_of_other_files_is_not_asked(presses):
    announced = presses.folder / "worker.json"
    text = announced.read_text()
    announced.write_text(text.replace(str(sys.executable), "/another/python"))
    assert presses.press("fit").returncode == 99
    announced.write_text(text)


def test_it_ends_by_itself(tmp_path):
    idle = Presses(tmp_path)
    worker = idle.start(COLLABSHEET_WORKER_MINUTES="0.2")
    until(lambda: (idle.folder / "worker.json").exists() or worker.poll() is not None, seconds=300)
    began = time.monotonic()
    assert worker.wait(timeout=120) == 0 and time.monotonic() - began > 5
    assert not [path for path in idle.folder.iterdir() if path.suffix == ".socket"]
    assert idle.press("fit").returncode == 99
