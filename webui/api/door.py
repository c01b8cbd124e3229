"""Routes with a policy: who may call, what goes in, what comes out, how it fails.

Invariant: a route without a policy cannot exist; the policy is asked before anything of the request
but its token has been read. What the policy says is in the specification as ``x-roles``.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask import Request, Response, current_app, g, request
from flask_smorest import Blueprint
from flask_smorest.exceptions import PreconditionFailed, PreconditionRequired
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from rescuebot.errors import Forbidden
from rescuebot.people.roles import Person, Role
from webui.api.edge import MOST_BYTES
from webui.api.schemas.base import ListQuery
from webui.api.who import CSRF_HEADER, NotSignedIn, caller

View = Callable[..., Any]

VIEWER = frozenset({Role.VIEWER, Role.OPERATOR, Role.ADMIN})
OPERATOR = frozenset({Role.OPERATOR, Role.ADMIN})
ADMIN = frozenset({Role.ADMIN})
INGEST = frozenset({Role.INGEST, Role.OPERATOR, Role.ADMIN})


class Open(enum.StrEnum):
    """Routes that ask for no role, and what they ask for instead."""

    ANYBODY = "anybody"
    # The refresh cookie with its CSRF header.
    SESSION = "session"
    # A signature over the body.
    SIGNATURE = "signature"


Policy = frozenset[Role] | Open

_LINK = {
    "Link": {
        "description": 'The next page: `</api/v1/…?cursor=…>; rel="next"`; absent on the last one.',
        "schema": {"type": "string"},
    }
}

# For routes that make something which has an address of its own.
LOCATION = {
    "responses": {
        201: {
            "headers": {
                "Location": {
                    "description": "The path of what was made.",
                    "schema": {"type": "string"},
                }
            }
        }
    }
}

# For POST routes that change what somebody has seen: they call `check_etag`.
SEEN = {"parameters": ["IF_MATCH"]}

# What any route with this property may answer.
_ALWAYS = (429, 500, 503)
_SECURITY: dict[Open | None, list[dict[str, list[str]]]] = {
    None: [{"bearer": []}],
    Open.ANYBODY: [],
    Open.SESSION: [{"session": [], "csrf": []}],
    Open.SIGNATURE: [{"signature": []}],
}


class Parser(FlaskParser):
    """Unknown parameters are refused also in the address: a misspelt filter shows too much."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": None, "headers": ma.EXCLUDE}

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """The body as the application reads JSON, with limits; the library's reading has none."""
        raw = req.get_data(cache=True)
        if not raw:
            return ma.missing
        if req.content_length is None and len(raw) >= (req.max_content_length or MOST_BYTES):
            # What comes in chunks is cut there, and is not what was sent.
            raise RequestEntityTooLarge
        try:
            return current_app.json.loads(raw)
        except ValueError:
            raise BadRequest from None


