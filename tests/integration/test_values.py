"""What filters can offer: the values that there are, each by one look into an index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, text

from rescuebot import values
from rescuebot.clock import now
from rescuebot.database import Database
from rescuebot.runbooks import service as runbooks
from rescuebot.servers import service as servers
from tests import factories, old

EVENTS = "cloudwatch_event"


@contextmanager
def asked(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The statements that the ledger is asked meanwhile, with their parameters."""
    found: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            found.append((statement, parameters))

    engine = database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def offered(database: Database) -> dict[str, Any]:
    with database.reading() as session:
        return values.offered(session=session)


def test_an_empty_ledger_offers_nothing(database: Database) -> None:
    assert offered(database) == {
        "services": [],
        "servers": [],
        "event_types": [],
        "event_sources": [],
        "alarm_names": [],
        "runbooks": [],
    }


def test_each_value_is_offered_once_and_in_order(database: Database) -> None:
    for name, service in (("b", "nginx"), ("a", "mysql"), ("b", "nginx"), ("", "")):
        old.an_event(database, alarm_name=name, service_type=service, event_type=f"down_{name}")
    factories.a_server(database, server_id="i-2", minion_id="web-2")
    with database.transaction() as session:
        servers.lock(session=session, server_ids=["", "i-1"], now=now())
        servers.note_services(session=session, server_id="i-2", services=["redis"], now=now())
    gone = factories.a_runbook(database, title="Gone")
    kept = factories.a_runbook(database, title="Start MySQL")
    with database.transaction() as session:
        runbooks.delete(session=session, which=gone, expected_version=1, actor="tests", now=now())
    found = offered(database)
    assert found["services"] == ["mysql", "nginx", "redis"]
    assert found["servers"] == [
        {"server_id": "i-1", "minion_id": None},
        {"server_id": "i-2", "minion_id": "web-2"},
    ]
    assert found["alarm_names"] == ["a", "b"]
    assert found["event_types"] == ["down_", "down_a", "down_b"]
    assert found["event_sources"] == ["aws.cloudwatch"]
    assert found["runbooks"] == [{"id": kept, "title": "Start MySQL"}]


def test_of_many_values_the_first_two_hundred_are_offered(database: Database) -> None:
    for number in range(210):
        old.put(database, EVENTS, **_event(f"alarm {number:03d}"))
    found = offered(database)["alarm_names"]
    assert found == [f"alarm {number:03d}" for number in range(values.MOST)]


def _event(alarm_name: str) -> dict[str, Any]:
    at = factories.NOW
    return {
        "alarm_name": alarm_name,
        "message_id": alarm_name,
        "event_source": "aws.cloudwatch",
        "event_type": "process_down",
        "severity": "critical",
        "server_id": "i-1",
        "event_message": "no process",
        "event_time": at,
        "last_seen_at": at,
        "status": "new",
        "raw": "{}",
    }


def test_it_asks_as_often_as_there_are_values_however_many_rows(database: Database) -> None:
    for _ in range(3):
        old.an_event(database, alarm_name="a", service_type="mysql")
    with asked(database) as few:
        offered(database)
    for _ in range(50):
        old.an_event(database, alarm_name="a", service_type="mysql")
    with asked(database) as many:
        offered(database)
    assert len(few) == len(many) < 20


def test_no_row_of_an_event_is_read_and_no_index_is_scanned(database: Database) -> None:
    for number in range(20):
        old.an_event(database, alarm_name=f"a{number % 3}", service_type="mysql")
    with asked(database) as statements:
        offered(database)
    looks = [(query, given) for query, given in statements if EVENTS in query]
    assert len(looks) > 8
    sqlite = database.embedded
    with database.reading() as session:
        for query, given in looks:
            told = session.connection().exec_driver_sql(
                f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{query}", given
            )
            plan = " ".join(str(row) for row in told)
            assert ("SEARCH" in plan and "COVERING INDEX" in plan) if sqlite else _is_one_look(plan)


def _is_one_look(plan: str) -> bool:
    """What the optimizer has answered already, by going to one end of a range of an index."""
    return "optimized away" in plan or "No matching min/max row" in plan


def test_the_test_sees_a_scan(database: Database) -> None:
    if not database.embedded:
        return
    with database.reading() as session:
        plan = session.execute(
            text(f"EXPLAIN QUERY PLAN SELECT 1 FROM {EVENTS} WHERE claimed_by > ''")
        )
        assert "SCAN" in str(plan.all())
