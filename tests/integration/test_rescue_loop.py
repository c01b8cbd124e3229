"""The whole loop: a real queue, master, minions and daemons; the ledger tells what happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select, update

from devstack import alarms
from devstack.world import World
from rescuebot import clock, looking
from rescuebot.commands import service as commands
from rescuebot.database import Database
from rescuebot.events.model import CloudWatchEvent, EventStatus
from rescuebot.executions import service as executions
from rescuebot.executions.model import ExecutionState
from rescuebot.findings import service as findings
from rescuebot.findings.service import Findings
from rescuebot.runbooks.model import RunbookScript
from tests.thorough import WORLDS

pytestmark = pytest.mark.salt


class Stage:
    """A world and its ledger, with what the tests ask for again and again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ledger: Database = world.ledger()

    def send(self, body: dict[str, Any]) -> None:
        self.world.queue.send(body)

    def event(self, body: dict[str, Any]) -> CloudWatchEvent | None:
        """The event that the alarm became."""
        with self.ledger.reading() as session:
            query = select(CloudWatchEvent).where(CloudWatchEvent.message_id == body["id"])
            return session.scalars(query).one_or_none()

    def ended(self, body: dict[str, Any], seconds: float = 150) -> CloudWatchEvent:
        """Wait until the event of the alarm has ended."""

        def over() -> CloudWatchEvent | None:
            event = self.event(body)
            done = (EventStatus.RESOLVED, EventStatus.FAILED)
            return event if event is not None and event.status in done else None

        found = self.world.wait_for(over, seconds=seconds, what="the event ends")
        assert found is not None
        return found

    def rescue(self, body: dict[str, Any]) -> CloudWatchEvent:
        self.send(body)
        return self.ended(body)

    def logs(self, event: CloudWatchEvent) -> list[Any]:
        with self.ledger.reading() as session:
            runs = executions.list_(session=session, event_id=event.id)
            ids = [run.id for run in runs]
            return list(executions.logs(session=session, execution_ids=ids, results=True))


@pytest.fixture(scope="module", params=WORLDS)
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with World(tmp_path_factory.mktemp("world"), database=request.param, minions=2) as world:
        world.run("rescue.starter")
        found = Stage(world)
        yield found
        found.ledger.dispose()


def test_a_killed_daemon_runs_again_verified_and_logged(stage: Stage) -> None:
    minion, service = stage.world.minions[0], stage.world.services["mysql"]
    dead, starts = service.kill(), service.starts()
    event = stage.rescue(alarms.process_down(minion.server_id))
    assert (event.status, event.outcome) == ("resolved", "fixed")
    assert service.is_up() and service.pid != dead
    assert service.starts() == starts + 1
    steps = [(row.step, row.execution_status) for row in stage.logs(event)]
    assert steps == [("check", "failed"), ("fix", "success"), ("verify", "success")]
    check, fix, verify = stage.logs(event)
    assert check.command_id == verify.command_id is not None
    assert "rescue_service_is_started" in fix.execution_result
    assert {row.minion_id for row in (check, fix, verify)} == {minion.id}
    assert stage.world.queue.depth() == 0


def test_a_false_alarm_changes_nothing(stage: Stage) -> None:
    service = stage.world.services["mysql"]
    before = (service.pid, service.starts())
    event = stage.rescue(
        alarms.process_down(
            stage.world.minions[0].server_id, time=clock.now() + timedelta(minutes=7)
        )
    )
    assert (event.status, event.outcome) == ("resolved", "nothing_to_fix")
    assert [row.step for row in stage.logs(event)] == ["check"]
    assert (service.pid, service.starts()) == before


def test_an_unknown_server_ends_as_no_minion_and_is_told(stage: Stage) -> None:
    body = alarms.process_down("i-0ffffffffffffffff")
    event = stage.rescue(body)
    assert (event.status, event.outcome) == ("failed", "no_minion")
    told = stage.world.run("rescue.event", event.id)
    assert "i-0ffffffffffffffff has no minion" in told["decisions"][-1]["words"]
    assert told["executions"] == []


def test_a_fleet_alarm_rescues_the_minion_that_it_names(stage: Stage) -> None:
    second = stage.world.minions[1]
    service = second.services["mysql"]
    other = stage.world.services["mysql"].starts()
    service.kill()
    event = stage.rescue(alarms.contributor(second.server_id))
    assert event.outcome == "fixed" and service.is_up()
    assert stage.world.services["mysql"].starts() == other


