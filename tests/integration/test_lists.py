"""Every list on both databases: filters, order, pages, what is never read, and limits in time."""

from __future__ import annotations

import operator
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import event, text
from sqlalchemy.exc import InvalidRequestError

from benchmarks import api, ledger
from devstack import ports
from devstack.mariadb import MariaDB
from rescuebot import database as layer
from rescuebot import migrations, paging
from rescuebot.advice import search as advice
from rescuebot.advice.model import Advice, AdviceState
from rescuebot.approvals import search as approvals
from rescuebot.approvals.model import Approval, ApprovalState
from rescuebot.audit import search as audit
from rescuebot.audit import service as audits
from rescuebot.commands import search as commands
from rescuebot.database import Database
from rescuebot.errors import Invalid, TooSlow
from rescuebot.events import letters_search as letters
from rescuebot.events import search as events
from rescuebot.events.model import CloudWatchEvent, DeadLetter, EventStatus, LetterState, Outcome
from rescuebot.events.reported import Severity
from rescuebot.events.search import Filter
from rescuebot.executions import search as executions
from rescuebot.executions.model import Execution, ExecutionState
from rescuebot.guard import search as decisions
from rescuebot.guard.model import Decision
from rescuebot.runbooks import search as runbooks
from rescuebot.servers import search as servers
from rescuebot.servers import service as server_service
from rescuebot.settings import DatabaseSettings
from tests.conftest import open_database
from tests.factories import NOW, a_command, a_runbook, a_server

MINUTE = timedelta(minutes=1)


