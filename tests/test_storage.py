"""Saved models: the same to the last bit, whole or not there, and a sentence for everything else."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from planted import planted

from solver import CollabFilter, Ratings, UserError
from solver.collab.saved import storage
from solver.collab.saved.storage import DOCUMENT, NUMBERS, read_folder, write_folder

QUICK = dict(n_factors=3, optimizer="adamw", epochs=2, batch_size=64)


def fitted(users=None, items=None, **options) -> CollabFilter:
    base = planted(12, 10)
    ratings = Ratings(users or base.users, items or base.items, base.user_index, base.item_index, base.values)
    return CollabFilter(**(QUICK | options)).fit(ratings)


@pytest.fixture(scope="module")
def model() -> CollabFilter:
    return fitted(holdout=0.2, random_state=3)


@pytest.fixture
def folder(model, tmp_path) -> Path:
    model.save(tmp_path / "model")
    return tmp_path / "model"


def refused(function, *arguments, **options) -> str:
    with pytest.raises(UserError) as error:
        function(*arguments, **options)
    sentence = str(error.value)
    assert "\n" not in sentence and sentence.endswith(".") and "/" not in sentence.replace("safetensors/", "")
    return sentence


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# The same again

@pytest.mark.parametrize("options", [{}, {"model": "dot"}, {"model": "bounded"}, {"model": "net", "n_factors": None, "hidden": (7, 4)},
                                     {"rating_range": (-1, 9), "holdout": 0.2}], ids=str)
def test_what_is_loaded_is_what_was_saved_to_the_last_bit(options, tmp_path):
    model = fitted(**options)
    model.save(tmp_path / "m")
    again = CollabFilter.load(tmp_path / "m")
    pairs = [(user, item) for user in (*model.users_, "nobody") for item in (*model.items_, "nothing")]
    with pytest.warns(UserWarning, match="No rating was learnt from"):
        np.testing.assert_array_equal(again.predict(pairs), model.predict(pairs))
    assert again.get_params() == model.get_params()
    for name in ("users_", "items_", "settings_", "rating_range_", "n_ratings_", "notes_"):
        assert getattr(again, name) == getattr(model, name), name
    for name in ("user_counts_", "item_counts_"):
        np.testing.assert_array_equal(getattr(again, name), getattr(model, name))
    assert again.result_.history == model.result_.history and again.result_.stop == model.result_.stop
    for user in model.users_[:3]:
        assert again.recommend(user).equals(model.recommend(user))
        assert again.similar_users(user).equals(model.similar_users(user))
    if options.get("model") != "net":
        ratings = dict.fromkeys(model.items_[:3], 4)
        np.testing.assert_array_equal(again.fold_in(ratings).predict(), model.fold_in(ratings).predict())


@pytest.mark.parametrize("users", [range(12), range(-6, 6), [f"Zoë {n}\n" for n in range(12)],
                                   [n / 7 for n in range(12)], [*range(6), *map(str, range(6))],
                                   [2**70 + n for n in range(12)], [True, *range(2, 13)],
                                   ["\ud800", *"abcdefghijk"]], ids=str)
def test_labels_come_back_with_their_types(users, tmp_path):
    users = tuple(users)
    fitted(users=users).save(tmp_path / "m")
    again = CollabFilter.load(tmp_path / "m").users_
    assert again == users and [type(label) for label in again] == [type(label) for label in users]


def test_numpys_labels_come_back_as_pythons(tmp_path):
    fitted(users=tuple(np.arange(12)), items=tuple(np.array(list("abcdefghij")))).save(tmp_path / "m")
    again = CollabFilter.load(tmp_path / "m")
    assert (again.users_, again.items_) == (tuple(range(12)), tuple("abcdefghij"))
    assert {type(label) for label in again.users_} == {int} and {type(label) for label in again.items_} == {str}


@pytest.mark.parametrize("label, kind", [(("a", 1), "tuple"), (b"a", "bytes"), (1j, "complex")])
def test_labels_that_json_does_not_know_are_refused_and_leave_no_folder(label, kind, tmp_path):
    sentence = refused(fitted(users=(label, *range(11))).save, tmp_path / "m")
    assert f"is of type {kind}; a saved model keeps whole numbers, numbers and texts." in sentence
    assert not list(tmp_path.iterdir())


def test_a_model_is_two_files_a_reader_can_look_into(folder):
    assert sorted(contents(folder)) == [DOCUMENT, NUMBERS]
    document = json.loads((folder / DOCUMENT).read_text())
    assert document["format"] == 2 and document["settings"]["n_factors"] == 3
    assert document["history"]["epoch"] == [1, 2] and document["saved_by"]["torch"] == torch.__version__


def test_a_drawn_seed_is_kept_and_its_generator_is_not(tmp_path):
    model = fitted(random_state=np.random.RandomState(1))
    model.save(tmp_path / "m")
    again = CollabFilter.load(tmp_path / "m")
    assert again.random_state is None and again.settings_.seed == model.settings_.seed > 0


# Whole or not there

def test_a_folder_that_is_there_is_not_overwritten_unless_one_says_so(model, folder):
    before = contents(folder)
    assert refused(model.save, folder) == "There is a folder 'model' already. Choose another, or say overwrite."
    assert contents(folder) == before
    (folder / "notes.txt").write_text("mine")
    other = fitted(n_factors=2)
    other.save(folder, overwrite=True)
    assert sorted(contents(folder)) == [DOCUMENT, NUMBERS, "notes.txt"]
    assert CollabFilter.load(folder).n_factors == 2


def test_what_is_no_model_is_never_overwritten(model, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    assert "holds other files and no model" in refused(model.save, tmp_path / "thesis", overwrite=True)
    (tmp_path / "file").write_text("x")
    assert "'file' is a file" in refused(model.save, tmp_path / "file", overwrite=True)
    assert contents(tmp_path) == {"thesis/chapter.txt": b"years of work", "file": b"x"}


def test_an_empty_folder_may_become_a_model(model, tmp_path):
    (tmp_path / "m").mkdir()
    model.save(tmp_path / "m", overwrite=True)
    assert CollabFilter.load(tmp_path / "m").users_ == model.users_


STEPS = [(os, "fsync"), (os, "replace"), (os, "rename"), (Path, "mkdir"), (Path, "write_text"), (storage, "_digest")]


@pytest.mark.parametrize("place", STEPS, ids=lambda place: place[1])
@pytest.mark.parametrize("call", range(5))
@pytest.mark.parametrize("old", [False, True], ids=["new", "over an old model"])
def test_a_save_that_fails_at_any_step_leaves_what_was_there(place, call, old, model, tmp_path, monkeypatch):
    """The disk fills at the given call of each function that a save makes of the system."""
    target = tmp_path / "m"
    other = fitted(n_factors=2)
    if old:
        other.save(target)
    before, calls, real = contents(tmp_path), [], getattr(*place)

    def fails(*arguments, **options):
        calls.append(arguments)
        if len(calls) == call + 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(*place, fails)
        try:
            model.save(target, overwrite=True)
        except UserError as error:
            what = "the model that was there is as it was" if old else "nothing was left behind"
            assert str(error) == f"'m' was not saved: the disk is full. Free some space; {what}."
            assert contents(tmp_path) == before
            return
    assert CollabFilter.load(target).n_factors == 3  # it needs no such call, or can do without it


def test_a_disk_that_takes_no_more_is_said(model, folder):
    """Really: the system refuses to write beyond a limit, in safetensors' own code too."""
    before = contents(folder.parent)
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    sentences = []
    try:
        for limit in (0, 100, 1000):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
            for name in ("model", "new"):
                with pytest.raises(UserError) as error:
                    model.save(folder.with_name(name), overwrite=True)
                sentences.append(str(error.value))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert {sentence.split(";")[0] for sentence in sentences} == {
        f"'{name}' was not saved: the disk does not take a file of this size. Free some space, or choose another folder"
        for name in ("model", "new")}
    assert contents(folder.parent) == before


