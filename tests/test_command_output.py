"""What a command reports never undoes what it did: odd encodings, closed and full streams, signals, Ctrl-C at any time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import lesson_sheet
import pytest
from told_notes import without_progress

from pyxl.xlsx import open_workbook

COLLABSHEET = Path(sys.executable).parent / "collabsheet"
FIT = ("fit", "--epochs", "5", "--weight-decay", "0.1")      # what is told is the same after a few epochs, and of any decay


@pytest.fixture
def book(tmp_path):
    lesson_sheet.write(tmp_path / "book.xlsx", lesson_sheet.table(8, 9), k=1, variant="dot+bias")     # of one factor: a fit ends soon
    return tmp_path / "book.xlsx"


def run(*argv, env=None, redirect=""):
    """A command in a shell, which closes or leads away its streams by `redirect`."""
    return subprocess.run(["sh", "-c", f'exec "$@" {redirect}', "sh", COLLABSHEET, *map(str, argv)],
                          capture_output=True, env=os.environ | (env or {}))


def is_fitted(path) -> bool:
    with open_workbook(path) as fitted:
        return bool(fitted.grid("Sheet1").formulas)


@pytest.mark.parametrize("env, encoding", [
    ({"PYTHONIOENCODING": "latin-1"}, "latin-1"),
    ({"PYTHONIOENCODING": "cp1252"}, "cp1252"),
    ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "ascii"),
])
def test_a_stdout_without_our_signs_gets_plainer_ones(book, tmp_path, env, encoding):
    done = run(*FIT, book, "-o", tmp_path / "o.xlsx", env=env)
    assert (done.returncode, without_progress(done.stderr)) == (0, "") and b" -> " in done.stdout
    assert is_fitted(tmp_path / "o.xlsx")
    done = run(*FIT, book, "-o", tmp_path / "sans é →.xlsx", "--json", env=env | {"PYTHONUTF8": "0"})
    assert done.returncode == 0 and json.loads(done.stdout.decode(encoding))["sheets"]["Sheet1"]["stop"]


@pytest.mark.parametrize("redirect", [">&-", ">&- 2>&-", "<&- >&- 2>&-", "2>&-"])
def test_streams_that_are_closed_do_no_harm(book, tmp_path, redirect):
    done = run(*FIT, book, "-o", tmp_path / "o.xlsx", redirect=redirect)
    assert done.returncode == 0 and without_progress(done.stderr) == "" and is_fitted(tmp_path / "o.xlsx")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("kind", [(), ("--json",)])
def test_a_report_that_cannot_be_written_has_an_exit_code_of_its_own(book, tmp_path, kind):
    done = run(*FIT, book, "-o", tmp_path / "o.xlsx", *kind, redirect=">/dev/full")
    assert done.returncode == 4 and is_fitted(tmp_path / "o.xlsx")
    assert without_progress(done.stderr) == "o.xlsx was written; the report could not be written: no space left on device.\n"
    done = run("inspect", book, redirect=">/dev/full")
    assert done.returncode == 4 and done.stderr.decode() == "The report could not be written: no space left on device.\n"


def test_a_reader_that_goes_away_does_not_end_the_work(tmp_path):
    ratings = tmp_path / "r.csv"
    ratings.write_text("user,item,rating\n" + "".join(f"{u},{i},{1 + (u * i) % 5}\n" for u in range(1, 30) for i in range(1, 20)))
    train = subprocess.Popen([COLLABSHEET, "train", ratings, "-o", tmp_path / "model", "--factors", "3"], stdout=subprocess.PIPE)
    train.stdout.readline()
    train.stdout.close()      # as `… | head -1` does
    assert train.wait(120) == 0 and (tmp_path / "model" / "model.json").exists()


def test_a_file_name_that_is_no_text_is_told(book, tmp_path):
    odd = os.fsencode(tmp_path) + b"/o\xff.xlsx"
    done = subprocess.run([COLLABSHEET, *FIT, book, "-o", odd, "--json"], capture_output=True)
    assert done.returncode == 0 and os.fsencode(json.loads(done.stdout)["workbook"]) == odd


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_keeps_the_best_so_far(book, tmp_path, name):
    # the fit itself sends the signal, at its fifth epoch: a process that is told to end in the middle of its work
    code = ("import os, signal, sys; import solver.core.loop as loop; from pyxl.__main__ import main\n"
            "if sys.argv[1] != 'SIGINT': signal.signal(getattr(signal, sys.argv[1]), signal.SIG_DFL)   # whatever started the tests, such as nohup\n"
            "kept = loop._keep_if_best\n"
            "def at_the_fifth(state, *rest):\n"
            "    kept(state, *rest)\n"
            "    if len(state.history) == 5: os.kill(os.getpid(), getattr(signal, sys.argv[1]))\n"
            "loop._keep_if_best = at_the_fifth\n"
            "sys.exit(main(sys.argv[2:]))")
    done = subprocess.run([sys.executable, "-c", code, name, "fit", book, "-o", tmp_path / "o.xlsx", "--json"],
                          capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    assert done.returncode == 0, done.stderr
    stop = json.loads(done.stdout)["sheets"]["Sheet1"]["stop"]
    assert stop.startswith(f"Stopped by {'Ctrl-C' if name == 'SIGINT' else name} at epoch 5; the best so far is kept")
    assert is_fitted(tmp_path / "o.xlsx")


def test_a_signal_that_is_ignored_stays_ignored(book, tmp_path):
    code = ("import os, signal, sys; from pyxl.base.interruption import signals_as_ctrl_c\n"
            "signal.signal(signal.SIGHUP, signal.SIG_IGN)   # as nohup does\n"
            "with signals_as_ctrl_c(): os.kill(os.getpid(), signal.SIGHUP)\n"
            "assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL")
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent).returncode == 0


@pytest.mark.parametrize("module, raised", [
    ("argparse", "KeyboardInterrupt"), ("pyxl.cli.sheets.build_commands", "KeyboardInterrupt"), ("solver.reading", "KeyboardInterrupt"),
    ("numpy", "ImportError"),      # how numpy's own import ends that Ctrl-C meets
])
def test_ctrl_c_while_modules_load_is_one_sentence(tmp_path, module, raised):
    (tmp_path / "r.csv").write_text("user,item,rating\n1,1,3\n1,2,4\n2,1,5\n")
    code = ("import sys\n"
            "class Interrupting:\n"
            "    def find_spec(self, name, *_):\n"
            "        if name == sys.argv[1]:\n"
            "            try: raise KeyboardInterrupt\n"
            "            except KeyboardInterrupt:\n"
            "                if sys.argv[2] == 'ImportError': raise ImportError('numpy failed to import')\n"
            "                raise\n"
            "sys.meta_path.insert(0, Interrupting())\n"
            "from pyxl.__main__ import main\n"
            "sys.exit(main(['new', *sys.argv[3:]]))")
    done = subprocess.run([sys.executable, "-c", code, module, raised, tmp_path / "r.csv", "-o", tmp_path / "b.xlsx"],
                          capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    assert (done.returncode, done.stderr) == (2, "Stopped by Ctrl-C; nothing was written.\n")


def test_ctrl_c_after_a_file_was_written_says_so(book, tmp_path, monkeypatch, capsys):
    from pyxl.__main__ import main
    from pyxl.fit import fit_messages

    def interrupted(*_):
        raise KeyboardInterrupt
    monkeypatch.setattr(fit_messages, "tell_results", interrupted)
    assert main([*FIT, str(book), "-o", str(tmp_path / "o.xlsx")]) == 2
    assert capsys.readouterr().err == "Stopped by Ctrl-C; o.xlsx was written.\n" and is_fitted(tmp_path / "o.xlsx")


@pytest.mark.parametrize("limit", [0, 3000, 20_000])
def test_a_full_disk_while_a_workbook_is_built_is_one_sentence(tmp_path, limit):
    # the limit on a file's size stands for the disk: the kernel itself refuses the write
    (tmp_path / "r.csv").write_text("user,item,rating\n" + "".join(
        f"{u},{i},{1 + (u * i) % 5}\n" for u in range(1, 20) for i in range(1, 20)))
    code = ("import resource, sys, solver.reading.readers, pandas; from pyxl.__main__ import main\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)\n"
            "sys.exit(main(['new', *sys.argv[2:]]))")
    done = subprocess.run([sys.executable, "-B", "-c", code, str(limit), tmp_path / "r.csv", "-o", tmp_path / "b.xlsx"],
                          capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    assert done.returncode == 2 and done.stderr.startswith("'b.xlsx' was not saved: the disk does not take a file of this size.")
    assert done.stderr.count("\n") == 1 and [path.name for path in tmp_path.iterdir()] == ["r.csv"]
