"""Keys of machines; for admins."""

from __future__ import annotations

from typing import Any

from rescuebot import clock
from rescuebot.people import keys, keys_search
from webui.api import context, listing, who
from webui.api.door import ADMIN, Door
from webui.api.schemas import people as schemas

door = Door("api-keys", path="/api-keys", words="Keys of machines.")


@door.operation("GET", "", allow=ADMIN, query=schemas.KeyQuery, returns=schemas.KeyPage)
def list_api_keys(query: dict[str, Any]) -> Any:
    """Keys, the latest first, also those that were revoked."""
    return listing.page(keys_search, query)


@door.operation(
    "POST",
    "",
    allow=ADMIN,
    body=schemas.KeyIn,
    returns=schemas.KeyMade,
    status=201,
    fails=(409,),
)
def create_api_key(body: dict[str, Any]) -> Any:
    """A new key. It is shown once; `ingest` may only hand in events."""
    row, key = context.change(
        lambda session: keys.create(session=session, actor=who.actor(), now=clock.now(), **body)
    )
    return {"api_key": row, "key": key}


@door.operation("DELETE", "/<int(min=1, max=2147483647):key_id>", allow=ADMIN, status=204)
def revoke_api_key(key_id: int) -> Any:
    """Revoke a key: from now on it opens nothing."""
    context.change(
        lambda session: keys.revoke(
            session=session, which=key_id, actor=who.actor(), now=clock.now()
        )
    )
