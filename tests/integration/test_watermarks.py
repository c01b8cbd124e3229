"""Marks of what has changed: each change moves its topic's mark, and no other's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from rescuebot import clock, closing, halting, intake, watermarks
from rescuebot.database import Database
from rescuebot.events import service as events
from rescuebot.events.dead_letters import Letter, bury
from rescuebot.events.model import EventStatus
from rescuebot.settings import Settings
from tests import factories


def marks(database: Database) -> dict[str, str]:
    with database.reading() as session:
        return watermarks.marks(session=session)


def _event(database: Database) -> None:
    intake.receive([factories.message()], database=database, settings=Settings().intake)


def _letter(database: Database) -> None:
    with database.transaction() as session:
        letter = Letter(message_id="m", reason="empty", detail="", body="")
        bury(session=session, letters=[letter], now=clock.now())


def _window(database: Database) -> None:
    halting.open_window(
        "*",
        starts_at=clock.now(),
        ends_at=clock.now() + timedelta(hours=1),
        reason="work",
        actor="tests",
        database=database,
    )


CHANGES: dict[str, Callable[[Database], object]] = {
    "events": _event,
    "dead-letters": _letter,
    "maintenance-windows": _window,
    "halts": lambda database: halting.halt("*", reason="", actor="tests", database=database),
    "runbooks": factories.a_runbook,
    "commands": factories.a_command,
}


@pytest.mark.parametrize("topic", CHANGES)
def test_a_change_moves_the_mark_of_its_topic_alone(topic: str, database: Database) -> None:
    before = marks(database)
    assert marks(database) == before
    CHANGES[topic](database)
    after = marks(database)
    assert {name for name in after if after[name] != before[name]} == {topic}


def test_what_a_person_does_to_an_event_moves_its_mark(database: Database) -> None:
    _event(database)
    before = marks(database)
    with database.reading() as session:
        event_id = events.list_(session=session)[0].id
    closing.close(
        [event_id], status=EventStatus.RESOLVED, reason="ok", actor="tests", database=database
    )
    assert marks(database)["events"] != before["events"]


def test_lifting_a_halt_moves_the_mark(database: Database) -> None:
    halting.halt("*", reason="", actor="tests", database=database)
    before = marks(database)
    halting.resume("*", actor="tests", database=database)
    assert marks(database)["halts"] != before["halts"]


def test_every_topic_has_a_mark(database: Database) -> None:
    assert set(marks(database)) == set(watermarks.TOPICS)