def test_a_service_that_no_runbook_knows_is_brought_up_by_the_state_of_the_reactor(
    stage: Stage,
) -> None:
    minion, service = stage.world.minions[0], stage.world.services["web"]
    without = update(RunbookScript).where(RunbookScript.service_type == "web")
    with stage.ledger.transaction() as session:
        session.execute(without.values(enabled=False))
    service.kill()
    event = stage.rescue(alarms.process_down(minion.server_id, exe="webd", service="web"))
    with stage.ledger.transaction() as session:
        session.execute(without.values(enabled=True))
    assert event.outcome == "fixed" and service.is_up()
    with stage.ledger.reading() as session:
        (run,) = executions.list_(session=session, event_id=event.id)
    assert (run.runbook_id, run.solution_name) == (None, "State rescue.service")


def test_two_servers_at_once_are_both_rescued_once(stage: Stage) -> None:
    services = [minion.services["web"] for minion in stage.world.minions]
    starts = [service.starts() for service in services]
    for service in services:
        service.kill()
    at = clock.now() + timedelta(minutes=20)
    bodies = [
        alarms.process_down(minion.server_id, exe="webd", service="web", time=at)
        for minion in stage.world.minions
    ]
    # Everything twice, as SQS may; and a second report of the same trouble a minute later.
    later = [
        alarms.process_down(
            minion.server_id, exe="webd", service="web", time=at + timedelta(minutes=1)
        )
        for minion in stage.world.minions
    ]
    for body in bodies + bodies + later:
        stage.send(body)
    ended = [stage.ended(body) for body in bodies]
    assert {event.outcome for event in ended} == {"fixed"}
    stage.world.wait_for(lambda: stage.world.queue.depth() == 0, what="the queue is empty")
    assert [service.starts() for service in services] == [count + 1 for count in starts]


def test_what_cannot_be_read_leaves_the_queue_and_the_engine_goes_on(stage: Stage) -> None:
    stage.world.queue.send("{")
    stage.world.queue.send('{"user": "Reactor", "detail-type": "CloudWatch Alarm State Change"}')
    stage.world.wait_for(lambda: stage.world.queue.depth() == 0, what="the queue is empty")
    assert stage.world.run("rescue.stats")["dead_letters"] >= 2


def test_a_result_larger_than_an_event_of_the_bus_may_be_is_kept_whole(stage: Stage) -> None:
    minion = stage.world.minions[0]
    with stage.ledger.transaction() as session:
        commands.create(
            session=session,
            command_name="mysql-long-log",
            command_script="yes 0123456789abcde | head -n 200000",
            target_service="mysql",
            command_type="log_check",
            now=clock.now(),
        )
    run = stage.world.run("rescue.run", "mysql-long-log", minion.server_id)
    assert run["state"] == "success"
    assert len(run["logs"][0]["execution_result"]) >= 200_000 * 16
    assert "VALUE_TRIMMED" not in run["logs"][0]["execution_result"]


def test_a_minion_that_lacks_the_module_is_synced_and_tried_again(stage: Stage) -> None:
    minion, service = stage.world.minions[1], stage.world.minions[1].services["web"]
    (copy,) = Path(stage.world.directory).rglob(f"{minion.id}/**/extmods/modules/rescue.py")
    assert minion.call("sys.list_functions", "rescue")
    copy.unlink()
    assert minion.call("saltutil.refresh_modules")
    assert not minion.call("sys.list_functions", "rescue")
    service.kill()
    at = clock.now() + timedelta(minutes=40)
    body = alarms.process_down(minion.server_id, exe="webd", service="web", time=at)
    event = stage.rescue(body)
    assert event.outcome == "fixed" and service.is_up()
    with stage.ledger.reading() as session:
        (run,) = executions.list_(session=session, event_id=event.id)
    assert run.module_synced


def test_an_operator_runs_a_command_and_sees_what_it_did(stage: Stage) -> None:
    server = stage.world.minions[0].server_id
    run = stage.world.run("rescue.run", "mysql-status", server)
    assert (run["state"], run["verdict"]) == ("success", "done")
    assert [log["step"] for log in run["logs"]] == ["check"]
    assert run["requested_by"].startswith("salt-run:")
    text = stage.world.run_text("rescue.run", "mysql-status", server)
    assert "mysql-status" in text and "success" in text


def test_refusals_are_sentences_and_not_stack_traces(stage: Stage) -> None:
    for words, asked in {
        "There is no command party": ("rescue.run", "party", "i-1"),
        "server: is not the id of a server": ("rescue.run", "mysql-status", "i-none"),
        "There is no event 999999": ("rescue.event", 999999),
        "event_id: must be a whole number": ("rescue.event", "x"),
    }.items():
        text = stage.world.run_text(*asked)
        assert words in text
        assert "Traceback" not in text
    assert "must be one of new" in stage.world.run_text("rescue.events", status="party")


