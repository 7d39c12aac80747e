"""Stores of ratings on disk: what goes in comes out, in bounded memory, whatever is killed, cut or changed meanwhile."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from killed import PREPARE, digest_of_folder, done_after_a_kill, write_tables

from pyxl.__main__ import main
from solver import UserError, read_ratings
from solver.store.prepare_store import HowToPrepare, prepare_store
from solver.store.rating_store import open_store

ROOT = Path(__file__).resolve().parent.parent


def triples(store) -> set:
    """(user, item, rating) of every record of a store."""
    labels = {}
    for side in ("users", "items"):
        of_row = np.empty(len(store.rows(side)), object)
        of_row[store.rows(side)] = store.labels(side)
        labels[side] = of_row
    found = []
    for u in range(store.blocks):
        for i in range(store.blocks):
            users, items, values = store.block(u, i)
            found += zip(labels["users"][users + store.layout.user_starts[u]], labels["items"][items + store.layout.item_starts[i]],
                         values.tolist())
    assert len(found) == len(set(found)) == store.n_ratings
    return set(found)


def triples_read(paths) -> set:
    ratings, _ = read_ratings(paths)
    return {(ratings.users[u], ratings.items[i], float(np.float32(value)))
            for u, i, value in zip(ratings.user_index, ratings.item_index, ratings.values)}


@pytest.mark.parametrize("rows, readers", [(2_000_000, 1), (700, 1), (1_500, 2)])
def test_a_store_holds_the_ratings_of_all_files_whatever_the_parts(tmp_path, rows, readers):
    paths = write_tables(tmp_path, files=3, rows=3_000)
    store, notes = prepare_store(paths, tmp_path / "store", HowToPrepare(rows_at_once=rows, readers=readers))
    assert triples(store) == triples_read(paths)
    assert "replaced by a later one" in notes[-1]
    once, _ = prepare_store(paths, tmp_path / "once")
    assert digest_of_folder(once.folder) == digest_of_folder(store.folder)
    assert store.labels("items") == sorted(store.labels("items")) and not store.damage()
    values = np.concatenate([store.block(u, i)[2] for u in range(8) for i in range(8)]).astype(float)
    assert store.mean == pytest.approx(values.mean(), rel=1e-12) and store.spread == pytest.approx(values.std(), rel=1e-9)
    assert store.rating_range == (0.5, 5.0) and store.layout.bytes_each == 5


def test_a_number_that_means_unrated_is_left_out_as_by_the_reader(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating\n" + "".join(f"{u},{i},{(3 * u + i) % 6}\n" for u in range(60) for i in range(9)))
    store, notes = prepare_store(path, tmp_path / "store", HowToPrepare(rows_at_once=100), missing="0")
    read, _ = read_ratings(path, missing="0")
    assert triples(store) == {(read.users[u], read.items[i], value) for u, i, value in zip(read.user_index, read.item_index, read.values)}
    assert len(read) == store.n_ratings == 450 and "90 lines with the number that means unrated left out." in notes


def test_numbers_in_one_part_and_texts_in_another_are_all_texts(tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("user,item,rating\n" + "".join(f"{n},{n % 7},{n % 5 + .25}\n" for n in range(30)))
    second.write_text("user,item,rating\n" + "".join(f"{n}x,{n % 7},{n % 3 + 1/3!r}\n" for n in range(30)))
    store, _ = prepare_store([first, second], tmp_path / "store")
    assert triples(store) == triples_read([first, second])
    assert store.labels("users")[:3] == ["0", "0x", "1"] and store.labels("items") == list(range(7))


def test_more_different_ratings_than_a_byte_tells_are_kept_in_32_bits(tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"user": rng.integers(0, 90, 900), "item": rng.integers(0, 80, 900), "rating": rng.normal(0, 30, 900)})
    table.to_parquet(tmp_path / "r.parquet")
    store, notes = prepare_store(tmp_path / "r.parquet", tmp_path / "store")
    assert triples(store) == triples_read(tmp_path / "r.parquet") and store.layout.bytes_each == 8
    assert any("to about 7 digits" in note for note in notes)
    assert store.rating_range == pytest.approx((table.rating.min(), table.rating.max()))


@pytest.mark.parametrize("lines, sentence", [
    (["a,1,3", "A,1,4", "b,2,5"], "the users 'A' and 'a' differ only by spaces or capitals"),
    (["a,1,3", "b,2,often"], "the rating is 'often', not a number"),
    (["a,1,", "b,2,"], "holds no rating"),
])
def test_what_is_no_rating_is_refused_as_ever(tmp_path, lines, sentence):
    (tmp_path / "r.csv").write_text("user,item,rating\n" + "\n".join(lines) + "\n")
    with pytest.raises(UserError, match=sentence):
        prepare_store(tmp_path / "r.csv", tmp_path / "store")
    with pytest.raises(UserError, match="was not finished"):
        open_store(tmp_path / "store")


def test_decimal_commas_here_and_points_there_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("user;item;rating\n" + "".join(f"{n};{n % 3};{n % 5},5\n" for n in range(9)))
    (tmp_path / "b.csv").write_text("user;item;rating\n" + "".join(f"{n};{n % 3 + 3};{n % 5}.5\n" for n in range(9)))
    with pytest.raises(UserError, match="decimal comma"):
        prepare_store([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "store", HowToPrepare(rows_at_once=4))


def test_what_was_killed_goes_on_and_the_store_is_the_same(tmp_path):
    """The long version: python tests/helpers/killed.py store --kills 200"""
    paths = [str(path) for path in write_tables(tmp_path, files=3, rows=4_000)]
    prepare_store(paths, tmp_path / "sound", HowToPrepare(blocks=4, rows_at_once=2_000))
    done_after_a_kill(PREPARE, [str(tmp_path / "store"), *paths], tmp_path / "store", kills=3, longest=0.3, moments=random.Random(5))
    assert digest_of_folder(tmp_path / "store") == digest_of_folder(tmp_path / "sound")


def test_an_unfinished_store_takes_the_same_files_only(tmp_path):
    paths = write_tables(tmp_path, files=2, rows=50)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    with pytest.raises(UserError, match="holds other files"):
        prepare_store(paths, tmp_path / "full")
    paths[1].write_text("user,item,rating\nu1,1,much\n")
    with pytest.raises(UserError, match="not a number"):
        prepare_store(paths, tmp_path / "store")
    paths[1].write_text("user,item,rating\nu1,1,3\n")
    with pytest.raises(UserError, match="holds a store of other files"):
        prepare_store(paths, tmp_path / "store")
    done, _ = prepare_store(paths, tmp_path / "another")
    again, _ = prepare_store(paths, done.folder)
    assert again.identity == done.identity
    with pytest.raises(UserError, match="There is a store"):
        prepare_store(paths[:1], done.folder)


def test_memory_does_not_grow_with_the_ratings(tmp_path):
    """Ten files take hardly more memory than one: the ratings alone are 16 bytes each and more, as they are read."""
    rng = np.random.default_rng(0)
    for number in range(12):
        pd.DataFrame({"user": rng.integers(0, 5_000, 200_000), "item": rng.integers(0, 2_000, 200_000),
                      "rating": rng.integers(1, 6, 200_000)}).to_parquet(tmp_path / f"{number:02}.parquet")
    code = ("import resource, sys; from solver.store.prepare_store import HowToPrepare, prepare_store;"
            "prepare_store(sys.argv[2:], sys.argv[1], HowToPrepare(rows_at_once=100_000));"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)")

    def peak(n: int) -> int:
        paths = [str(tmp_path / f"{number:02}.parquet") for number in range(n)]
        return 1024 * int(subprocess.run([sys.executable, "-c", code, str(tmp_path / f"store{n}"), *paths], cwd=ROOT, check=True,
                                         capture_output=True, text=True).stdout)
    assert peak(12) - peak(2) < 10 * 200_000 * 6


def test_the_commands_prepare_and_look(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tables(tmp_path, files=1, rows=2_000)
    assert main(["prepare", "ratings-0.csv", "-o", "store"]) == 0
    assert "blocks, 5 bytes a rating" in capsys.readouterr().out
    assert main(["look", "store"]) == 0
    assert "all as they were written" in capsys.readouterr().out
    record = next((tmp_path / "store" / "ratings").glob("0001*"))
    content = bytearray(record.read_bytes())
    content[0] ^= 1
    record.write_bytes(content)
    assert main(["look", "store"]) == 2
    assert f"{record.name} is not what was written" in capsys.readouterr().err
    record.write_bytes(content[:-1])
    store = open_store("store")
    with pytest.raises(UserError, match="is not whole"):
        store.block(*map(int, record.stem.split("-")))
    assert main(["prepare", "ratings-0.csv", "-o", "store2", "--readers", "0"]) == 2
    assert main(["prepare", "ratings-0.csv", "-o", "store2", "--blocks", "0"]) == 2


def test_a_full_disk_is_said_before_labels_are_written_and_the_store_goes_on(tmp_path, monkeypatch):
    def full(*what) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    paths = write_tables(tmp_path, files=2, rows=200)
    with monkeypatch.context() as there:
        there.setattr(os, "posix_fallocate", full)      # mapped files of a full disk end who writes into them
        with pytest.raises(UserError, match=r"not finished: the disk is full\. Free some space, and run the same command again"):
            prepare_store(paths, tmp_path / "store", HowToPrepare(blocks=4))
    prepare_store(paths, tmp_path / "store", HowToPrepare(blocks=4))
    prepare_store(paths, tmp_path / "sound", HowToPrepare(blocks=4))
    assert digest_of_folder(tmp_path / "store") == digest_of_folder(tmp_path / "sound")
