"""Halts: the stop that a person calls, and its end."""

from __future__ import annotations

from typing import Any

from rescuebot import halting
from rescuebot.guard import halts, halts_search
from webui.api import context, listing, who
from webui.api.door import OPERATOR, VIEWER, Door
from webui.api.schemas import guard as schemas

door = Door("halts", path="/halts", words="Stop and go.")


@door.operation("GET", "", allow=VIEWER, query=schemas.HaltQuery, returns=schemas.HaltPage)
def list_halts(query: dict[str, Any]) -> Any:
    """The halts that stand."""
    return listing.page(halts_search, query)


@door.operation(
    "POST",
    "",
    allow=OPERATOR,
    body=schemas.HaltIn,
    returns=schemas.Halt,
    status=201,
    fails=(409,),
)
def halt(body: dict[str, str]) -> Any:
    """Let nothing new start: everywhere, or on a service, a server or a minion."""
    return halting.halt(
        body["target"], reason=body["reason"], actor=who.actor(), database=context.ledger()
    )


@door.operation(
    "POST",
    "/<int(min=1, max=2147483647):halt_id>/lift",
    allow=OPERATOR,
    returns=schemas.Halt,
    fails=(409,),
)
def lift_halt(halt_id: int) -> Any:
    """Let work start again; what was held is looked at again at once."""
    found = context.read(lambda session: halts.get(session=session, halt_id=halt_id))
    return halting.resume(found.target, actor=who.actor(), database=context.ledger())
