"""From planned executions to their outcome, on both databases, with a fleet that we can break."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from rescuebot import by_hand, dispatching, guarding, remediation, sweeping, tracking
from rescuebot.clock import isoformat
from rescuebot.database import Database
from rescuebot.errors import FleetUnavailable
from rescuebot.events.model import CloudWatchEvent, EventStatus, Outcome
from rescuebot.executions import service as executions
from rescuebot.executions.model import Execution, ExecutionState, SaltStackEventLog
from rescuebot.settings import ExecutionSettings, Settings
from tests import factories
from tests.factories import MINION, NO_GUARD, NOW, SERVER
from tests.integration.test_remediation import an_event

# One attempt: retries have their own tests.
SETTINGS = Settings(execution=ExecutionSettings(attempts=1), guard=NO_GUARD)


@dataclass
class FakeFleet:
    """A master that notes what it is asked for; real ones are in the tests with a devstack."""

    master: str = "master-1"
    away: bool = False
    keys: set[str] = field(default_factory=lambda: {MINION, *(f"web-{n}" for n in range(20))})
    jobs: list[dict[str, Any]] = field(default_factory=list)
    cache: dict[str, dict[str, Any]] = field(default_factory=dict)
    minted: int = 0

    def accepted(self) -> set[str]:
        return self.keys

    def mint_jid(self) -> str:
        self.minted += 1
        return f"{self.master}-{self.minted:04d}"

    def publish(
        self, *, jid: str, minions: Sequence[str], function: str, arguments: Sequence[str]
    ) -> set[str]:
        if self.away:
            raise FleetUnavailable("The master did not take the job.")
        self.jobs.append(
            {"jid": jid, "minions": set(minions), "function": function, "arguments": arguments}
        )
        return set(minions) & self.keys

    def returns_of(self, jid: str) -> Mapping[str, Any]:
        return self.cache.get(jid, {})


@dataclass
class Scene:
    """A ledger, a fleet and a clock that we turn."""

    database: Database
    fleet: FakeFleet
    at: datetime = NOW
    hints: list[Any] = field(default_factory=list)
    settings: Settings = SETTINGS

    def now(self) -> datetime:
        return self.at

    @property
    def parts(self) -> dict[str, Any]:
        return {"database": self.database, "settings": self.settings, "now": self.now}

    def plan(self, server: str = SERVER, minion: str = MINION) -> None:
        factories.a_server(self.database, server_id=server, minion_id=minion)
        event_id = an_event(self.database, server_id=server)
        told = remediation.handle(
            [event_id],
            state="rescue.mysql",
            owner="t",
            database=self.database,
            settings=self.settings,
            now=self.now,
        )
        assert told == {"planned": 1}

    def sweep(self, fleet: FakeFleet | None = None) -> dict[str, int]:
        return sweeping.Sweep(
            fleet=fleet or self.fleet, announce=self.hints.append, owner="t", **self.parts
        ).run()

    def dispatch(self) -> int:
        return dispatching.dispatch_due(fleet=self.fleet, **self.parts)

    def fetch(self, minion: str = MINION) -> dict[str, Any] | None:
        dispatch = self.executions()[-1].dispatch or "none"
        return tracking.hand_out(
            dispatch_id=dispatch, minion_id=minion, database=self.database, now=self.now
        )

    def bring(self, value: Any, minion: str = MINION) -> bool:
        jid = self.executions()[-1].jid or ""
        given = tracking.Return(jid=jid, minion_id=minion, value=value)
        return tracking.record_return(given, fleet=self.fleet, **self.parts)

    def executions(self) -> list[Execution]:
        with self.database.reading() as session:
            return list(session.scalars(select(Execution).order_by(Execution.id)))

    def event(self) -> CloudWatchEvent:
        with self.database.reading() as session:
            return session.scalars(select(CloudWatchEvent)).one()

    def logs(self) -> list[SaltStackEventLog]:
        with self.database.reading() as session:
            ids = [execution.id for execution in self.executions()]
            return list(executions.logs(session=session, execution_ids=ids, results=True))

    def result(self, verdict: str = "fixed", **changes: Any) -> dict[str, Any]:
        """What the minion returns; its clock is ten minutes ahead."""
        wrong = self.at + timedelta(minutes=10)
        steps = [
            {
                "step": name,
                "status": status,
                "retcode": 0 if status == "success" else 1,
                "command_id": 666,
                "started_at": isoformat(wrong - timedelta(seconds=before)),
                "seconds": 1.0,
                "output": f"{name} says {status}",
            }
            for name, status, before in (
                ("check", "failed", 9),
                ("fix", "success", 5),
                ("verify", "success", 1),
            )
        ]
        return {
            "rescue": 1,
            "dispatch": self.executions()[-1].dispatch,
            "verdict": verdict,
            "reason": "x",
            "message": "mysql runs again.",
            "finished_at": isoformat(wrong),
            "steps": steps,
            **changes,
        }


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database=database, fleet=FakeFleet())


def test_equal_work_on_many_servers_goes_out_as_one_job(scene: Scene) -> None:
    for number in range(5):
        scene.plan(f"i-{number:017x}", f"web-{number}")
    assert scene.dispatch() == 5
    (job,) = scene.fleet.jobs
    assert job["function"] == "rescue.execute"
    assert job["minions"] == {f"web-{number}" for number in range(5)}
    found = scene.executions()
    assert {(e.state, e.jid, e.dispatch) for e in found} == {
        (ExecutionState.DISPATCHED, job["jid"], job["arguments"][0])
    }
    assert job["arguments"][1] == found[0].pinned_sha256
    assert all(e.published_at == NOW for e in found)
    assert scene.dispatch() == 0


def test_the_jid_is_committed_before_the_job_is_published(scene: Scene) -> None:
    scene.plan()
    scene.fleet.away = True
    scene.dispatch()
    (execution,) = scene.executions()
    assert (execution.state, execution.published_at) == (ExecutionState.DISPATCHED, None)
    scene.fleet.away = False
    assert scene.sweep() == {}, "too early"
    scene.at += timedelta(seconds=6)
    assert scene.sweep() == {"published": 1}
    assert scene.fleet.jobs[0]["jid"] == execution.jid
    assert scene.fleet.jobs[0]["arguments"] == [execution.dispatch, execution.pinned_sha256]
    assert scene.sweep() == {}


def test_one_execution_at_a_time_on_a_server(scene: Scene) -> None:
    scene.plan()
    factories.a_command(scene.database)
    by_hand.run_command(
        command_name="mysql_status", server_id=SERVER, requested_by="kim", **scene.parts
    )
    assert scene.dispatch() == 1
    assert scene.dispatch() == 0
    first, second = scene.executions()
    assert (second.state, second.held_by) == (ExecutionState.HELD, "one_at_a_time")
    given = tracking.Return(
        jid=first.jid or "", minion_id=MINION, value=scene.result(dispatch=first.dispatch)
    )
    tracking.record_return(given, fleet=scene.fleet, **scene.parts)
    assert scene.dispatch() == 1


def test_two_trackers_send_each_execution_once(scene: Scene) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for number in range(20):
        scene.plan(f"i-{number:017x}", f"web-{number}")
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: scene.dispatch(), range(4)))
    assert sum(sent) == 20
    told = [minion for job in scene.fleet.jobs for minion in job["minions"]]
    assert len(told) == len(set(told)) == 20


def test_a_minion_gets_its_own_active_work_and_nothing_else(scene: Scene) -> None:
    scene.plan()
    assert scene.fetch() is None, "not dispatched yet"
    scene.dispatch()
    assert scene.fetch("web-2") is None
    work = scene.fetch()
    assert work is not None
    (execution,) = scene.executions()
    assert work["pinned"] == execution.pinned
    assert (execution.state, execution.started_at) == (ExecutionState.RUNNING, NOW)
    assert scene.fetch() == work, "asking again is allowed; the minion's ledger decides"
    scene.bring(scene.result())
    assert scene.fetch() is None, "it has ended"


def test_a_result_ends_the_execution_and_its_event_and_writes_a_log_row_a_step(
    scene: Scene,
) -> None:
    factories.a_command(scene.database)
    scene.plan()
    scene.dispatch()
    scene.at += timedelta(seconds=12)
    assert scene.bring(scene.result())
    (execution,), event = scene.executions(), scene.event()
    assert (execution.state, execution.verdict) == (ExecutionState.SUCCESS, "fixed")
    assert (event.status, event.outcome) == (EventStatus.RESOLVED, Outcome.FIXED)
    assert event.resolved_at == NOW + timedelta(seconds=12)
    check, fix, verify = scene.logs()
    assert [row.step for row in (check, fix, verify)] == ["check", "fix", "verify"]
    assert [row.execution_status for row in (check, fix, verify)] == [
        "failed",
        "success",
        "success",
    ]
    assert check.execution_result == "check says failed"
    assert check.command_id is not None and check.command_id == verify.command_id != 666
    assert fix.command_id is None
    # Ours is the clock, whatever the minion's says: 12 s after the event came, less what was since.
    assert [row.response_time for row in (check, fix, verify)] == [4, 8, 12]
    assert check.executed_at == NOW + timedelta(seconds=3)


@pytest.mark.parametrize(
    ("verdict", "state", "status", "outcome"),
    [
        ("nothing_to_fix", "success", "resolved", "nothing_to_fix"),
        ("changed_not_fixed", "failed", "failed", "changed_not_fixed"),
        ("timeout", "timeout", "failed", "timeout"),
        ("refused", "failed", "failed", "rejected"),
        ("interrupted", "lost", "failed", "lost"),
    ],
)
def test_each_verdict_has_its_end(
    scene: Scene, verdict: str, state: str, status: str, outcome: str
) -> None:
    scene.plan()
    scene.dispatch()
    scene.bring(scene.result(verdict))
    (execution,), event = scene.executions(), scene.event()
    assert (execution.state, event.status, event.outcome) == (state, status, outcome)


def test_a_return_that_comes_twice_is_recorded_once(scene: Scene) -> None:
    scene.plan()
    scene.dispatch()
    jid, value = scene.executions()[0].jid or "", scene.result()
    given = tracking.Return(jid=jid, minion_id=MINION, value=value)
    told = [tracking.record_return(given, fleet=scene.fleet, **scene.parts) for _ in range(3)]
    assert told == [True, False, False]
    assert len(scene.logs()) == 3


def test_a_return_of_another_minion_or_job_or_dispatch_settles_nothing_as_done(
    scene: Scene,
) -> None:
    scene.plan()
    scene.dispatch()
    assert not scene.bring(scene.result(), minion="web-2")
    unknown = tracking.Return(jid="1", minion_id=MINION, value=scene.result())
    assert not tracking.record_return(unknown, fleet=scene.fleet, **scene.parts)
    assert scene.executions()[0].state is ExecutionState.DISPATCHED
    scene.bring(scene.result(dispatch="f" * 32))
    assert scene.executions()[0].verdict == "unreadable"


@pytest.mark.parametrize(
    "value", ["Traceback (most recent call last): boom", None, 7, [], {"a": 1}]
)
def test_a_return_that_is_no_result_fails_and_is_kept(scene: Scene, value: Any) -> None:
    scene.plan()
    scene.dispatch()
    scene.bring(value)
    (execution,), (log,) = scene.executions(), scene.logs()
    assert (execution.state, execution.verdict) == (ExecutionState.FAILED, "unreadable")
    assert log.execution_result == (value if isinstance(value, str) else repr(value))
    assert scene.event().status is EventStatus.FAILED


def test_a_trimmed_return_is_taken_from_the_job_cache(scene: Scene) -> None:
    scene.plan()
    scene.dispatch()
    whole = scene.result()
    trimmed = {**whole, "steps": [{**whole["steps"][0], "output": "VALUE_TRIMMED"}]}
    assert not scene.bring(trimmed)
    scene.at += timedelta(seconds=3)
    scene.fleet.cache[scene.executions()[0].jid or ""] = {MINION: whole}
    assert scene.sweep() == {"collected": 1}
    assert len(scene.logs()) == 3


def test_a_return_that_the_bus_never_brought_is_found_in_the_job_cache(scene: Scene) -> None:
    scene.plan()
    scene.dispatch()
    scene.fleet.cache[scene.executions()[0].jid or ""] = {MINION: scene.result()}
    scene.at += timedelta(seconds=3)
    assert scene.sweep() == {"collected": 1}
    assert scene.event().outcome is Outcome.FIXED


def test_what_is_sent_out_begins_after_all_that_the_guard_has_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_through = guarding.let_through

    def behind_another(**given: Any) -> Any:
        scene.at += timedelta(seconds=2)  # A run that this one waited for ends meanwhile.
        return let_through(**given)

    scene.plan()
    monkeypatch.setattr(guarding, "let_through", behind_another)
    assert scene.dispatch() == 1
    assert scene.executions()[0].dispatched_at == NOW + timedelta(seconds=2)


def test_a_minion_without_the_module_is_synced_and_tried_again_for_a_while(scene: Scene) -> None:
    missing = "'rescue.execute' is not available."
    scene.plan()
    scene.dispatch()
    assert scene.bring(missing)
    assert scene.fleet.jobs[-1]["function"] == "saltutil.sync_modules"
    (execution,) = scene.executions()
    assert (execution.state, execution.module_synced) == (ExecutionState.PLANNED, True)
    assert scene.dispatch() == 0, "the minion gets a moment to load it"
    for _ in range(9):
        scene.at += timedelta(seconds=3)
        assert scene.dispatch() == 1
        assert scene.bring(missing)
        assert scene.executions()[0].state == ExecutionState.PLANNED, "it may still be loading it"
    scene.at += timedelta(seconds=3)
    assert scene.dispatch() == 1
    scene.bring(missing)
    assert scene.executions()[0].verdict == "no_module"
    assert scene.event().outcome is Outcome.REJECTED


def test_a_minion_that_could_not_fetch_its_work_is_asked_again_later(scene: Scene) -> None:
    scene.plan()
    scene.dispatch()
    scene.bring(scene.result("refused", reason="no_work", steps=[]))
    assert scene.event().status is EventStatus.PROCESSING
    scene.at += timedelta(seconds=11)
    assert scene.dispatch() == 1


def test_a_busy_minion_is_waited_for_without_end_of_the_event(scene: Scene) -> None:
    scene.plan()
    scene.dispatch()
    first = scene.executions()[0].dispatch
    scene.bring(scene.result("busy", steps=[]))
    assert scene.event().status is EventStatus.PROCESSING
    scene.at += timedelta(seconds=11)
    assert scene.dispatch() == 1
    assert scene.executions()[0].dispatch != first
    scene.at += timedelta(minutes=31)
    scene.bring(scene.result("busy", steps=[]))
    assert scene.event().status is EventStatus.FAILED


def test_a_minion_whose_key_is_gone_ends_as_no_minion_and_gives_its_server_free(
    scene: Scene,
) -> None:
    scene.plan()
    accepted, scene.fleet.keys = scene.fleet.keys, set()
    assert scene.dispatch() == 0
    scene.fleet.keys = accepted
    scene.fleet.publish = lambda **_: set()  # type: ignore[method-assign]
    scene.dispatch()
    event = scene.event()
    assert (event.status, event.outcome) == (EventStatus.FAILED, Outcome.NO_MINION)
    factories.a_server(scene.database, minion_id="successor")


def test_a_second_minion_cannot_take_a_server(scene: Scene) -> None:
    register: Callable[..., None] = tracking.register
    for name in (MINION, "intruder"):
        register(
            minion_id=name,
            grains={"rescue": {"server_id": SERVER}, "os": "Debian", "osrelease": "12"},
            **scene.parts,
        )
    from rescuebot.servers import service as servers

    with scene.database.reading() as session:
        (server,) = servers.list_(session=session)
    assert (server.minion_id, server.contested_by, server.os) == (MINION, "intruder", "Debian 12")
