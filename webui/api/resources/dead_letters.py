"""Dead letters: messages that nobody could read, with what can be done about them."""

from __future__ import annotations

from typing import Any

from rescuebot import intake
from rescuebot.events import dead_letters, letters_search
from webui.api import context, listing, who
from webui.api.door import OPERATOR, VIEWER, Door
from webui.api.schemas import events as schemas

door = Door("dead-letters", path="/dead-letters", words="Messages that nobody could read.")

ONE = "/<int(min=1, max=2147483647):letter_id>"


@door.operation("GET", "", allow=VIEWER, query=schemas.LetterQuery, returns=schemas.LetterPage)
def list_dead_letters(query: dict[str, Any]) -> Any:
    """Dead letters, the latest first, without their bodies."""
    return listing.page(letters_search, query)


@door.operation("GET", ONE, allow=OPERATOR, returns=schemas.LetterWhole)
def get_dead_letter(letter_id: int) -> Any:
    """One dead letter with its body: foreign text."""
    return context.read(lambda session: dead_letters.get(session=session, letter_id=letter_id))


@door.operation(
    "POST", ONE + "/requeue", allow=OPERATOR, returns=schemas.HandedInAll, fails=(409, 422)
)
def requeue_dead_letter(letter_id: int) -> Any:
    """Give it back to intake, which helps after a rule or a version has changed."""
    receipt = intake.requeue(
        letter_id,
        actor=who.actor(),
        database=context.ledger(),
        settings=context.settings().intake,
    )
    return {"events": receipt.recorded}


@door.operation("POST", ONE + "/discard", allow=OPERATOR, status=204, fails=(409,))
def discard_dead_letter(letter_id: int) -> Any:
    """Close it for good; its row stays."""
    intake.discard(letter_id, actor=who.actor(), database=context.ledger())
