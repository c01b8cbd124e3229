"""What would happen: matches, simulated decisions, replays."""

from __future__ import annotations

import marshmallow as ma

from webui.api.schemas.base import NAME, Id, Moment, Text, Whole
from webui.api.schemas.guard import Decision
from webui.api.schemas.runbooks import RunbookChange


class Candidate(ma.Schema):
    """A runbook that was looked at."""

    class Meta:
        unknown = ma.INCLUDE

    id = ma.fields.Integer(required=True)
    title = ma.fields.String(required=True)
    mode = ma.fields.String(required=True)
    priority = ma.fields.Integer(required=True)
    error_pattern = ma.fields.String(required=True)


class Fit(Candidate):
    """One that fits, and why."""

    reason = ma.fields.String(required=True)


class Miss(Candidate):
    """One that nearly fits, and what it lacks."""

    failed = ma.fields.List(ma.fields.String(), required=True)
    words = ma.fields.String(required=True)


class Match(ma.Schema):
    """Which runbook fits a message, what else does, and what nearly does and why not."""

    service_type = ma.fields.String(required=True)
    winner = ma.fields.Integer(required=True, allow_none=True)
    shadows = ma.fields.List(ma.fields.Integer(), required=True)
    words = ma.fields.String(required=True)
    matched = ma.fields.List(ma.fields.Nested(Fit), required=True)
    near = ma.fields.List(ma.fields.Nested(Miss), required=True)


class MatchIn(ma.Schema):
    """A message, as if a service had sent it."""

    service_type = ma.fields.String(required=True, validate=NAME)
    message = Text(least=1, most=16_000, required=True)


class PatternIn(ma.Schema):
    """A pattern to try on the latest messages of a service."""

    service_type = ma.fields.String(required=True, validate=NAME)
    error_pattern = Text(most=500, required=True)
    limit = Whole(load_default=200, validate=ma.validate.Range(1, 1000))


class Tried(ma.Schema):
    """One message that the pattern was tried on."""

    event_id = ma.fields.Integer(required=True)
    event_time = Moment(required=True)
    server_id = ma.fields.String(required=True)
    event_message = ma.fields.String(required=True)
    found = ma.fields.Boolean(required=True)


class TriedAll(ma.Schema):
    """The latest messages of the service, and in which the pattern is found."""

    found = ma.fields.Integer(required=True)
    tried = ma.fields.Integer(required=True)
    items = ma.fields.List(ma.fields.Nested(Tried), required=True)


class PlannedRun(ma.Schema):
    """What would run."""

    server_id = ma.fields.String(required=True)
    minion_id = ma.fields.String(required=True)
    solution_name = ma.fields.String(required=True)
    attempts = ma.fields.Integer(required=True)
    fix = ma.fields.Dict(required=True, allow_none=True)
    pinned_sha256 = ma.fields.String(required=True)


class Simulated(ma.Schema):
    """The whole decision, of which nothing is kept."""

    would = ma.fields.String(required=True)
    words = ma.fields.String(required=True)
    event_id = ma.fields.Integer(required=True, allow_none=True)
    match = ma.fields.Nested(Match, required=True)
    decisions = ma.fields.List(ma.fields.Nested(Decision), required=True)
    execution = ma.fields.Nested(PlannedRun, required=True, allow_none=True)


class ReplayIn(ma.Schema):
    """A stretch of history, and the runbook as it would be. Without one: as they all are."""

    days = Whole(load_default=30, validate=ma.validate.Range(1, 365))
    runbook_id = Id(load_default=None, allow_none=True)
    runbook = ma.fields.Nested(RunbookChange, load_default=None, allow_none=True)


class Replayed(ma.Schema):
    """One event, what was done about it, and what would be."""

    replayed = ma.fields.Integer(required=True)
    event_time = Moment(required=True)
    server_id = ma.fields.String(required=True)
    service_type = ma.fields.String(required=True)
    was = ma.fields.String(required=True)
    would = ma.fields.String(required=True)
    runbook_was = ma.fields.Integer(required=True, allow_none=True)
    runbook = ma.fields.String(required=True, allow_none=True)
    shadows = ma.fields.String(required=True)
    changed = ma.fields.Boolean(required=True)
    words = ma.fields.String(required=True)


class ReplayCounts(ma.Schema):
    """How many events, and how many of them would go another way."""

    events = ma.fields.Integer(required=True)
    changed = ma.fields.Integer(required=True)
    would = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
    was = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)


class Replay(ma.Schema):
    """History under other runbooks; at most 1000 rows, first those that would go another way."""

    replay = ma.fields.Nested(ReplayCounts, required=True)
    cut = ma.fields.Boolean(required=True)
    rows = ma.fields.List(ma.fields.Nested(Replayed), required=True)