class Door(Blueprint):
    """A blueprint whose routes say who may call them."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, name: str, *, path: str, words: str, versioned: bool = True) -> None:
        """`words` stand in the specification; `versioned` routes lie under ``/api/v1``."""
        super().__init__(name, name, url_prefix=path or None, description=words)
        self.versioned = versioned

    def operation(
        self,
        method: str,
        rule: str,
        *,
        allow: Policy,
        returns: type[ma.Schema] | dict[str, Any] | None = None,
        content_type: str | None = None,
        status: int = 200,
        query: type[ma.Schema] | None = None,
        body: type[ma.Schema] | None = None,
        headers: type[ma.Schema] | None = None,
        etag: bool = False,
        most_bytes: int | None = None,
        fails: Collection[int] = (),
        owed_password: bool = False,
        people_only: bool = False,
        describe: dict[str, Any] | None = None,
    ) -> Callable[[View], View]:
        """One method on one path.

        The view gets `query`, `body` and `headers` as dicts of these names. `fails` are statuses
        beside the usual ones, `most_bytes` the size of its body if the usual is too small.
        `people_only` keeps machines out, whatever the role of their key. `owed_password` lets
        people in who owe a new password.
        """

        def decorator(view: View) -> View:
            parts = {"query": query, "body": body, "headers": headers}
            known = {part: schema for part, schema in parts.items() if schema is not None}
            for part, schema in known.items():
                location = "json" if part == "body" else part
                view = self.arguments(
                    schema, location=location, arg_name=part, as_kwargs=False, error_status_code=422
                )(view)
            if status == 204:
                view = _empty(view)
            view = self.response(
                status, returns, content_type=content_type, headers=_headers(query)
            )(view)
            if etag:
                view = self.etag(view)
            usual = _usual(rule, allow, bool(known), body is not None)
            told = (describe or {}).get("responses", {})
            for code in sorted({*usual, *fails} - told.keys()):
                view = self.alt_response(code, HTTPStatus(code).name)(view)
            people = {"x-people-only": True} if people_only else {}
            view = self.doc(**_documented(view, allow, {**people, **(describe or {})}))(view)
            asked = _Asked(
                allow=allow,
                takes_body=body is not None,
                most_bytes=most_bytes,
                owed_password=owed_password,
                people_only=people_only,
            )
            view = _guarded(view, asked)
            super(Door, self).add_url_rule(rule, view.__name__, view, methods=[method.upper()])
            return view

        return decorator

    def check_etag(self, etag_data: Any, etag_schema: Any = None) -> None:
        """Refuse a change of what has changed since; also by POST, which the library leaves out.

        Such a route is described by SEEN.
        """
        if request.method != "POST":
            super().check_etag(etag_data, etag_schema)
            return
        if not request.if_match:
            raise PreconditionRequired
        if self._generate_etag(etag_data) not in request.if_match:
            raise PreconditionFailed

    def route(self, *args: Any, **kwargs: Any) -> Any:
        """Not this way: a route needs a policy."""
        raise TypeError("Use operation(): a route needs a policy.")


def _headers(query: type[ma.Schema] | None) -> dict[str, Any] | None:
    return _LINK if query is not None and issubclass(query, ListQuery) else None


def _empty(view: View) -> View:
    """The view with an answer that has no body."""

    @wraps(view)
    def empty(*args: Any, **kwargs: Any) -> Response:
        made = view(*args, **kwargs)
        return made if isinstance(made, Response) else Response(status=204)

    return empty


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What is asked of a request before its view sees it."""

    allow: Policy
    takes_body: bool
    most_bytes: int | None
    owed_password: bool
    people_only: bool


def _guarded(view: View, asked: _Asked) -> View:
    """The policy first, then the media type, then everything else."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        _admit(asked)
        if asked.most_bytes is not None:
            request.max_content_length = asked.most_bytes
        if asked.takes_body and request.mimetype != "application/json":
            raise UnsupportedMediaType
        return view(*args, **kwargs)

    guarded.policy = asked.allow  # type: ignore[attr-defined]
    return guarded


def _admit(asked: _Asked) -> None:
    if isinstance(asked.allow, Open):
        return
    if g.get("caller") is None:
        raise g.get("refusal") or NotSignedIn("Sign in first: a valid token is missing.")
    who = caller()
    if who.role not in asked.allow:
        raise Forbidden(
            "Your role does not allow this.",
            remedy="It is for: " + ", ".join(sorted(asked.allow)) + ".",
        )
    if asked.people_only and not isinstance(who, Person):
        raise Forbidden("This is for people, not for the keys of machines.")
    if isinstance(who, Person) and who.must_change_password and not asked.owed_password:
        raise Forbidden(
            "You have been given a password for once.",
            remedy="Choose your own first: PUT /api/v1/me/password.",
        )


def _usual(rule: str, allow: Policy, parsed: bool, body: bool) -> Sequence[int]:
    codes = [*_ALWAYS]
    codes += [] if allow is Open.ANYBODY else [401]
    codes += [] if isinstance(allow, Open) else [403]
    codes += [404] if "<" in rule else []
    codes += [422] if parsed else []
    codes += [400, 413, 415] if body else []
    return codes


def _documented(view: View, allow: Policy, own: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": view.__name__,
        "security": _SECURITY[allow if isinstance(allow, Open) else None],
        "x-roles": [allow.value] if isinstance(allow, Open) else sorted(allow),
        **own,
    }


SECURITY_SCHEMES: dict[str, dict[str, str]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token of a person, or the key of a machine (`rbk_…`).",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "rescue_refresh",
        "description": "The refresh token; no script can read it.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "The value of the cookie `rescue_csrf`.",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Slack-Signature",
        "description": "Slack's signature over time and body.",
    },
}
