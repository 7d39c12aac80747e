"""Ratings and trained models by HTTP and by the client, and the description of the service."""

from __future__ import annotations

import json
import re
import time

import jsonschema
import pytest
from service_process import ServiceProcess

from pyxl.__main__ import main
from pyxl.serve.client import connect
from pyxl.serve.jobs import model_jobs
from pyxl.serve.jobs.job_kinds import JOB_KINDS
from pyxl.serve.jobs.job_store import JobStore
from pyxl.serve.limits import ServiceLimits
from pyxl.serve.openapi import _ASKED, description_page, service_description
from pyxl.serve.service import make_service, sweep
from solver import CollabFilter, UserError, read_ratings

TABLE = "user,item,rating\n" + "".join(f"{u},film {i},{(u * i) % 5 + 1}\n" for u in range(12) for i in range(9) if (u + i) % 4)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with ServiceProcess(tmp_path_factory.mktemp("served"), "--upload-mb", "0.01") as running:
        yield running


def test_a_model_is_trained_there_and_answers_as_one_here(tmp_path, service, capsys):
    (tmp_path / "ratings.csv").write_text(TABLE)
    here = CollabFilter(effort="quick", holdout=0.1).fit(read_ratings(tmp_path / "ratings.csv")[0])
    told = []
    asked = connect(service.url)
    model = asked.train(tmp_path / "ratings.csv", effort="quick", holdout=0.1, on_epoch=told.append)
    assert model.about["name"] == "ratings-model.zip" and model.about["users"] == 12 and model.about["holdout_rmse"] == here.result_.holdout_rmse
    assert [one["epoch"] for one in told] == [epoch.epoch for epoch in here.result_.history]
    expected = here.recommend(3, 2)
    assert model.recommend("3", 2) == expected.to_dict("records") == model.recommend(3, 2)
    assert model.similar_items("film 2", 3) == here.similar_items("film 2", 3).to_dict("records")
    assert model.similar_users(4, 3) == here.similar_users(4, 3).to_dict("records")
    assert model.predict([(3, "film 0"), ("5", "film 7")]) == here.predict([(3, "film 0"), (5, "film 7")]).tolist()
    model.save(tmp_path / "model.zip")
    with pytest.raises(UserError, match="such as|unknown|not know"):
        model.recommend("nobody")
    book = asked._upload(tmp_path / "ratings.csv")
    with pytest.raises(UserError, match="'ratings.csv' is no model"):
        asked.job("recommend", book, {"user": 1})
    status, _, described = service.ask("GET", "/openapi.json", Authorization="")
    assert status == 200 and described == service_description()
    assert b"rate_films" in service.ask("GET", "/docs", Authorization="")[2]["content"]
    assert service.ask("POST", "/api/books?name=evil.zip", b"PK")[0] == 400     # models come from here alone
    import zipfile

    zipfile.ZipFile(tmp_path / "model.zip").extractall(tmp_path / "model")
    assert main(["recommend", str(tmp_path / "model"), "--user", "3", "-n", "1", "--json"]) == 0
    assert str(expected["item"][0]) in capsys.readouterr().out


def test_the_commands_train_and_ask_there_as_they_do_here(tmp_path, service, capsys, monkeypatch):
    ratings, pairs, some = tmp_path / "ratings.csv", tmp_path / "pairs.csv", tmp_path / "some.txt"
    ratings.write_text(TABLE.replace(",", ";"))
    pairs.write_text("user,item\n3,film 1\n99,film 2\n5,film 7\n")
    some.write_text("film 1\nfilm 2\nfilm 5\n")
    settings = ["--holdout", "0.2", "--seed", "3", "--factors", "4", "--epochs", "9", "--sep", ";", "--range", "0,6"]

    def said(*words) -> str:
        code = main([str(word) for word in words])
        told = capsys.readouterr()
        return told.out if code == 0 else told.err

    monkeypatch.setenv("COLLABSHEET_TOKEN", service.token)
    there = ["--server", service.url.partition("#")[0]]
    here = said("train", ratings, "-o", tmp_path / "here", *settings)
    lines = said("train", ratings, "-o", tmp_path / "there", *settings, *there).splitlines()
    book = lines.pop().partition("name ")[2].partition(",")[0]
    assert [_without_times(line) for line in lines] == [_without_times(line.replace(str(tmp_path / "here"), str(tmp_path / "there"))) for line in here.splitlines()]
    assert (tmp_path / "here/model.safetensors").read_bytes() == (tmp_path / "there/model.safetensors").read_bytes()
    one, other = (json.loads((tmp_path / name / "model.json").read_text()) for name in ("here", "there"))
    for document in (one, other):       # how long it took is no part of the model
        for timed in ("document_sha256", "history"):
            del document[timed]
        del document["result"]["seconds"]
    assert one == other
    (tmp_path / "users").write_text("3\n5\n")
    for words in (["recommend", "--user", "3", "--seen", "--exclude", some], ["recommend", "--users", tmp_path / "users", "--items", some, "-n", "2"],
                  ["recommend", "--user", "nobody"], ["recommend", "--new-user", "--likes", "Action=5"], ["predict", pairs, "--interval", "0.8"],
                  ["similar", "--user", "4", "--min-ratings", "7"]):
        assert said(words[0], book, *words[1:], *there).replace(book, "MODEL") == said(words[0], tmp_path / "here", *words[1:]).replace(str(tmp_path / "here"), "MODEL")
    asked = connect(service.url)
    assert asked.recommend(book, 3, 2) == asked.model(book).recommend(3, 2) and len(asked.predict(book, [(3, "film 1")])) == 1
    assert asked.similar(book, item="film 2", n=1)[0].keys() == {"item", "similarity"}
    assert "is on this machine" in said("predict", tmp_path / "here", pairs, *there)
    assert "not here, or not any more" in said("recommend", "gone", "--user", "3", *there)
    assert "are one file of this machine" in said("train", tmp_path / "no.csv", "-o", tmp_path / "no", *there)
    assert "--genres is done on this machine only" in said("train", ratings, "-o", tmp_path / "no", "--genres", some, *there)
    assert "lr is -1" in said("train", ratings, "-o", tmp_path / "no", *settings, "--lr", "-1", *there)
    (tmp_path / "large.csv").write_text(TABLE * 20)
    assert "this service takes 0 MB" in said("train", tmp_path / "large.csv", "-o", tmp_path / "no", *there)
    monkeypatch.setenv("COLLABSHEET_TOKEN", "wrong")
    assert "needs a token" in said("recommend", book, "--user", "3", *there)
    assert "does not answer" in said("recommend", book, "--user", "3", "--server", "http://127.0.0.1:9/") and not (tmp_path / "no").exists()


