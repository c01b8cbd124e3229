"""The dashboard and the figures tell what is in the ledger, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import event

from rescuebot import dashboard
from rescuebot.advice.model import Advice, AdviceState
from rescuebot.approvals.model import Approval
from rescuebot.clock import isoformat
from rescuebot.database import Database
from rescuebot.events.model import CloudWatchEvent, DeadLetter, EventStatus, Outcome
from rescuebot.events.reported import Severity
from rescuebot.executions.model import Execution, ExecutionState
from rescuebot.guard import halts, windows
from rescuebot.heartbeats import service as heartbeats
from rescuebot.settings import Settings
from tests.factories import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def add(database: Database, *rows: Any) -> None:
    with database.transaction() as session:
        for row in rows:
            session.add(row)
            session.flush()


def an_event(
    name: str, ago: timedelta, took: float | None = None, **fields: Any
) -> CloudWatchEvent:
    """An open event, or one that was fixed after so many seconds."""
    moment = NOW - ago
    over = {
        "status": EventStatus.RESOLVED,
        "outcome": Outcome.FIXED,
        "resolved_at": moment + timedelta(seconds=took or 0),
    }
    return CloudWatchEvent(
        **{
            "event_source": "EC2",
            "event_type": "process_down",
            "severity": Severity.FATAL,
            "server_id": "i-1",
            "event_message": "",
            "event_time": moment,
            "status": EventStatus.NEW,
            "message_id": name,
            "alarm_name": "",
            "service_type": "mysql",
            "last_seen_at": moment,
            "received_at": moment,
            "raw": "{}",
            **({} if took is None else over),
            **fields,
        }
    )


def overview(database: Database) -> dict[str, Any]:
    with database.reading() as session:
        return dashboard.overview(session=session, settings=Settings(), now=NOW)


def figures(database: Database) -> dict[str, Any]:
    with database.reading() as session:
        return dashboard.figures(session=session, now=NOW)


def test_an_empty_ledger_has_a_whole_dashboard_of_nothing(database: Database) -> None:
    told = overview(database)
    assert told["as_of"] == isoformat(NOW)
    assert told["events"]["open"] == {"info": 0, "warning": 0, "critical": 0, "fatal": 0}
    assert told["events"]["oldest_unclaimed_seconds"] is None
    assert len(told["events"]["by_hour"]) == 24
    assert told["rescues"]["7d"] == {
        "fixed": 0,
        "failed": 0,
        "rate": None,
        "seconds_p50": None,
        "seconds_p95": None,
        "of": 0,
    }
    assert told["top"] == {"servers": [], "services": []}
    assert told["engines"] == [] and told["halts"] == [] and told["windows"] == []
    assert figures(database)["rescue_seconds"]["count"] == 0


def test_what_is_open_is_told_whatever_its_age_and_what_came_by_hours(database: Database) -> None:
    # NOW is five minutes past one.
    add(
        database,
        an_event("old", 40 * DAY),
        an_event("taken", 2 * MINUTE, status=EventStatus.PROCESSING, severity=Severity.CRITICAL),
        an_event("before", 6 * MINUTE, 1.0, severity=Severity.INFO),
        an_event("first", 23 * HOUR + 4 * MINUTE, 1.0),
        an_event("too early", 23 * HOUR + 6 * MINUTE, 1.0),
        an_event("back", MINUTE, deleted_at=NOW),
    )
    told = overview(database)["events"]
    assert told["open"] == {"info": 0, "warning": 0, "critical": 1, "fatal": 1}
    assert told["new"] == 1
    assert told["oldest_unclaimed_seconds"] == (40 * DAY).total_seconds()
    hours = told["by_hour"]
    assert [hour["from"][:13] for hour in hours[-2:]] == ["2026-11-22T00", "2026-11-22T01"]
    assert (hours[-1]["critical"], hours[-1]["fatal"], hours[-2]["info"]) == (1, 0, 1)
    assert hours[0]["fatal"] == 1
    assert told["by_severity"] == {"info": 1, "warning": 0, "critical": 1, "fatal": 1}
    assert told["by_status"] == {"new": 0, "processing": 1, "resolved": 3, "failed": 0}


def test_the_rescue_rate_and_times_are_of_their_span(database: Database) -> None:
    add(
        database,
        *(an_event(f"f{number}", HOUR, float(number)) for number in range(1, 20)),
        an_event("slow", 2 * HOUR, 299.96),
        an_event("older", 3 * DAY, 1000.0),
        an_event("lost", HOUR, 5.0, status=EventStatus.FAILED, outcome=Outcome.LOST),
        an_event("fine", HOUR, 5.0, outcome=Outcome.NOTHING_TO_FIX),
        an_event("back", HOUR, 5.0, deleted_at=NOW),
    )
    told = overview(database)["rescues"]
    assert told["24h"] == {
        "fixed": 20,
        "failed": 1,
        "rate": 20 / 21,
        "seconds_p50": 10.0,
        "seconds_p95": 19.0,
        "of": 20,
    }
    assert (told["7d"]["fixed"], told["7d"]["of"], told["7d"]["seconds_p95"]) == (21, 21, 300.0)
    taken = figures(database)["rescue_seconds"]
    assert taken["classes"][5] == 5 and taken["classes"][10] == 10
    assert taken["classes"][120] == 19 and taken["classes"][300] == 20
    assert taken["count"] == 20 and taken["sum"] == 190 + 300


def test_the_servers_and_services_with_the_most_come_first(database: Database) -> None:
    add(
        database,
        *(an_event(f"a{n}", HOUR, server_id="i-2", service_type="web") for n in range(3)),
        *(an_event(f"b{n}", HOUR) for n in range(2)),
        an_event("nobody", HOUR, server_id="", service_type=""),
        *(an_event(f"c{n}", 2 * DAY, server_id="i-3") for n in range(9)),
    )
    top = overview(database)["top"]
    assert top["servers"] == [{"name": "i-2", "events": 3}, {"name": "i-1", "events": 2}]
    assert top["services"] == [{"name": "web", "events": 3}, {"name": "mysql", "events": 2}]


def test_what_waits_for_people_and_what_is_stopped_is_told(database: Database) -> None:
    run = Execution(
        server_id="i-1",
        minion_id="web-1",
        service_type="mysql",
        solution_kind="state",
        solution_name="rescue.mysql",
        pinned="{}",
        pinned_sha256="",
        state=ExecutionState.HELD,
        held_by="approval",
        limit_seconds=1,
        verify_seconds=1,
        requested_by="rescuebot",
        planned_at=NOW - 2 * DAY,
    )
    add(database, run)
    asked = {"digest": "", "servers": "[]", "why": "", "proposed_by": "kim", "expires_at": NOW}
    add(
        database,
        Approval(execution_id=run.id, asked_at=NOW - HOUR, **asked),
        DeadLetter(message_id="1", reason="empty", detail="", body=""),
    )
    with database.transaction() as session:
        halts.call(session=session, target="server:i-1", reason="why", actor="kim", now=NOW)
        windows.open_(
            session=session,
            target="service:mysql",
            starts_at=NOW - HOUR,
            ends_at=NOW + HOUR,
            reason="upgrade",
            actor="kim",
            now=NOW,
        )
    told = overview(database)
    assert told["approvals"] == {
        "waiting": 1,
        "waiting_is_bounded": False,
        "oldest_asked_at": isoformat(NOW - HOUR),
    }
    assert told["held"] == {"approval": 1}
    (halt,) = told["halts"]
    assert (halt["target"], halt["called_by"]) == ("server:i-1", "kim")
    with database.reading() as session:
        assert halts.get(session=session, halt_id=halt["id"]).target == "server:i-1"
    assert [item["target"] for item in told["windows"]] == ["service:mysql"]
    assert told["dead_letters"] == 1
    assert told["executions"]["open"] == {"held": 1, "planned": 0, "dispatched": 0, "running": 0}
    assert set(told["executions"]["24h"].values()) == {0}
    assert figures(database)["held"] == {"approval": 1}


def test_what_the_model_has_cost_stands_beside_its_budget(database: Database) -> None:
    add(database, an_event("one", HOUR))
    with database.reading() as session:
        event_id = session.query(CloudWatchEvent.id).scalar()
    for number, ago in enumerate((HOUR, 2 * DAY, 30 * DAY)):
        cost = Advice(
            question_hash=str(number),
            service_type="mysql",
            cloudwatch_event_id=event_id,
            state=AdviceState.ANSWERED,
            asked_at=NOW - ago,
            calls=1,
            input_tokens=100,
            cost_micros=500_000,
        )
        add(database, cost)
    told = overview(database)["advice"]
    assert told["24h"] == {"calls": 1, "tokens": 100, "dollars": 0.5}
    assert told["month"] == {"calls": 2, "tokens": 200, "dollars": 1.0}
    assert told["budget_24h"] == {"calls": 100, "tokens": 1_000_000, "dollars": 5.0}
    assert figures(database)["advice"] == told["month"]


def test_an_engine_that_missed_its_beats_is_not_alive(database: Database) -> None:
    with database.transaction() as session:
        for owner, ago in (("here", 2), ("gone", 60)):
            beaten = NOW - timedelta(seconds=ago)
            heartbeats.beat(
                session=session, owner=owner, engine="rescue_sqs", now=beaten, state="running"
            )
    assert [
        (beat["owner"], beat["beat_seconds_ago"], beat["alive"])
        for beat in overview(database)["engines"]
    ] == [("here", 2.0, True), ("gone", 60.0, False)]


def test_the_figures_are_of_what_is_open_and_of_the_last_minute(database: Database) -> None:
    add(
        database,
        an_event("now", MINUTE / 2),
        an_event("older", 2 * MINUTE, severity=Severity.WARNING, status=EventStatus.PROCESSING),
        an_event("over", 2 * MINUTE, 1.0),
    )
    told = figures(database)
    assert told["open"]["new", "fatal"] == 1 and told["open"]["processing", "warning"] == 1
    assert len(told["open"]) == 8 and sum(told["open"].values()) == 2
    assert told["new"] == 1
    assert told["oldest_unclaimed_seconds"] == 30


def test_the_length_of_the_queue_is_what_an_engine_said_last(database: Database) -> None:
    assert figures(database)["queue_depth"] is None
    with database.transaction() as session:
        for owner, ago, depth in (("a", 60, 7), ("b", 5, 3), ("c", 1, None), ("d", 600, 9)):
            heartbeats.beat(
                session=session,
                owner=owner,
                engine="rescue_sqs",
                now=NOW - timedelta(seconds=ago),
                state="running",
                queue_depth=depth,
            )
    assert figures(database)["queue_depth"] == 3
    with database.transaction() as session:
        heartbeats.beat(session=session, owner="b", engine="rescue_sqs", now=NOW, state="running")
    assert figures(database)["queue_depth"] == 7


def test_the_dashboard_only_reads_and_gives_up_what_takes_too_long(database: Database) -> None:
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    overview(database)
    figures(database)
    event.remove(database.engine, "before_cursor_execute", note)
    words = [one for one in asked if not one.startswith("BEGIN")]
    assert all(one.startswith(("SELECT", "SET STATEMENT max_statement_time=")) for one in words)
    of_events = [one for one in words if "FROM cloudwatch_event" in one]
    assert of_events and all(database.embedded or "max_statement" in one for one in of_events)