def save_and_die(folder: Path, function: str, call: int) -> None:
    """Save another model there, and end the process at the given call of a function of the system."""
    model, calls, real = CollabFilter.load(folder), [], getattr(os, function)
    model.rating_range_, model.user_counts_ = (0.0, 1.0), model.user_counts_ + 1  # a change in both files

    def dies(*arguments):
        calls.append(arguments)
        if len(calls) == call:
            os._exit(9)
        return real(*arguments)

    setattr(os, function, dies)
    model.save(folder, overwrite=True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("function, call, survives", [
    ("fsync", 1, "old"), ("replace", 1, "old"), ("replace", 2, "new")])
def test_a_save_that_is_killed_leaves_the_old_model_or_the_new(model, folder, function, call, survives):
    child = os.fork()
    if not child:
        try:
            save_and_die(folder, function, call)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert (folder / ".saving").is_dir()  # it was cut short
    expected = model.rating_range_ if survives == "old" else (0.0, 1.0)
    assert CollabFilter.load(folder).rating_range_ == expected
    again = CollabFilter.load(folder)
    with pytest.MonkeyPatch.context() as patched:  # and a save that fails after it still leaves that one
        patched.setattr(Path, "write_text", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EIO, "I/O error")))
        assert "the disk reports an error" in refused(model.save, folder, overwrite=True)
    assert CollabFilter.load(folder).rating_range_ == expected
    again.save(folder, overwrite=True)
    assert sorted(contents(folder)) == [DOCUMENT, NUMBERS]
    assert CollabFilter.load(folder).rating_range_ == expected


