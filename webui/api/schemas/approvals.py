"""What a person sees of an approval before they answer, and what they may put in its place."""

from __future__ import annotations

import marshmallow as ma

from rescuebot.approvals.model import Amendment
from rescuebot.approving import Obstacle
from rescuebot.events.model import CloudWatchEvent
from rescuebot.executions.model import LogStatus, Step
from webui.api.schemas.base import Id, Moment, Text, rows_of
from webui.api.schemas.executions import Run
from webui.api.schemas.guard import Approval, ApprovalAnswer

EventShort = rows_of(
    CloudWatchEvent,
    "EventShort",
    "id",
    "severity",
    "event_message",
    "event_time",
    "service_type",
    "server_id",
    "status",
    words="As much of an event as tells which it is.",
)

Change = rows_of(
    Amendment,
    "Amendment",
    "number",
    "amended_by",
    "amended_at",
    "comment",
    "old_digest",
    "new_digest",
    words="One change that a person made to what waits for approval.",
)


class MayApprove(ma.Schema):
    """Whether whoever asks may approve it now; their role is not looked at here."""

    allowed = ma.fields.Boolean(required=True)
    reason = ma.fields.Enum(Obstacle, by_value=True, required=True, allow_none=True)
    words = ma.fields.String(required=True)
    remedy = ma.fields.String(required=True)


class LastCheck(ma.Schema):
    """When the service was looked at last on the server, and how it was."""

    execution_id = Id(required=True)
    log_id = Id(required=True)
    step = ma.fields.Enum(Step, by_value=True, required=True)
    executed_at = Moment(required=True)
    up = ma.fields.Boolean(required=True)


class ServerNow(ma.Schema):
    """What is known of a server by now, without asking it."""

    server_id = ma.fields.String(required=True)
    minion_id = ma.fields.String(required=True, allow_none=True)
    seen_at = Moment(required=True, allow_none=True)
    contested_by = ma.fields.String(required=True, allow_none=True)
    services = ma.fields.List(ma.fields.String(), required=True)
    last_check = ma.fields.Nested(LastCheck, required=True, allow_none=True)
    open_events = ma.fields.List(ma.fields.Nested(EventShort), required=True)


class Amended(ma.Schema):
    """What was proposed at first, and who has changed it since.

    `original` is null where it is not kept as it was: what runs is refused then, too.
    """

    original = ma.fields.Dict(required=True, allow_none=True)
    runbook_id = Id(required=True, allow_none=True)
    changes = ma.fields.List(ma.fields.Nested(Change), required=True)


class LogCheck(ma.Schema):
    """What the logs of the service said; its output is fetched from the log."""

    log_id = Id(required=True)
    execution_id = Id(required=True)
    server_id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    executed_at = Moment(required=True)
    status = ma.fields.Enum(LogStatus, by_value=True, required=True)


class ApprovalWhole(ma.Schema):
    """All that an approver should see: what would run, where, why, what it would change."""

    approval = ma.fields.Nested(Approval, required=True)
    execution = ma.fields.Nested(Run, required=True)
    fix = ma.fields.Dict(required=True, allow_none=True)
    preview = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "JSON that the minion returned for test=True; foreign text."},
    )
    last_here = ma.fields.List(ma.fields.Nested(Run), required=True)
    event = ma.fields.Nested(EventShort, required=True, allow_none=True)
    may_approve = ma.fields.Nested(MayApprove, required=True)
    server = ma.fields.Nested(ServerNow, required=True)
    amended = ma.fields.Nested(Amended, required=True, allow_none=True)
    evidence = ma.fields.List(ma.fields.Nested(LogCheck), required=True)


class WantedIn(ma.Schema):
    """What a person wants to run in place of what waits."""

    solution = Text(
        least=1,
        most=65_535,
        required=True,
        metadata={"description": "The script, the state data, or the unchanged name of a state."},
    )
    arguments = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Raw(),
        load_default=None,
        allow_none=True,
        metadata={"description": "Names to numbers, booleans or lines; as they are, if absent."},
    )


class AmendIn(WantedIn, ApprovalAnswer):
    """The same, for what has the digest that the editor saw."""
