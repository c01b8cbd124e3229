"""Log rows: the output of a step, cut to what `execution_result` may hold.

10 MB of text in one INSERT could be twice that on the wire once it is escaped, more than
`max_allowed_packet` of MariaDB allows; so long results are written piece by piece, inside the
transaction of their row.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from rescuebot.executions.model import Execution, LogStatus, SaltStackEventLog, Step

RESULT_BYTES = 10 * 1024 * 1024
_PIECE_CHARACTERS = 1024 * 1024
_MARKER_ROOM = 200


def record(
    *,
    session: Session,
    execution: Execution,
    step: Step,
    status: LogStatus,
    retcode: int | None,
    output: str,
    command_id: int | None,
    executed_at: datetime,
    response_seconds: float,
    seconds: float | None = None,
) -> SaltStackEventLog:
    """Write the log row of one step; it took so many `seconds`, if that is known."""
    kept = cut(output)
    pieces = _pieces(kept)
    row = SaltStackEventLog(
        cloudwatch_event_id=execution.cloudwatch_event_id,
        execution_id=execution.id,
        command_id=command_id,
        minion_id=execution.minion_id,
        step=step,
        execution_status=status,
        retcode=retcode,
        execution_result=next(pieces),
        result_bytes=len(kept.encode("utf-8")),
        took_ms=None if seconds is None else round(seconds * 1000),
        executed_at=executed_at,
        response_time=max(0, round(response_seconds)),
    )
    session.add(row)
    session.flush()
    for piece in pieces:
        _append(session, row.id, piece)
    return row


def replace(*, session: Session, log_id: int, output: str) -> None:
    """Write another output into a log row, cut and in pieces like the first."""
    kept = cut(output)
    pieces = _pieces(kept)
    _set(session, log_id, next(pieces), result_bytes=len(kept.encode("utf-8")))
    for piece in pieces:
        _append(session, log_id, piece)


def cut(output: str, limit: int = RESULT_BYTES) -> str:
    """The output in at most `limit` bytes of UTF-8: head and tail, and between them a marker
    that tells the original size.
    """
    encoded = output.encode("utf-8", errors="replace")
    if len(encoded) <= limit:
        return encoded.decode("utf-8")
    half = (limit - _MARKER_ROOM) // 2
    left_out = len(encoded) - 2 * half
    marker = f"\n[... cut: {len(encoded)} bytes in all, the middle {left_out} left out ...]\n"
    head = encoded[:half].decode("utf-8", errors="ignore")
    tail = encoded[-half:].decode("utf-8", errors="ignore")
    return head + marker + tail


def _pieces(text: str) -> Iterator[str]:
    yield text[:_PIECE_CHARACTERS]
    for start in range(_PIECE_CHARACTERS, len(text), _PIECE_CHARACTERS):
        yield text[start : start + _PIECE_CHARACTERS]


def _append(session: Session, row_id: int, piece: str) -> None:
    _set(session, row_id, SaltStackEventLog.execution_result + piece)


def _set(session: Session, row_id: int, result: str | ColumnElement[str], **more: int) -> None:
    session.execute(
        update(SaltStackEventLog)
        .where(SaltStackEventLog.id == row_id)
        .values(execution_result=result, **more)
        .execution_options(synchronize_session=False)
    )
