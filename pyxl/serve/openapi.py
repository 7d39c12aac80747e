"""What the service answers, as OpenAPI says it (`/openapi.json`), and as a page without scripts (`/docs`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from solver.version import __version__

from .jobs.job_kinds import JOB_KINDS

_ID = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
_TEXT, _OBJECT = {"type": "string"}, {"type": "object"}


def service_description() -> dict[str, Any]:
    """The description of every route, in OpenAPI 3.1. It needs no token, because it says nothing about anybody."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "collabsheet", "version": __version__,
                 "description": "Fits workbooks and learns from ratings. A book is a file; a job does something with it. "
                                "Everything belongs to the token that made it."},
        "security": [{"token": []}],
        "paths": {
            "/api/status": {"get": _route("What runs and waits, limits, and kinds of jobs.", 200, _OBJECT)},
            "/api/books": {"post": _route("Take the body as a file, or a copy of one that the service has.", 201,
                                          _made(book=_TEXT, name=_TEXT, is_workbook={"type": "boolean"}),
                                          [{"name": "name", "in": "query", "required": False, "schema": _TEXT,
                                            "description": "what the file is called, such as book.xlsx"},
                                           {"name": "path", "in": "query", "required": False, "schema": _TEXT,
                                            "description": "in its place: a file below the folder that the service was started with (--books)"}],
                                          body=("application/octet-stream", {"type": "string", "format": "binary"}))},
            "/api/books/{id}/file": {"get": _route("A file, uploaded or written by a job.", 200, {"type": "string", "format": "binary"}, _ID,
                                                   gives="application/octet-stream")},
            "/api/jobs": {"post": _route("Ask for a job, which waits for its turn.", 201, {"$ref": "#/components/schemas/Job"},
                                         body=("application/json", {"$ref": "#/components/schemas/Asked"}))},
            "/api/jobs/{id}": {"get": _route("A job.", 200, {"$ref": "#/components/schemas/Job"}, _ID)},
            "/api/jobs/{id}/events": {"get": _route("Server-sent events: told, as often as the job tells something, last over, with the job.",
                                                    200, _TEXT, _ID, gives="text/event-stream")},
            "/api/jobs/{id}/stop": {"post": _route("Ask a job to end with the best so far.", 202, {"$ref": "#/components/schemas/Job"}, _ID)},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Error": _made(error={"type": "string", "description": "a sentence"}),
                "Asked": {"oneOf": [_asked(name) for name in JOB_KINDS]},
                "Job": {"type": "object", "required": ["job", "kind", "state"], "properties": {
                    "job": _TEXT, "kind": {"enum": list(JOB_KINDS)}, "book": {"type": ["string", "null"]},
                    "state": {"enum": ["waiting", "running", "done", "stopped", "failed"]},
                    "result": {"type": ["object", "null"], "description": "what was found, with the book that was written; or error, a sentence"}}},
            },
        },
    }


