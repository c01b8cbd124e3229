"""What is over for long is forgotten, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rescuebot import halting, signing_in, tidying
from rescuebot.admitting import admit
from rescuebot.database import Database
from rescuebot.people import service as people
from rescuebot.people.sessions import found
from rescuebot.requests import service as requests
from rescuebot.requests.service import Once
from rescuebot.settings import Settings

NOW = datetime(2026, 11, 22, 1, 5, tzinfo=UTC)
ONCE = Once(actor="web:kim", key="k" * 20, fingerprint="f" * 64)


def _asked(database: Database) -> None:
    with database.transaction() as session:
        requests.begin(session=session, once=ONCE, now=NOW)
        requests.note(session=session, once=ONCE, answer={"done": True}, now=NOW)


def test_an_answer_is_kept_for_a_day_and_then_forgotten(database: Database) -> None:
    _asked(database)
    assert tidying.tidy(database=database, now=lambda: NOW + timedelta(hours=23)) == 0
    assert tidying.tidy(database=database, now=lambda: NOW + timedelta(hours=25)) == 1
    with database.reading() as session:
        assert requests.answer_of(session=session, once=ONCE) is None


def test_a_session_is_forgotten_a_week_after_its_end(database: Database) -> None:
    admit("kim", role="viewer", actor="tests", database=database, now=lambda: NOW)
    with database.reading() as session:
        person = people.person(session=session, user_id=people.get(session=session, which="kim").id)
    assert person is not None
    token = signing_in.begin_session(
        person, database=database, settings=Settings().web, now=lambda: NOW
    )
    assert tidying.tidy(database=database, now=lambda: NOW + timedelta(days=7)) == 0
    assert tidying.tidy(database=database, now=lambda: NOW + timedelta(days=8)) == 1
    with database.reading() as session:
        assert found(session=session, jti=token.jti) is None


def test_what_people_have_done_is_not_forgotten(database: Database) -> None:
    halting.halt("*", reason="", actor="tests", database=database, now=lambda: NOW)
    assert tidying.tidy(database=database, now=lambda: NOW + timedelta(days=3650)) == 0
