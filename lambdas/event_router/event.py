"""From what called the function to what is known of the event.

Invariant: whatever called, there is an answer; what cannot be understood here is left to the API,
which reads an event with the library and is always right.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import facts, severity
from .facts import line, mapping

_LAYERS = 5
_KEY = re.compile(r"[\x21-\x7e]{8,200}")
_STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
_MESSAGE_LENGTH = 2_000
_NAMES = tuple(severity.KNOWN["server_dimensions"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`key` is what the API knows a repetition by, `notice` is what Slack's side knows it by.

    `body` is the event as it came, which is what the API is given.
    """

    key: str
    notice: str
    severity: str
    title: str
    message: str
    server: str
    time: str
    body: str


@dataclass(frozen=True, slots=True)
class _Told:
    severity: str
    title: str
    message: str
    server: str = ""
    time: str = ""


def read(given: Mapping[str, Any]) -> Event:
    """What is known of what EventBridge, SNS or SQS has called the function with."""
    body = json.dumps(given, ensure_ascii=False)
    value, name = _innermost(given)
    name = name or hashlib.sha256(body.encode(errors="replace")).hexdigest()
    told = _told(value)
    clean = _KEY.fullmatch(name) is not None
    return Event(
        key=name if clean else hashlib.sha256(name.encode(errors="replace")).hexdigest(),
        notice=str(uuid.uuid5(uuid.NAMESPACE_URL, f"rescue-bot:event:{name}")),
        severity=told.severity,
        title=told.title or "Event",
        message=told.message,
        server=told.server,
        time=told.time,
        body=body,
    )


def _innermost(given: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The event without its envelopes, and the innermost id: by that it is one everywhere."""
    value, name = dict(given), ""
    for _ in range(_LAYERS):
        if "Records" in value:
            record = mapping(next(iter(facts.items(value["Records"])), None))
            inner, name = record.get("Sns") or record.get("body"), _id(record, "messageId") or name
        elif value.get("Type") == "Notification" or {"Type", "TopicArn"} <= value.keys():
            inner, name = value.get("Message"), _id(value, "MessageId") or name
        else:
            break
        value = mapping(_parsed(inner) if isinstance(inner, str) else inner)
    return value, (_id(value, "id") if "detail-type" in value else "") or name


def _id(holder: Mapping[str, Any], name: str) -> str:
    found = holder.get(name)
    return found if isinstance(found, str) and found.strip() else ""


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _told(value: Mapping[str, Any]) -> _Told:
    kind, detail = value.get("detail-type"), mapping(value.get("detail"))
    if kind is None and "AlarmName" in value:
        return _alarm_of_sns(value)
    time = line(value.get("time"), 40)
    match kind:
        case "CloudWatch Alarm State Change" | "CloudWatch Alarm Contributor State Change":
            return _alarm(detail, time)
        case "EC2 Instance State-change Notification":
            server, state = line(detail.get("instance-id")), line(detail.get("state"))
            words = f"EC2 instance {server} is {state}."
            return _Told(severity.of_instance(detail), f"EC2: {state}", words, server, time)
        case "RDS DB Instance Event" | "RDS DB Cluster Event":
            server = line(detail.get("SourceIdentifier")).removeprefix("rds:")
            words = line(detail.get("Message"), _MESSAGE_LENGTH)
            return _Told(severity.of_database(detail), f"RDS: {server}", words, server, time)
        case "Rescue Event":
            words = _block(detail.get("message"))
            title, server = line(detail.get("type")), line(detail.get("server"))
            return _Told(severity.of_own(detail), title, words, server, time)
        case "CloudWatch Alarm Configuration Change":
            # Worth a row, but nothing happened to a server.
            return replace(_alarm(detail, time), severity=severity.GOOD, message=line(kind))
        case str():
            server = line(detail.get("instance-id") or detail.get("EC2InstanceId"))
            return _Told(severity.GOOD, line(kind), "", server, time)
    return _Told(severity.OTHERWISE, "", "")


def _alarm(detail: Mapping[str, Any], time: str) -> _Told:
    state, configuration = mapping(detail.get("state")), mapping(detail.get("configuration"))
    contributor = facts.pairs(mapping(detail.get("alarmContributor")).get("attributes"))
    return _of_alarm(
        name=line(detail.get("alarmName")),
        state=line(state.get("value")),
        said=(configuration.get("description"), state.get("reason")),
        watched=facts.of_event_bridge(configuration),
        contributor=contributor,
        tags=facts.pairs(detail.get("alarmTags")),
        time=line(state.get("timestamp"), 40) or time,
    )


def _alarm_of_sns(value: Mapping[str, Any]) -> _Told:
    return _of_alarm(
        name=line(value.get("AlarmName")),
        state=line(value.get("NewStateValue")),
        said=(value.get("AlarmDescription"), value.get("NewStateReason")),
        watched=facts.of_sns(mapping(value.get("Trigger"))),
        contributor={},
        tags=facts.pairs(value.get("AlarmTags")),
        time=line(value.get("StateChangeTime"), 40),
    )


def _of_alarm(
    *,
    name: str,
    state: str,
    said: tuple[Any, Any],
    watched: list[facts.Metric],
    contributor: Mapping[str, str],
    tags: Mapping[str, str],
    time: str,
) -> _Told:
    metric = facts.subject(watched, names=_NAMES)
    known = {"alarm": name.strip(), "metric": metric.name, "namespace": metric.namespace}
    if state == "ALARM":
        how_bad = severity.of_alarm(known, tags=tags)
    else:
        how_bad = severity.GOOD if state in _STATES else severity.OTHERWISE
    server = facts.server(contributor, names=_NAMES) or facts.server(
        metric.dimensions, names=_NAMES
    )
    description, reason = (_block(part).strip().removesuffix(".") for part in said)
    words = ". ".join(part for part in (description, reason) if part)
    return _Told(how_bad, name.strip(), words, server, time)


def _block(value: Any) -> str:
    return value[:_MESSAGE_LENGTH] if isinstance(value, str) else ""
