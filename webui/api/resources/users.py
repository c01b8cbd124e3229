"""Users and their roles; for admins."""

from __future__ import annotations

from typing import Any

from flask import request
from rescuebot import admitting
from rescuebot.people import search, service
from webui.api import context, listing, who
from webui.api.door import ADMIN, LOCATION, Door
from webui.api.schemas import people as schemas

door = Door("users", path="/users", words="People and their roles.")

ONE = "/<int(min=1, max=2147483647):user_id>"


@door.operation("GET", "", allow=ADMIN, query=schemas.UserQuery, returns=schemas.PersonPage)
def list_users(query: dict[str, Any]) -> Any:
    """People by name."""
    return listing.page(search, query)


@door.operation("GET", ONE, allow=ADMIN, returns=schemas.Person, etag=True)
def get_user(user_id: int) -> Any:
    """One person."""
    user = context.read(lambda session: service.get(session=session, which=user_id))
    door.set_etag(_tag(user))
    return user


@door.operation(
    "POST",
    "",
    allow=ADMIN,
    body=schemas.UserIn,
    returns=schemas.OncePassword,
    status=201,
    fails=(409,),
    describe=LOCATION,
)
def create_user(body: dict[str, Any]) -> Any:
    """A new account. Its password is shown once, and must be changed at the first sign-in."""
    user, password = admitting.admit(actor=who.actor(), database=context.ledger(), **body)
    where = {"Location": f"{request.path}/{user.id}"}
    return {"user": user, "password": password}, 201, where


@door.operation(
    "PATCH",
    ONE,
    allow=ADMIN,
    body=schemas.UserChange,
    returns=schemas.Person,
    etag=True,
    fails=(409,),
)
def update_user(user_id: int, body: dict[str, Any]) -> Any:
    """Change a role, a name, or whether somebody may come in. The last admin stays one."""
    seen = context.read(lambda session: service.get(session=session, which=user_id))
    door.check_etag(_tag(seen))
    user = admitting.alter(
        user_id,
        expected_version=seen.version,
        actor=who.actor(),
        database=context.ledger(),
        **body,
    )
    door.set_etag(_tag(user))
    return user


@door.operation("POST", ONE + "/password", allow=ADMIN, returns=schemas.OncePassword, fails=(409,))
def reset_password(user_id: int) -> Any:
    """A new password for once. It lifts a lock, and all sessions of the person end."""
    user, password = admitting.set_password(user_id, actor=who.actor(), database=context.ledger())
    return {"user": user, "password": password}


def _tag(user: Any) -> list[Any]:
    return ["user", user.id, user.version]
