"""Ratings and trained models by HTTP and by the client, and the description of the service."""

from __future__ import annotations

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


def test_a_model_is_trained_there_and_answers_as_one_here(tmp_path, capsys):
    (tmp_path / "ratings.csv").write_text(TABLE)
    here = CollabFilter(effort="quick", holdout=0.1).fit(read_ratings(tmp_path / "ratings.csv")[0])
    told = []
    with ServiceProcess(tmp_path) as service:
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
            asked._job("recommend", book, {"user": 1})
        status, _, described = service.ask("GET", "/openapi.json", Authorization="")
        assert status == 200 and described == service_description()
        assert b"rate_films" in service.ask("GET", "/docs", Authorization="")[2]["content"]
        assert service.ask("POST", "/api/books?name=evil.zip", b"PK")[0] == 400     # models come from here alone
    import zipfile

    zipfile.ZipFile(tmp_path / "model.zip").extractall(tmp_path / "model")
    assert main(["recommend", str(tmp_path / "model"), "--user", "3", "-n", "1", "--json"]) == 0
    assert str(expected["item"][0]) in capsys.readouterr().out


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
    (lambda path: model_jobs.train_model(path, path, {"speed": 1}, bool), "takes no 'speed'"),
    (lambda path: model_jobs.recommend_by_model(path, {"user": 1}), "is no model"),
    (lambda path: model_jobs.predict_by_model(path, {}), "'pairs' is missing"),
    (lambda path: model_jobs.predict_by_model(path, {"pairs": [[1]]}), "a list of"),
    (lambda path: model_jobs.predict_by_model(path, {"pairs": [[1, 2]] * 10_001}), "10,001 pairs"),
    (lambda path: model_jobs._how_many({"n": True}), "n is True"),
    (lambda path: model_jobs._labels([None], ()), "None is no id"),
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
