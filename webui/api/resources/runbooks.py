"""Runbooks: which fix belongs to which message; and trying one out before it is trusted."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from rescuebot import as_code, rehearsal, replay
from rescuebot.errors import Busy, Invalid, Problem
from rescuebot.runbooks import search, service, validation
from webui.api import context, listing, who
from webui.api.door import OPERATOR, VIEWER, Door
from webui.api.resources.kept import Noun
from webui.api.schemas import rehearsals
from webui.api.schemas import runbooks as schemas

door = Door("runbooks", path="/runbooks", words="Which fix belongs to which message.")

_MOST_ROWS = 1000
# A replay reads much and, in SQLite, keeps writers out: one at a time.
_one_replay = threading.Lock()


@door.operation("GET", "", allow=VIEWER, query=schemas.RunbookQuery, returns=schemas.RunbookPage)
def list_runbooks(query: dict[str, Any]) -> Any:
    """Runbooks by title; of a service, in a mode, with a word in them, or deleted ones."""
    return listing.page(search, query)


@door.operation("POST", "/match", allow=VIEWER, body=rehearsals.MatchIn, returns=rehearsals.Match)
def match_runbooks(body: dict[str, str]) -> Any:
    """Which runbook fits a message, what else does, and what nearly does and why not."""
    return context.read(lambda session: rehearsal.match(session=session, **body))


@door.operation(
    "POST", "/try-pattern", allow=VIEWER, body=rehearsals.PatternIn, returns=rehearsals.TriedAll
)
def try_pattern(body: dict[str, Any]) -> Any:
    """In which of the latest messages of a service a pattern is found."""
    return context.read(lambda session: rehearsal.try_pattern(session=session, **body))


@door.operation(
    "POST", "/replay", allow=OPERATOR, body=rehearsals.ReplayIn, returns=rehearsals.Replay
)
def replay_runbooks(body: dict[str, Any]) -> Any:
    """What would have been done in a stretch of history, had a runbook been so. Nothing is kept."""
    documents = None
    if body["runbook"] is not None:
        content = context.read(lambda session: _content(session, body))
        documents = as_code.of_runbook(content)
    if not _one_replay.acquire(blocking=False):
        raise Busy("Another replay is under way.", retry_after=5)
    try:
        found = replay.replay(
            since=timedelta(days=body["days"]),
            documents=documents,
            database=context.ledger(),
            settings=context.settings(),
        )
    finally:
        _one_replay.release()
    # Those that would go as they went stand behind the counts, too.
    rows = sorted(found["rows"], key=lambda row: not row["changed"])
    return {**found, "rows": rows[:_MOST_ROWS]}


def _content(session: Session, body: dict[str, Any]) -> dict[str, Any]:
    """The runbook as it would be: what is there, and what is changed of it."""
    before: dict[str, Any] = {}
    if body["runbook_id"] is not None:
        row = service.get(session=session, which=body["runbook_id"])
        before = service.NOUN.content(row)
    changed = {name: getattr(value, "value", value) for name, value in body["runbook"].items()}
    content = validation.completed({**before, **changed})
    problems = validation.problems_of(content)
    if problems:
        raise Invalid([Problem(f"runbook/{one.field}", one.message) for one in problems])
    return content


Noun(
    word="runbook",
    service=service,
    noun=service.NOUN,
    problems_of=lambda fields: validation.problems_of(validation.completed(fields)),
    row=schemas.Runbook,
    new=schemas.RunbookIn,
    change=schemas.RunbookChange,
    more=lambda: {"created_by": who.actor()},
).add_to(door)
