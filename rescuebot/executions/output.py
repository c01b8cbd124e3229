"""Reading the output of a step by byte ranges, and keeping the first one when it is corrected.

Invariant: nobody has to hold 10 MB to read some of it, and what the minion told is never changed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, and_, cast, func, insert, literal, select, update
from sqlalchemy.orm import Session

from rescuebot.database import UtcTimestamp
from rescuebot.errors import Conflict, Invalid, NotFound, Problem
from rescuebot.executions.model import LogStatus, SaltStackEventLog, SaltStackEventLogOriginal
from rescuebot.executions.results import RESULT_BYTES

_PART_BYTES = 1024 * 1024
_BYTES = LargeBinary()


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """What tells one output from another without telling it: its SHA-256 and its bytes."""

    sha256: str
    length: int


def get(*, session: Session, log_id: int) -> SaltStackEventLog:
    """The log row without its output, or NotFound."""
    log = session.get(SaltStackEventLog, log_id, populate_existing=True)
    if log is None:
        raise _no_log(log_id)
    return log


def original(*, session: Session, log_id: int) -> SaltStackEventLogOriginal:
    """What was there before the first correction, without its output; NotFound if there was none.

    `size` and `part` read the output.
    """
    table = SaltStackEventLogOriginal
    found = session.scalars(select(table).where(table.log_id == log_id)).one_or_none()
    if found is None:
        raise NotFound(f"Log {log_id} was never corrected, or there is no such log.")
    return found


def size(*, session: Session, log_id: int, original: bool = False) -> int:
    """How many bytes of UTF-8 the output of a step has, or had before it was corrected."""
    return int(_read(session, log_id, original, func.length))


def part(
    *,
    session: Session,
    log_id: int,
    start: int,
    length: int = _PART_BYTES,
    original: bool = False,
) -> bytes:
    """The bytes of the output from `start` on, at most `length`; none beyond its end.

    Bytes, because a range may begin or end inside of a character.
    """
    _check_range(start, length)
    found = _read(
        session, log_id, original, lambda data: func.substr(data, start + 1, length, type_=_BYTES)
    )
    return bytes(found)


def digest(*, session: Session, log_id: int) -> Digest:
    """The digest of the output, read part by part."""
    sha, length = hashlib.sha256(), 0
    while data := part(session=session, log_id=log_id, start=length):
        sha.update(data)
        length += len(data)
    return Digest(sha256=sha.hexdigest(), length=length)


def keep_original(*, session: Session, log_id: int, now: datetime) -> None:
    """Copy a log row that was never corrected to where it stays whole, inside of the database."""
    log, kept = SaltStackEventLog, SaltStackEventLogOriginal
    row = select(
        log.id, log.execution_result, log.execution_status, literal(now, UtcTimestamp)
    ).where(log.id == log_id, log.corrected_at.is_(None))
    columns = ["log_id", "execution_result", "execution_status", "kept_at"]
    session.execute(insert(kept).from_select(columns, row))


def correct(
    *,
    session: Session,
    log_id: int,
    status: LogStatus | None,
    reason: str,
    actor: str,
    expected_corrected_at: datetime | None,
    now: datetime,
) -> None:
    """Note a correction; Conflict when somebody has corrected it since `expected_corrected_at`."""
    log = SaltStackEventLog
    values: dict[str, Any] = {} if status is None else {"execution_status": status}
    done = session.execute(
        update(log)
        .where(log.id == log_id, _was_corrected_at(expected_corrected_at))
        .values(corrected_at=now, corrected_by=actor[:100], correction=reason, **values)
        .execution_options(synchronize_session=False)
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        by = get(session=session, log_id=log_id).corrected_by or "nobody yet"
        raise Conflict(
            f"Log {log_id} is not as you saw it: it was corrected by {by}.",
            remedy="Look at it again, then correct what is there now.",
        )


def _was_corrected_at(expected: datetime | None) -> ColumnElement[bool]:
    """At the moment that the corrector saw: people are shown whole milliseconds."""
    corrected_at = SaltStackEventLog.corrected_at
    if expected is None:
        return corrected_at.is_(None)
    first = expected.replace(microsecond=expected.microsecond // 1000 * 1000)
    return and_(corrected_at >= first, corrected_at < first + timedelta(milliseconds=1))


def _check_range(start: int, length: int) -> None:
    problems = []
    if not 0 <= start <= RESULT_BYTES:
        problems.append(Problem("start", f"must be 0 to {RESULT_BYTES}"))
    if not 1 <= length <= RESULT_BYTES:
        problems.append(Problem("length", f"must be 1 to {RESULT_BYTES} bytes"))
    if problems:
        raise Invalid(problems, what="The range is not valid")


def _read(session: Session, log_id: int, original: bool, what: Any) -> Any:
    """Something of the output, worked out by the database, which alone holds the whole."""
    table = SaltStackEventLogOriginal if original else SaltStackEventLog
    key: ColumnElement[int] = (
        SaltStackEventLogOriginal.log_id.expression if original else SaltStackEventLog.id.expression
    )
    wanted = what(cast(table.execution_result, _BYTES))
    found = session.execute(select(wanted).where(key == log_id)).one_or_none()
    if found is None:
        raise _no_log(log_id)
    return found[0]


def _no_log(log_id: int) -> NotFound:
    return NotFound(f"There is no log {log_id}.", remedy="salt-run rescue.event shows an event's.")
