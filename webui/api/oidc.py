"""Signing in by an identity provider (OpenID Connect, authorization code with PKCE), by Authlib.

Invariant: who somebody is comes from the provider's signed token, which role they have from the
groups in it and our settings; somebody without a role does not come in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Flask, Response, current_app, session
from joserfc.errors import JoseError

from rescuebot import signing_in
from rescuebot.errors import Forbidden, NotFound, Unauthorized
from rescuebot.people.roles import PERSONS, Person, Role
from rescuebot.settings import OidcSettings, WebSettings
from webui.api import context

_NAME = "rescue-oidc"
_PROVIDER_SECONDS = 10
_LEAST_NAME = re.compile(r"[^a-z0-9._-]+")


class ProviderRefused(Unauthorized):
    """The identity provider, or what it said, does not let somebody in."""

    code = "provider_refused"


def install(app: Flask, settings: WebSettings) -> None:
    """Let `app` send people to the provider, where one is set up.

    The cookie between leaving and coming back holds state, nonce and the PKCE verifier, signed.
    It must come along when the provider sends people back, so it is Lax and not Strict.
    """
    if settings.oidc is None or settings.jwt_key is None:
        return
    key = "session:" + settings.jwt_key.get_secret_value()
    app.secret_key = hashlib.sha256(key.encode("utf-8")).hexdigest()
    app.config.update(
        SESSION_COOKIE_NAME="rescue_oidc",
        SESSION_COOKIE_PATH="/api/v1/auth/oidc",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(minutes=10),
    )
    oauth = OAuth(app)
    oauth.register(
        _NAME,
        client_id=settings.oidc.client_id,
        client_secret=settings.oidc.client_secret.get_secret_value(),
        server_metadata_url=settings.oidc.issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email " + _scope_of(settings.oidc),
            "code_challenge_method": "S256",
            "default_timeout": _PROVIDER_SECONDS,
        },
    )
    app.extensions[_NAME] = oauth


def leave() -> Response:
    """Send somebody to the provider."""
    client = _client()
    session.permanent = True
    try:
        away: Response = client.authorize_redirect(_settings().redirect_uri)
    except (requests.RequestException, AuthlibBaseError) as error:
        raise ProviderRefused("The identity provider does not answer.") from error
    return away


def come_back(origin: str) -> Person:
    """Whom the provider sent back; ProviderRefused where that does not hold."""
    client = _client()
    try:
        token = client.authorize_access_token()
    except (requests.RequestException, AuthlibBaseError, JoseError, ValueError) as error:
        raise ProviderRefused("The identity provider did not let you in.") from error
    finally:
        session.clear()
    claims: Mapping[str, Any] = token.get("userinfo") or {}
    subject = claims.get("sub")
    if not isinstance(subject, str):
        raise ProviderRefused("The identity provider did not say who you are.")
    email = str(claims.get("email") or "")
    return signing_in.from_identity_provider(
        subject=subject,
        username=_username(claims, email),
        email=email,
        display_name=str(claims.get("name") or ""),
        role=_role(claims),
        database=context.ledger(),
        origin=origin,
    )


def _role(claims: Mapping[str, Any]) -> Role:
    """The highest role that one of the groups has."""
    given = claims.get(_settings().groups_claim)
    groups = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    roles = {Role(_settings().roles[name]) for name in groups if name in _settings().roles}
    if not roles:
        raise Forbidden(
            "None of your groups has a role here.", remedy="web.oidc.roles says which have."
        )
    return max(roles, key=PERSONS.index)


def _username(claims: Mapping[str, Any], email: str) -> str:
    """A name that can be one here; people may have any at the provider."""
    said = str(claims.get("preferred_username") or email.partition("@")[0] or claims.get("sub"))
    name = _LEAST_NAME.sub("-", said.partition("@")[0].lower()).strip("._-")[:50]
    return name or hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:12]


def _scope_of(settings: OidcSettings) -> str:
    return settings.groups_claim if settings.groups_claim == "groups" else ""


def _client() -> Any:
    if _NAME not in current_app.extensions:
        raise NotFound("No identity provider is set up here.", remedy="Sign in with a password.")
    return current_app.extensions[_NAME].create_client(_NAME)


def _settings() -> OidcSettings:
    found = context.settings().web.oidc
    assert found is not None, "the client is there"
    return found
