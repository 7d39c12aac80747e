"""Ratings that lie elsewhere, at addresses of fsspec's: the system `memory://` stands for a store of objects."""

from __future__ import annotations

import gzip
import json

import fsspec
import pandas as pd
import pytest

from pyxl.__main__ import main
from solver import read_ratings
from solver.store.rating_store import open_store

LINES = [f"{user},{item},{(user * item) % 5 + 1}" for user in range(1, 31) for item in range(1, 21) if (user + item) % 3]


@pytest.fixture
def bucket():
    system = fsspec.filesystem("memory")
    for number in range(2):
        system.pipe(f"/bucket/ratings/part-{number}.csv", "\n".join(["user,item,rating", *LINES[number::2], ""]).encode())
    system.pipe("/bucket/ratings/_SUCCESS", b"")
    system.pipe("/bucket/ratings.csv.gz", gzip.compress("\n".join(["user,item,rating", *LINES, ""]).encode()))
    yield "memory://bucket"
    system.rm("/bucket", recursive=True)


@pytest.mark.parametrize("where", ["ratings.csv.gz", "ratings", "ratings/*.csv"])
def test_a_file_a_folder_and_a_pattern_are_read(bucket, tmp_path, where):
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *LINES, ""]))
    known, _ = read_ratings(tmp_path / "r.csv")
    found, _ = read_ratings(f"{bucket}/{where}")
    pd.testing.assert_frame_equal(*(pd.DataFrame({"u": pd.Series(r.users).take(r.user_index).tolist(), "i": pd.Series(r.items).take(r.item_index).tolist(),
                                                  "r": r.values}).sort_values(["u", "i"], ignore_index=True) for r in (found, known)))


def test_the_address_of_a_file_here_is_that_file(tmp_path):
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *LINES, ""]))
    assert len(read_ratings((tmp_path / "r.csv").as_uri())[0]) == len(LINES)


def test_a_store_is_prepared_from_elsewhere_once(bucket, tmp_path, capsys):
    store = str(tmp_path / "store")
    assert main(["prepare", f"{bucket}/ratings/*.csv", "-o", store]) == 0
    assert open_store(store).n_ratings == len(LINES)
    before = (tmp_path / "store" / "manifest.json").stat().st_mtime_ns
    assert main(["prepare", f"{bucket}/ratings/*.csv", "-o", store]) == 0       # of the same files: it is there
    assert (tmp_path / "store" / "manifest.json").stat().st_mtime_ns == before
    fsspec.filesystem("memory").pipe("/bucket/ratings/part-1.csv", b"user,item,rating\n1,1,3\n2,2,4\n")
    capsys.readouterr()
    assert main(["prepare", f"{bucket}/ratings/*.csv", "-o", store]) == 2
    assert "of other files" in capsys.readouterr().err


def test_train_reads_an_address(bucket, tmp_path, capsys):
    assert main(["train", f"{bucket}/ratings.csv.gz", "-o", str(tmp_path / "m"), "--effort", "quick", "--epochs", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ratings"] == len(LINES)


@pytest.mark.parametrize("address, sentence", [
    ("memory://bucket/none.csv", "There is no file at"), ("nowhere://x.csv", "cannot be reached"), ("memory://bucket/*.parquet", "There is no file at")])
def test_what_cannot_be_reached_is_said(bucket, tmp_path, capsys, address, sentence):
    for command in ("train", "prepare"):
        assert main([command, address, "-o", str(tmp_path / "m")]) == 2
        told = capsys.readouterr().err
        assert sentence in told and address in told and "\n" not in told.strip()


def test_a_network_that_fails_is_said(monkeypatch, tmp_path, bucket, capsys):
    monkeypatch.setattr(type(fsspec.filesystem("memory")), "open", lambda *_, **__: (_ for _ in ()).throw(ConnectionError("the line is down")))
    assert main(["prepare", f"{bucket}/ratings.csv.gz", "-o", str(tmp_path / "s")]) == 2
    assert "the line is down. Check the address" in capsys.readouterr().err
