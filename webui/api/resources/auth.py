"""Signing in and out, and staying signed in."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, request

from rescuebot import signing_in
from rescuebot.errors import Conflict, Forbidden, Invalid, Unauthorized
from rescuebot.people import service as people
from rescuebot.people.roles import Person
from rescuebot.people.sessions import NewToken
from webui.api import context, limits, oidc, who
from webui.api.door import Door, Open
from webui.api.schemas import people as schemas

door = Door("auth", path="/auth", words="Signing in and out.")


@door.operation("GET", "/ways", allow=Open.ANYBODY, returns=schemas.Ways)
def list_ways_to_sign_in() -> dict[str, bool]:
    """How people may sign in here."""
    return {"password": True, "oidc": context.settings().web.oidc is not None}


@door.operation(
    "POST",
    "/sign-in",
    allow=Open.ANYBODY,
    body=schemas.SignIn,
    returns=schemas.Token,
    fails=(401,),
)
@limits.sign_ins
def sign_in(body: dict[str, str]) -> Response:
    """Sign in with a password.

    Wrong passwords in a row lock the account for a while; the answer is the same for an account
    that there is not.
    """
    person = signing_in.sign_in(
        body["username"],
        body["password"],
        database=context.ledger(),
        settings=context.settings().web,
        origin=request.remote_addr or "",
    )
    return _answered(person, _begun(person))


@door.operation("POST", "/refresh", allow=Open.SESSION, returns=schemas.Token)
@limits.sign_ins
def refresh() -> Response:
    """A new access token, and a new refresh token for the one in the cookie.

    Each refresh token is good for once. One that is used again ends the whole session, for it may
    have been stolen.
    """
    person, session = signing_in.rotate(who.presented_session(), database=context.ledger())
    return _answered(person, session)


@door.operation("POST", "/sign-out", allow=Open.SESSION, status=204)
def sign_out() -> Response:
    """End this session."""
    signing_in.end_session(who.presented_session(), database=context.ledger())
    return who.forget_session()


@door.operation("GET", "/oidc/sign-in", allow=Open.ANYBODY, status=302, fails=(401, 404))
@limits.sign_ins
def sign_in_by_provider() -> Any:
    """Go to the identity provider."""
    return oidc.leave()


@door.operation("GET", "/oidc/callback", allow=Open.ANYBODY, status=302, fails=(404,))
@limits.sign_ins
def come_from_provider() -> Any:
    """Come back from the identity provider, signed in; the page then refreshes its token.

    Where it does not let somebody in, the page is told the code of why: ``/?sign_in_refused=…``
    """
    try:
        person = oidc.come_back(request.remote_addr or "")
    except (Unauthorized, Forbidden, Conflict, Invalid) as error:
        return redirect(f"/?sign_in_refused={error.code}")
    home = redirect("/")
    who.give_session(home, person, _begun(person))
    return home


def _begun(person: Person) -> NewToken:
    """A session for somebody who has proved who they are."""
    return signing_in.begin_session(
        person, database=context.ledger(), settings=context.settings().web
    )


def _answered(person: Person, session: NewToken) -> Response:
    user = context.read(lambda ledger: people.get(session=ledger, which=person.user_id))
    made = make_response(
        schemas.Token().dump(
            {
                "access_token": who.access_token(person),
                "token_type": "Bearer",
                "expires_in": context.settings().web.access_minutes * 60,
                "user": user,
            }
        )
    )
    who.give_session(made, person, session)
    return made
