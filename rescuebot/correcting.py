"""What an execution has told, put right by a person; what the minion told is kept whole beside it.

Invariant: the audit says that it was changed, by whom and why, and what it was by its SHA-256;
never the text itself, which may be a secret that had to be taken out.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session

from rescuebot import clock
from rescuebot.audit import service as audit
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import Invalid, Problem
from rescuebot.executions import output, results
from rescuebot.executions.model import LogStatus, SaltStackEventLog, SaltStackEventLogOriginal
from rescuebot.executions.output import Digest
from rescuebot.guard import service as decisions
from rescuebot.requests import each


@repeat_on_contention
def correct(
    log_id: int,
    *,
    execution_result: str | None,
    execution_status: LogStatus | None = None,
    reason: str,
    actor: str,
    database: Database,
    expected_corrected_at: datetime | None = None,
    now: clock.Clock = clock.now,
) -> SaltStackEventLog:
    """Put the output or the status of a log row right (None leaves it); returns the row.

    `expected_corrected_at` is what the corrector saw, None where it had never been corrected:
    Conflict when somebody was first. A longer output is cut as a minion's is.
    """
    each.check_reason(reason)
    if execution_result is None and execution_status is None:
        words = "must be given, unless execution_status is to be put right"
        raise Invalid([Problem("execution_result", words)])
    with database.transaction() as session:
        before = output.digest(session=session, log_id=log_id)
        at = now()
        output.keep_original(session=session, log_id=log_id, now=at)
        output.correct(
            session=session,
            log_id=log_id,
            status=execution_status,
            reason=reason,
            actor=actor,
            expected_corrected_at=expected_corrected_at,
            now=at,
        )
        after = _replace(session, log_id, execution_result) or before
        log = output.get(session=session, log_id=log_id)
        _note(session, log, before, after, actor, at)
    return log


def original(*, session: Session, log_id: int) -> SaltStackEventLogOriginal:
    """What the minion told before anybody corrected it; NotFound when nobody has."""
    return output.original(session=session, log_id=log_id)


def _replace(session: Session, log_id: int, text: str | None) -> Digest | None:
    if text is None:
        return None
    kept = results.cut(text)
    results.replace(session=session, log_id=log_id, output=kept)
    data = kept.encode("utf-8")
    return Digest(sha256=hashlib.sha256(data).hexdigest(), length=len(data))


def _note(
    session: Session,
    log: SaltStackEventLog,
    before: Digest,
    after: Digest,
    actor: str,
    now: datetime,
) -> None:
    words = f"{actor} has corrected the {log.step.value} log {log.id}: {log.correction}"
    decisions.record(
        session=session,
        subject="by_hand",
        verdict="corrected",
        words=words,
        event_id=log.cloudwatch_event_id,
        execution_id=log.execution_id,
        now=now,
    )
    audit.note(
        session=session,
        actor=actor,
        action="log_corrected",
        subject=f"log {log.id}",
        detail=(
            f"{words} Before: {before.length} bytes, sha256 {before.sha256}. "
            f"After: {after.length} bytes, sha256 {after.sha256}; status {log.execution_status}."
        ),
        now=now,
    )
