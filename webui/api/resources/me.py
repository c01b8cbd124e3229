"""Whoever is asking, and what they may change of themselves."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from rescuebot import clock, signing_in
from rescuebot.people import service as people
from rescuebot.people.roles import Person, Role
from webui.api import context, limits, who
from webui.api.door import VIEWER, Door
from webui.api.schemas import people as schemas

door = Door("me", path="/me", words="Whoever is asking.")
_ANY_ROLE = frozenset(Role)


@door.operation("GET", "", allow=_ANY_ROLE, returns=schemas.Me, owed_password=True)
def get_me() -> dict[str, Any]:
    """Who is asking, and in which role."""
    caller = who.caller()
    if isinstance(caller, Person):
        user = context.read(lambda session: people.get(session=session, which=caller.user_id))
        return {"kind": "person", "name": user.username, "role": caller.role, "user": user}
    return {"kind": "machine", "name": caller.name, "role": caller.role, "user": None}


@door.operation(
    "PATCH",
    "",
    allow=VIEWER,
    people_only=True,
    body=schemas.MeChange,
    returns=schemas.Person,
    fails=(409,),
)
def update_me(body: dict[str, str]) -> Any:
    """Change one's own name or language."""
    person = who.person()

    def _work(session: Session) -> Any:
        user = people.get(session=session, which=person.user_id)
        return people.update(
            session=session,
            which=user.id,
            expected_version=user.version,
            actor=person.actor,
            now=clock.now(),
            **body,
        )

    return context.change(_work)


@door.operation(
    "PUT",
    "/password",
    allow=VIEWER,
    people_only=True,
    body=schemas.PasswordChange,
    status=204,
    owed_password=True,
)
@limits.sign_ins
def change_password(body: dict[str, str]) -> Response:
    """Choose a new password. All sessions end; sign in with the new one."""
    signing_in.change_password(
        who.person().user_id,
        old=body["old_password"],
        new=body["new_password"],
        origin=request.remote_addr or "",
        database=context.ledger(),
        settings=context.settings().web,
    )
    return who.forget_session()


@door.operation(
    "POST", "/sign-out-everywhere", allow=VIEWER, people_only=True, status=204, owed_password=True
)
def sign_out_everywhere() -> Response:
    """End all of one's sessions and void all access tokens."""
    signing_in.end_all(who.person().user_id, actor=who.actor(), database=context.ledger())
    return who.forget_session()
