"""Decisions, approvals, halts and maintenance windows, as the API shows and takes them."""

from __future__ import annotations

import json
from typing import Any

import marshmallow as ma

from rescuebot.approvals import search as approvals_search
from rescuebot.approvals.model import Approval as ApprovalRow
from rescuebot.approvals.model import ApprovalState
from rescuebot.guard import halts_search, windows_search
from rescuebot.guard import search as decisions_search
from rescuebot.guard.model import Decision as DecisionRow
from rescuebot.guard.model import Halt as HaltRow
from rescuebot.guard.model import MaintenanceWindow
from webui.api.schemas.base import (
    Id,
    ListQuery,
    Moment,
    Text,
    any_of,
    matching,
    page_of,
    rows_of,
    sorted_by,
)

Decision = rows_of(
    DecisionRow,
    "Decision",
    "id",
    "cloudwatch_event_id",
    "execution_id",
    "runbook_id",
    "subject",
    "verdict",
    "words",
    "decided_at",
)
DecisionPage = page_of(Decision, "DecisionPage")


class DecisionQuery(ListQuery):
    """Which decisions."""

    event_id = Id(strict=False, load_default=None)
    execution_id = Id(strict=False, load_default=None)
    runbook_id = Id(strict=False, load_default=None)
    subject = any_of(Text(most=30))
    verdict = any_of(Text(most=30))
    since = Moment(load_default=None)
    until = Moment(load_default=None)
    sort = sorted_by(decisions_search)


class JsonList(ma.fields.List[str]):
    """A list that its table keeps as JSON."""

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        found = json.loads(value) if isinstance(value, str) else value
        return super()._serialize(found, *args, **kwargs)


# A question to people: may exactly this run on exactly these servers?
Approval = rows_of(
    ApprovalRow,
    "Approval",
    "id",
    "execution_id",
    "cloudwatch_event_id",
    "digest",
    "why",
    "proposed_by",
    "state",
    "asked_at",
    "expires_at",
    "decided_by",
    "decided_at",
    "comment",
    "spent_at",
    "previewed_at",
    servers=JsonList(ma.fields.String(), required=True),
)
ApprovalPage = page_of(Approval, "ApprovalPage")


class ApprovalQuery(ListQuery):
    """Which approvals."""

    state = any_of(ApprovalState)
    event_id = Id(strict=False, load_default=None)
    sort = sorted_by(approvals_search)


class ApprovalAnswer(ma.Schema):
    """A person's answer to what they saw."""

    digest = ma.fields.String(
        required=True,
        validate=matching("[0-9a-f]{64}", "the digest that you saw, whole: 64 of 0-9 and a-f"),
        metadata={"description": "The digest that you saw: the answer is for that and no other."},
    )
    comment = Text(most=1000, load_default="")


Halt = rows_of(
    HaltRow,
    "Halt",
    "id",
    "target",
    "reason",
    "called_by",
    "called_at",
    "lifted_by",
    "lifted_at",
)
HaltPage = page_of(Halt, "HaltPage")


class HaltQuery(ListQuery):
    """Which halts."""

    standing = ma.fields.Boolean(
        load_default=True, metadata={"description": "False gives those that were lifted, too."}
    )
    sort = sorted_by(halts_search)


class HaltIn(ma.Schema):
    """Let nothing new start on a target."""

    target = Text(
        least=1,
        most=300,
        load_default="*",
        metadata={"description": "`*`, or `service:`, `server:`, `minion:` and a name."},
    )
    reason = Text(least=1, most=1000, required=True)


Window = rows_of(
    MaintenanceWindow,
    "MaintenanceWindow",
    "id",
    "target",
    "reason",
    "starts_at",
    "ends_at",
    "created_by",
    "created_at",
    "closed_by",
    "closed_at",
)
WindowPage = page_of(Window, "MaintenanceWindowPage")


class WindowQuery(ListQuery):
    """Which windows: all."""

    sort = sorted_by(windows_search)


class WindowIn(ma.Schema):
    """Announce work on a target."""

    target = Text(least=1, most=300, required=True)
    reason = Text(least=1, most=1000, required=True)
    starts_at = Moment(load_default=None, metadata={"description": "Now, unless given."})
    ends_at = Moment(required=True)
