"""Who is asking: a person with an access token, or a machine with a key.

Invariant: the role is read from the ledger at each request, so whoever loses it loses it at once;
a token proves only who its bearer is and that nothing has voided it since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Flask, Response, g, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    set_refresh_cookies,
    unset_refresh_cookies,
    verify_jwt_in_request,
)
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt import InvalidTokenError

from rescuebot import clock, signing_in
from rescuebot.errors import Unauthorized
from rescuebot.people.roles import Machine, Person
from rescuebot.people.sessions import NewToken
from rescuebot.settings import WebSettings
from webui.api import context, problems

ISSUER = "rescuebot"
AUDIENCE = "rescuebot-api"
COOKIE = "rescue_refresh"
CSRF_COOKIE = "rescue_csrf"
CSRF_HEADER = "X-CSRF-Token"
COOKIE_PATH = "/api/v1/auth"
_ALGORITHM = "HS256"
_LEEWAY_SECONDS = 10
_KEYS_BEGIN = "rbk_"


class NotSignedIn(Unauthorized):
    """No token, or none that holds."""

    code = "unauthorized"


def install(app: Flask, settings: WebSettings) -> None:
    """Set up the tokens of `app`; flask-jwt-extended's defaults are tightened."""
    assert settings.jwt_key is not None, "create_app has looked"
    app.config.update(
        JWT_ALGORITHM=_ALGORITHM,
        JWT_DECODE_ALGORITHMS=[_ALGORITHM],
        JWT_SECRET_KEY=settings.jwt_key.get_secret_value(),
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(minutes=settings.access_minutes),
        JWT_REFRESH_TOKEN_EXPIRES=timedelta(hours=settings.session_hours),
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_LEEWAY=_LEEWAY_SECONDS,
        JWT_COOKIE_SECURE=settings.secure_cookies,
        JWT_COOKIE_SAMESITE="Strict",
        JWT_COOKIE_CSRF_PROTECT=True,
        JWT_REFRESH_COOKIE_NAME=COOKIE,
        JWT_REFRESH_COOKIE_PATH=COOKIE_PATH,
        JWT_REFRESH_CSRF_COOKIE_NAME=CSRF_COOKIE,
        JWT_REFRESH_CSRF_HEADER_NAME=CSRF_HEADER,
        JWT_SESSION_COOKIE=False,
    )
    manager = JWTManager(app)
    _take_both_keys(manager, settings)
    for kind in (JWTExtendedException, InvalidTokenError):
        app.register_error_handler(kind, _refused)
    # Those of the library would quote the exception, and its own handlers are more special.
    for name in ("unauthorized", "invalid_token"):
        getattr(manager, f"{name}_loader")(lambda words: problems.answer(401))
    for name in ("expired_token", "revoked_token", "needs_fresh_token"):
        getattr(manager, f"{name}_loader")(lambda header, claims: problems.answer(401))


def caller() -> Person | Machine:
    """Who is asking; the policy of the route has seen to it that somebody is."""
    found: Person | Machine = g.caller
    return found


def person() -> Person:
    """The person who is asking, where the route is for people only."""
    found = caller()
    assert isinstance(found, Person), "the policy has seen to it"
    return found


def actor() -> str:
    """Who is asking, as decisions and the audit name it: ``web:kim``."""
    return caller().actor


def identify() -> Person | Machine | None:
    """Who the header Authorization says is asking, or None where there is none.

    Raises NotSignedIn for a token or a key that does not hold.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer":
        raise NotSignedIn("Only bearer tokens are taken here.")
    if token.startswith(_KEYS_BEGIN):
        machine = signing_in.holder(token, database=context.ledger())
        if machine is None:
            raise NotSignedIn("This key opens nothing: it is unknown, over or revoked.")
        return machine
    return _person(token)


def access_token(person: Person) -> str:
    """A short-lived token that says who its bearer is."""
    return str(
        create_access_token(identity=str(person.user_id), additional_claims={"epoch": person.epoch})
    )


def give_session(response: Any, person: Person, session: NewToken) -> None:
    """Put the refresh token into its cookie, which no script can read."""
    lasts = session.expires_at - clock.now()
    token = create_refresh_token(
        identity=str(person.user_id),
        additional_claims={"jti": session.jti},
        expires_delta=lasts,
    )
    set_refresh_cookies(response, token, max_age=int(lasts.total_seconds()))


def forget_session() -> Response:
    """An empty answer that takes the refresh token out of the browser."""
    gone = Response(status=204)
    unset_refresh_cookies(gone)
    return gone


def presented_session() -> str:
    """The id of the refresh token in the cookie; its CSRF header is checked, too."""
    _, claims = _verified(refresh=True, locations="cookies")
    return str(claims["jti"])


def _person(token: str) -> Person:
    _, claims = _verified(refresh=False, locations="headers")
    user_id, epoch = str(claims["sub"]), claims.get("epoch")
    if not user_id.isdecimal() or not isinstance(epoch, int):
        raise NotSignedIn("The token is not one of ours.")
    found = signing_in.current(int(user_id[:10]), epoch, database=context.ledger())
    if found is None:
        raise NotSignedIn("The token holds no more: sign in again.")
    return found


def _verified(*, refresh: bool, locations: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    try:
        found = verify_jwt_in_request(refresh=refresh, locations=locations)
    except (JWTExtendedException, InvalidTokenError) as error:
        raise NotSignedIn("The token does not hold: sign in again.") from error
    if found is None:
        raise NotSignedIn("A token is missing.")
    # The libraries check an end where there is one, and of types only that of a refresh token.
    kind = "refresh" if refresh else "access"
    if found[1].get("type") != kind or "exp" not in found[1]:
        raise NotSignedIn("The token is not one of ours.")
    return found


def _refused(error: Exception) -> Response:
    return problems.answer(401)


def _take_both_keys(manager: JWTManager, settings: WebSettings) -> None:
    """While the key is changed, what the one before it has signed still holds."""
    known = {
        _key_id(key.get_secret_value()): key.get_secret_value()
        for key in (settings.jwt_key, settings.jwt_key_before)
        if key is not None
    }
    newest = next(iter(known))
    manager.additional_headers_loader(lambda identity: {"kid": newest})
    manager.decode_key_loader(
        lambda header, claims: known.get(str(header.get("kid")), known[newest])
    )


def _key_id(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8")).hexdigest()[:8]
