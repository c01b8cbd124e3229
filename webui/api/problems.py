"""Every refusal as RFC 9457: a stable code, a sentence, a remedy, and the fields at fault.

Invariant: what a client gets to read was written by us; never the text of an exception.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask import Flask, Response, current_app, g, json, request
from flask_smorest.exceptions import NotModified
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from rescuebot import errors
from rescuebot.database import Contention, Unstorable
from rescuebot.errors import Invalid, RescueError
from rescuebot.logs import logger

log = logger(__name__)

CONTENT_TYPE = "application/problem+json"
_TYPE = "urn:rescuebot:problem:"

# The first of these that an error is decides; what is in no row is a mistake of ours: 500.
_STATUS: tuple[tuple[type[RescueError], int], ...] = (
    (errors.NotFound, 404),
    (errors.Outdated, 412),
    (errors.KeyReused, 422),
    (errors.Conflict, 409),
    (errors.Halted, 409),
    (errors.SettingsInvalid, 500),
    (errors.Invalid, 422),
    (errors.Unreadable, 422),
    (errors.TooSlow, 422),
    (Unstorable, 422),
    (errors.Locked, 429),
    (errors.Unauthorized, 401),
    (errors.Forbidden, 403),
    (errors.Busy, 503),
    (Contention, 503),
    (errors.DatabaseUnavailable, 503),
    (errors.SchemaOutdated, 503),
    (errors.ArchiveUnavailable, 503),
    (errors.ArchiveRefused, 409),
    (errors.FunctionUnavailable, 503),
)
_RETRY_AFTER = {503: 5, 429: 60}

_WORDS: dict[int, tuple[str, str]] = {
    400: ("bad_request", "The request cannot be understood."),
    401: ("unauthorized", "Sign in first: a valid token is missing."),
    403: ("forbidden", "Your role does not allow this."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This cannot be done here; see the header Allow."),
    408: ("request_timeout", "The request did not come in time."),
    412: ("outdated", "It has changed since you read it: read it again, then repeat your change."),
    413: ("content_too_large", "The body is larger than is taken here."),
    414: ("uri_too_long", "The address is too long."),
    415: ("unsupported_media_type", "The body must be sent as application/json."),
    416: ("range_not_satisfiable", "There are no such bytes."),
    422: ("invalid", "The request is not valid."),
    428: ("precondition_required", "Say with If-Match which version you change: its ETag."),
    429: ("too_many_requests", "Too many requests; wait, then try again."),
    431: ("headers_too_large", "The headers are too large."),
    500: ("internal", "Something went wrong on our side; the request id finds it in the log."),
    503: ("unavailable", "This does not answer just now; try again."),
}


class ProblemField(ma.Schema):
    """One field at fault."""

    pointer = ma.fields.String(
        metadata={"description": "Where in the body, as a JSON pointer: #/severity"}
    )
    parameter = ma.fields.String(metadata={"description": "Or which parameter of the address"})
    detail = ma.fields.String(required=True)


class Problem(ma.Schema):
    """A refusal (RFC 9457)."""

    type = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    code = ma.fields.String(required=True, metadata={"description": "Stable, for programs"})
    detail = ma.fields.String(required=True)
    remedy = ma.fields.String()
    instance = ma.fields.String(required=True, metadata={"description": "The id of the request"})
    errors = ma.fields.List(ma.fields.Nested(ProblemField))


def install(app: Flask) -> None:
    """Answer every error of `app` in this shape."""
    app.register_error_handler(RescueError, of_error)
    app.register_error_handler(Exception, _of_a_mistake)


def of_error(error: RescueError) -> Response:
    """A refusal of the library."""
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    if status == 500:
        log.error("request_failed", code=error.code)
        return answer(500)
    fields = list(_fields(error))
    what = error.what + "." if isinstance(error, Invalid) else error.message
    made = answer(status, code=error.code, detail=what, remedy=error.remedy, fields=fields or None)
    if wait := getattr(error, "retry_after", None):
        made.headers["Retry-After"] = str(int(wait))
    return made


def of_http(error: HTTPException) -> Response:
    """A refusal of Flask, of the parser, or of the limiter."""
    status = error.code or 500
    if isinstance(error, NotModified):
        return Response(status=304)
    if isinstance(error, MethodNotAllowed) and _leads_nowhere(error):
        return answer(404)
    if error.response is not None and status < 400:
        return Response(status=status, headers=dict(error.response.headers))
    data = getattr(error, "data", None) or {}
    fields = list(_parsed(data.get("messages") or {}))
    made = answer(status, fields=fields or None)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "Content-Range"):
            made.headers[name] = value
    return made


def _leads_nowhere(error: MethodNotAllowed) -> bool:
    """Of an id that is out of range Werkzeug says 405, though no other method finds it either."""
    adapter = current_app.create_url_adapter(request)
    others = list(error.valid_methods or ())
    return adapter is not None and bool(others) and not adapter.test(method=others[0])


def _of_a_mistake(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return of_http(error)
    log.error("request_broke", exc_info=error)
    return answer(500)


def refusals() -> list[tuple[int, str, str]]:
    """Every refusal there is: its status, its code, what it means; for the documentation."""
    found = {code: (status, words) for status, (code, words) in _WORDS.items()}
    for row in _STATUS:
        for kind in (row[0], *row[0].__subclasses__()):
            status = next(code for known, code in _STATUS if issubclass(kind, known))
            # What is our own fault is `internal` to whoever asks.
            if status != 500:
                found.setdefault(kind.code, (status, (kind.__doc__ or "").partition("\n")[0]))
    return sorted((status, code, words) for code, (status, words) in found.items())


def answer(
    status: int,
    *,
    code: str = "",
    detail: str = "",
    remedy: str = "",
    fields: list[dict[str, str]] | None = None,
) -> Response:
    """A refusal with this status."""
    own_code, words = _WORDS.get(status, ("refused", HTTPStatus(status).phrase + "."))
    code = code or own_code
    body: dict[str, Any] = {
        "type": _TYPE + code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail or words,
        "instance": g.get("request_id", ""),
    }
    body |= {"remedy": remedy} if remedy else {}
    body |= {"errors": fields} if fields else {}
    made = Response(json.dumps(body), status=status, content_type=CONTENT_TYPE)
    if status == 401:
        made.headers["WWW-Authenticate"] = 'Bearer realm="rescuebot"'
    if status in _RETRY_AFTER:
        made.headers["Retry-After"] = str(_RETRY_AFTER[status])
    return made


def _fields(error: RescueError) -> Iterator[dict[str, str]]:
    """The library names fields; in a request they are in the body, or else in the address."""
    if not isinstance(error, Invalid):
        return
    view_takes_body = request.mimetype == "application/json" and request.method != "GET"
    for problem in error.problems:
        place = {"pointer": "#/" + problem.field} if view_takes_body else {}
        yield {**(place or {"parameter": problem.field}), "detail": problem.message}


def _parsed(messages: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """What the parser says, which sorts by the part of the request."""
    for part, found in messages.items():
        for path, words in _flat(found, ()):
            name = "/".join(path)
            place = {"pointer": f"#/{name}"} if part == "json" else {"parameter": name or part}
            yield {**place, "detail": words}


def _flat(found: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(found, Mapping):
        for key, inner in found.items():
            here = path if key == "_schema" else (*path, _short(key))
            yield from _flat(inner, here)
    elif isinstance(found, list):
        for words in found:
            yield from _flat(words, path) if isinstance(words, Mapping) else ((path, str(words)),)
    else:
        yield path, str(found)


def _short(key: object) -> str:
    """The name of a field as it was sent: foreign text, so not all of a long one."""
    name = str(key)
    return name if len(name) <= 60 else name[:57] + "..."