def test_two_savers_come_one_after_another(model, folder):
    fcntl = pytest.importorskip("fcntl")
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert "is being saved by another run" in refused(model.save, folder, overwrite=True)
    finally:
        os.close(handle)


# What is no model

@pytest.mark.parametrize("spoil, sentence", [
    (lambda f: (f / NUMBERS).unlink(), "is damaged: model.safetensors is missing"),
    (lambda f: (f / NUMBERS).write_bytes((f / NUMBERS).read_bytes()[:-1]), "is damaged: model.safetensors is not"),
    (lambda f: (f / NUMBERS).write_bytes(b""), "is damaged: model.safetensors is not the one that was saved"),
    (lambda f: (f / NUMBERS).write_bytes((f / NUMBERS).read_bytes()[:-9] + b"x" * 9), "is damaged: model.safetensors"),
    (lambda f: (f / DOCUMENT).unlink(), "holds no model: it has no model.json"),
    (lambda f: (f / DOCUMENT).write_bytes((f / DOCUMENT).read_bytes()[:-9]), "is damaged: model.json is not whole"),
    (lambda f: (f / DOCUMENT).write_text("[1]"), "holds no model: its model.json is something else"),
    (lambda f: (f / DOCUMENT).write_bytes(b"\xff\xfe\x00"), "is damaged: model.json is not whole"),
])
def test_a_damaged_model_is_said_to_be_one(folder, spoil, sentence):
    spoil(folder)
    assert sentence in refused(CollabFilter.load, folder)


@pytest.mark.parametrize("key, value, sentence", [
    ("format", 3, "was saved by a newer version (format 3; this one reads up to 2). Update collabsheet."),
    ("format", 2, "model.json is not the one that was saved"),   # the digest covers the format too
    ("format", "1", "model.json is not whole"), ("sha256", None, "model.json is not whole"),
    ("kind", "cake", "its model.json is something else"), ("settings", {"flour": 1}, "do not fit together"),
    ("factors", {"class": "Cake", "offset": 0}, "do not fit together"), ("users", {}, "its users cannot be {}"),
    ("rating_range", None, "its rating_range cannot be None"), ("history", {}, "its history cannot be {}"),
    ("rating_range", [1, 5, 9], "its rating_range cannot be [1, 5, 9]"), ("rating_range", [1, {}], "its rating_range cannot be"),
    ("factors", {"class": "Factors", "offset": [1]}, "its factors cannot be"), ("item_columns", 7, "its item_columns are no names"),
    ("spread", "wide", "its spread cannot be 'wide'"), ("samples", [{}], "its samples cannot be"), ("notes", [1], "its notes cannot be"),
    ("parameters", {"flour": 1}, "do not fit together"), ("users", {"stored": "json", "how_many": 99}, "its labels of users are not 99"),
])
def test_a_document_that_does_not_fit_is_refused(folder, key, value, sentence):
    document = json.loads((folder / DOCUMENT).read_text()) | {"format": 1}    # as it was before the digest covered it
    document["seconds"] = 1      # the digest would not let it pass
    (folder / DOCUMENT).write_text(json.dumps(document | {key: value}))
    assert sentence in refused(CollabFilter.load, folder)


