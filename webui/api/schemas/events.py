"""Events as the API shows and takes them. Names and words are those of the tables."""

from __future__ import annotations

import marshmallow as ma

from rescuebot.events import letters_search, search
from rescuebot.events.model import CloudWatchEvent, DeadLetter, EventOccurrence, EventStatus
from rescuebot.events.model import LetterState, Outcome
from rescuebot.events.reported import Severity
from webui.api.schemas.base import (
    Id,
    ListQuery,
    Moment,
    Reason,
    Text,
    any_of,
    matching,
    page_of,
    rows_of,
    sorted_by,
)

_SHOWN = (
    "id",
    "event_source",
    "event_type",
    "severity",
    "server_id",
    "event_message",
    "event_time",
    "status",
    "alarm_name",
    "service_type",
    "occurrences",
    "last_seen_at",
    "received_at",
    "claimed_at",
    "outcome",
    "resolved_at",
    "recovered_at",
    "acknowledged_at",
    "acknowledged_by",
    "deleted_at",
    "deleted_by",
)

Event = rows_of(CloudWatchEvent, "Event", *_SHOWN)
EventPage = page_of(Event, "EventPage")
Occurrence = rows_of(
    EventOccurrence, "Occurrence", "id", "event_time", "received_at", "recovery", "message_id"
)


class EventQuery(ListQuery):
    """Which events."""

    since = Moment(load_default=None, metadata={"description": "event_time from here on"})
    until = Moment(load_default=None, metadata={"description": "event_time before here"})
    severity = any_of(Severity)
    status = any_of(EventStatus)
    outcome = any_of(Outcome)
    server_id = any_of(Text(most=50))
    event_source = any_of(Text(most=100))
    event_type = any_of(Text(most=50))
    service_type = any_of(Text(most=50))
    alarm_name = any_of(Text(most=255))
    text = Text(
        least=1,
        most=200,
        load_default=None,
        metadata={"description": "Part of event_message; looks back 24 h unless `since` is given."},
    )
    deleted = ma.fields.Boolean(
        load_default=False, metadata={"description": "Those that were deleted; for admins."}
    )
    sort = sorted_by(search)


class EventIn(ma.Schema):
    """An event that somebody hands in."""

    event_source = Text(least=1, most=100, required=True)
    event_type = ma.fields.String(
        required=True,
        validate=matching(
            "[a-z0-9][a-z0-9_]{0,49}",
            "1 to 50 of a-z, digits or underscores, and begin with a letter or digit",
        ),
    )
    severity = ma.fields.Enum(Severity, by_value=True, required=True)
    server_id = ma.fields.String(
        required=True,
        validate=matching("[A-Za-z0-9._:-]{1,50}", "1 to 50 of letters, digits, . _ : or -"),
    )
    event_message = Text(least=1, most=16_000, required=True)
    event_time = Moment(load_default=None, metadata={"description": "Now, unless given."})
    service_type = ma.fields.String(
        load_default="",
        validate=matching("([a-z0-9][a-z0-9_.-]{0,49})?", "empty, or the name of a service"),
    )
    message_id = ma.fields.String(
        load_default=None,
        allow_none=True,
        validate=matching("[A-Za-z0-9._:-]{1,100}", "1 to 100 of letters, digits, . _ : or -"),
        metadata={"description": "The same id again is the same report, and counts for nothing."},
    )


class Message(ma.Schema):
    """A message as EventBridge, SNS or SQS sends it; its own fields, whatever they are."""

    class Meta:
        unknown = ma.INCLUDE


class HandedIn(ma.Schema):
    """What became of a report."""

    event_id = Id(required=True)
    kind = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(["new", "repeat", "recovery", "information", "known"]),
    )


class HandedInAll(ma.Schema):
    """What became of a message; a composite alarm can be several reports."""

    events = ma.fields.List(ma.fields.Nested(HandedIn), required=True)


class StatusChange(Reason):
    """How an event ended, as a person says."""

    status = ma.fields.String(required=True, validate=ma.validate.OneOf(["resolved", "failed"]))


class Acknowledgement(ma.Schema):
    """What somebody who sees to an event has to say; it may be nothing."""

    reason = Text(most=1000, load_default="")


class EventAction(Reason):
    """The same done to many events."""

    action = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(
            ["resolve", "fail", "reopen", "acknowledge", "delete", "restore"]
        ),
    )
    ids = ma.fields.List(Id(), required=True, validate=ma.validate.Length(1, 500))


Letter = rows_of(
    DeadLetter,
    "DeadLetter",
    "id",
    "message_id",
    "reason",
    "detail",
    "received_at",
    "state",
    "handled_at",
)
LetterWhole = rows_of(
    DeadLetter,
    "DeadLetterWhole",
    "id",
    "message_id",
    "reason",
    "detail",
    "body",
    "received_at",
    "state",
    "handled_at",
    words="A dead letter with the message itself.",
)
LetterPage = page_of(Letter, "DeadLetterPage")


class LetterQuery(ListQuery):
    """Which dead letters."""

    state = any_of(LetterState)
    reason = any_of(Text(most=50))
    since = Moment(load_default=None)
    until = Moment(load_default=None)
    sort = sorted_by(letters_search)