def test_every_list_is_a_table_for_people_and_whole_in_json(stage: Stage) -> None:
    event_id = stage.world.run("rescue.events", limit=1)[0]["id"]
    for asked, heading in {
        ("rescue.events",): "event time",
        ("rescue.event", event_id): "Decisions",
        ("rescue.commands",): "command name",
        ("rescue.runbooks",): "priority",
        ("rescue.executions",): "solution",
        ("rescue.servers",): "minion id",
        ("rescue.dead_letters",): "reason",
        ("rescue.audit",): "runbook_created",
        ("rescue.held",): "none yet",
        ("rescue.halts",): "none yet",
        ("rescue.notices",): "none yet",
        ("rescue.stats",): "outcomes",
    }.items():
        assert heading in stage.world.run_text(*asked), asked
    whole = stage.world.run("rescue.event", event_id)
    parts = {"event", "occurrences", "decisions", "approvals", "advice", "executions", "notices"}
    assert set(whole) == parts
    assert whole["event"]["event_time"].endswith("Z")


def test_the_doctor_is_all_green_in_a_healthy_world(stage: Stage) -> None:
    report = stage.world.run("rescue.doctor")
    assert report["ok"], report
    assert "All is well." in stage.world.run_text("rescue.doctor")


def test_the_tracker_keeps_what_the_doctor_of_its_master_finds(stage: Stage) -> None:
    """A person asks at the API, the engine looks, and finds what the command line shows."""
    asked = looking.ask_anew(actor="web:kim", database=stage.ledger)

    def answered() -> Findings | None:
        with stage.ledger.reading() as session:
            found = findings.latest(session=session, now=clock.now())
        return found[0] if found and found[0].look.request_id >= asked.id else None

    kept = stage.world.wait_for(answered, seconds=90, what="the tracker looks")
    assert kept is not None
    checks = stage.world.run("rescue.doctor")["checks"]
    assert [(one.name, one.ok, one.remedy) for one in kept.findings] == [
        (check["name"], check["ok"], check["remedy"]) for check in checks
    ]
    assert kept.ok and not kept.old and not kept.asked_again
    assert kept.look.looked_by.startswith("rescue_tracker@")


def failing(report: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["remedy"] for check in report["checks"] if not check["ok"]}


@pytest.fixture
def changed(stage: Stage) -> Iterator[Any]:
    """Change the master's config for what is asked from the command line."""
    path = stage.world.master.config / "master"
    kept = path.read_text()

    def change(**options: Any) -> dict[str, str]:
        path.write_text(yaml.safe_dump({**yaml.safe_load(kept), **options}))
        return failing(stage.world.run("rescue.doctor"))

    yield change
    path.write_text(kept)


def test_the_doctor_sees_each_cause_that_is_broken_and_says_the_remedy(
    stage: Stage, changed: Any, tmp_path: Path
) -> None:
    block = stage.world.rescue_block
    empty = {"url": f"sqlite:///{tmp_path / 'empty.db'}", "migrate": "never"}
    away = {"url": "mysql+pymysql://rescue@127.0.0.1:1/rescue"}
    assert "salt/reactor/map.yaml" in changed(reactor=[])["reactor"]
    assert "under engines:" in changed(engines=[{"rescue_sqs": {}}])["engines"]
    assert "on_demand_ext_pillar" in changed(on_demand_ext_pillar=[])["pillar_on_demand"]
    queue = {**block["queue"], "url": block["queue"]["url"] + "-none"}
    assert "rescue.queue.url" in changed(rescue={**block, "queue": queue})["queue"]
    assert "rescue.migrate" in changed(rescue={**block, "database": empty})["migrations"]
    assert "rescue.database" in changed(rescue={**block, "database": away})["database"]
    assert "rescue: block" in changed(rescue={**block, "party": 1})["settings"]


def test_the_doctor_sees_a_minion_that_is_away_and_an_engine_that_is_silent(stage: Stage) -> None:
    minion = stage.world.minions[1]
    minion.stop()
    try:
        assert "minion runs" in failing(stage.world.run("rescue.doctor"))["minions"]
    finally:
        minion.start()
    stage.world.master.stop()

    def silent() -> dict[str, str]:
        # An engine that was killed at its work counts as alive for a while.
        found = failing(stage.world.run("rescue.doctor"))
        return found if "engines" in found else {}

    try:
        found = stage.world.wait_for(silent, what="the engines are silent")
    finally:
        stage.world.master.start()
    assert "master's log" in found["engines"]
    assert "Start the salt-master" in found["minions"]


def test_nothing_is_left_half_way(stage: Stage) -> None:
    with stage.ledger.reading() as session:
        events = session.scalars(select(CloudWatchEvent)).all()
        runs = executions.list_(session=session, limit=1000)
    assert {event.status for event in events} <= {EventStatus.RESOLVED, EventStatus.FAILED}
    assert {run.state for run in runs} <= {ExecutionState.SUCCESS, ExecutionState.FAILED}