_SHEETS = {"type": "array", "items": _TEXT, "description": "the sheets; all recognised ones where it is missing"}
_SHOW = {"type": "boolean", "description": "give the cells of the sheets, too", "default": False}
_LABELS = {"type": "array", "items": {"type": ["string", "number"]}}
_LABEL, _N = {"type": ["string", "number"]}, {"type": "integer", "minimum": 1, "maximum": 1000, "default": 10}
_ASKED: dict[str, tuple[str, dict[str, Any]]] = {     # of each kind of job: what it does, and what is asked for beside the book
    "inspect": ("What is on each sheet of a workbook.", {"show": _SHOW}),
    "fit": ("Fit sheets of a workbook.", {"sheets": _SHEETS, "options": {"type": "object", "description": "as `collabsheet fit --help` names them, with _ for -"},
                                            "view": {"type": "string", "description": "the sheet of which it tells what the cells hold meanwhile"},
                                        "show": _SHOW, "parameters": {"type": "boolean", "description": "give the parameters before and after", "default": False}}),
    "epochs": ("Run epochs of sheets that train a row after another.", {"sheets": _SHEETS, "epochs": {"type": "integer", "minimum": 1, "default": 5},
                                                                       "reset": {"type": "boolean", "description": "start anew before", "default": False}, "show": _SHOW}),
    "restore": ("Put back the parameters of before the last fit.", {"sheets": _SHEETS, "show": _SHOW}),
    "new": ("Build a workbook from a table of ratings.", {"show": _SHOW}),
    "demo": ("Build the example workbook.", {"show": _SHOW}),
    "films": ("The films of the example that somebody new is asked about.", {}),
    "rate_films": ("What somebody new will like of the example's films.", {"ratings": {"type": "object", "additionalProperties": {"type": "number"}}}),
    "train": ("Learn from a table of ratings; writes a model.", {"effort": {"enum": ["quick", "good", "best"], "default": "good"},
                                                                "holdout": {"type": "number", "description": "share of the ratings to judge by", "default": 0},
                                                                "split": {"enum": ["random", "time"], "default": "random"},
                                                                "rating_range": {"type": ["array", "null"], "description": "lowest and highest rating"},
                                                                "feedback": {"enum": ["explicit", "implicit"], "default": "explicit"},
                                                                "counts": {"type": "boolean", "description": "the values say how often a pair happened"},
                                                                "options": {"type": "object", "description": "as `collabsheet train --help` names them, with _ for -"},
                                                                "reading": {"type": "object", "description": "how the table is written, as there: sep, columns and so on"}}),
    "model": ("The users, items and item columns that a model has learnt of.", {}),
    "recommend": ("What a user will rate highest of what they have not rated, by a model.", {"user": _LABEL, "users": {"type": ["array", "null"], "items": _LABEL, "description": "in its place several; null: all"},
                                                                                      "likes": {"type": "object", "description": "in its place what somebody new thinks of item columns"},
                                                                                      "n": _N, "items": _LABELS, "exclude": _LABELS, "seen": {"type": "boolean", "default": False}}),
    "similar": ("The items most like an item, or the users most like a user, by a model.", {"item": _LABEL, "user": _LABEL, "n": _N, "min_ratings": {"type": "integer", "default": 1}}),
    "export": ("Make a workbook from a model, of its users and items with most ratings.", {"show": _SHOW}),
    "to_rate": ("The items of a model that somebody new is asked about.", {}),
    "rate": ("What somebody new will like, by a model.", {"ratings": {"type": "object", "additionalProperties": {"type": "number"}}}),
    "cells": ("What the functions for cells give, CF_PREDICT and so on.",
              {"calls": {"type": "array", "maxItems": 100, "items": {"type": "array", "description": "a name, and a list of arguments: values, or rows of values",
                                                                     "prefixItems": [_TEXT, {"type": "array"}]}}}),
    "predict": ("The ratings of pairs, by a model.", {"pairs": {"type": "array", "items": {"type": "array", "prefixItems": [_LABEL, _LABEL]}}, "interval": {"type": "number", "description": "a probability, to have low and high, too"}}),
}


def _asked(kind: str) -> dict[str, Any]:
    what, more = _ASKED[kind]
    book = {"book": {"type": "string", "description": "the id of the file that it reads"}} if JOB_KINDS[kind].reads else {}
    return {"type": "object", "title": kind, "description": what, "required": ["kind", *book], "properties": {"kind": {"const": kind}, **book, **more}}


def _made(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _route(what: str, status: int, schema: dict[str, Any], parameters: list[dict[str, Any]] | None = None, *,
           body: tuple[str, dict[str, Any]] | None = None, gives: str = "application/json") -> dict[str, Any]:
    route: dict[str, Any] = {"summary": what, "parameters": parameters or [], "responses": {
        str(status): {"description": "done" if status == 200 else "taken", "content": {gives: {"schema": schema}}},
        "default": {"description": "a refusal", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}}}
    if body:
        route["requestBody"] = {"required": True, "content": {body[0]: {"schema": body[1]}}}
    return route


def description_page() -> str:
    """The same description as a page to read."""
    return "".join(_page(service_description()))


def _page(described: dict[str, Any]) -> Iterator[str]:
    yield ('<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
           '<title>collabsheet: requests</title><link rel="stylesheet" href="/page/page.css"></head><body><main>')
    yield f"<h1>What the service answers</h1><p>{escape(described['info']['description'])}</p>"
    yield ('<p>Every request carries <code>Authorization: Bearer TOKEN</code>. The same for programs: <a href="/openapi.json">openapi.json</a>.</p>'
           "<h2>Requests</h2><dl>")
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            yield f"<dt><code>{method.upper()} {escape(path)}</code></dt><dd>{escape(route['summary'])}</dd>"
    yield "</dl><h2>Kinds of jobs</h2><p>The body of <code>POST /api/jobs</code>.</p>"
    for asked in described["components"]["schemas"]["Asked"]["oneOf"]:
        yield f"<h3>{asked['title']}</h3><p>{escape(asked['description'])}</p><dl>"
        for name, schema in asked["properties"].items():
            if name != "kind":
                yield f"<dt><code>{escape(name)}</code></dt><dd>{escape(_in_words(schema))}</dd>"
        yield "</dl>"
    yield "</main></body></html>"


def _in_words(schema: dict[str, Any]) -> str:
    return schema.get("description") or json.dumps(schema)
