"""Executions and the logs of their steps, as the API shows and takes them."""

from __future__ import annotations

import marshmallow as ma

from rescuebot.executions import logs_search, search
from rescuebot.executions.model import (
    Execution,
    ExecutionState,
    LogStatus,
    SaltStackEventLog,
    SaltStackEventLogOriginal,
)
from webui.api.schemas.base import (
    Id,
    ListQuery,
    Moment,
    Reason,
    Text,
    any_of,
    page_of,
    rows_of,
    sorted_by,
)

_RUN = (
    "id",
    "cloudwatch_event_id",
    "runbook_id",
    "command_id",
    "server_id",
    "minion_id",
    "service_type",
    "solution_kind",
    "solution_name",
    "pinned_sha256",
    "state",
    "approval_owed",
    "held_by",
    "held_at",
    "attempt",
    "attempts",
    "waits",
    "retry_of",
    "jid",
    "limit_seconds",
    "verify_seconds",
    "requested_by",
    "planned_at",
    "not_before",
    "dispatched_at",
    "started_at",
    "deadline_at",
    "finished_at",
    "verdict",
    "message",
    "states_succeeded",
    "states_changed",
    "states_failed",
)
Run = rows_of(Execution, "Execution", *_RUN)
RunPage = page_of(Run, "ExecutionPage")

_LOG = (
    "id",
    "cloudwatch_event_id",
    "command_id",
    "execution_id",
    "execution_status",
    "executed_at",
    "response_time",
    "minion_id",
    "step",
    "retcode",
    "result_bytes",
    "took_ms",
    "corrected_at",
    "corrected_by",
    "correction",
)
Log = rows_of(SaltStackEventLog, "EventLog", *_LOG)
LogPage = page_of(Log, "EventLogPage")
Original = rows_of(
    SaltStackEventLogOriginal, "EventLogOriginal", "log_id", "execution_status", "kept_at"
)


RunWhole = rows_of(
    Execution,
    "ExecutionWhole",
    *_RUN,
    words="An execution with its steps, and with what exactly was or will be run.",
    fix=ma.fields.Dict(
        required=True, allow_none=True, metadata={"description": "What is pinned to run."}
    ),
    logs=ma.fields.List(ma.fields.Nested(Log), required=True),
)


class RunBefore(ma.Schema):
    """The last run of the same remedy on the same server, to compare with."""

    previous = ma.fields.Nested(RunWhole, required=True, allow_none=True)


class RunQuery(ListQuery):
    """Which executions."""

    since = Moment(load_default=None, metadata={"description": "planned_at from here on"})
    until = Moment(load_default=None)
    state = any_of(ExecutionState)
    server_id = any_of(Text(most=50))
    service_type = any_of(Text(most=50))
    verdict = any_of(Text(most=30))
    requested_by = any_of(Text(most=100))
    event_id = Id(strict=False, load_default=None)
    runbook_id = Id(strict=False, load_default=None)
    command_id = Id(strict=False, load_default=None)
    sort = sorted_by(search)


class RunIn(ma.Schema):
    """Run a registered command on servers."""

    command_name = Text(least=1, most=100, required=True)
    server_ids = ma.fields.List(
        Text(least=1, most=50), required=True, validate=ma.validate.Length(1, 100)
    )


class RunsMade(ma.Schema):
    """What was planned."""

    execution_ids = ma.fields.List(Id(), required=True)


class RetryIn(ma.Schema):
    """Run again what failed: the same work on the same servers."""

    ids = ma.fields.List(Id(), required=True, validate=ma.validate.Length(1, 100))


class LogQuery(ListQuery):
    """Which logs."""

    since = Moment(load_default=None, metadata={"description": "executed_at from here on"})
    until = Moment(load_default=None)
    event_id = Id(strict=False, load_default=None)
    command_id = Id(strict=False, load_default=None)
    execution_id = Id(strict=False, load_default=None)
    execution_status = any_of(LogStatus)
    sort = sorted_by(logs_search)


class Correction(Reason):
    """A result that a person puts right. What the minion told is kept beside it."""

    execution_result = ma.fields.String(
        required=True, validate=ma.validate.Length(0, 10 * 1024 * 1024)
    )
    execution_status = ma.fields.Enum(LogStatus, by_value=True, load_default=None)
    expected_corrected_at = Moment(
        load_default=None,
        allow_none=True,
        metadata={"description": "`corrected_at` as you saw it; null when it had not been."},
    )
