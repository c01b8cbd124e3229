"""The guard in the ledger: what is held, why, and how it goes on. On both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from devstack import alarms
from rescuebot import approving, by_hand, dispatching, halting, intake, remediation
from rescuebot.audit import service as audit
from rescuebot.database import Database
from rescuebot.errors import Conflict, Halted, Invalid, NotFound
from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome
from rescuebot.executions.model import Execution, ExecutionState
from rescuebot.guard.model import Decision
from rescuebot.servers import service as servers
from rescuebot.settings import ExecutionSettings, GuardSettings, IntakeSettings, Settings
from rescuebot.tracking import Return, hand_out, record_return
from tests import factories
from tests.factories import SERVER, message
from tests.integration.test_tracking import FakeFleet, Scene


def scene_of(database: Database, **guard: Any) -> Scene:
    settings = Settings(
        execution=ExecutionSettings(attempts=1),
        guard=GuardSettings(**{"cooldown_seconds": 0, **guard}),
    )
    return Scene(database=database, fleet=FakeFleet(), settings=settings)


@pytest.fixture
def scene(database: Database) -> Scene:
    return scene_of(database)


def plan(scene: Scene, number: int = 0, **alarm: Any) -> int:
    """An alarm of mysql on one of twenty servers, handled; returns the event's id."""
    server, minion = f"i-{number:017x}", f"web-{number}"
    factories.a_server(scene.database, server_id=server, minion_id=minion)
    body = alarms.process_down(server, **{"time": scene.at - timedelta(seconds=20), **alarm})
    receipt = intake.receive(
        [message(body)], database=scene.database, settings=IntakeSettings(), now=scene.now
    )
    event_id = receipt.recorded[0].event_id
    remediation.handle([event_id], state="rescue.mysql", owner="t", **scene.parts)
    return event_id


def a_fleet(scene: Scene, count: int, service: str = "mysql") -> None:
    for number in range(count):
        server = f"i-{number:017x}"
        factories.a_server(scene.database, server_id=server, minion_id=f"web-{number}")
        with scene.database.transaction() as session:
            servers.note_services(
                session=session, server_id=server, services=[service], now=scene.at
            )


def finish(scene: Scene, execution: Execution, verdict: str = "fixed") -> None:
    """The minion returns a result."""
    result = scene.result(verdict, dispatch=execution.dispatch)
    given = Return(jid=execution.jid or "", minion_id=execution.minion_id, value=result)
    assert record_return(given, fleet=scene.fleet, **scene.parts)


def out(scene: Scene) -> list[Execution]:
    return [one for one in scene.executions() if one.state is ExecutionState.DISPATCHED]


def held(scene: Scene) -> list[str]:
    return [one.held_by or "" for one in scene.executions() if one.state is ExecutionState.HELD]


def told(scene: Scene, event_id: int) -> list[str]:
    """The guard's verdicts on an event, in their order."""
    query = select(Decision.verdict).where(
        Decision.cloudwatch_event_id == event_id, Decision.subject == "guard"
    )
    with scene.database.reading() as session:
        return list(session.scalars(query.order_by(Decision.id)))


def event(scene: Scene, event_id: int) -> CloudWatchEvent:
    with scene.database.reading() as session:
        return session.get_one(CloudWatchEvent, event_id)


# --- halt ------------------------------------------------------------------------------------


def test_a_halt_holds_all_that_is_new_and_resume_lets_it_go(scene: Scene) -> None:
    halting.halt("*", reason="look first", actor="kim", database=scene.database, now=scene.now)
    event_id = plan(scene)
    for _ in range(5):
        assert scene.dispatch() == 0
    assert held(scene) == ["halt"]
    assert told(scene, event_id) == ["halt"], "said once, not at each look"
    assert event(scene, event_id).outcome is Outcome.HELD
    halting.resume("*", actor="lee", database=scene.database, now=scene.now)
    assert scene.dispatch() == 1
    assert told(scene, event_id) == ["halt", "allowed"]
    assert event(scene, event_id).outcome is None
    with scene.database.reading() as session:
        noted = [(row.action, row.actor) for row in audit.list_(session=session)]
    assert {("halted", "kim"), ("resumed", "lee")} <= set(noted)


def test_a_halt_of_a_service_leaves_the_others_alone(scene: Scene) -> None:
    halting.halt("service:nginx", reason="", actor="kim", database=scene.database)
    plan(scene)
    assert scene.dispatch() == 1


