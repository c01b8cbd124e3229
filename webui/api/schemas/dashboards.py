"""The dashboard as the API shows it. Durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from rescuebot.events.model import EventStatus
from rescuebot.events.reported import Severity
from rescuebot.executions.model import ENDED_STATES, ExecutionState
from webui.api.schemas.base import Id, Moment
from webui.api.schemas.notices import NoticesStanding


def _named(name: str, words: str, fields: Mapping[str, ma.fields.Field[Any]]) -> type[ma.Schema]:
    """A schema whose fields have names that Python does not take, such as ``24h``."""
    return type(name, (ma.Schema,), {"__doc__": words, **fields})


def _counts(of: Any, name: str, but: Any = ()) -> type[ma.Schema]:
    return _named(
        name,
        "How many of each.",
        {kind.value: ma.fields.Integer(required=True) for kind in of if kind not in but},
    )


_BySeverity = _counts(Severity, "CountsBySeverity")
_ByStatus = _counts(EventStatus, "CountsByStatus")
_ByState = _counts(ExecutionState, "CountsByState")
_ByOpenState = _counts(ExecutionState, "CountsByOpenState", but=ENDED_STATES)


HourOfEvents = _named(
    "HourOfEvents",
    "How many events of each severity came in one hour.",
    {"from": Moment(required=True)}
    | {kind.value: ma.fields.Integer(required=True) for kind in Severity},
)


class EventFigures(ma.Schema):
    """Events: open now, and of the last 24 hours."""

    open = ma.fields.Nested(_BySeverity, required=True)
    new = ma.fields.Integer(required=True)
    oldest_unclaimed_seconds = ma.fields.Float(required=True, allow_none=True)
    by_hour = ma.fields.List(ma.fields.Nested(HourOfEvents), required=True)
    by_severity = ma.fields.Nested(_BySeverity, required=True)
    by_status = ma.fields.Nested(_ByStatus, required=True)


class Rescues(ma.Schema):
    """Of what came in a span of time: how much was fixed, how fast."""

    fixed = ma.fields.Integer(required=True)
    failed = ma.fields.Integer(required=True)
    rate = ma.fields.Float(required=True, allow_none=True)
    seconds_p50 = ma.fields.Float(required=True, allow_none=True)
    seconds_p95 = ma.fields.Float(required=True, allow_none=True)
    of = ma.fields.Integer(required=True)


class TopEntry(ma.Schema):
    """Who had how many events."""

    name = ma.fields.String(required=True)
    events = ma.fields.Integer(required=True)


class Tops(ma.Schema):
    """Servers and services with the most events of 24 hours."""

    servers = ma.fields.List(ma.fields.Nested(TopEntry), required=True)
    services = ma.fields.List(ma.fields.Nested(TopEntry), required=True)


class ApprovalsWaiting(ma.Schema):
    """Approvals that wait for a person."""

    waiting = ma.fields.Integer(required=True)
    waiting_is_bounded = ma.fields.Boolean(required=True)
    oldest_asked_at = Moment(required=True, allow_none=True)


class HaltStanding(ma.Schema):
    """A halt that stands."""

    id = Id(required=True)
    target = ma.fields.String(required=True)
    reason = ma.fields.String(required=True)
    called_by = ma.fields.String(required=True)
    called_at = Moment(required=True)


class WindowNow(ma.Schema):
    """A maintenance window that is open."""

    target = ma.fields.String(required=True)
    reason = ma.fields.String(required=True)
    ends_at = Moment(required=True)


class AdviceSpent(ma.Schema):
    """What the model has cost."""

    calls = ma.fields.Integer(required=True)
    tokens = ma.fields.Integer(required=True)
    dollars = ma.fields.Float(required=True)


class Engine(ma.Schema):
    """An engine on a master."""

    owner = ma.fields.String(required=True)
    engine = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    beat_seconds_ago = ma.fields.Float(required=True)
    alive = ma.fields.Boolean(required=True)


def _spans(schema: type[ma.Schema], *names: str) -> ma.fields.Nested:
    fields = {name: ma.fields.Nested(schema, required=True) for name in names}
    return ma.fields.Nested(
        _named(f"{schema.__name__}Spans", "The same for each span of time.", fields), required=True
    )


ExecutionFigures = _named(
    "ExecutionFigures",
    "Executions: open now, and of the last 24 hours.",
    {
        "open": ma.fields.Nested(_ByOpenState, required=True),
        "24h": ma.fields.Nested(_ByState, required=True),
    },
)


class Overview(ma.Schema):
    """What a person wants to see first."""

    as_of = Moment(required=True)
    events = ma.fields.Nested(EventFigures, required=True)
    rescues = _spans(Rescues, "24h", "7d")
    top = ma.fields.Nested(Tops, required=True)
    approvals = ma.fields.Nested(ApprovalsWaiting, required=True)
    held = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
    halts = ma.fields.List(ma.fields.Nested(HaltStanding), required=True)
    windows = ma.fields.List(ma.fields.Nested(WindowNow), required=True)
    dead_letters = ma.fields.Integer(required=True)
    executions = ma.fields.Nested(ExecutionFigures, required=True)
    advice = _spans(AdviceSpent, "24h", "month", "budget_24h")
    engines = ma.fields.List(ma.fields.Nested(Engine), required=True)
    notices = ma.fields.Nested(NoticesStanding, required=True)
