"""The command line as a user meets it: real processes, real pipes, a real terminal, a real Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import lesson_sheet
import pytest
from terminal import on_a_terminal
from told_notes import without_progress

from pyxl.__main__ import main
from pyxl.grid.cells import Range
from pyxl.xlsx import open_workbook

COLLABSHEET = Path(sys.executable).parent / "collabsheet"
RATINGS = "user,item,rating,timestamp\n" + "".join(
    f"{u},{i},{1 + (u * i + u) % 9 / 2},0\n" for u in range(1, 21) for i in range(1, 19) if (u + i) % 4)


@pytest.fixture
def book(tmp_path):
    lesson_sheet.write(tmp_path / "book.xlsx", lesson_sheet.table(8, 9), k=1, variant="dot+bias")     # of one factor: a fit ends soon
    return tmp_path / "book.xlsx"


def run(capsys, *argv):
    """(exit code, stdout, stderr) of a command run in this process."""
    code = main([str(a) for a in argv])
    return code, *capsys.readouterr()


def test_demo_builds_fits_and_says_where(demo):
    assert demo.code == 0 and demo.err == ""
    plain, with_buttons = demo.plain, demo.with_buttons
    assert "my demo/collabsheet-demo.xlsm" in demo.out and plain.name in demo.out and "RMSE" in demo.out and "→" in demo.out
    with open_workbook(plain) as built, open_workbook(with_buttons) as other:
        assert {"start", "ratings", "dotprod", "bias", "bounded", "embedding"} <= set(built.sheets)
        alike = [sheet for sheet in built.sheets if sheet not in ("start", "run log")]  # which tell of buttons, and when
        assert {sheet: built.grid(sheet).values for sheet in alike} == {sheet: other.grid(sheet).values for sheet in alike}


def test_new_then_inspect_then_fit(tmp_path, capsys):
    (tmp_path / "r.csv").write_text(RATINGS)
    path, out = tmp_path / "book.xlsx", tmp_path / "fitted.xlsx"
    code, said, _ = run(capsys, "new", tmp_path / "r.csv", "-o", path, "--users", 9, "--items", 7, "--factors", 3, "--json")
    assert code == 0 and json.loads(said)["users"] == 9
    code, said, _ = run(capsys, "inspect", path, "--json")
    found = json.loads(said)["sheets"]
    assert {name for name, report in found.items() if report["recognised"]} == {"dotprod", "bias", "bounded", "embedding"}
    assert found["ratings"]["reason"]
    code, said, err = run(capsys, "fit", path, "-o", out, "--json", "--epochs", 50)
    result = json.loads(said)
    assert code == 0 and err == "" and result["workbook"] == str(out)
    assert set(result["sheets"]) == {"dotprod", "bias", "bounded", "embedding"}
    for sheet in result["sheets"].values():
        assert {"variant", "n_ratings", "rmse_before", "rmse_after", "epochs", "seconds", "stop"} <= set(sheet)
        assert sheet["rmse_after"] < sheet["rmse_before"] and sheet["stop"].endswith(".")


def test_the_start_sheet_keeps_the_last_result_and_gives_the_settings(tmp_path, capsys):
    (tmp_path / "r.csv").write_text(RATINGS)
    path = tmp_path / "book.xlsx"
    assert run(capsys, "new", tmp_path / "r.csv", "-o", path, "--users", 8, "--items", 8)[0] == 0
    with open_workbook(path) as built:
        where = {n.name: Range.parse(n.refers_to.rpartition("!")[2]).first for n in built.names if n.scope is None}
        built.save({"start": {where["setting_epochs"]: 3.0}})
    code, said, _ = run(capsys, "fit", path, "--in-place", "--sheet", "bias", "--json")
    result = json.loads(said)["sheets"]["bias"]
    assert result["epochs"] == 3
    with open_workbook(path) as built:
        values = built.grid("start").values
        assert values[where["bias_last_rmse_after"]] == result["rmse_after"]
        assert values[where["bias_last_stop"]].startswith(f"{result['stop']} Weight decay ")
        built.save({"start": {where["setting_optimizer"]: "fastest"}})
    code, _, err = run(capsys, "fit", path, "--in-place")
    assert code == 2 and f"start!{where['setting_optimizer']}" in err and "lbfgs" in err
    assert run(capsys, "fit", path, "--in-place", "--optimizer", "adam", "--epochs", 2)[0] == 0


def test_fit_needs_to_be_told_where_to_write(book, capsys):
    before = book.read_bytes()
    code, out, err = run(capsys, "fit", book)
    assert (code, out) == (2, "") and "--in-place" in err and err.count("\n") == 1
    assert run(capsys, "fit", book, "-o", book)[0] == 2
    for command in (("fit", book), ("restore", book), ("update", book), ("goal-seek", book, "--set", "A1", "--to", 1, "--by", "B1"), ("optimizers", "run", book)):
        code, _, err = run(capsys, *command, "--in-place", "--overwrite")
        assert code == 2 and "--overwrite is for -o OUT" in err
    for idle in (("--seconds", 5), ("--write-anyway",), ("--overwrite-formulas",), ("--report",), ("--starts", 2)):
        code, _, err = run(capsys, "fit", book, "--in-place", *idle)
        assert code == 2 and err.startswith(f"{idle[0]} is for sheets that are solved by their formulas."), err
    assert book.read_bytes() == before
    assert run(capsys, "fit", book, "--in-place")[0] == 0
    assert book.read_bytes() != before


@pytest.mark.parametrize("arguments, sentence", [
    (["--optimizer", "fastest"], "optimizer is 'fastest'"),
    (["--epochs", "0"], "epochs is 0"),
    (["--lr", "0.1"], "lr is 0.1, and lbfgs does not use it"),
    (["--lr", "-1", "--optimizer", "sgd"], "lr is -1.0"),
    (["--weight-decay", "nan"], "weight_decay is nan"),
    (["--start", "zero"], "start is 'zero'"),
    (["--sheet", "nosuch"], "nosuch"),
    (["--epochs", "many"], "--epochs"),
])
def test_what_the_user_can_mend_is_one_sentence(book, capsys, arguments, sentence):
    before = book.read_bytes()
    code, out, err = run(capsys, "fit", book, "--in-place", *arguments)
    assert (code, out) == (2, "") and sentence in err
    assert "Traceback" not in err and err.count("\n") == 1
    assert book.read_bytes() == before
    code, out, _ = run(capsys, "fit", book, "--in-place", "--json", *arguments)
    assert code == 2 and sentence in json.loads(out)["error"]


def test_new_does_not_replace_a_workbook_by_accident(tmp_path, capsys):
    (tmp_path / "r.csv").write_text(RATINGS)
    target = tmp_path / "book.xlsx"
    target.write_bytes(b"precious")
    code, _, err = run(capsys, "new", tmp_path / "r.csv", "-o", target)
    assert code == 2 and "book.xlsx" in err and target.read_bytes() == b"precious"
    assert run(capsys, "new", tmp_path / "r.csv", "-o", target, "--overwrite")[0] == 0


def test_device_that_is_not_there_falls_back_and_says_so(book, tmp_path, capsys):
    import torch
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA, so nothing falls back")
    code, out, _ = run(capsys, "fit", book, "-o", tmp_path / "o.xlsx", "--device", "cuda", "--epochs", 3)
    assert code == 0 and "No cuda device was found; the CPU is used." in out


def test_python_m_pyxl_is_the_same_command(book):
    for command in ([str(COLLABSHEET)], [sys.executable, "-m", "pyxl"]):
        done = subprocess.run([*command, "inspect", str(book), "--json"], capture_output=True, text=True)
        assert done.returncode == 0 and done.stderr == ""
        assert json.loads(done.stdout)["sheets"]["Sheet1"]["variant"] == "dot+bias"


@pytest.mark.parametrize("command", ["demo", "new", "inspect", "fit"])
def test_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    out = capsys.readouterr().out
    assert left.value.code == 0 and f"Example:\n  collabsheet {command}" in out


def test_help_is_quick_because_torch_is_not_loaded():
    code = "import sys; from pyxl.__main__ import main\ntry: main(['fit', '--help'])\nexcept SystemExit: pass\n" \
           "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0


def test_progress_on_a_terminal_and_a_real_ctrl_c(book, tmp_path):
    out = tmp_path / "out.xlsx"
    command = [str(COLLABSHEET), "fit", str(book), "-o", str(out), "--optimizer", "sgd", "--lr", "1e-7", "--epochs", "100000000"]
    code, shown = on_a_terminal(command, until=b"epoch", then=signal.SIGINT)
    assert code == 0, shown
    assert b"Stopped by Ctrl-C at epoch" in shown and b"Wrote" in shown
    with open_workbook(out) as fitted:
        assert fitted.grid("Sheet1").formulas


def test_no_progress_in_a_pipe(book, tmp_path):
    done = subprocess.run([str(COLLABSHEET), "fit", str(book), "-o", str(tmp_path / "o.xlsx")], capture_output=True)
    assert done.returncode == 0 and without_progress(done.stderr) == "" and b"\x1b" not in done.stdout and b"\r" not in done.stdout


def test_now_and_then_a_line_where_there_is_no_terminal(book, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("pyxl.cli.sheets.workbook_commands.SILENT_SECONDS", 0)
    _, out, err = run(capsys, "fit", book, "-o", tmp_path / "o.xlsx", "--epochs", 3)
    assert [line.split("RMSE")[0] for line in err.splitlines()] == ["Sheet1  epoch 0  ", "Sheet1  epoch 1  ", "Sheet1  epoch 2  ", "Sheet1  epoch 3  "]
    _, out, err = run(capsys, "fit", book, "-o", tmp_path / "p.xlsx", "--epochs", 3, "--json")
    assert err == ""