def test_what_has_been_sent_is_not_handed_out_under_a_halt(scene: Scene) -> None:
    plan(scene)
    assert scene.dispatch() == 1
    halting.halt(f"minion:{'web-0'}", reason="stop", actor="kim", database=scene.database)
    (execution,) = scene.executions()
    with pytest.raises(Halted, match="kim has halted minion:web-0. stop"):
        hand_out(dispatch_id=execution.dispatch or "", minion_id="web-0", database=scene.database)
    # The minion returns that it was refused; it waits for the end of the halt, however long.
    scene.at += timedelta(days=2)
    finish_refused(scene, execution)
    scene.at += timedelta(seconds=11)
    assert scene.dispatch() == 0
    assert held(scene) == ["halt"]
    halting.resume("minion:web-0", actor="kim", database=scene.database, now=scene.now)
    assert scene.dispatch() == 1


def finish_refused(scene: Scene, execution: Execution) -> None:
    result = scene.result("refused", dispatch=execution.dispatch, reason="halted", steps=[])
    given = Return(jid=execution.jid or "", minion_id=execution.minion_id, value=result)
    assert record_return(given, fleet=scene.fleet, **scene.parts)


def test_minions_with_work_out_are_told_of_a_halt_once(scene: Scene) -> None:
    plan(scene)
    scene.dispatch()
    halting.halt("service:mysql", reason="stop", actor="kim", database=scene.database)
    scene.fleet.away = True
    assert not halting.tell(told=frozenset(), fleet=scene.fleet, database=scene.database)
    scene.fleet.away = False
    known = halting.tell(told=frozenset(), fleet=scene.fleet, database=scene.database)
    assert known, "what the master did not take is told again"
    assert halting.tell(told=known, fleet=scene.fleet, database=scene.database) == known
    jobs = [job for job in scene.fleet.jobs if job["function"] == "rescue.halt"]
    assert [(job["minions"], job["arguments"]) for job in jobs] == [({"web-0"}, ["kim: stop"])]


def test_what_a_person_asks_for_under_a_halt_is_refused_at_once(scene: Scene) -> None:
    factories.a_server(scene.database)
    factories.a_command(scene.database)
    halting.halt("*", reason="", actor="kim", database=scene.database)
    with pytest.raises(Halted, match="kim has halted"):
        by_hand.run_command(
            command_name="mysql_status", server_id=SERVER, requested_by="lee", **scene.parts
        )
    assert scene.executions() == []


def test_a_target_is_halted_once_and_only_what_stands_is_lifted(scene: Scene) -> None:
    call = {"actor": "kim", "database": scene.database}
    halting.halt("*", reason="", **call)
    with pytest.raises(Conflict, match="halted by kim already"):
        halting.halt("*", reason="", **call)
    with pytest.raises(NotFound, match="No halt stands on service:mysql"):
        halting.resume("service:mysql", **call)
    with pytest.raises(Invalid, match="target: must be"):
        halting.halt("mysql", reason="", **call)
    halting.resume("*", **call)
    halting.halt("*", reason="again", **call)


# --- maintenance -----------------------------------------------------------------------------


def window(scene: Scene, target: str = "service:mysql", hours: float = 2) -> int:
    opened = halting.open_window(
        target,
        starts_at=scene.at,
        ends_at=scene.at + timedelta(hours=hours),
        reason="upgrade",
        actor="kim",
        database=scene.database,
        now=scene.now,
    )
    return opened.id


def test_in_a_maintenance_window_nothing_is_fixed_until_it_is_over(scene: Scene) -> None:
    window(scene)
    event_id = plan(scene)
    assert scene.dispatch() == 0 and held(scene) == ["maintenance_window"]
    scene.at += timedelta(hours=1)
    assert scene.dispatch() == 0
    scene.at += timedelta(hours=1, seconds=1)
    assert scene.dispatch() == 1
    assert told(scene, event_id) == ["maintenance_window", "allowed"]


def test_a_recovery_passes_in_a_maintenance_window_and_ends_what_was_held(scene: Scene) -> None:
    window(scene)
    event_id = plan(scene)
    scene.dispatch()
    body = alarms.process_down(f"i-{0:017x}", state="OK", time=scene.at + timedelta(minutes=1))
    scene.at += timedelta(minutes=1)
    intake.receive(
        [message(body)], database=scene.database, settings=IntakeSettings(), now=scene.now
    )
    found = event(scene, event_id)
    assert (found.status, found.outcome) == (EventStatus.RESOLVED, Outcome.RECOVERED)
    (execution,) = scene.executions()
    assert (execution.state, execution.verdict) == (ExecutionState.CANCELLED, "recovered")
    scene.at += timedelta(hours=3)
    assert scene.dispatch() == 0


def test_a_window_that_is_closed_early_lets_go_at_once(scene: Scene) -> None:
    window_id = window(scene)
    plan(scene)
    scene.dispatch()
    halting.close_window(window_id, actor="kim", database=scene.database, now=scene.now)
    assert scene.dispatch() == 1
    with pytest.raises(Conflict, match="is over already"):
        halting.close_window(window_id, actor="kim", database=scene.database, now=scene.now)


