"""The specification that is generated from the routes: OpenAPI 3.1, every refusal as RFC 9457.

Invariant: it is the same on every machine, and nothing in it is written a second time by hand:
names, words and limits come from the routes, the schemas and the tables.
"""

from __future__ import annotations

import copy
import enum
import inspect
from collections.abc import Iterator
from typing import Any

import marshmallow as ma
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, current_app
from flask_smorest import Api as SmorestApi
from werkzeug.exceptions import HTTPException

from webui.api import links, problems
from webui.api.door import SECURITY_SCHEMES

_DESCRIPTION = """\
Everything that Rescue Bot remembers, and what people may change of it.

Lists give 50 rows and a cursor (`next`) for more. A change of what has an `ETag` needs `If-Match`.
Every refusal is `application/problem+json` (RFC 9457) with a stable `code`. Times are UTC.
`x-roles` tells who may call a route.
"""

_RETRY_AFTER = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
_HEADERS = {
    "IF_MATCH": "The `ETag` of what you saw; 412: it has changed since, 428: this is missing.",
    "IF_NONE_MATCH": "The `ETag` of what you have; 304 when it is still so.",
    "ETAG": "What stands for this version of it.",
}
# Where an extension leaves one, it is of no route here.
_UNUSED = ("PaginationMetadata",)
_MARK = "x-enum"


class _Plugin(MarshmallowPlugin):
    """Schemas with the words that their class is described by."""

    def schema_helper(  # type: ignore[override]  # so does the library
        self, name: str, _: Any, schema: Any = None, **kwargs: Any
    ) -> dict[Any, Any]:
        """What a schema is in the specification."""
        made: dict[Any, Any] = super().schema_helper(  # type: ignore[no-untyped-call]
            name, _, schema=schema, **kwargs
        )
        words = first_words(schema if isinstance(schema, type) else type(schema))
        return {**made, "description": words} if words else made


class Api(SmorestApi):
    """flask-smorest with our refusals and our media type for them."""

    ERROR_SCHEMA = problems.Problem
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask, *, spec_kwargs: dict[str, Any]) -> None:
        app.config.update(
            API_TITLE="Rescue Bot",
            OPENAPI_VERSION="3.1.0",
            API_SPEC_OPTIONS={
                "info": {
                    "description": _DESCRIPTION,
                    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
                },
                "servers": [{"url": "/"}],
            },
        )
        plugin = _Plugin()
        super().__init__(app, spec_kwargs={**spec_kwargs, "marshmallow_plugin": plugin})
        assert plugin.converter is not None, "the plugin has its specification by now"
        mark: Any = plugin.converter.add_attribute_function
        mark(_mark_enum)
        for name, scheme in SECURITY_SCHEMES.items():
            self.spec.components.security_scheme(name, scheme)

    def handle_http_exception(self, error: HTTPException) -> Any:
        """A refusal of Flask or of the parser, in our words."""
        return problems.of_http(error)

    def _register_responses(self) -> None:
        super()._register_responses()
        for status in list(self.spec.components.responses_lazy):
            response = self.spec.components.responses_lazy[status]
            content = response.get("content", {})
            if "application/json" in content:
                content[problems.CONTENT_TYPE] = content.pop("application/json")
            if status in ("TOO_MANY_REQUESTS", "SERVICE_UNAVAILABLE"):
                response["headers"] = {"Retry-After": _RETRY_AFTER}


def document() -> dict[str, Any]:
    """The specification of the application that is current."""
    api = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    found: dict[str, Any] = copy.deepcopy(api.spec.to_dict())
    parts = found["components"]
    for name in _UNUSED:
        parts["schemas"].pop(name, None)
    for kind in (parts["parameters"], parts["headers"]):
        for name in kind.keys() & _HEADERS.keys():
            kind[name]["description"] = _HEADERS[name]
    for parameter in _parameters(found):
        _never_null(parameter["schema"])
    for node in list(_nodes(found)):
        _tidy(node, parts["schemas"])
    links.add(found)
    return found


def first_words(kind: type) -> str:
    """The first paragraph of the docstring of a class, in one line."""
    whole = inspect.cleandoc(vars(kind).get("__doc__") or "")
    return " ".join(whole.split("\n\n")[0].split()).replace("``", "`")


def _mark_enum(converter: Any, field: Any, **kwargs: Any) -> dict[str, Any]:
    """Which enum a field is of, for `document` to make one component of it."""
    return {_MARK: field.enum} if isinstance(field, ma.fields.Enum) else {}


def _parameters(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in found["paths"].values():
        for node in path.values():
            of_method = node if isinstance(node, list) else node.get("parameters", [])
            yield from (one for one in of_method if "schema" in one)


def _never_null(schema: dict[str, Any]) -> None:
    """What is not given in an address or a header is left out; there is no null to send."""
    if isinstance(schema.get("type"), list):
        schema["type"] = next(kind for kind in schema["type"] if kind != "null")
    if "default" in schema and schema["default"] is None:
        del schema["default"]


def _nodes(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        yield found
    for inner in found.values() if isinstance(found, dict) else found:
        if isinstance(inner, dict | list):
            yield from _nodes(inner)


def _tidy(node: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Enums by their names, patterns as other languages write them, texts as Markdown."""
    if _MARK in node:
        _refer(node, node.pop(_MARK), schemas)
    elif "enum" in node and "type" not in node:
        node["type"] = "string"
    if isinstance(pattern := node.get("pattern"), str):
        node["pattern"] = pattern.removesuffix(r"\Z") + "$" * pattern.endswith(r"\Z")
    for words in ("summary", "description"):
        if isinstance(node.get(words), str):
            node[words] = node[words].replace("``", "`")


def _refer(node: dict[str, Any], kind: type[enum.Enum], schemas: dict[str, Any]) -> None:
    values = node.pop("enum")
    node.pop("type", None)
    node.pop("maxLength", None)
    schemas[kind.__name__] = {
        "type": "string",
        "enum": [one.value for one in kind],
        "description": first_words(kind),
    }
    reference = {"$ref": f"#/components/schemas/{kind.__name__}"}
    node |= {"anyOf": [reference, {"type": "null"}]} if None in values else reference
