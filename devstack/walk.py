"""The walk of one event, read from the ledger while it happens.

Invariant: nothing is said that is not in a row; the times are those of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from devstack.errors import WorldError
from rescuebot import history
from rescuebot.database import Contention, Database
from rescuebot.errors import DatabaseUnavailable, SchemaOutdated
from rescuebot.events.model import CloudWatchEvent

Story = dict[str, Any]

_LABELS = {
    "match": "runbook chosen",
    "guard": "guard",
    "intake": "intake",
    "server": "server looked up",
    "outcome": "outcome",
}


@dataclass(frozen=True, order=True)
class Moment:
    """Something that happened to an event."""

    at: datetime
    label: str
    words: str


def story_of(ledger: Database, message_id: str) -> Story | None:
    """What ``rescue.event`` would say of the event that this message became, None before that."""
    query = select(CloudWatchEvent.id).where(CloudWatchEvent.message_id == message_id)
    try:
        with ledger.reading() as session:
            event_id = session.scalar(query)
            if event_id is None:
                return None
            return history.of_event(session=session, event_id=event_id)
    except (Contention, DatabaseUnavailable, SchemaOutdated) as error:
        raise WorldError(error.message) from None


def has_ended(story: Story) -> bool:
    """Whether nothing more will happen to the event by itself."""
    return story["event"]["status"] in ("resolved", "failed")


def moments(story: Story) -> list[Moment]:
    """All that has happened so far, in order."""
    found = [
        *_of_event(story["event"]),
        *_of_decisions(story["decisions"]),
        *_of_advice(story["advice"]),
        *(moment for run in story["executions"] for moment in _of_execution(run)),
    ]
    # What has the same time stays in the order of the walk.
    return sorted(found, key=lambda moment: moment.at)


def _of_event(event: Story) -> Iterator[Moment]:
    what = f"{event['event_type']} of {event['service_type'] or 'an unknown service'}"
    where = event["server_id"] or "no server"
    yield Moment(
        at=_time(event["received_at"]),
        label="event recorded",
        words=f"event {event['id']}: {what} on {where}, {event['severity']}",
    )
    if event["claimed_at"]:
        yield Moment(
            at=_time(event["claimed_at"]),
            label="claimed",
            words=f"by {event['claimed_by']}",
        )


def _of_decisions(decisions: list[Story]) -> Iterator[Moment]:
    for decision in decisions:
        label = _LABELS.get(decision["subject"], str(decision["subject"]))
        if decision["verdict"] == "no_runbook":
            label = "no runbook"
        yield Moment(
            at=_time(decision["decided_at"]),
            label=label,
            words=f"{decision['verdict']}: {decision['words']}",
        )


def _of_advice(advice: Story | None) -> Iterator[Moment]:
    if advice is None:
        return
    if advice["asked_at"]:
        words = f"advice {advice['id']}, by {advice['asked_by']}"
        yield Moment(at=_time(advice["asked_at"]), label="model asked", words=words)
    if advice["answered_at"]:
        tokens = f"{advice['input_tokens']} tokens in, {advice['output_tokens']} out"
        dollars = advice["cost_micros"] / 1_000_000
        words = f"{advice['model_id']}: {tokens}, {dollars:.4f} US dollars"
        yield Moment(at=_time(advice["answered_at"]), label="model answers", words=words)


def _of_execution(run: Story) -> Iterator[Moment]:
    if run["dispatched_at"]:
        yield Moment(
            at=_time(run["dispatched_at"]),
            label="job sent",
            words=f"execution {run['id']} to {run['minion_id']}, jid {run['jid']}",
        )
    if run["started_at"]:
        words = "its work, which only it may see"
        yield Moment(at=_time(run["started_at"]), label="minion fetches", words=words)
    for log in run["logs"]:
        yield Moment(at=_time(log["executed_at"]), label=log["step"], words=_step_words(log))


def _step_words(log: Story) -> str:
    """What a step says of the service: a check that fails has found it down."""
    good = log["execution_status"] == "success"
    if log["step"] == "fix":
        meaning = "done" if good else log["execution_status"]
    elif log["execution_status"] == "timeout":
        meaning = "no answer in time"
    else:
        meaning = "the service is up" if good else "the service is down"
    return f"{meaning} (retcode {log['retcode']})"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