def test_a_window_that_makes_no_sense_is_refused_by_name(scene: Scene) -> None:
    with pytest.raises(Invalid, match="ends_at: must be after starts_at") as refused:
        window(scene, hours=-1)
    assert {problem.field for problem in refused.value.problems} == {"ends_at"}


# --- one at a time, cooldown, breaker, flapping ----------------------------------------------


def test_a_second_event_of_a_server_waits_for_the_first(scene: Scene) -> None:
    plan(scene)
    second = plan(scene, exe="^webd$", service="web")
    assert scene.dispatch() == 1
    assert told(scene, second) == ["one_at_a_time"]
    assert scene.dispatch() == 0
    finish(scene, out(scene)[0])
    assert scene.dispatch() == 1
    assert told(scene, second) == ["one_at_a_time", "allowed"]


def test_the_same_remedy_on_the_same_server_waits_for_the_cooldown(database: Database) -> None:
    scene = scene_of(database, cooldown_seconds=60, blast_percent=0)
    plan(scene)
    scene.dispatch()
    finish(scene, out(scene)[0])
    scene.at += timedelta(seconds=30)
    again = plan(scene)
    plan(scene, number=1)
    assert scene.dispatch() == 1, "only the other server"
    assert told(scene, again) == ["cooldown"]
    scene.at += timedelta(seconds=31)
    assert scene.dispatch() == 1


def test_a_remedy_that_keeps_failing_is_stopped_and_tried_on_one_server(
    database: Database,
) -> None:
    scene = scene_of(database, breaker_failures=2, breaker_seconds=300, blast_percent=0)
    for number in (0, 1):
        plan(scene, number)
        scene.dispatch()
        finish(scene, out(scene)[0], "changed_not_fixed")
    stopped = [plan(scene, number) for number in (2, 3, 4)]
    assert scene.dispatch() == 0
    assert [told(scene, event_id) for event_id in stopped] == [["breaker"]] * 3
    scene.at += timedelta(seconds=301)
    assert scene.dispatch() == 1, "one trial"
    scene.at += timedelta(seconds=5)
    assert scene.dispatch() == 0
    finish(scene, out(scene)[0], "changed_not_fixed")
    scene.at += timedelta(seconds=5)
    assert scene.dispatch() == 0, "it stays stopped"
    scene.at += timedelta(seconds=301)
    assert scene.dispatch() == 1
    finish(scene, out(scene)[0], "fixed")
    scene.at += timedelta(seconds=2)
    assert scene.dispatch() == 1, "it has helped, so the rest goes"


def test_an_alarm_that_flaps_is_left_alone_until_it_is_calm(database: Database) -> None:
    scene = scene_of(database, flapping_changes=4, flapping_minutes=10)
    server = f"i-{0:017x}"
    for _ in range(3):
        plan(scene)
        scene.dispatch()
        if out(scene):
            finish(scene, out(scene)[0])
        scene.at += timedelta(seconds=40)
        body = alarms.process_down(server, state="OK", time=scene.at)
        intake.receive(
            [message(body)], database=scene.database, settings=IntakeSettings(), now=scene.now
        )
        scene.at += timedelta(seconds=40)
    last = plan(scene)
    assert scene.dispatch() == 0
    assert told(scene, last) == ["flapping"]
    with scene.database.reading() as session:
        words = session.scalar(select(Decision.words).order_by(Decision.id.desc()))
    assert words is not None and "changed its state 7 times within 10 min" in words
    scene.at += timedelta(minutes=10, seconds=1)
    assert scene.dispatch() == 1


def test_a_remedy_that_fixes_the_same_server_again_and_again_is_flagged(
    database: Database,
) -> None:
    scene = scene_of(database, chronic_fixes=3, chronic_days=7, flapping_changes=0)
    for number in range(4):
        event_id = plan(scene)
        scene.dispatch()
        finish(scene, out(scene)[0])
        scene.at += timedelta(hours=30)
        with scene.database.reading() as session:
            flagged = session.scalars(
                select(Decision.words).where(
                    Decision.subject == "chronic", Decision.cloudwatch_event_id == event_id
                )
            ).all()
        assert len(flagged) == (1 if number >= 2 else 0)
    assert "has fixed i-00000000000000000 4 times within 7 days" in flagged[0]


# --- the last healthy one, the blast radius --------------------------------------------------


def test_the_last_server_that_serves_is_left_alone_until_another_is_well(scene: Scene) -> None:
    a_fleet(scene, 2)
    down = plan(scene, 1)
    assert scene.dispatch() == 1
    slow = plan(scene, 0, tags={"rescue:type": "memory_high"})
    assert scene.dispatch() == 0
    assert told(scene, slow) == ["last_healthy"]
    finish(scene, out(scene)[0])
    scene.at += timedelta(seconds=2)
    assert scene.dispatch() == 1
    assert told(scene, down) == ["allowed"]


