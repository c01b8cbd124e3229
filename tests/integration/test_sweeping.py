"""Sweeps and retries, on both databases: nothing stays half-way, nothing is begun twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from rescuebot import dispatching, tracking
from rescuebot.audit import service as audit
from rescuebot.database import Database
from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome
from rescuebot.executions.model import Execution, ExecutionState
from rescuebot.guard.model import Decision
from rescuebot.heartbeats import service as heartbeats
from rescuebot.settings import ExecutionSettings, Settings
from tests import factories
from tests.factories import MINION, NO_GUARD, NOW, SERVER
from tests.integration.test_remediation import an_event
from tests.integration.test_tracking import SETTINGS, FakeFleet, Scene

LIMIT = timedelta(seconds=SETTINGS.execution.limit_seconds + SETTINGS.execution.grace_seconds)


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database=database, fleet=FakeFleet())


@pytest.fixture
def retrying(database: Database) -> Scene:
    execution = ExecutionSettings(attempts=3, retry_seconds=10)
    return Scene(
        database=database, fleet=FakeFleet(), settings=Settings(execution=execution, guard=NO_GUARD)
    )


def verdicts(scene: Scene) -> list[str]:
    with scene.database.reading() as session:
        query = select(Decision.verdict).where(Decision.subject == "sweep").order_by(Decision.id)
        return list(session.scalars(query))


def test_an_event_that_nobody_claims_is_hinted_at_again_and_then_handled_directly(
    scene: Scene,
) -> None:
    factories.a_server(scene.database)
    factories.a_runbook(scene.database)
    event_id = an_event(scene.database)
    assert scene.sweep() == {}
    for number in (1, 2):
        scene.at += timedelta(seconds=11)
        assert scene.sweep() == {"hinted": 1}
        assert scene.sweep() == {}, "not at once again"
        assert len(scene.hints) == number
    assert scene.hints[0].tag == "rescue/event/ec2/process_down"
    assert scene.hints[0].event_ids == (event_id,)
    scene.at += timedelta(seconds=11)
    assert scene.sweep() == {"hinted": 1}
    assert scene.event().status is EventStatus.PROCESSING
    assert len(scene.executions()) == 1
    assert verdicts(scene) == ["hinted_again", "hinted_again", "handled_directly"]


def test_many_sweeps_at_once_hint_once_and_handle_once(scene: Scene) -> None:
    factories.a_server(scene.database)
    factories.a_runbook(scene.database)
    an_event(scene.database)
    for _ in range(3):
        scene.at += timedelta(seconds=11)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: scene.sweep(), range(4)))
    assert len(scene.hints) == 2
    assert len(scene.executions()) == 1


def test_a_claim_without_a_decision_is_given_back(scene: Scene) -> None:
    event_id = an_event(scene.database)
    with scene.database.transaction() as session:
        session.execute(
            update(CloudWatchEvent).values(
                status=EventStatus.PROCESSING, claimed_by="gone@h:1", claimed_at=NOW
            )
        )
    scene.at += timedelta(seconds=59)
    assert scene.sweep() == {}
    scene.at += timedelta(seconds=2)
    assert scene.sweep()["given_back"] == 1
    event = scene.event()
    assert (event.id, event.status, event.claimed_by) == (event_id, EventStatus.NEW, None)


def test_an_event_with_something_under_way_is_not_given_back(scene: Scene) -> None:
    scene.plan()
    scene.at += timedelta(minutes=5)
    assert "given_back" not in scene.sweep()
    assert scene.event().status is EventStatus.PROCESSING


def test_what_its_minion_never_fetched_is_planned_again_and_waits_without_counting(
    scene: Scene,
) -> None:
    scene.plan()
    scene.dispatch()
    first = scene.executions()[0].dispatch
    scene.at += timedelta(seconds=21)
    assert scene.sweep() == {"put_off": 1}
    (execution,) = scene.executions()
    assert (execution.state, execution.waits, execution.attempt) == (ExecutionState.PLANNED, 1, 1)
    work = tracking.hand_out(dispatch_id=first or "", minion_id=MINION, database=scene.database)
    assert work is None, "the old job has no work any more"
    scene.at += timedelta(seconds=2)
    assert scene.dispatch() == 1
    assert scene.fetch() is not None
    scene.at += timedelta(seconds=60)
    assert "put_off" not in scene.sweep(), "it runs"


def test_a_minion_that_comes_back_is_not_kept_waiting(scene: Scene) -> None:
    scene.plan()
    for _ in range(5):
        scene.dispatch()
        scene.at += timedelta(seconds=40)
        scene.sweep()
    assert scene.dispatch() == 0, "the pauses have grown"
    tracking.register(minion_id=MINION, grains={"rescue": {"server_id": SERVER}}, **scene.parts)
    assert scene.dispatch() == 1


def test_a_minion_that_stays_away_ends_the_event(scene: Scene) -> None:
    scene.plan()
    scene.dispatch()
    scene.at += timedelta(seconds=21)
    scene.sweep()
    scene.at += timedelta(seconds=21)
    scene.dispatch()
    scene.at += timedelta(minutes=31)
    scene.sweep()
    event = scene.event()
    assert (event.status, event.outcome) == (EventStatus.FAILED, Outcome.LOST)
    assert scene.executions()[0].verdict == "offline"


def test_at_the_deadline_the_minion_is_asked_again_for_the_same_dispatch(scene: Scene) -> None:
    scene.plan()
    scene.dispatch()
    scene.fetch()
    before = scene.executions()[0]
    scene.at += LIMIT + timedelta(seconds=1)
    assert scene.sweep() == {"overdue": 1}
    asked = scene.executions()[0]
    assert asked.dispatch == before.dispatch and asked.jid != before.jid == asked.first_jid
    assert scene.fleet.jobs[-1]["jid"] == asked.jid
    assert scene.fleet.jobs[-1]["arguments"] == [before.dispatch, before.pinned_sha256]
    # Its ledger returns the stored result.
    assert scene.bring(scene.result())
    assert scene.event().outcome is Outcome.FIXED


def test_a_return_under_the_first_job_still_counts(scene: Scene) -> None:
    scene.plan()
    scene.dispatch()
    scene.fetch()
    first = scene.executions()[0].jid or ""
    scene.at += LIMIT + timedelta(seconds=1)
    scene.sweep()
    scene.fleet.cache[first] = {MINION: scene.result()}
    scene.at += timedelta(seconds=3)
    assert scene.sweep() == {"collected": 1}
    assert scene.event().outcome is Outcome.FIXED


def test_what_does_not_answer_either_is_lost(scene: Scene) -> None:
    scene.plan()
    scene.dispatch()
    scene.fetch()
    scene.at += LIMIT + timedelta(seconds=1)
    scene.sweep()
    scene.at += timedelta(seconds=31)
    assert scene.sweep() == {"overdue": 1}
    event = scene.event()
    assert (event.status, event.outcome) == (EventStatus.FAILED, Outcome.LOST)


def test_what_goes_on_past_its_limit_is_killed_and_ends_as_timeout(scene: Scene) -> None:
    scene.plan()
    scene.dispatch()
    scene.fetch()
    first = scene.executions()[0].jid
    scene.at += LIMIT + timedelta(seconds=1)
    scene.sweep()
    runs = scene.result("refused", reason="already_running", steps=[])
    assert not scene.bring(runs)
    scene.fleet.cache[scene.executions()[0].jid or ""] = {MINION: runs}
    scene.at += timedelta(seconds=31)
    assert scene.sweep() == {"overdue": 1}
    assert scene.fleet.jobs[-1]["function"] == "saltutil.kill_job"
    assert scene.fleet.jobs[-1]["arguments"] == [first]
    assert scene.event().outcome is Outcome.TIMEOUT


def test_a_failed_attempt_is_followed_by_another_after_a_growing_pause(retrying: Scene) -> None:
    retrying.plan()
    for attempt, pause in ((1, 10), (2, 20)):
        assert retrying.dispatch() == 1
        retrying.bring(retrying.result("changed_not_fixed"))
        assert retrying.event().status is EventStatus.PROCESSING
        following = retrying.executions()[-1]
        assert (following.attempt, following.state) == (attempt + 1, ExecutionState.PLANNED)
        waits = (following.not_before - retrying.at).total_seconds()
        assert pause * 0.8 <= waits <= pause * 1.2
        assert retrying.dispatch() == 0
        retrying.at = following.not_before
    assert retrying.dispatch() == 1
    retrying.bring(retrying.result("changed_not_fixed"))
    event = retrying.event()
    assert (event.status, event.outcome) == (EventStatus.FAILED, Outcome.CHANGED_NOT_FIXED)
    assert len(retrying.executions()) == 3
    with retrying.database.reading() as session:
        words = list(session.scalars(select(Decision.words).order_by(Decision.id)))
    assert sum("did not help" in text for text in words) == 2
    assert "After 3 attempt(s) a person must look" in words[-1]


def test_a_later_attempt_that_finds_the_service_up_says_that_an_earlier_one_fixed_it(
    retrying: Scene,
) -> None:
    retrying.plan()
    retrying.dispatch()
    retrying.bring(retrying.result("interrupted", steps=[]))
    retrying.at += timedelta(seconds=20)
    retrying.dispatch()
    retrying.bring(retrying.result("nothing_to_fix"))
    event = retrying.event()
    assert (event.status, event.outcome) == (EventStatus.RESOLVED, Outcome.FIXED)


@pytest.mark.parametrize("verdict", ["refused", "nothing_to_fix", "fixed"])
def test_what_another_attempt_would_not_change_is_not_tried_again(
    retrying: Scene, verdict: str
) -> None:
    retrying.plan()
    retrying.dispatch()
    retrying.bring(retrying.result(verdict, reason="hash_mismatch"))
    assert len(retrying.executions()) == 1
    assert retrying.event().status is not EventStatus.PROCESSING


def test_a_runbook_may_say_how_often_it_is_tried(retrying: Scene) -> None:
    factories.a_runbook(retrying.database)
    with retrying.database.transaction() as session:
        from rescuebot.runbooks.model import RunbookScript

        session.execute(update(RunbookScript).values(attempts=1, retry_seconds=0))
    retrying.plan()
    retrying.dispatch()
    retrying.bring(retrying.result("changed_not_fixed"))
    assert retrying.event().status is EventStatus.FAILED


# --- several masters on one ledger ---------------------------------------------------------------


def beats(scene: Scene, *masters: str) -> None:
    with scene.database.transaction() as session:
        for master in masters:
            heartbeats.beat(
                session=session,
                owner=f"rescue_tracker@{master}:1",
                engine="rescue_tracker",
                master=master,
                now=scene.at,
                state="running",
            )


def test_a_master_sends_work_only_to_minions_that_it_knows(scene: Scene) -> None:
    scene.plan()
    stranger = FakeFleet(master="master-2", keys={"other"})
    assert dispatching.dispatch_due(fleet=stranger, **scene.parts) == 0
    assert scene.dispatch() == 1
    assert scene.executions()[0].master == "master-1"


def test_a_minion_known_to_two_masters_is_sent_its_work_once(scene: Scene) -> None:
    second = FakeFleet(master="master-2")
    for number in range(10):
        scene.plan(f"i-{number:017x}", f"web-{number}")
    fleets = [scene.fleet, second] * 3
    with ThreadPoolExecutor(6) as pool:
        sent = list(
            pool.map(lambda fleet: dispatching.dispatch_due(fleet=fleet, **scene.parts), fleets)
        )
    assert sum(sent) == 10
    told = [
        minion for fleet in (scene.fleet, second) for job in fleet.jobs for minion in job["minions"]
    ]
    assert len(told) == len(set(told)) == 10


def test_a_master_that_is_gone_is_followed_by_another_that_knows_the_minion(scene: Scene) -> None:
    scene.plan()
    scene.dispatch()
    scene.fetch()
    second = FakeFleet(master="master-2")
    scene.at += LIMIT + timedelta(seconds=1)
    beats(scene, "master-1", "master-2")
    assert scene.sweep(second) == {}, "the first one is alive and asks itself"
    scene.at += timedelta(seconds=61)
    beats(scene, "master-2")
    assert scene.sweep(second) == {"overdue": 1}
    execution = scene.executions()[0]
    assert execution.master == "master-2"
    assert second.jobs[0]["arguments"][0] == execution.dispatch


def test_work_for_a_minion_that_no_master_knows_ends_unless_another_may_know_it(
    scene: Scene,
) -> None:
    scene.plan()
    scene.fleet.keys = {"other"}
    beats(scene, "master-1", "master-2")
    scene.at += timedelta(seconds=11)
    assert scene.sweep() == {}
    scene.at += timedelta(seconds=61)
    beats(scene, "master-1")
    assert scene.sweep() == {"turned_away": 1}
    assert scene.event().outcome is Outcome.NO_MINION


# --- who asks for what is not its own ------------------------------------------------------------


def test_a_minion_that_asks_for_anothers_work_gets_nothing_and_leaves_an_audit_row(
    scene: Scene,
) -> None:
    scene.plan()
    scene.dispatch()
    for _ in range(3):
        assert scene.fetch("web-2") is None
    with scene.database.reading() as session:
        (entry,) = audit.list_(session=session)
    assert (entry.actor, entry.action, entry.times) == ("minion web-2", "foreign_work", 3)
    assert scene.executions()[0].state is ExecutionState.DISPATCHED


def test_a_sweep_and_a_fetch_at_once_never_both_have_the_run(database: Database) -> None:
    for round_ in range(8):
        scene = Scene(database=database, fleet=FakeFleet())
        scene.plan(f"i-{round_:017x}", f"web-{round_}")
        scene.dispatch()
        minion = f"web-{round_}"
        scene.at += timedelta(seconds=21)
        with ThreadPoolExecutor(2) as pool:
            swept = pool.submit(scene.sweep)
            work: Any = pool.submit(scene.fetch, minion).result()
            put_off = swept.result().get("put_off", 0)
        with database.reading() as session:
            run = session.scalars(select(Execution).where(Execution.minion_id == minion)).one()
        assert (work is not None) == (run.state is ExecutionState.RUNNING)
        assert put_off == (run.state is ExecutionState.PLANNED)


# --- found by the soak ---------------------------------------------------------------------------


def test_what_is_lost_is_tried_again_by_the_sweep(retrying: Scene) -> None:
    retrying.plan()
    retrying.dispatch()
    retrying.fetch()
    retrying.at += timedelta(minutes=6)
    retrying.sweep()
    retrying.at += timedelta(seconds=31)
    retrying.sweep()
    first, second = retrying.executions()
    assert (first.state, second.state) == (ExecutionState.LOST, ExecutionState.PLANNED)
    assert second.pinned == first.pinned


def test_one_row_that_cannot_be_swept_does_not_keep_the_others_waiting(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        scene.plan(f"i-{number:017x}", f"web-{number}")
    scene.dispatch()
    scene.at += timedelta(seconds=21)
    from rescuebot.executions import service

    real = service.plan_again

    def picky(*, execution: Execution, **rest: Any) -> bool:
        if execution.minion_id == "web-0":
            raise RuntimeError("a mistake of ours")
        return real(execution=execution, **rest)

    monkeypatch.setattr(service, "plan_again", picky)
    assert scene.sweep() == {"put_off": 2}


def test_patience_with_a_minion_begins_when_it_is_first_waited_for(scene: Scene) -> None:
    scene.plan()
    scene.at += timedelta(minutes=45)
    scene.dispatch()
    scene.at += timedelta(seconds=21)
    assert scene.sweep() == {"put_off": 1}, "it was the queue that was long, not the minion away"
    assert scene.event().status is EventStatus.PROCESSING
