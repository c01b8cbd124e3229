"""Everything about one event in one answer."""

from __future__ import annotations

import marshmallow as ma

from webui.api.schemas.advice import Advice
from webui.api.schemas.events import Event, Occurrence
from webui.api.schemas.executions import RunWhole
from webui.api.schemas.guard import Approval, Decision
from webui.api.schemas.notices import NoticeWhole


class EventHistory(ma.Schema):
    """An event with its reports, decisions, advice, approvals, notices, executions, logs."""

    event = ma.fields.Nested(Event, required=True)
    occurrences = ma.fields.List(ma.fields.Nested(Occurrence), required=True)
    decisions = ma.fields.List(ma.fields.Nested(Decision), required=True)
    approvals = ma.fields.List(ma.fields.Nested(Approval), required=True)
    advice = ma.fields.Nested(Advice, required=True, allow_none=True)
    notices = ma.fields.List(ma.fields.Nested(NoticeWhole), required=True)
    executions = ma.fields.List(ma.fields.Nested(RunWhole), required=True)


class RawMessage(ma.Schema):
    """What was sent to us: foreign text, to be shown as text only."""

    raw = ma.fields.String(required=True)
