"""Commands: how a service is looked at, restarted, and asked for its logs."""

from __future__ import annotations

from typing import Any

from rescuebot.commands import search, service, validation
from webui.api import listing
from webui.api.door import VIEWER, Door
from webui.api.resources.kept import Noun
from webui.api.schemas import runbooks as schemas

door = Door("commands", path="/commands", words="How a service is looked at and restarted.")


@door.operation("GET", "", allow=VIEWER, query=schemas.CommandQuery, returns=schemas.CommandPage)
def list_commands(query: dict[str, Any]) -> Any:
    """Commands by name; of a service, of a type, with a word in them, or deleted ones."""
    return listing.page(search, query)


Noun(
    word="command",
    service=service,
    noun=service.NOUN,
    problems_of=validation.problems_of,
    row=schemas.Command,
    new=schemas.CommandIn,
    change=schemas.CommandChange,
).add_to(door)
