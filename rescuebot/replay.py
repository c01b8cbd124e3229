"""All of a stretch of history again, under other runbooks: what would have been done?

Invariant: the runbooks are really changed and the decisions really made, in a transaction that is
always rolled back; nothing of it stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from rescuebot import as_code, clock, guarding, plain
from rescuebot.database import Database
from rescuebot.events import past
from rescuebot.events.past import PastEvent
from rescuebot.executions import facts
from rescuebot.guard import halts, windows
from rescuebot.guard import service as decisions
from rescuebot.guard.rules import Verdict
from rescuebot.guard.timeline import Stood, Timeline
from rescuebot.rehearsal import undone
from rescuebot.runbooks import index
from rescuebot.runbooks.index import Index
from rescuebot.runbooks.match import Candidate
from rescuebot.runbooks.model import RunbookMode
from rescuebot.servers import service as servers
from rescuebot.settings import Settings

MOST_EVENTS = 20_000
# How long a run lasts that was never made; one that was lasts as long as it did.
_LASTS = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What was done about one event, and what would be."""

    event: PastEvent
    was: str
    runbook_was: int | None
    would: str
    runbook: Candidate | None
    shadows: tuple[Candidate, ...]
    words: str

    @property
    def changed(self) -> bool:
        """Whether another runbook would have been chosen, or none, or one would have watched."""
        chosen = None if self.runbook is None else self.runbook.id
        return chosen != self.runbook_was or bool(self.shadows)

    def told(self) -> dict[str, Any]:
        """For people and for JSON."""
        return {
            "replayed": self.event.id,
            "event_time": plain.value(self.event.event_time),
            "server_id": self.event.server_id,
            "service_type": self.event.service_type,
            "was": self.was,
            "would": self.would,
            "runbook_was": self.runbook_was,
            "runbook": None if self.runbook is None else self.runbook.name,
            "shadows": ", ".join(shadow.name for shadow in self.shadows),
            "changed": self.changed,
            "words": self.words,
        }


def replay(
    *,
    since: timedelta,
    documents: as_code.Documents | None,
    database: Database,
    settings: Settings,
    now: clock.Clock = clock.now,
) -> dict[str, Any]:
    """The events since then, under the runbooks as they are or as `documents` would make them.

    Raises Invalid where the documents are not valid. Of more than MOST_EVENTS the latest are taken.
    """

    def _work(session: Session) -> dict[str, Any]:
        imported = _change(session, documents, now())
        events = past.since(session=session, since=now() - since, limit=MOST_EVENTS)
        rows = list(_replayed(session, events, settings, now()))
        return {
            "replay": _counts(rows),
            "imported": imported,
            "cut": len(events) == MOST_EVENTS,
            "rows": [row.told() for row in rows],
        }

    return undone(database, _work)


def _change(
    session: Session, documents: as_code.Documents | None, now: datetime
) -> dict[str, int] | None:
    if documents is None:
        return None
    planned = as_code.plan(session=session, documents=documents)
    return as_code.apply(session=session, plan=planned, actor="replay", now=now, force=True)


def _replayed(
    session: Session, events: Sequence[PastEvent], settings: Settings, now: datetime
) -> Iterator[Replayed]:
    services = {event.service_type for event in events}
    timeline = Timeline(
        settings=settings.guard,
        fleets=servers.fleets(session=session, services=services),
        stood=_stood(session, now),
    )
    minions = servers.minions_of(session=session, server_ids={event.server_id for event in events})
    ids = [event.id for event in events]
    did = facts.runs_of_events(session=session, event_ids=ids)
    chosen = decisions.runbooks_of_events(session=session, event_ids=ids)
    current = index.current(session=session)
    for event in events:
        for changed_at in event.changes:
            timeline.change(event.alarm, changed_at)
        yield _again(event, did.get(event.id), chosen.get(event.id), current, timeline, minions)


def _again(
    event: PastEvent,
    run: facts.PastRun | None,
    runbook_was: int | None,
    current: Index,
    timeline: Timeline,
    minions: Mapping[str, str],
) -> Replayed:
    found = current.look_up(event.service_type, event.message)
    would, words = _would(
        event, run, found.winner, bool(found.shadows), found.words, timeline, minions
    )
    return Replayed(
        event=event,
        was=event.outcome or event.status,
        runbook_was=runbook_was,
        would=would,
        runbook=found.winner,
        shadows=found.shadows,
        words=words,
    )


def _would(
    event: PastEvent,
    run: facts.PastRun | None,
    chosen: Candidate | None,
    shadows: bool,
    why: str,
    timeline: Timeline,
    minions: Mapping[str, str],
) -> tuple[str, str]:
    """A stable word for what would have been done, and the sentence."""
    if chosen is None:
        return "shadow" if shadows else "no_runbook", why
    minion_id = minions.get(event.server_id)
    if minion_id is None:
        return "no_minion", f"{why} But its server has no minion."
    verdict = _judged(event, run, chosen, minion_id, timeline)
    if verdict.rule is not None:
        return f"held: {verdict.rule}", f"{why} {verdict.words}"
    if chosen.mode is RunbookMode.ASK:
        return "ask", f"{why} It is in mode ask, so a person is asked."
    return "run", why


def _judged(
    event: PastEvent,
    run: facts.PastRun | None,
    chosen: Candidate,
    minion_id: str,
    timeline: Timeline,
) -> Verdict:
    same = run is not None and run.runbook_id == chosen.id
    return timeline.judge(
        guarding.request_for(event, chosen, minion_id),
        alarm=event.alarm,
        at=event.received_at,
        lasts=run.lasted if run is not None and run.lasted is not None else _LASTS,
        # Nobody knows whether a remedy that was not tried would have helped; it is given credit.
        helps=not same or run is None or run.helped,
    )


def _stood(session: Session, now: datetime) -> list[Stood]:
    stopped = [
        Stood(what=stop, since=stop.called_at, until=until)
        for stop, until in halts.history(session=session)
    ]
    maintained = [
        Stood(what=window, since=since, until=until)
        for window, since, until in windows.history(session=session)
    ]
    return [*stopped, *maintained]


def _counts(rows: Sequence[Replayed]) -> dict[str, Any]:
    would = Counter(row.would for row in rows)
    return {
        "events": len(rows),
        "changed": sum(row.changed for row in rows),
        "would": dict(sorted(would.items())),
        "was": dict(sorted(Counter(row.was for row in rows).items())),
    }
