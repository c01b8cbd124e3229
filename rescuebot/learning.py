"""From a draft that has helped to a runbook, with the event it came from as its regression case."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.orm import Session

from rescuebot import clock
from rescuebot.advice import drafts
from rescuebot.advice.model import Draft
from rescuebot.audit import service as audit
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import Invalid, Problem
from rescuebot.events import service as events
from rescuebot.runbooks import index
from rescuebot.runbooks import service as runbooks
from rescuebot.runbooks.model import RunbookMode

_MODES = (RunbookMode.SHADOW, RunbookMode.ASK)


@repeat_on_contention
def promote(
    draft_id: int,
    *,
    mode: str,
    actor: str,
    database: Database,
    now: clock.Clock = clock.now,
) -> int:
    """Make a runbook of a draft that was verified; returns the runbook's id.

    Its mode is `shadow` or `ask`: one success does not earn `auto`.
    """
    if mode not in _MODES:
        raise Invalid([Problem("mode", "must be shadow or ask; one success does not earn auto")])
    with database.transaction() as session:
        draft = drafts.get(session=session, draft_id=draft_id)
        runbook = runbooks.create(
            session=session,
            created_by=actor,
            actor=actor,
            via="advice",
            now=now(),
            mode=mode,
            **_fields(draft),
        )
        drafts.promote(session=session, draft=draft, runbook_id=runbook.id, actor=actor, now=now())
        audit.note(
            session=session,
            actor=actor,
            action="draft_promoted",
            subject=f"draft {draft.id}",
            detail=f"It is runbook {runbook.id} now, in mode {mode}.",
            now=now(),
        )
        return int(runbook.id)


def regressions(*, session: Session) -> list[dict[str, Any]]:
    """Whether each promoted runbook is still found by the event that it was drafted for."""
    current = index.current(session=session)
    told = []
    for draft in drafts.promoted(session=session):
        event = events.get(session=session, event_id=draft.cloudwatch_event_id)
        found = current.look_up(event.service_type, event.event_message)
        matched = {fit.candidate.id for fit in found.matched}
        told.append(
            {
                "regression_of": draft.runbook_id,
                "title": draft.title,
                "event": event.id,
                "ok": draft.runbook_id in matched,
                "words": found.words,
            }
        )
    return told


def _fields(draft: Draft) -> dict[str, Any]:
    action = json.loads(draft.content)
    description = (
        f"Drafted by the model for event {draft.cloudwatch_event_id}, risk {draft.risk}. "
        f"{action['risk_words']}\nHow to see that it has helped: {action['verification']}\n"
        f"How to take it back: {action['rollback']}"
    )
    return {
        "title": action["title"],
        "service_type": action["service_type"],
        "error_pattern": action["error_pattern"],
        "solution_kind": action["solution_kind"],
        "solution_script": action["solution"],
        "description": description,
    }
