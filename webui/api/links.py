"""Links of the specification: from an id that an answer holds to the calls that take it.

Invariant: they follow from paths and answers alone, so a new route has its links as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_ONE = re.compile(r"{(\w+)}")
_TAG = "$response.header.ETag"


def add(document: Json) -> None:
    """Write into each answer what can be called with what it holds."""
    for path, method, operation in list(_operations(document)):
        for status, response in operation["responses"].items():
            if status.startswith("2") and (found := dict(_links(document, path, method, response))):
                response["links"] = found


def _links(document: Json, path: str, method: str, response: Json) -> Iterator[tuple[str, Json]]:
    tagged = "ETag" in response.get("headers", {})
    for other, verb, target in _operations(document):
        needs_tag = any(
            _name(document, one) == "If-Match" for one in _parameters(document, target, other)
        )
        names = _ONE.findall(other)
        if len(names) != 1 or (needs_tag and not tagged):
            continue
        held = _held(document, path, method, other, names[0], response)
        if held is None or (other, verb) == (path, method):
            continue
        sent = {f"path.{names[0]}": held, **({"header.If-Match": _TAG} if needs_tag else {})}
        yield target["operationId"], {"operationId": target["operationId"], "parameters": sent}


def _held(
    document: Json, path: str, method: str, other: str, name: str, response: Json
) -> str | None:
    """Where the answer holds what stands for `name` in the other path, None where it does not."""
    if other == path and method == "get":
        return f"$request.path.{name}"
    if not other.startswith(path + "/{" + name + "}"):
        return None
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    place = _place(document, schema, name)
    return None if place is None else f"$response.body#{place}"


def _place(document: Json, schema: Json, name: str) -> str | None:
    """The pointer to an id: its own name, ``id``, the first of ``…_ids``, or within what is new."""
    known = _resolved(document, schema).get("properties", {})
    for own in (name, "id"):
        if own in known:
            return f"/{own}"
    if f"{name}s" in known:
        return f"/{name}s/0"
    for within, inner in known.items():
        inner = _resolved(document, inner)
        if within == "items":
            rest = _place(document, inner.get("items", {}), name)
            return None if rest is None else f"/items/0{rest}"
        if "id" in inner.get("properties", {}):
            return f"/{within}/id"
    return None


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict):
                yield path, method, operation


def _parameters(document: Json, operation: Json, path: str) -> list[Json]:
    return [*document["paths"][path].get("parameters", []), *operation.get("parameters", [])]


def _name(document: Json, parameter: Json) -> str:
    return str(_resolved(document, parameter).get("name", ""))


def _resolved(document: Json, part: Json) -> Json:
    while "$ref" in part:
        found: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part