def test_a_training_that_is_stopped_keeps_the_best_so_far(tmp_path, service):
    (tmp_path / "ratings.csv").write_text(TABLE)
    slow = {"optimizer": "sgd", "epochs": 1_000_000, "lr": 1e-6, "weight_decay": 0.1}
    model = connect(service.url).train(tmp_path / "ratings.csv", options=slow, on_epoch=lambda told: told["epoch"] > 3)
    assert 3 < model.about["epochs"] < 1_000_000 and model.predict([(3, "film 1")])[0] > 0


def _without_times(line: str) -> str:
    return re.sub(r"[\d.]+ s\.|\s+[\d.]+$", "", line)


def test_old_models_and_what_a_killed_job_left_are_deleted(tmp_path):
    store = JobStore(tmp_path / "jobs.sqlite")
    (tmp_path / f"{model_jobs.UNPACKED}x").mkdir()
    for name in ("left.zip", f"{model_jobs.UNPACKED}x/model.json"):
        (tmp_path / name).write_text("{}")
    sweep(store, tmp_path, before=time.time() - 60)
    assert (tmp_path / "left.zip").exists() and (tmp_path / f"{model_jobs.UNPACKED}x").exists()     # a job may be at work
    sweep(store, tmp_path, before=time.time() + 60)
    store.close()
    assert not [path for path in tmp_path.iterdir() if not path.name.startswith("jobs.sqlite")]


@pytest.mark.parametrize("ask, said", [
    (lambda path: model_jobs.train_model(path, path, {"speed": 1}, bool, bool), "takes no 'speed'"),
    (lambda path: model_jobs.recommend_by_model(path, {"user": 1}), "is no model"),
    (lambda path: model_jobs.predict_by_model(path, {}), "'pairs' is missing"),
    (lambda path: model_jobs.predict_by_model(path, {"pairs": [[1]]}), "a list of"),
    (lambda path: model_jobs.predict_by_model(path, {"pairs": [[1, 2]] * 10_001}), "10,001 pairs"),
    (lambda path: model_jobs.train_model(path, path, {"reading": {"path": "x"}}, bool, bool), "knows no 'path'"),
    (lambda path: model_jobs.train_model(path, path, {"options": [1]}, bool, bool), "options is an object"),
    (lambda path: model_jobs.train_model(path, path, {"counts": "yes"}, bool, bool), "counts is 'yes'"),
    (lambda path: model_jobs.recommend_by_model(path, {"user": 1, "users": None}), "user, users or likes"),
    (lambda path: model_jobs._how_many({"n": True}), "n is True"),
    (lambda path: model_jobs.labels_known([None], ()), "None is no id"),
])
def test_what_is_asked_wrongly_is_told(tmp_path, ask, said):
    with pytest.raises(UserError, match=said):
        ask(tmp_path / "ratings.csv")


def test_the_description_names_every_route_and_every_kind(tmp_path):
    store = JobStore(tmp_path / "jobs.sqlite")
    app, described = make_service(store, tmp_path, ServiceLimits()), service_description()
    store.close()
    routes = {(route.path, method.lower()) for route in app.routes if route.path.startswith("/api/") for method in route.methods - {"HEAD"}}
    assert routes == {(path, method) for path, methods in described["paths"].items() for method in methods}
    assert list(_ASKED) == list(JOB_KINDS)
    schemas = described["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"kind": "train", "book": "x", "effort": "best"}, schemas["Asked"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"kind": "train"}, schemas["Asked"])
    assert "<script" not in description_page() and "style=" not in description_page()