def test_a_model_of_the_first_format_still_loads(folder):
    document = json.loads((folder / DOCUMENT).read_text())
    del document["document_sha256"]
    (folder / DOCUMENT).write_text(json.dumps(document | {"format": 1}))
    model = CollabFilter.load(folder)
    assert len(model.recommend(model.users_[0], n=1)) <= 1


@pytest.mark.parametrize("name, change, sentence", [
    ("factors.item_bias", lambda array: None, "the shapes of one model"),
    ("factors.user", lambda array: array[:, :1], "the shapes of one model"),
    ("factors.user", lambda array: array[:, 0], "its factors are no tables"),
    ("factors.item", lambda array: array + np.inf, "its factors 'item' are not all finite numbers"),
    ("rated.starts", lambda array: array.astype(float), "its ratings are not those of its users and items"),
    ("rated.items", lambda array: array + 1000, "its ratings are not those of its users and items"),
    ("counts.user", lambda array: array[1:], "its ratings are not those of its users and items"),
    ("users", lambda array: array * 0, "do not fit together"),
])
def test_arrays_that_do_not_fit_are_refused(folder, name, change, sentence):
    arrays, document = read_folder(folder)
    changed = {key: array for key, array in (arrays | {name: change(arrays[name])}).items() if array is not None}
    write_folder(folder, changed, document, overwrite=True)
    assert sentence in refused(CollabFilter.load, folder)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000])
def test_a_document_that_is_nested_without_end_is_not_whole(folder, content):
    (folder / DOCUMENT).write_bytes(content)
    assert "model.json is not whole" in refused(CollabFilter.load, folder)


def test_hostile_models_end_in_one_sentence_or_answer(shared):
    for folder in sorted((shared / "cases" / "faults").glob("model_*")):
        try:
            model = CollabFilter.load(folder)
            model.recommend(model.users_[0], n=3)
        except UserError as why:
            assert str(why).count("\n") == 0, folder


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fit_and_a_question_work_in_a_forked_child(model, folder):
    """As in a multiprocessing.Pool, or in a web server that loads its model before it forks."""
    code = ("import os, signal, sys, torch; from solver import CollabFilter\n"
            "torch.set_num_threads(2); torch.ones(2_000_000).sum()      # the parent's threads are at work\n"
            "loaded = CollabFilter.load(sys.argv[1]); torch.ones(2_000_000).sum()\n"
            "child = os.fork()\n"
            "if not child:\n"
            "    signal.alarm(60)\n"
            "    torch.ones(2_000_000).mean(0, dtype=torch.float64)     # work that threads share\n"
            "    CollabFilter(n_factors=2, epochs=2).fit(loaded.ratings_)\n"
            "    loaded.recommend(loaded.users_[0], n=1)\n"
            "    os._exit(0)\n"
            "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))")
    assert subprocess.run([sys.executable, "-c", code, folder], cwd=Path(__file__).parent.parent).returncode == 0


def test_labels_and_factors_of_two_models_are_refused(folder):
    tensors, document = read_folder(folder)
    write_folder(folder, tensors | {"users": np.arange(3)}, {key: value for key, value in document.items()
                                                                if key != "sha256"} | {
        "users": {"stored": "int64", "how_many": 3}}, overwrite=True)
    assert "has other numbers of labels than of factors" in refused(CollabFilter.load, folder)


def test_a_folder_that_is_none(tmp_path):
    (tmp_path / "f").write_text("")
    for name, what in (("x", "is not there"), ("f", "is a file")):
        assert refused(CollabFilter.load, tmp_path / name) == (f"There is no model '{name}': the folder {what}. "
                                                               "Check its name.")


def test_nothing_learnt_is_nothing_to_save(tmp_path):
    assert "has learnt nothing yet" in refused(CollabFilter().save, tmp_path / "m")


def test_the_two_files_take_any_arrays_and_any_document(tmp_path):
    arrays = {"a": np.arange(6).reshape(2, 3).T, "b": np.zeros(0), "c": np.array([0.1], np.float32)}
    write_folder(tmp_path / "m", arrays, {"text": "Zoë", "list": [1, None]})
    found, document = read_folder(tmp_path / "m")
    for name, array in arrays.items():
        assert np.array_equal(found[name], array) and found[name].dtype == array.dtype
    assert (document["text"], document["list"]) == ("Zoë", [1, None])
