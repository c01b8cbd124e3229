"""The doctor's rounds: what is found is kept whole, replaced at once, and told as old in time."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from rescuebot import doctor, looking
from rescuebot.audit.model import AuditEntry
from rescuebot.database import Database
from rescuebot.findings import service as findings
from rescuebot.findings.model import DoctorLook, DoctorRequest, Finding
from rescuebot.settings import Settings, TrackerSettings
from tests.factories import NOW

MASTER = "salt-1"
MINUTE = timedelta(minutes=1)


class Silent(Exception):
    """What Salt raises when the master does not take a question."""


def look(database: Database, *, at: timedelta = timedelta(), master: str = MASTER) -> bool:
    """The look of a master on which nothing of ours is configured."""
    return looking.look_if_due(
        master=master,
        owner=f"rescue_tracker@{master}:1",
        facts=doctor.MasterFacts,
        database=database,
        settings=Settings(tracker=TrackerSettings(doctor_minutes=10)),
        now=lambda: NOW + at,
    )


def keep(
    database: Database, *, at: timedelta = timedelta(), master: str = MASTER, **well: bool
) -> bool:
    """Findings by name, and whether each is well."""
    checks = [
        {"name": name, "ok": ok, "detail": f"{name} at {at}", "remedy": "" if ok else "Mend it."}
        for name, ok in well.items()
    ]
    with database.transaction() as session:
        return findings.keep(
            session=session,
            master=master,
            owner="rescue_tracker@h:1",
            checks=checks,
            looked_at=NOW + at,
            due_at=NOW + at + 5 * MINUTE,
            request_id=0,
        )


def latest(database: Database, at: timedelta = timedelta()) -> list[findings.Findings]:
    with database.reading() as session:
        return findings.latest(session=session, now=NOW + at)


def test_a_look_keeps_every_check_in_the_order_in_which_causes_are_mended(
    database: Database,
) -> None:
    assert look(database)
    (found,) = latest(database)
    names = [one.name for one in found.findings]
    assert names[:2] == ["database", "migrations"] and names[-1] == "servers"
    assert all(one.ok == (one.remedy == "") for one in found.findings)
    assert (found.look.master, found.look.looked_at, found.ok) == (MASTER, NOW, False)


def test_what_is_not_well_is_looked_at_again_after_a_minute_and_no_sooner(
    database: Database,
) -> None:
    assert look(database)
    assert not look(database, at=0.9 * MINUTE)
    assert look(database, at=MINUTE)


def test_what_is_well_is_looked_at_again_when_the_settings_say(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = doctor.report([doctor.Check(name="database", ok=True, detail="x")])
    monkeypatch.setattr(doctor, "examine", lambda **_: well)
    assert look(database)
    assert not look(database, at=9 * MINUTE)
    assert look(database, at=10 * MINUTE)


def test_somebody_who_asks_is_answered_by_every_master_once(database: Database) -> None:
    masters = (MASTER, "salt-2")
    assert all(look(database, master=master) for master in masters)
    looking.ask_anew(actor="web:kim", database=database, now=lambda: NOW)
    assert all(found.asked_again for found in latest(database))
    for master in masters:
        assert look(database, at=timedelta(seconds=1), master=master)
        assert not look(database, at=timedelta(seconds=2), master=master)
    assert not any(found.asked_again for found in latest(database))
    with database.reading() as session:
        assert session.scalars(select(AuditEntry.action)).all() == ["doctor_asked"]


def test_a_question_during_a_look_leads_to_another_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    examine = doctor.examine

    def asked_meanwhile(**given: Any) -> dict[str, Any]:
        looking.ask_anew(actor="web:kim", database=database, now=lambda: NOW)
        return examine(**given)

    monkeypatch.setattr(doctor, "examine", asked_meanwhile)
    assert look(database)
    monkeypatch.setattr(doctor, "examine", examine)
    assert look(database, at=timedelta(seconds=2))


def test_old_questions_are_forgotten_and_no_number_is_given_twice(database: Database) -> None:
    numbers = [
        looking.ask_anew(actor="web:kim", database=database, now=lambda: NOW + at * MINUTE).id
        for at in (0, 1, 60 * 24 + 5, 60 * 48 + 9)
    ]
    assert numbers == sorted(set(numbers))
    with database.reading() as session:
        assert session.scalars(select(DoctorRequest.id)).all() == numbers[-1:]


def test_a_check_that_stays_as_it_was_says_since_when(database: Database) -> None:
    assert keep(database, tables=True, queue=False)
    assert keep(database, at=5 * MINUTE, tables=True, queue=False, minions=False)
    assert keep(database, at=10 * MINUTE, tables=False, queue=False)
    (found,) = latest(database)
    assert {one.name: one.since - NOW for one in found.findings} == {
        "tables": 10 * MINUTE,
        "queue": timedelta(),
    }
    assert [one.detail for one in found.findings][1] == f"queue at {10 * MINUTE}"


def test_a_look_that_began_earlier_does_not_replace_a_later_one(database: Database) -> None:
    assert keep(database, at=MINUTE, queue=True)
    assert not keep(database, queue=False)
    (found,) = latest(database)
    assert found.ok and found.look.looked_at == NOW + MINUTE


def test_of_two_that_keep_at_once_both_are_whole_and_the_later_stays(database: Database) -> None:
    errors: list[BaseException] = []
    gate = threading.Barrier(2)

    def write(at: timedelta) -> None:
        gate.wait()
        try:
            looking.repeat_on_contention(keep)(database, at=at, a=True, b=bool(at), c=True)
        except BaseException as error:  # the assertion below shows it
            errors.append(error)

    for _ in range(5):
        threads = [threading.Thread(target=write, args=(at,)) for at in (timedelta(), MINUTE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
    (found,) = latest(database)
    assert found.look.looked_at == NOW + MINUTE
    assert [(one.name, one.ok) for one in found.findings] == [
        ("a", True),
        ("b", True),
        ("c", True),
    ]


def test_findings_are_old_when_the_next_look_did_not_come(database: Database) -> None:
    assert keep(database, queue=True)
    assert not latest(database, at=6 * MINUTE)[0].old
    assert latest(database, at=8 * MINUTE)[0].old


def test_masters_that_found_something_come_first(database: Database) -> None:
    assert keep(database, master="a", queue=True)
    assert keep(database, master="b", queue=False)
    assert [found.look.master for found in latest(database)] == ["b", "a"]


def test_a_master_that_is_gone_for_good_is_forgotten(database: Database) -> None:
    assert keep(database, master="gone", queue=False)
    assert keep(database, at=timedelta(days=29), queue=True)
    assert len(latest(database)) == 2
    assert keep(database, at=timedelta(days=31), queue=True)
    assert [found.look.master for found in latest(database)] == [MASTER]
    with database.reading() as session:
        counts = [
            session.scalar(select(func.count()).select_from(t)) for t in (DoctorLook, Finding)
        ]
    assert counts == [1, 1]


def facts(
    answers: Mapping[str, Any], asked: list[Sequence[str]], **more: Any
) -> doctor.MasterFacts:
    def ask(names: Sequence[str], *_: Any, **__: Any) -> Mapping[str, Any]:
        asked.append(names)
        return {name: answers[name] for name in names if name in answers}

    opts = {"engines": [{"rescue_sqs": {}}], "reactor": None}
    return looking.facts_of(opts, accepted=["c", "a", "b"], ask=ask, trouble=Silent, **more)


def test_minions_are_asked_some_at_a_time_and_who_is_away_has_no_answer() -> None:
    asked: list[Sequence[str]] = []
    answers = {"a": {"ret": {"pillar": "x"}}, "b": {"out": "no_return", "ret": "made up"}}
    found = facts(answers, asked, at_once=2)
    assert asked == [["a", "b"], ["c"]]
    assert found.self_tests == {"a": {"pillar": "x"}, "b": None, "c": None}
    assert list(found.engines) == ["rescue_sqs"]


def test_without_minions_nobody_is_asked() -> None:
    found = looking.facts_of({}, accepted=[], ask=lambda *_, **__: {}, trouble=Silent)
    assert found.self_tests == {}


def test_a_master_that_does_not_answer_is_told_from_minions_that_do_not() -> None:
    def ask(*_: Any, **__: Any) -> Mapping[str, Any]:
        raise Silent

    found = looking.facts_of({}, accepted=["a"], ask=ask, trouble=Silent)
    assert found.self_tests is None
