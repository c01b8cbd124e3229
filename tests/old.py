"""Rows of long ago, written straight into the tables: the stories would take ninety days."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from rescuebot.archive import rows
from rescuebot.database import Database
from tests.factories import MINION, NOW, SERVER

OLD = NOW - timedelta(days=100)


def put(database: Database, table: str, **values: Any) -> int:
    with database.transaction() as session:
        done = session.execute(insert(rows.KNOWN[table]).values(**values))
        return int(done.inserted_primary_key[0])  # type: ignore[attr-defined]


def an_event(database: Database, *, at: datetime = OLD, **fields: Any) -> int:
    """An event that is over, with its report."""
    message_id = uuid.uuid4().hex
    values = {
        "event_source": "aws.cloudwatch",
        "event_type": "process_down",
        "severity": "critical",
        "server_id": SERVER,
        "event_message": 'mysqld: no process 한국어 \x01 \\ "',
        "event_time": at,
        "received_at": at,
        "last_seen_at": at,
        "resolved_at": at + timedelta(minutes=1, microseconds=123456),
        "status": "resolved",
        "outcome": "fixed",
        "message_id": message_id,
        "raw": "{}",
        **fields,
    }
    event_id = put(database, "cloudwatch_event", **values)
    put(
        database,
        "event_occurrence",
        message_id=f"report-{message_id}",
        cloudwatch_event_id=event_id,
        event_time=at,
        received_at=at,
    )
    return event_id


def a_run(database: Database, event_id: int | None, *, at: datetime = OLD, **fields: Any) -> int:
    """An execution that has ended."""
    values = {
        "cloudwatch_event_id": event_id,
        "server_id": SERVER,
        "minion_id": MINION,
        "service_type": "mysql",
        "solution_kind": "state",
        "solution_name": "rescue.mysql",
        "pinned": "{}",
        "pinned_sha256": "0" * 64,
        "state": "success",
        "limit_seconds": 300,
        "verify_seconds": 30,
        "requested_by": "rescue",
        "planned_at": at,
        "not_before": at,
        "finished_at": at,
        **fields,
    }
    return put(database, "execution", **values)


def a_log(database: Database, run: int, event_id: int | None, result: str = "up") -> int:
    return put(
        database,
        "saltstack_event_log",
        execution_id=run,
        cloudwatch_event_id=event_id,
        execution_result=result,
        execution_status="success",
        executed_at=OLD,
        response_time=1,
        minion_id=MINION,
        step="fix",
        retcode=0,
    )


def an_advice(database: Database, event_id: int, **fields: Any) -> int:
    values = {
        "question_hash": uuid.uuid4().hex,
        "service_type": "mysql",
        "cloudwatch_event_id": event_id,
        "state": "answered",
        "begun_at": OLD,
        "not_before": OLD,
        "expires_at": OLD + timedelta(days=1),
        **fields,
    }
    return put(database, "advice", **values)


def a_consultation(database: Database, event_id: int, advice_id: int, state: str = "done") -> int:
    return put(
        database,
        "consultation",
        cloudwatch_event_id=event_id,
        advice_id=advice_id,
        state=state,
        begun_at=OLD,
    )


def a_draft(database: Database, event_id: int, advice_id: int, run: int, state: str) -> int:
    return put(
        database,
        "draft",
        advice_id=advice_id,
        cloudwatch_event_id=event_id,
        execution_id=run,
        service_type="mysql",
        title="Start it",
        solution_hash="0" * 64,
        content="{}",
        risk="low",
        state=state,
        made_at=OLD,
    )


def a_decision(database: Database, **fields: Any) -> int:
    values = {"subject": "match", "verdict": "matched", "words": "It fits.", "decided_at": OLD}
    return put(database, "decision", **{**values, **fields})


def an_approval(database: Database, event_id: int, run: int, state: str = "spent") -> int:
    """One that somebody has edited once."""
    approval_id = put(
        database,
        "approval",
        execution_id=run,
        cloudwatch_event_id=event_id,
        digest="0" * 64,
        servers="[]",
        why="it asks",
        proposed_by="rescue",
        state=state,
        asked_at=OLD,
        expires_at=OLD,
    )
    put(
        database,
        "approval_amendment",
        approval_id=approval_id,
        number=1,
        amended_by="web:kim",
        amended_at=OLD,
        comment="gentler",
        old_digest="0" * 64,
        new_digest="1" * 64,
        old_name="rescue.mysql",
        old_pinned="{}",
    )
    return approval_id


def a_whole_event(database: Database, *, at: datetime = OLD, result: str = "up") -> int:
    """An event with something in every table."""
    event_id = an_event(database, at=at)
    run = a_run(database, event_id, at=at)
    log_id = a_log(database, run, event_id, result)
    put(
        database,
        "saltstack_event_log_original",
        log_id=log_id,
        execution_result="as it was",
        execution_status="failed",
        kept_at=OLD,
    )
    a_decision(database, cloudwatch_event_id=event_id)
    a_decision(database, execution_id=run)
    an_approval(database, event_id, run)
    advice_id = an_advice(database, event_id, evidence_execution_id=run)
    a_consultation(database, event_id, advice_id)
    a_draft(database, event_id, advice_id, run, "rejected")
    return event_id


def the_newest(database: Database) -> int:
    """An event of today with something in every table: it keeps the highest ids."""
    return a_whole_event(database, at=NOW)
