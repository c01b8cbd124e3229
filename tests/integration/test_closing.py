"""Closing events by hand, opening them again, deleting and restoring them, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from rescuebot import closing, history, intake, remediation
from rescuebot.advice.model import Consultation, ConsultationState
from rescuebot.approvals.model import Approval, ApprovalState
from rescuebot.audit import service as audit
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import Conflict, Invalid, NotFound
from rescuebot.events import past
from rescuebot.events import service as events
from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome
from rescuebot.executions.model import Execution, ExecutionState, SaltStackEventLog
from rescuebot.guard.model import Decision
from rescuebot.requests.each import Became
from rescuebot.runbooks.model import RunbookMode
from rescuebot.settings import IntakeSettings
from tests import factories
from tests.factories import NOW, SERVER, message
from tests.integration.test_advising import shop_of
from tests.integration.test_remediation import an_event, handle
from tests.integration.test_tracking import FakeFleet, Scene

RESOLVED, FAILED = EventStatus.RESOLVED, EventStatus.FAILED


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database=database, fleet=FakeFleet())


def close(scene: Scene, *event_ids: int, **how: Any) -> tuple[Became, ...]:
    values = {"status": RESOLVED, "reason": "the DBA did it", "actor": "kim", **how}
    return closing.close(event_ids, database=scene.database, now=scene.now, **values)


def reopen(scene: Scene, *event_ids: int, **how: Any) -> tuple[Became, ...]:
    values = {"actor": "kim", **how}
    return closing.reopen(event_ids, database=scene.database, now=scene.now, **values)


def delete(scene: Scene, *event_ids: int) -> tuple[Became, ...]:
    return closing.take_back(
        event_ids, reason="a drill", actor="kim", database=scene.database, now=scene.now
    )


def restore(scene: Scene, *event_ids: int) -> tuple[Became, ...]:
    return closing.give_back(event_ids, actor="kim", database=scene.database, now=scene.now)


def became(found: tuple[Became, ...]) -> list[str]:
    return [item.became for item in found]


def the(scene: Scene, event_id: int) -> CloudWatchEvent:
    with scene.database.reading() as session:
        return events.get(session=session, event_id=event_id)


def told(scene: Scene, subject: str = "by_hand") -> list[tuple[str, str]]:
    query = select(Decision.verdict, Decision.words).where(Decision.subject == subject)
    with scene.database.reading() as session:
        return [(row[0], row[1]) for row in session.execute(query.order_by(Decision.id))]


def audited(scene: Scene) -> list[tuple[str, str]]:
    with scene.database.reading() as session:
        return [(row.action, row.subject) for row in audit.list_(session=session)]


def ended(scene: Scene, verdict: str = "changed_not_fixed") -> int:
    """An event whose run has ended so."""
    scene.plan()
    assert scene.dispatch() == 1
    assert scene.bring(scene.result(verdict))
    return scene.event().id


@pytest.mark.parametrize("status", [RESOLVED, FAILED])
def test_a_new_event_is_closed_and_that_is_said_twice(scene: Scene, status: EventStatus) -> None:
    event_id = an_event(scene.database)
    assert became(close(scene, event_id, status=status)) == ["closed"]
    event = the(scene, event_id)
    assert (event.status, event.outcome, event.resolved_at) == (status, Outcome.BY_HAND, NOW)
    assert told(scene) == [("closed", f"kim has closed it as {status.value}: the DBA did it")]
    assert audited(scene) == [("event_closed", f"event {event_id}")]
    assert handle(scene.database, event_id) == {"passed_over": 1}
    assert became(close(scene, event_id, status=status)) == ["already"]
    assert len(told(scene)) == 1


def test_what_failed_can_be_resolved_and_what_was_resolved_stays_so(scene: Scene) -> None:
    event_id = ended(scene)
    assert the(scene, event_id).status is FAILED
    assert became(close(scene, event_id, status=FAILED)) == ["already"]
    assert the(scene, event_id).outcome is Outcome.CHANGED_NOT_FIXED
    assert became(close(scene, event_id)) == ["closed"]
    assert (the(scene, event_id).status, the(scene, event_id).outcome) == (
        RESOLVED,
        Outcome.BY_HAND,
    )
    assert became(close(scene, event_id, status=FAILED)) == ["already"]


def test_what_is_planned_for_it_is_cancelled_and_never_sent(scene: Scene) -> None:
    scene.plan()
    event_id = scene.event().id
    assert became(close(scene, event_id)) == ["closed"]
    (execution,) = scene.executions()
    assert (execution.state, execution.verdict) == (ExecutionState.CANCELLED, "cancelled")
    assert execution.message == "kim has closed its event: the DBA did it"
    assert scene.dispatch() == 0
    assert told(scene, "outcome") == [], "the execution's end is not the event's"
    assert the(scene, event_id).status is RESOLVED


def test_what_was_asked_about_it_is_withdrawn(scene: Scene) -> None:
    factories.a_server(scene.database)
    factories.a_runbook(scene.database, mode=RunbookMode.ASK)
    event_id = an_event(scene.database)
    assert handle(scene.database, event_id) == {"held": 1}
    assert became(close(scene, event_id)) == ["closed"]
    with scene.database.reading() as session:
        approval = session.scalars(select(Approval)).one()
    assert approval.state is ApprovalState.WITHDRAWN
    assert scene.executions()[0].state is ExecutionState.CANCELLED


def test_an_event_whose_work_is_out_cannot_be_closed(scene: Scene) -> None:
    scene.plan()
    assert scene.dispatch() == 1
    event_id = scene.event().id
    (refused,) = close(scene, event_id)
    assert (refused.became, refused.refused) == ("conflict", True)
    assert refused.words == f"For event {event_id} execution 1 is out on {SERVER}.".replace(
        "execution 1", f"execution {scene.executions()[0].id}"
    )
    assert the(scene, event_id).status is EventStatus.PROCESSING
    assert told(scene) == []
    with pytest.raises(Conflict, match="is out on"):
        refused.insist()
    assert scene.bring(scene.result("fixed"))
    assert the(scene, event_id).outcome is Outcome.FIXED


def test_what_cannot_be_closed_does_not_keep_the_others_open(scene: Scene) -> None:
    scene.plan()
    assert scene.dispatch() == 1
    out = scene.event().id
    other = an_event(scene.database, server_id="i-2")
    found = close(scene, other, out, 4711, other)
    assert {item.id: item.became for item in found} == {
        out: "conflict",
        other: "closed",
        4711: "not_found",
    }
    with pytest.raises(NotFound):
        found[-1].insist()
    assert the(scene, other).status is RESOLVED
    assert the(scene, out).status is EventStatus.PROCESSING


def test_of_closing_and_sending_one_is_first_and_the_other_knows(scene: Scene) -> None:
    servers = [(f"i-{number:017x}", f"web-{number}") for number in range(10)]
    for server, minion in servers:
        scene.plan(server, minion)
    planned = {run.id: run.cloudwatch_event_id or 0 for run in scene.executions()}
    # No more at once than there are connections, and the tracker asks again as it does.
    with ThreadPoolExecutor(6) as pool:
        sending = pool.submit(repeat_on_contention(scene.dispatch))
        closing_ = [pool.submit(close, scene, event_id) for event_id in planned.values()]
        sending.result()
        found = {event_id: item.result()[0] for event_id, item in zip(planned.values(), closing_)}
    for run in scene.executions():
        event = the(scene, planned[run.id])
        if found[event.id].became == "closed":
            assert (run.state, event.status) == (ExecutionState.CANCELLED, RESOLVED)
        else:
            assert (run.state, event.status) == (
                ExecutionState.DISPATCHED,
                EventStatus.PROCESSING,
            )


def test_an_event_that_waits_for_advice_is_closed_and_asked_about_anew(database: Database) -> None:
    shop = shop_of(database)
    event_id = shop.alarm()
    assert became(close(shop, event_id)) == ["closed"]
    assert [row.state for row in shop.rows(Consultation)] == [ConsultationState.DONE]
    shop.advise()
    assert shop.rows(Execution) == [], "the answer has come too late"
    assert the(shop, event_id).outcome is Outcome.BY_HAND
    assert became(reopen(shop, event_id)) == ["reopened"]
    assert handle_in(shop, event_id) == {"consulted": 1}
    for _ in range(3):
        shop.advise()
    assert [row.state for row in shop.rows(Execution)] == [ExecutionState.HELD]


def handle_in(scene: Scene, event_id: int) -> dict[str, int]:
    return remediation.handle([event_id], state=None, owner="t", **scene.parts)


@pytest.mark.parametrize(
    ("how", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": " \n "}, "reason"),
        ({"reason": "x" * 1001}, "reason"),
        ({"status": EventStatus.NEW}, "status"),
        ({"status": EventStatus.PROCESSING}, "status"),
    ],
)
def test_what_is_owed_is_named(scene: Scene, how: dict[str, Any], field: str) -> None:
    event_id = an_event(scene.database)
    with pytest.raises(Invalid) as refused:
        close(scene, event_id, **how)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert the(scene, event_id).status is EventStatus.NEW


@pytest.mark.parametrize("ids", [(), tuple(range(1, 502)), (0,), (True,), ("1",), (2**31,)])
def test_only_so_many_ids_are_taken(scene: Scene, ids: tuple[Any, ...]) -> None:
    with pytest.raises(Invalid, match="event_ids: must be"):
        close(scene, *ids)


def test_a_failed_event_is_opened_again_and_decided_anew(scene: Scene) -> None:
    event_id = ended(scene)
    scene.at += timedelta(days=3)
    assert became(reopen(scene, event_id, reason="mended")) == ["reopened"]
    event = the(scene, event_id)
    assert (event.status, event.outcome, event.resolved_at) == (EventStatus.NEW, None, None)
    assert (event.claimed_by, event.claimed_at) == (None, None)
    assert told(scene) == [("reopened", "kim has opened it again; it is decided anew: mended")]
    assert became(reopen(scene, event_id)) == ["already"]
    assert handle(scene.database, event_id, state="rescue.mysql") == {"planned": 1}
    assert scene.dispatch() == 1
    (refused,) = reopen(scene, event_id)
    assert refused.words == f"Event {event_id} is being handled; it is open."
    assert scene.bring(scene.result("fixed"))
    assert the(scene, event_id).outcome is Outcome.FIXED
    assert reopen(scene, event_id)[0].words == f"Event {event_id} was resolved (fixed)."


def test_the_next_sweep_hints_at_what_was_opened_again(scene: Scene) -> None:
    event_id = an_event(scene.database)
    close(scene, event_id)
    reopen(scene, event_id)
    assert scene.sweep() == {"hinted": 1}
    assert [hint.event_ids for hint in scene.hints] == [(event_id,)]


def test_what_a_person_resolved_is_opened_again_within_a_day(scene: Scene) -> None:
    event_id = an_event(scene.database)
    close(scene, event_id)
    scene.at += timedelta(days=1, seconds=1)
    assert became(reopen(scene, event_id)) == ["conflict"]
    scene.at -= timedelta(seconds=1)
    assert became(reopen(scene, event_id)) == ["reopened"]


def report(scene: Scene, seconds: int) -> intake.Receipt:
    told = message(time=NOW + timedelta(seconds=seconds))
    return intake.receive([told], database=scene.database, settings=IntakeSettings(), now=scene.now)


def test_an_alarm_after_the_closing_is_a_new_event_and_after_the_opening_a_repeat(
    scene: Scene,
) -> None:
    event_id = an_event(scene.database)
    close(scene, event_id)
    scene.at += timedelta(seconds=60)
    reopen(scene, event_id)
    repeat = report(scene, 30).recorded[0]
    assert (repeat.event_id, repeat.kind) == (event_id, events.Kind.REPEAT)
    close(scene, event_id)
    scene.at += timedelta(seconds=60)
    assert report(scene, 90).recorded[0].kind is events.Kind.NEW


def test_a_deleted_event_is_shown_nowhere_and_its_rows_stay(scene: Scene) -> None:
    event_id = ended(scene, "fixed")
    assert became(delete(scene, event_id)) == ["deleted"]
    event = the(scene, event_id)
    assert (event.deleted_by, event.deleted_at) == ("kim", NOW)
    assert shown(scene) == (0, 0, {})
    with scene.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SaltStackEventLog)) == 3
        assert history.of_event(session=session, event_id=event_id)["event"]["id"] == event_id
    assert became(delete(scene, event_id)) == ["already"]
    assert became(restore(scene, event_id)) == ["restored"]
    assert became(restore(scene, event_id)) == ["already"]
    assert shown(scene) == (1, 1, {"resolved": 1})
    assert [action for action, _ in audited(scene)] == ["event_restored", "event_deleted"]


def shown(scene: Scene) -> tuple[int, int, dict[str, int]]:
    """How many events a list, a replay and the figures show."""
    with scene.database.reading() as session:
        return (
            len(events.list_(session=session)),
            len(past.since(session=session, since=NOW - timedelta(days=1), limit=10)),
            history.stats(session=session)["events"],
        )


def test_only_what_is_over_is_deleted(scene: Scene) -> None:
    event_id = an_event(scene.database)
    (refused,) = delete(scene, event_id)
    assert refused.words == f"Event {event_id} is new; only what is over can be deleted."
    scene.plan()
    assert became(delete(scene, scene_event(scene))) == ["conflict"]


def scene_event(scene: Scene) -> int:
    """The event that is being handled."""
    query = select(CloudWatchEvent.id).where(CloudWatchEvent.status == EventStatus.PROCESSING)
    with scene.database.reading() as session:
        return session.scalars(query).one()


@pytest.mark.parametrize("change", [close, reopen])
def test_a_deleted_event_must_be_restored_before_it_is_changed(
    scene: Scene, change: Callable[..., tuple[Became, ...]]
) -> None:
    event_id = ended(scene)
    delete(scene, event_id)
    (refused,) = change(scene, event_id)
    assert refused.words == f"Event {event_id} was deleted by kim."
    assert the(scene, event_id).status is FAILED


def test_a_late_repeat_still_finds_the_deleted_event(scene: Scene) -> None:
    """Else the same alarm, delivered once more, would be a new event and fixed once more."""
    event_id = an_event(scene.database)
    scene.at += timedelta(seconds=60)
    close(scene, event_id)
    delete(scene, event_id)
    found = report(scene, 10).recorded[0]
    assert (found.event_id, found.kind) == (event_id, events.Kind.REPEAT)