def test_two_servers_that_are_merely_slow_do_not_wait_for_each_other(scene: Scene) -> None:
    a_fleet(scene, 2)
    for number in (0, 1):
        plan(scene, number, tags={"rescue:type": "memory_high"})
    assert scene.dispatch() == 1
    assert held(scene) == ["last_healthy"]
    finish(scene, out(scene)[0])
    scene.at += timedelta(seconds=2)
    assert scene.dispatch() == 1


def test_a_storm_goes_in_waves_of_one_job_each(database: Database) -> None:
    scene = scene_of(database, blast_percent=20)
    a_fleet(scene, 20)
    events = [plan(scene, number) for number in range(20)]
    waves = []
    while sent := scene.dispatch():
        waves.append(sent)
        assert scene.dispatch() == 0, "no more than the limit"
        for execution in out(scene):
            finish(scene, execution)
    assert waves == [4, 4, 4, 4, 4]
    assert len(scene.fleet.jobs) == 5, "one publication a wave"
    order = [minion for job in scene.fleet.jobs for minion in sorted(job["minions"], key=number_of)]
    assert order == [f"web-{number}" for number in range(20)], "in the order of their alarms"
    assert told(scene, events[0]) == ["allowed"]
    assert told(scene, events[-1]) == ["blast_radius", "allowed"]


def number_of(minion: str) -> int:
    return int(minion.rpartition("-")[2])


def test_a_next_wave_waits_for_half_of_the_one_before(database: Database) -> None:
    scene = scene_of(database, blast_percent=20)
    a_fleet(scene, 20)
    for number in range(10):
        plan(scene, number)
    assert scene.dispatch() == 4
    finish(scene, out(scene)[0])
    assert scene.dispatch() == 0, "one free place is no wave"
    finish(scene, out(scene)[0])
    assert scene.dispatch() == 2


def test_a_new_event_does_not_overtake_those_that_wait(database: Database) -> None:
    scene = scene_of(database, blast_percent=10)
    a_fleet(scene, 10)
    waiting = [plan(scene, number) for number in range(3)]
    assert scene.dispatch() == 1
    late = plan(scene, 9)
    finish(scene, out(scene)[0])
    assert scene.dispatch() == 1
    assert out(scene)[0].cloudwatch_event_id == waiting[1]
    assert told(scene, late) == ["blast_radius"]


def test_a_full_service_does_not_keep_another_waiting(database: Database) -> None:
    scene = scene_of(database, blast_servers=1)
    a_fleet(scene, 10)
    for number in range(5):
        plan(scene, number)
    assert scene.dispatch() == 1
    plan(scene, 9, exe="^webd$", service="web")
    assert scene.dispatch() == 1


def test_what_is_held_for_a_minion_that_nobody_knows_any_more_ends(scene: Scene) -> None:
    window(scene, hours=1)
    event_id = plan(scene)
    scene.dispatch()
    scene.fleet.keys = set()
    scene.at += timedelta(hours=2)
    assert scene.sweep() == {"turned_away": 1}
    assert event(scene, event_id).outcome is Outcome.NO_MINION


def test_what_waits_can_be_cancelled_and_what_is_out_cannot(scene: Scene) -> None:
    window(scene)
    event_id = plan(scene)
    scene.dispatch()
    (execution,) = scene.executions()
    approving.cancel(execution.id, actor="kim", database=scene.database, now=scene.now)
    assert event(scene, event_id).outcome is Outcome.REJECTED
    with pytest.raises(Conflict, match="waits no more: it is cancelled"):
        approving.cancel(execution.id, actor="kim", database=scene.database, now=scene.now)


def test_who_does_not_count_against_himself_does_not_overtake_either(database: Database) -> None:
    scene = scene_of(database, blast_servers=1, blast_seconds=60)
    a_fleet(scene, 10)
    plan(scene, 1)
    scene.dispatch()
    finish(scene, out(scene)[0])
    scene.at += timedelta(seconds=10)
    older = plan(scene, 2)
    plan(scene, 1)
    assert scene.dispatch() == 0, "the first still counts, and its server comes after the second's"
    assert told(scene, older) == ["blast_radius"]


def test_two_masters_do_not_fill_the_same_room(database: Database) -> None:
    """Each knows other minions, so only the latch keeps them from judging at the same instant."""
    scene = scene_of(database, blast_servers=1)
    a_fleet(scene, 12)
    for number in range(12):
        plan(scene, number)
    fleets = [
        FakeFleet(master=f"master-{number}", keys={f"web-{n}" for n in range(number, 12, 4)})
        for number in range(4)
    ]
    start = Barrier(4)

    def dispatch(fleet: FakeFleet) -> int:
        start.wait()
        return dispatching.dispatch_due(fleet=fleet, **scene.parts)

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(dispatch, fleets))
    assert sum(sent) == 1
