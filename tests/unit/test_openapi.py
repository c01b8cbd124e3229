"""The specification: valid, complete, fit to make clients of, and the one that is committed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis

from docs import make_api
from rescuebot.database import Database
from rescuebot.settings import check
from webui.api import create_app, spec

Json = dict[str, Any]
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """What the application says of itself."""
    url = f"sqlite:///{tmp_path_factory.mktemp('openapi') / 'never-made.db'}"
    settings = check({"database": {"url": url}, "web": {"jwt_key": "k" * 40}})
    with create_app(settings, Database(settings.database)).app_context():
        return spec.document()


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield f"{method.upper()} {path}", operation


def resolved(document: Json, part: Json) -> Json:
    while "$ref" in part:
        found: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def parameters(document: Json) -> Iterator[tuple[str, Json]]:
    for path, item in document["paths"].items():
        for part in item.values():
            for one in part if isinstance(part, list) else part.get("parameters", []):
                yield path, resolved(document, one)


def nodes(part: Any) -> Iterator[Json]:
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            yield from nodes(inner)


def test_the_committed_specification_is_that_of_the_code(document: Json) -> None:
    committed = make_api.SPECIFICATION.read_text(encoding="utf-8")
    assert committed == make_api.specification(document), "run: make docs"


def test_it_is_the_same_each_time_it_is_asked_for(document: Json, tmp_path: Path) -> None:
    settings = check(
        {"database": {"url": f"sqlite:///{tmp_path}/no.db"}, "web": {"jwt_key": "j" * 40}}
    )
    with create_app(settings, Database(settings.database)).app_context():
        assert spec.document() == document
        assert spec.document() == document


def test_it_is_a_valid_document_of_openapi_3_1(document: Json) -> None:
    assert document["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(document).validate()
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_operations_have_names_that_a_client_can_be_made_of(document: Json) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name), name


def test_operations_say_what_they_do_for_whom_and_under_which_tag(document: Json) -> None:
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    for where, operation in operations(document):
        assert re.fullmatch(r".+[.:…`]", operation["summary"], re.DOTALL), where
        assert operation["x-roles"], where
        assert set(operation["tags"]) <= tags and len(operation["tags"]) == 1, where


def test_every_refusal_is_a_problem(document: Json) -> None:
    for where, operation in operations(document):
        for status, response in operation["responses"].items():
            told = resolved(document, response).get("content")
            if status >= "400" and (where, status) != ("GET /health/ready", "503"):
                assert told == _PROBLEM, f"{where} {status}"


def test_parameters_of_paths_are_bounded_and_none_is_ever_null(document: Json) -> None:
    for path, parameter in parameters(document):
        schema = parameter["schema"]
        where = f"{path} {parameter['name']}"
        if parameter["in"] == "path":
            assert {"minimum", "maximum"} <= schema.keys() or "maxLength" in schema, where
        assert "null" not in schema.get("type", ""), where
        assert schema.get("default", 0) is not None, where


def test_what_is_told_of_a_header_hides_no_parameter(document: Json) -> None:
    told = {one["name"] for path, one in parameters(document) if path == "/api/v1/stream"}
    assert told == {"seconds", "Last-Event-ID"}


def test_what_needs_a_precondition_names_its_header(document: Json) -> None:
    needed = [where for where, one in operations(document) if "428" in one["responses"]]
    assert len(needed) >= 5
    for where, operation in operations(document):
        headers = {resolved(document, one)["name"] for one in operation.get("parameters", [])}
        assert ("428" in operation["responses"]) == ("If-Match" in headers), where


def test_lists_of_values_are_named_once(document: Json) -> None:
    schemas = document["components"]["schemas"]
    shared = [set(one["enum"]) for one in schemas.values() if "enum" in one]
    assert {"info", "warning", "critical", "fatal"} in shared
    inline = [
        set(node["enum"]) - {None}
        for node in nodes(document)
        if isinstance(node.get("enum"), list) and node not in schemas.values()
    ]
    assert inline
    assert not [values for values in inline if values in shared]


def test_every_shape_is_described_used_and_named_for_what_it_is(document: Json) -> None:
    text = make_api.specification(document)
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name
        assert f'"#/components/schemas/{name}"' in text, name
        assert re.fullmatch(r"([A-Z][a-z]+)+", name), name


def test_patterns_are_those_that_every_language_knows(document: Json) -> None:
    patterns = [node["pattern"] for node in nodes(document) if "pattern" in node]
    assert patterns
    for pattern in patterns:
        assert pattern.startswith("^") and pattern.endswith("$") and r"\Z" not in pattern