def an_event(number: int, **fields: Any) -> CloudWatchEvent:
    moment = NOW - (number // 3) * MINUTE
    return CloudWatchEvent(
        **{
            "event_source": "EC2",
            "event_type": "process_down",
            "severity": Severity.FATAL,
            "server_id": "i-1",
            "event_message": f"mysqld has no process on host {number}",
            "event_time": moment,
            "status": EventStatus.NEW,
            "message_id": f"m-{number}",
            "alarm_name": "mysqld is down",
            "service_type": "mysql",
            "last_seen_at": moment,
            "received_at": moment,
            "raw": "{}",
            **fields,
        }
    )


def an_execution(number: int, **fields: Any) -> Execution:
    return Execution(
        **{
            "server_id": "i-1",
            "minion_id": "web-1",
            "service_type": "mysql",
            "solution_kind": "state",
            "solution_name": "rescue.mysql",
            "pinned": "{}",
            "pinned_sha256": "",
            "state": ExecutionState.SUCCESS,
            "limit_seconds": 1,
            "verify_seconds": 1,
            "requested_by": "rescuebot",
            "planned_at": NOW - number * MINUTE,
            **fields,
        }
    )


def add(database: Database, *rows: Any) -> None:
    with database.transaction() as session:
        for row in rows:
            session.add(row)
            session.flush()


def walk(database: Database, search: Any, wanted: Any, *, limit: int = 7, **more: Any) -> list[Any]:
    """All pages of a list, one after the other."""
    found: list[Any] = []
    cursor = None
    with database.reading() as session:
        while True:
            page = search.search(session=session, wanted=wanted, cursor=cursor, limit=limit, **more)
            assert len(page.rows) == limit or page.next is None
            found += page.rows
            if page.next is None:
                assert page.total == len(found) and not page.total_is_bounded
                return found
            cursor = page.next


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is asked of the database in the block."""
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)


def many_events(database: Database) -> list[CloudWatchEvent]:
    chance = random.Random(6)
    rows = [
        an_event(
            number,
            severity=chance.choice(list(Severity)),
            status=chance.choice(list(EventStatus)),
            outcome=chance.choice([None, Outcome.FIXED, Outcome.HELD, Outcome.TIMEOUT]),
            server_id=chance.choice(["i-1", "i-2", "i-3", ""]),
            service_type=chance.choice(["mysql", "nginx", "web"]),
            event_type=chance.choice(["process_down", "cpu_high"]),
            event_source=chance.choice(["EC2", "RDS", "CloudWatch"]),
            alarm_name=chance.choice(["down", "busy", "odd"]),
            deleted_at=NOW if number % 11 == 0 else None,
        )
        for number in range(90)
    ]
    add(database, *rows)
    return rows


FILTERS: dict[str, tuple[Filter, Callable[[CloudWatchEvent], bool]]] = {
    "all": (Filter(), lambda e: True),
    "server": (Filter(server_id=("i-2",)), lambda e: e.server_id == "i-2"),
    "no server": (Filter(server_id=("",)), lambda e: e.server_id == ""),
    "two servers": (Filter(server_id=("i-2", "i-3")), lambda e: e.server_id in ("i-2", "i-3")),
    "alarm": (Filter(alarm_name=("odd", "busy")), lambda e: e.alarm_name in ("odd", "busy")),
    "open": (
        Filter(status=(EventStatus.NEW, EventStatus.PROCESSING)),
        lambda e: e.status in ("new", "processing"),
    ),
    "open of a service": (
        Filter(status=(EventStatus.NEW,), service_type=("web",)),
        lambda e: e.status == "new" and e.service_type == "web",
    ),
    "failed of two services": (
        Filter(status=(EventStatus.FAILED,), service_type=("web", "mysql")),
        lambda e: e.status == "failed" and e.service_type in ("web", "mysql"),
    ),
    "outcome": (
        Filter(outcome=(Outcome.FIXED, Outcome.HELD)),
        lambda e: e.outcome in ("fixed", "held"),
    ),
    "type and source": (
        Filter(event_type=("cpu_high",), event_source=("RDS", "EC2")),
        lambda e: e.event_type == "cpu_high" and e.event_source in ("RDS", "EC2"),
    ),
    "source": (Filter(event_source=("RDS",)), lambda e: e.event_source == "RDS"),
    "severities": (
        Filter(severity=(Severity.FATAL, Severity.INFO)),
        lambda e: e.severity in ("fatal", "info"),
    ),
    "span": (
        Filter(since=NOW - 20 * MINUTE, until=NOW - 10 * MINUTE, severity=(Severity.FATAL,)),
        lambda e: NOW - 20 * MINUTE <= e.event_time < NOW - 10 * MINUTE and e.severity == "fatal",
    ),
    "text": (
        Filter(text="HOST 1", since=NOW - 60 * MINUTE, until=NOW + MINUTE),
        lambda e: "host 1" in e.event_message,
    ),
}


@pytest.mark.parametrize("sort", ["-event_time", "event_time"])
def test_each_filter_of_the_events_gives_all_and_only_these_in_order(
    database: Database, sort: str
) -> None:
    rows = many_events(database)
    some = {row.id for row in rows[::9]}
    ids = (Filter(ids=(*some, 2**62)), lambda e: e.id in some)
    for name, (wanted, fits) in {**FILTERS, "ids": ids}.items():
        expected = [row for row in rows if fits(row) and row.deleted_at is None]
        expected.sort(key=lambda row: (row.event_time, row.id), reverse=sort.startswith("-"))
        found = walk(database, events, wanted, sort=sort)
        assert [row.id for row in found] == [row.id for row in expected], name
        assert expected, name


def test_those_that_were_taken_back_are_in_a_list_of_their_own(database: Database) -> None:
    rows = many_events(database)
    gone = {row.id for row in rows if row.deleted_at and row.severity == Severity.INFO}
    found = walk(database, events, Filter(deleted=True, severity=(Severity.INFO,)), limit=2)
    assert [row.event_time for row in found] == sorted((r.event_time for r in found), reverse=True)
    assert {row.id for row in found} == gone and gone


def test_a_page_is_where_it_was_when_new_events_have_come(database: Database) -> None:
    many_events(database)
    with database.reading() as session:
        first = events.search(session=session, wanted=Filter(), limit=20)
    add(database, *(an_event(n, event_time=NOW + MINUTE) for n in range(100, 110)))
    with database.reading() as session:
        again = events.search(session=session, wanted=Filter(), limit=40)
        second = events.search(session=session, wanted=Filter(), limit=10, cursor=first.next)
    assert [row.id for row in again.rows][30:] == [row.id for row in second.rows]


def test_the_signs_of_a_pattern_are_themselves_in_a_text(database: Database) -> None:
    add(
        database,
        an_event(1, event_message="disk at 91%_full / of C:\\"),
        an_event(2, event_message="disk at 91 and full"),
    )
    wanted = Filter(since=NOW - 60 * MINUTE, until=NOW + MINUTE)
    for part in ("91%", "%_F", "/ of", "C:\\"):
        assert len(walk(database, events, replace(wanted, text=part))) == 1, part
    assert not walk(database, events, replace(wanted, text="' OR 1=1 -- "))


def test_a_text_is_looked_for_in_a_day_or_in_as_much_as_is_said(database: Database) -> None:
    add(
        database,
        an_event(1, event_time=NOW - timedelta(hours=25)),
        an_event(2, event_time=NOW - timedelta(hours=23)),
    )
    at: dict[str, Any] = {"now": lambda: NOW}
    assert len(walk(database, events, Filter(text="host"), **at)) == 1
    assert (
        len(walk(database, events, Filter(text="host", since=NOW - timedelta(days=31)), **at)) == 2
    )
    with pytest.raises(Invalid, match="at most 31 days; set `since` and `until`"):
        walk(database, events, Filter(text="host", since=NOW - timedelta(days=32)), **at)
    for moment in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)):
        with pytest.raises(Invalid, match="until: must lie in the years 1971 to 2037"):
            walk(database, events, Filter(text="host", until=moment), **at)
    with pytest.raises(Invalid, match="text: must not be blank"):
        walk(database, events, Filter(text=" "), **at)


def test_the_pages_of_a_text_go_on_while_the_clock_does(database: Database) -> None:
    add(database, *(an_event(number) for number in range(3)))
    wanted, cursor = Filter(text="host"), None
    with database.reading() as session:
        for later in range(3):
            page = events.search(
                session=session,
                wanted=wanted,
                cursor=cursor,
                limit=1,
                now=partial(operator.add, NOW, later * MINUTE),
            )
            cursor = page.next
            assert len(page.rows) == 1


def test_a_list_never_reads_what_is_long(database: Database) -> None:
    event, run = an_event(1), an_execution(1)
    add(database, event, run)
    add(database, _an_approval(run.id, event.id), _an_advice(event.id))
    lists: dict[Any, tuple[Any, str]] = {
        events: (Filter(), "raw"),
        executions: (executions.Filter(), "pinned"),
        approvals: (approvals.Filter(), "preview"),
        advice: (advice.Filter(), "question"),
        letters: (letters.Filter(), "body"),
    }
    add(database, DeadLetter(message_id="1", reason="empty", detail="", body="x", received_at=NOW))
    for search, (wanted, hidden) in lists.items():
        with statements(database) as asked, database.reading() as session:
            (row,) = search.search(session=session, wanted=wanted).rows
            assert not [one for one in asked if re.search(rf"\.{hidden}\b", one)] and asked
            with pytest.raises(InvalidRequestError):
                getattr(row, hidden)


def test_each_value_of_a_driving_filter_is_read_along_the_forced_index(database: Database) -> None:
    wanted = Filter(severity=(Severity.FATAL, Severity.CRITICAL))
    with statements(database) as asked, database.reading() as session:
        events.search(session=session, wanted=wanted)
    forced = asked[-1].count("FORCE INDEX (ix_cloudwatch_event_severity)")
    assert forced == (0 if database.embedded else 2)


@pytest.mark.mariadb
def test_every_index_that_a_list_forces_is_there(mariadb: MariaDB) -> None:
    made = open_database(mariadb.create_database("forced_indexes"))
    migrations.upgrade(made)
    with made.reading() as session:
        for search in (events, executions, decisions, approvals, advice, letters, audit):
            listing: paging.Listing[Any] = search.LISTING
            found = {row[2] for row in session.execute(text(f"SHOW INDEX FROM {_table(listing)}"))}
            named = {listing.index, *(drive.index for drive in listing.drives)}
            assert named <= found, search
            assert {drive.name for drive in listing.drives} <= set(listing.filters)
    made.dispose()


def _table(listing: paging.Listing[Any]) -> str:
    return str(listing.table.__tablename__)


def test_executions_are_found_by_all_that_they_are_known_by(database: Database) -> None:
    add(
        database,
        an_event(1),
        an_execution(1, state=ExecutionState.HELD, requested_by="kim", verdict=None),
        an_execution(2, server_id="i-2", service_type="web", verdict="fixed"),
    )
    command = a_command(database)
    runbook = a_runbook(database)
    with database.transaction() as session:
        event_id = session.query(CloudWatchEvent.id).scalar()
    add(
        database,
        an_execution(3, command_id=command, cloudwatch_event_id=event_id, runbook_id=runbook),
    )
    wanted = executions.Filter
    kim, web, third = walk(database, executions, wanted())
    for one, found in (
        (wanted(state=(ExecutionState.HELD,)), kim),
        (wanted(requested_by=("kim",)), kim),
        (wanted(since=NOW - MINUTE), kim),
        (wanted(server_id=("i-2",)), web),
        (wanted(service_type=("web",)), web),
        (wanted(verdict=("fixed",)), web),
        (wanted(command_id=command), third),
        (wanted(event_id=event_id), third),
        (wanted(runbook_id=runbook), third),
        (wanted(until=NOW - 2 * MINUTE), third),
    ):
        assert [row.id for row in walk(database, executions, one)] == [found.id], one


def test_decisions_approvals_advice_letters_and_audit_are_filtered_too(database: Database) -> None:
    add(database, an_event(1), an_execution(1), an_execution(2))
    with database.transaction() as session:
        one, two = session.query(Execution.id).order_by(Execution.id)
        event_id = session.query(CloudWatchEvent.id).scalar()
        for number, verdict in enumerate(("held", "allowed")):
            session.add(
                Decision(
                    execution_id=(one, two)[number][0],
                    cloudwatch_event_id=event_id if number else None,
                    subject="guard",
                    verdict=verdict,
                    words="",
                    decided_at=NOW + number * MINUTE,
                )
            )
            audits.note(
                session=session,
                actor=("kim", "lee")[number],
                action="halted",
                subject=str(number),
                detail="",
                now=NOW,
            )
            session.add(
                DeadLetter(
                    message_id=str(number),
                    reason=("empty", "not_json")[number],
                    detail="",
                    body="",
                    received_at=NOW,
                    state=(LetterState.KEPT, LetterState.REQUEUED)[number],
                )
            )
        session.add(_an_approval(one[0], event_id))
        session.add(_an_advice(event_id))
    found: list[tuple[Any, Any, int]] = [
        (decisions, decisions.Filter(verdict=("held",)), 1),
        (decisions, decisions.Filter(event_id=event_id), 1),
        (decisions, decisions.Filter(execution_id=one[0]), 1),
        (decisions, decisions.Filter(subject=("guard",), since=NOW + MINUTE), 1),
        (decisions, decisions.Filter(runbook_id=1), 0),
        (approvals, approvals.Filter(state=(ApprovalState.PENDING,)), 1),
        (approvals, approvals.Filter(event_id=event_id + 1), 0),
        (advice, advice.Filter(service_type=("mysql",), state=(AdviceState.ANSWERED,)), 1),
        (advice, advice.Filter(state=(AdviceState.FAILED,)), 0),
        (letters, letters.Filter(state=(LetterState.KEPT,)), 1),
        (letters, letters.Filter(reason=("empty", "not_json")), 2),
        (audit, audit.Filter(actor=("kim",)), 1),
        (audit, audit.Filter(action=("halted",), subject=("1",)), 1),
    ]
    for search, wanted, number in found:
        assert len(walk(database, search, wanted)) == number, wanted
        with database.reading() as session:
            total = search.search.count(session=session, wanted=wanted)
            assert total.number == number, wanted


def test_servers_are_found_by_text_service_and_minion(database: Database) -> None:
    a_server(database, server_id="i-1", minion_id="web-1")
    a_server(database, server_id="i-2", minion_id="db-1")
    with database.transaction() as session:
        server_service.lock(session=session, server_ids=["", "i-3"], now=NOW)
        server_service.note_services(session=session, server_id="i-2", services=["mysql"], now=NOW)
    wanted = servers.Filter

    def ids(**asked: Any) -> list[str]:
        sort = asked.pop("sort", "server_id")
        found = walk(database, servers, wanted(**asked), limit=1, sort=sort)
        return [row.server_id for row in found]

    assert ids() == ["i-1", "i-2", "i-3"]
    assert ids(sort="minion_id") == ["i-3", "i-2", "i-1"]
    assert ids(sort="-seen_at") == ["i-2", "i-1", "i-3"]
    assert ids(text="WEB") == ["i-1"]
    assert ids(service="mysql") == ["i-2"]
    assert ids(has_minion=False) == ["i-3"]
    assert ids(has_minion=True, text="i-") == ["i-1", "i-2"]


def test_commands_and_runbooks_are_found_by_their_words(database: Database) -> None:
    a_command(database)
    a_command(database, command_name="web_log", target_service="web", command_type="log_check")
    a_runbook(database)
    a_runbook(database, title="Make room", service_type="disk", mode="ask", enabled=False)
    for wanted, name in (
        (commands.Filter(target_service=("web",)), "web_log"),
        (commands.Filter(command_type=("status",)), "mysql_status"),  # type: ignore[arg-type]
        (commands.Filter(text="MYSQL_"), "mysql_status"),
    ):
        assert [c.command_name for c in walk(database, commands, wanted)] == [name]
    assert walk(database, commands, commands.Filter(deleted=True)) == []
    for asked, title in (
        (runbooks.Filter(text="room"), "Make room"),
        (runbooks.Filter(enabled=True), "Start MySQL"),
        (runbooks.Filter(mode=("ask",)), "Make room"),  # type: ignore[arg-type]
        (runbooks.Filter(service_type=("mysql", "web")), "Start MySQL"),
    ):
        assert [r.title for r in walk(database, runbooks, asked, sort="-priority")] == [title]


@pytest.mark.mariadb
def test_what_takes_too_long_is_given_up_and_says_what_to_do(
    mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer, "LIST_SECONDS", 0.05)
    opened = open_database(mariadb.url())
    with pytest.raises(TooSlow, match="Narrow the time range"), opened.reading() as session:
        session.execute(layer.limited(text("SELECT SLEEP(20)")))
    with opened.reading() as session:
        assert session.scalar(text("SELECT SLEEP(0.2)")) == 0, "the limit outlived its statement"
    opened.dispose()


def test_the_replica_is_read_and_the_ledger_when_it_does_not_answer(tmp_path: Any) -> None:
    first, second = (open_database(f"sqlite:///{tmp_path / name}") for name in ("a.db", "b.db"))
    for number, opened in enumerate((first, second)):
        migrations.upgrade(opened)
        add(opened, an_event(number, server_id=f"i-{number}"))
    settings = DatabaseSettings(
        url=SecretStr(f"sqlite:///{tmp_path / 'a.db'}"),
        replica_url=SecretStr(f"sqlite:///{tmp_path / 'b.db'}"),
    )
    assert _server_in(Database(settings)) == "i-1"
    assert _server_in(Database(settings.model_copy(update={"replica_url": None}))) == "i-0"
    nobody = SecretStr(f"mysql+pymysql://rescue@127.0.0.1:{ports.free(1)[0]}/rescue")
    away = Database(settings.model_copy(update={"replica_url": nobody}))
    assert _server_in(away) == "i-0"
    assert _server_in(away) == "i-0"


def _server_in(database: Database) -> str:
    with database.replica() as session:
        return events.search(session=session, wanted=Filter()).rows[0].server_id


def _an_approval(execution_id: int, event_id: int) -> Approval:
    return Approval(
        execution_id=execution_id,
        cloudwatch_event_id=event_id,
        digest="",
        servers="[]",
        why="",
        proposed_by="rescuebot",
        state=ApprovalState.PENDING,
        asked_at=NOW,
        expires_at=NOW + 60 * MINUTE,
    )


def _an_advice(event_id: int) -> Advice:
    return Advice(
        question_hash="0" * 64,
        service_type="mysql",
        cloudwatch_event_id=event_id,
        state=AdviceState.ANSWERED,
        begun_at=NOW,
    )


@pytest.mark.mariadb
def test_no_page_of_the_benchmark_sorts_more_than_it_gives(
    mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "SERVERS", 20)
    database = open_database(mariadb.create_database("benchmark_of_lists"))
    ledger.fill(database, size=20_000)
    plans: dict[str, list[tuple[str, ...]]] = {}
    with database.reading() as session:
        for case in api.cases(session):
            plans[case.name] = api.asked(session, replace(case, calls=1)).plans
    assert len(plans) > 40 and all(plans.values())
    # Few are taken back; the dashboard groups what it counts.
    sorting = {name for name, found in plans.items() if "filesort" in str(found)}
    assert sorting <= {"taken back", "dashboard", "figures for Prometheus"}
    ordinary = {key for _, key, _, _ in plans["service and status new"]}
    assert "ix_cloudwatch_event_status_time" in ordinary
    database.dispose()
