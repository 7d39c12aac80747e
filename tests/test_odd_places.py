"""Files that are no ordinary ones, names of any length, a home that is read-only, leftovers, and what another user put in our way."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import lesson_sheet
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from packages import make_book, with_part

from pyxl.__main__ import main
from pyxl.base.own_folder import own_folder
from pyxl.engines.libreoffice import office, office_pipe
from pyxl.engines.libreoffice.find_office import load_uno
from pyxl.xlsx import open_workbook
from solver import CollabFilter, UserError, read_ratings
from solver.drafts import draft_folder, sweep_drafts
from solver.reading.formats.delimited_text import delimited
from workbook.model_sheets.buttons import macro_source

ROOT = Path(__file__).resolve().parent.parent
CSV = "user,item,rating\n1,1,3\n1,2,4\n2,1,5\n2,2,1\n3,1,2\n"


@pytest.fixture
def book(tmp_path):
    lesson_sheet.write(tmp_path / "book.xlsx", lesson_sheet.table(8, 9), k=1, variant="dot+bias")     # of one factor: a fit ends soon
    return tmp_path / "book.xlsx"


def said(capsys, *argv) -> str:
    """The sentence with which a command is refused."""
    assert main([str(one) for one in argv]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "Traceback" not in err
    return err


# -- pipes, files that shrink, long fields and names ---------------------------------------------

@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize("name, argv", [
    ("r.csv", ["train", "r.csv", "-o", "m"]), ("r.parquet", ["train", "r.parquet", "-o", "m"]), ("r.csv", ["new", "r.csv", "-o", "b.xlsx"]),
    ("t.csv", ["new", "good.csv", "-o", "b.xlsx", "--titles", "t.csv"]), ("b.xlsx", ["inspect", "b.xlsx"]),
    ("b.xlsx", ["fit", "b.xlsx", "-o", "c.xlsx"]), ("b.xlsx", ["doctor", "b.xlsx", "--repair"]),
])
def test_a_pipe_is_not_waited_for(tmp_path, monkeypatch, capsys, name, argv):
    monkeypatch.chdir(tmp_path)
    Path("good.csv").write_text(CSV)
    os.mkfifo(name)     # nobody writes into it: to open it would wait for ever
    assert f"'{name}' is a pipe or a device" in said(capsys, *argv)


def test_a_save_does_not_replace_a_device(tmp_path, book, capsys):
    os.mkfifo(tmp_path / "o.xlsx")
    assert "'o.xlsx' is a pipe or a device" in said(capsys, "fit", book, "-o", tmp_path / "o.xlsx", "--overwrite")
    assert stat.S_ISFIFO((tmp_path / "o.xlsx").stat().st_mode)


def test_a_table_that_shrinks_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "r.csv"
    path.write_text(CSV)
    real = delimited.read_columns

    def while_it_shrinks(*arguments):
        os.truncate(path, len(CSV) - 7)
        return real(*arguments)
    monkeypatch.setattr(delimited, "read_columns", while_it_shrinks)
    with pytest.raises(UserError, match=r"r\.csv became shorter while it was read"):
        read_ratings(path)


def test_an_old_workbook_that_shrinks_while_it_is_looked_at_kills_nobody(tmp_path, capsys):
    path = tmp_path / "w.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1 << 20) + "EncryptedPackage".encode("utf-16-le"))
    assert "is protected by a password" in said(capsys, "inspect", path)
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000))
    assert "is an old .xls file" in said(capsys, "inspect", path)


@pytest.mark.parametrize("argv", [("look", "m"), ("train", "m", "-o", "n"), ("prepare", "m", "-o", "s")], ids=lambda argv: argv[0])
def test_a_model_is_no_table(tmp_path, monkeypatch, capsys, argv):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m").mkdir()
    for name in ("model.json", "model.safetensors"):
        (tmp_path / "m" / name).write_text("{}")
    assert main(list(argv)) == 2
    assert "'m' holds a trained model" in capsys.readouterr().err


def test_a_field_without_end_is_named_with_its_line(tmp_path, capsys):
    (tmp_path / "r.csv").write_text(CSV + f"4,{'x' * 140_000},3\n")
    assert "r.csv, line 7: a field holds more than 131,072 characters" in said(capsys, "train", tmp_path / "r.csv", "-o", tmp_path / "m")


@pytest.mark.parametrize("argv", [
    ["fit", "{book}", "-o", "{long}.xlsx"], ["new", "{csv}", "-o", "{long}.xlsx"], ["new", "{long}.csv", "-o", "b.xlsx"],
    ["train", "{csv}", "-o", "{long}"], ["train", "{long}.csv", "-o", "m"], ["inspect", "{long}.xlsx"], ["recommend", "{long}", "--user", "1"],
])
def test_a_name_that_is_too_long_is_said(tmp_path, monkeypatch, capsys, book, argv):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.csv").write_text(CSV)
    sentence = said(capsys, *(word.format(book=book, csv=tmp_path / "r.csv", long="n" * 300) for word in argv))
    assert "name is too long" in sentence or "name too long" in sentence
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.xlsx", "r.csv"]


def test_a_name_as_long_as_the_system_takes_is_not_taken_for_locked(tmp_path, monkeypatch, book):
    monkeypatch.chdir(tmp_path)
    long = "n" * (os.pathconf(tmp_path, "PC_NAME_MAX") - len(".xlsx")) + ".xlsx"
    (tmp_path / "r.csv").write_text(CSV)
    assert main(["fit", str(book), "-o", long]) == 0
    assert main(["fit", long, "--in-place"]) == 0
    assert main(["new", "r.csv", "-o", long.replace("n", "m"), "--holdout", "0"]) == 0


@pytest.mark.parametrize("argv", [["train", "", "-o", "m"], ["look", ""], ["fit", "", "--in-place"], ["new", "r.csv", "-o", ""], ["doctor", ""]])
def test_an_empty_name_is_not_the_folder_where_one_is(tmp_path, monkeypatch, book, capsys, argv):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.csv").write_text(CSV)
    assert "is empty; it may come from a variable of the shell that is not set" in said(capsys, *argv)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.xlsx", "r.csv"]


# The name of a file may hold whatever the system takes.
@pytest.mark.parametrize("name", ["a b.xlsx", "100%.xlsx", "a#b.xlsx", "%41%20.xlsx", "é漢😀.xlsx", "a'b.xlsx", "[1].xlsx", "BOOK.XLSX", "~$x.xlsx", "-x.xlsx"])
@pytest.mark.skipif(os.name == "nt", reason="some are no names there")
def test_a_workbook_may_have_any_name(tmp_path, monkeypatch, book, capsys, name):
    monkeypatch.chdir(tmp_path)
    book.rename(name)
    assert main(["fit", f"./{name}", "--in-place", "--weight-decay", "0.1"]) == 0     # nothing is searched for
    assert main(["doctor", f"./{name}"]) == 0 and "damaged" not in capsys.readouterr().out
    assert main(["restore", f"./{name}", "--in-place"]) == 0


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_links_in_a_circle_and_folders_with_the_name_of_a_workbook_are_said(tmp_path, monkeypatch, book, capsys):
    monkeypatch.chdir(tmp_path)
    os.symlink("b.xlsx", "a.xlsx")
    os.symlink("a.xlsx", "b.xlsx")
    os.mkdir("folder.xlsx")
    for argv in (["fit", "a.xlsx", "--in-place"], ["inspect", "a.xlsx"], ["train", "a.xlsx", "-o", "m"]):
        assert "'a.xlsx' cannot be read: too many levels of symbolic links" in said(capsys, *argv)
    for argv in (["fit", "folder.xlsx", "--in-place"], ["fit", "book.xlsx", "-o", "folder.xlsx", "--overwrite"], ["train", "folder.xlsx", "-o", "m"]):
        assert "'folder.xlsx' is a folder" in said(capsys, *argv)


# -- Parquet -------------------------------------------------------------------------------------

def test_parquet_with_two_columns_of_one_name(tmp_path, capsys):
    table = pa.Table.from_arrays([pa.array([1, 2]), pa.array([1, 2]), pa.array([1, 2]), pa.array([3.0, 4.0])], names=["user", "user", "item", "rating"])
    pq.write_table(table, tmp_path / "r.parquet")
    assert "'r.parquet' has two columns 'user'" in said(capsys, "train", tmp_path / "r.parquet", "-o", tmp_path / "m")


def test_parquet_with_a_column_whose_name_is_no_text(shared, tmp_path, capsys):
    path = shared / "cases" / "faults" / "not_utf8_column.parquet"
    assert "has a column whose name is not UTF-8 text" in said(capsys, "train", path, "-o", tmp_path / "m")


# -- hard links, fits that change nothing, other people's programs -----------------------------------

def test_a_hard_link_that_is_cut_is_told(tmp_path, book, capsys):
    os.link(book, tmp_path / "other.xlsx")
    before = book.read_bytes()
    assert main(["fit", str(book), "--in-place"]) == 0
    assert "'book.xlsx' had 1 other name (hard link), which keeps the workbook as it was before" in capsys.readouterr().out
    assert (tmp_path / "other.xlsx").read_bytes() == before != book.read_bytes()


def test_a_fit_that_diverges_at_once_does_not_blame_the_workbook(tmp_path, book, capsys):
    assert main(["fit", str(book), "-o", str(tmp_path / "o.xlsx"), "--optimizer", "adam", "--lr", "1e300"]) == 0
    out = capsys.readouterr().out
    assert "Diverged" in out and "report this workbook" not in out


def test_a_program_that_is_not_this_python_is_shown_before_a_button_runs_it(tmp_path, capsys):
    (tmp_path / "r.csv").write_text(CSV)
    path = tmp_path / "b.xlsm"
    assert main(["new", str(tmp_path / "r.csv"), "-o", str(path), "--holdout", "0", "--factors", "2"]) == 0
    capsys.readouterr()
    assert main(["inspect", str(path)]) == 0 and "A press on a button runs" not in capsys.readouterr().out
    from pyxl.grid.block_names import PYTHON
    from pyxl.grid.sheet_names import area_named
    with open_workbook(path) as built:
        sheet, where = area_named(built, PYTHON)
        built.save({sheet: {where.first: "/bin/sh"}})
    assert main(["inspect", str(path)]) == 0
    assert f"A press on a button runs the program that {sheet}!{where.first} names, /bin/sh" in capsys.readouterr().out


def test_windows_puts_no_variable_into_a_name_of_ours():
    macros = macro_source()
    (call,) = [line for line in macros.replace("_\n", "").splitlines() if "console.Run" in line]
    assert call.count("Through(console") == 3 and "Escaped(" not in call


# -- leftovers ---------------------------------------------------------------------------------------

@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and locks")
def test_drafts_of_killed_processes_are_swept_and_those_of_living_ones_stay(tmp_path):
    code = ("import os, sys; from pathlib import Path; from solver.drafts import draft_folder\n"
            "with draft_folder(Path(sys.argv[1])) as drafts: (drafts / 'b.xlsx').write_text('half'); os.kill(os.getpid(), 9)")
    subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT)
    (left,) = tmp_path.iterdir()
    os.utime(left, (1, 1))
    with draft_folder(tmp_path) as drafts:      # the next one sweeps
        assert not left.exists() and drafts.exists()
        os.utime(drafts.parent, (1, 1))
        sweep_drafts(tmp_path)                  # a living one stays
        assert drafts.exists()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and locks")
@pytest.mark.parametrize("argv", [["new", "{csv}", "-o", "{folder}/b.xlsx"], ["train", "{csv}", "-o", "{folder}/m", "--factors", "2", "--epochs", "2", "--holdout", "0"]])
def test_a_command_that_was_killed_leaves_nothing_for_ever(tmp_path, argv):
    (tmp_path / "r.csv").write_text(CSV)
    folder = tmp_path / "here"
    folder.mkdir()
    words = [word.format(csv=tmp_path / "r.csv", folder=folder) for word in argv]
    # killed where the draft is about to take its place
    code = "import os, sys; os.rename = os.replace = lambda *_: os.kill(os.getpid(), 9); from pyxl.__main__ import main; main(sys.argv[1:])"
    assert subprocess.run([sys.executable, "-B", "-c", code, *words], cwd=ROOT, capture_output=True).returncode == -signal.SIGKILL
    for left in folder.iterdir():
        os.utime(left, (1, 1))
    assert main(words) == 0
    assert [path.name for path in folder.iterdir()] == [Path(words[3]).name]


def test_models_and_workbooks_are_made_where_the_home_is_read_only(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/proc/nobody")      # nobody, root neither, can make a folder there
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    folder = own_folder()
    assert folder.parent == tmp_path and stat.S_IMODE(folder.stat().st_mode) == 0o700
    (tmp_path / "r.csv").write_text(CSV)
    assert main(["train", str(tmp_path / "r.csv"), "-o", str(tmp_path / "m"), "--factors", "2", "--epochs", "2", "--holdout", "0"]) == 0
    assert CollabFilter.load(tmp_path / "m").users_ == (1, 2, 3)


# -- the pipe to an office ---------------------------------------------------------------------------

@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_pipes_name_is_a_secret_that_is_kept(home, tmp_path, monkeypatch):
    spec = office_pipe.own_pipe()
    assert spec == office_pipe.own_pipe() and len(spec) > 40
    (kept,) = (home / ".collabsheet").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600 and stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    monkeypatch.setenv("HOME", str(tmp_path / "other"))
    assert office_pipe.own_pipe() != spec


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can put a file of another user there")
def test_a_pipe_of_another_user_is_refused(home):
    spec = office_pipe.own_pipe()
    path = Path("/tmp") / f"OSL_PIPE_{os.getuid()}_{spec.rpartition('=')[2]}"
    with socket.socket(socket.AF_UNIX) as squatter:
        squatter.bind(str(path))
        try:
            office_pipe.refuse_foreign_pipe(spec)       # ours
            os.chown(path, 65534, 65534)
            with pytest.raises(UserError, match="belongs to another user"):
                office_pipe.refuse_foreign_pipe(spec)
        finally:
            path.unlink()


def test_what_listens_and_never_answers_is_not_waited_for(home, monkeypatch):
    try:
        load_uno()
    except UserError as why:
        pytest.skip(str(why))
    spec = office_pipe.own_pipe()
    path = Path("/tmp") / f"OSL_PIPE_{os.getuid()}_{spec.rpartition('=')[2]}"
    code = ("import os, socket, sys; sys.path.insert(0, '.')\n"
            "listener = socket.socket(socket.AF_UNIX); listener.bind(sys.argv[2]); listener.listen()\n"
            "from pyxl.engines.libreoffice import office; from solver import UserError\n"
            "office._ANSWERS = 1.0\n"
            "try: office.Office(spec=sys.argv[1])\n"
            "except UserError as why: print(why, flush=True); os._exit(0)      # UNO waits on in its thread")
    try:
        done = subprocess.run([sys.executable, "-c", code, spec, path], cwd=ROOT, capture_output=True, text=True, timeout=60)
    finally:
        path.unlink(missing_ok=True)
    assert "does not answer" in done.stdout and office._ANSWERS > 5


def test_an_array_formula_that_stands_elsewhere_than_it_fills_is_damage(tmp_path):
    """As in a sheet whose addresses were dropped: its result never arrived, and the fit waited for ever."""
    path = make_book(tmp_path / "w.xlsx", '<row><c><f t="array" ref="B3:C4">{1,2}</f><v>1</v></c></row>')
    with open_workbook(path) as book, pytest.raises(UserError, match="it holds A1 with a formula for the cells B3:C4"):
        book.grid("R")


def test_a_sheet_without_addresses_does_not_hang(shared, tmp_path, capsys):
    assert "is damaged" in said(capsys, "fit", shared / "cases" / "faults" / "hang_cells_without_r.xlsm", "-o", tmp_path / "o.xlsm")


def test_a_zip_that_says_two_things_is_refused(tmp_path, book, capsys):
    content = book.read_bytes()
    at = content.index(b"xl/worksheets/sheet1.xml")
    (tmp_path / "names.xlsx").write_bytes(content[:at] + b"xl/worksheets/sheet9.xml" + content[at + 24:])
    (tmp_path / "method.xlsx").write_bytes(content[:at - 22] + b"\0\0" + content[at - 20:])
    for name in ("names.xlsx", "method.xlsx"):
        assert "says two things about its part" in said(capsys, "fit", tmp_path / name, "-o", tmp_path / "o.xlsx")
    assert with_part(book, tmp_path / "same.xlsx", "", bytes) and main(["fit", str(tmp_path / "same.xlsx"), "-o", str(tmp_path / "o.xlsx")]) == 0
