"""Marks of what has changed: each change moves its topic's mark, and no other's."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from rescuebot import clock, closing, halting, intake, watermarks
from rescuebot.advice.model import Advice, Draft
from rescuebot.archive.model import Archive, ArchiveLease, ArchiveState
from rescuebot.database import Database
from rescuebot.events import service as events
from rescuebot.events.dead_letters import Letter, bury
from rescuebot.events.model import CloudWatchEvent, EventStatus
from rescuebot.notices.model import Notice, NoticeStatus
from rescuebot.people import service as people
from rescuebot.people.model import ApiKey, User
from rescuebot.people.roles import Role
from rescuebot.servers import service as servers
from rescuebot.settings import Settings
from tests import factories, old


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


def _draft(database: Database) -> None:
    with database.transaction() as session:
        event = session.scalar(select(func.max(CloudWatchEvent.id)))
        advice = session.scalar(select(func.max(Advice.id)))
    assert event and advice
    content = {"content": "{}", "solution_hash": "0" * 64, "risk": "low", "state": "proposed"}
    ids = {"advice_id": advice, "cloudwatch_event_id": event}
    old.put(database, "draft", **ids, service_type="x", title="x", made_at=clock.now(), **content)


def _archive(database: Database) -> None:
    at = clock.now()
    with database.transaction() as session:
        session.add(Archive(place="/a", begun_by="t", first_at=at, last_at=at))


def _user(database: Database) -> None:
    about = {"role": Role.VIEWER, "actor": "tests", "password_hash": "x", "now": clock.now()}
    with database.transaction() as session:
        people.create(session=session, username=f"kim{uuid.uuid4().hex[:8]}", **about)


def _key(database: Database) -> None:
    with database.transaction() as session:
        about = {"created_by": "t", "created_at": clock.now(), "role": Role.INGEST, "prefix": "x"}
        session.add(ApiKey(name="a", live_name="a", key_hash="x", **about))


def _notice(database: Database) -> None:
    with database.transaction() as session:
        session.add(Notice(channel="ops", thread_key="event:1", state="opened", severity="fatal"))


CHANGES: dict[str, Callable[[Database], object]] = {
    "events": _event,
    "dead-letters": _letter,
    "maintenance-windows": _window,
    "halts": lambda database: halting.halt("*", reason="", actor="tests", database=database),
    "runbooks": factories.a_runbook,
    "commands": factories.a_command,
    "servers": lambda database: factories.a_server(database, server_id="i-9", minion_id="m-9"),
    "users": _user,
    "api-keys": _key,
    "archives": _archive,
    "drafts": _draft,
    "notices": _notice,
}


@pytest.mark.parametrize("topic", CHANGES)
def test_a_change_moves_the_mark_of_its_topic_alone(topic: str, database: Database) -> None:
    factories.a_server(database)
    old.an_advice(database, old.an_event(database))
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


CHANGES_AGAIN: dict[str, tuple[str, Callable[[Database], object]]] = {
    "a minion comes back": ("servers", lambda database: _in(database, _register)),
    "a key is removed": ("servers", lambda database: _in(database, _release)),
    "somebody signs in": ("users", lambda database: _in(database, _sign_in)),
    "a person is changed": ("users", lambda database: _in(database, _change)),
    "an API key is revoked": ("api-keys", lambda database: _in(database, _revoke)),
    "a file is written": ("archives", lambda database: _in(database, _write)),
    "somebody puts rows back": ("archives", lambda database: _in(database, _take_lease)),
    "a notice has been told": ("notices", lambda database: _in(database, _tell)),
    "a draft is judged": ("drafts", lambda database: _in(database, _judge)),
}


def _in(database: Database, change: Callable[[Session], object]) -> None:
    with database.transaction() as session:
        change(session)


def _tell(session: Session) -> None:
    session.execute(update(Notice).values(status=NoticeStatus.SENT))


def _register(session: Session) -> None:
    about = {"server_id": factories.SERVER, "os": "Debian 12", "now": clock.now()}
    servers.register(session=session, minion_id=factories.MINION, **about)


def _release(session: Session) -> None:
    servers.release(session=session, minion_id=factories.MINION)


def _sign_in(session: Session) -> None:
    session.execute(update(User).values(last_signed_in_at=clock.now()))


def _change(session: Session) -> None:
    session.execute(update(User).values(version=User.version + 1, role="admin"))


def _revoke(session: Session) -> None:
    session.execute(update(ApiKey).values(live_name=None, revoked_at=clock.now()))


def _write(session: Session) -> None:
    session.execute(update(Archive).values(state=ArchiveState.WRITTEN))


def _take_lease(session: Session) -> None:
    session.add(ArchiveLease(name="archive", token="t", held_by="kim"))


def _judge(session: Session) -> None:
    session.execute(update(Draft).values(state="verified", changed_at=clock.now()))


@pytest.mark.parametrize("what", CHANGES_AGAIN)
def test_a_change_to_what_is_there_moves_the_mark_of_its_topic_alone(
    what: str, database: Database
) -> None:
    old.an_advice(database, old.an_event(database))
    for made in (factories.a_server, _user, _key, _archive, _draft, _notice):
        made(database)
    topic, change = CHANGES_AGAIN[what]
    before = marks(database)
    change(database)
    after = marks(database)
    assert {name for name in after if after[name] != before[name]} == {topic}


def test_every_topic_has_a_mark(database: Database) -> None:
    assert set(marks(database)) == set(watermarks.TOPICS)
