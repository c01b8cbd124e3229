"""CloudWatch alarms: state changes, contributors, composites and changes of their configuration.

Invariant: an alarm in OK gives the same type, service and server as the same alarm in ALARM.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import re2

from rescuebot.errors import Unreadable
from rescuebot.events.parse import metrics
from rescuebot.events.parse.draft import Draft, required
from rescuebot.events.parse.metrics import Metric
from rescuebot.events.parse.text import NAME_LENGTH, block, items, line, mapping, pairs, quote
from rescuebot.events.parse.unwrap import load
from rescuebot.events.reported import Severity
from rescuebot.events.rules import Facts
from rescuebot.settings import IntakeSettings

STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
# CloudWatch allows 100 children a composite alarm.
CHILDREN = 100
RULE_LENGTH = 10_240

# ALARM(name), ALARM("name"), ALARM(arn); a child that must *not* be in ALARM is no cause.
_RULE = re2.compile(r"""(?i)(\bNOT[\s(]+)?\bALARM\s*\(\s*(?:"([^"]*)"|'([^']*)'|([^\s"')]+))""")


@dataclass(kw_only=True, slots=True)
class Alarm:
    """One alarm, the same for EventBridge and SNS."""

    name: str
    state: str
    description: str
    reason: str
    times: tuple[Any, ...]
    watched: list[Metric]
    contributor: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    rule: str = ""
    triggering: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def state_change(event: dict[str, Any], settings: IntakeSettings) -> Draft:
    """``CloudWatch Alarm State Change`` and ``CloudWatch Alarm Contributor State Change``."""
    return _draft(_of_event_bridge(event), settings, path="detail.state.value")


def configuration_change(event: dict[str, Any], settings: IntakeSettings) -> Draft:
    """``CloudWatch Alarm Configuration Change``: worth a row, but nothing happened to a server."""
    alarm = _of_event_bridge(event)
    operation = line(event["detail"].get("operation"), 20) or "change"
    alarm.reason = f"Its configuration was changed ({operation})."
    # The state's timestamp is that of the last change of state, perhaps months ago.
    alarm.times = (event.get("time"),)
    draft = _describe(alarm, settings)
    draft.type, draft.severity = "alarm", Severity.INFO
    draft.for_information = True
    draft.notes.append("The alarm itself was changed; this is no incident.")
    return draft


def sns_message(message: dict[str, Any], sent_at: Any, settings: IntakeSettings) -> Draft:
    """The JSON that an alarm's SNS action sends."""
    alarm = Alarm(
        name=required(message, "AlarmName", path="AlarmName"),
        state=line(message.get("NewStateValue")),
        description=_text(message.get("AlarmDescription")),
        reason=_text(message.get("NewStateReason")),
        times=(message.get("StateChangeTime"), sent_at),
        watched=metrics.of_sns(mapping(message.get("Trigger"))),
        tags=pairs(message.get("AlarmTags")),
        rule=line(message.get("AlarmRule"), RULE_LENGTH),
        triggering=_triggering(message.get("TriggeringChildren")),
        notes=_suppressed(message.get("ActionsSuppressedBy"), message.get("MuteDetail")),
    )
    return _draft(alarm, settings, path="NewStateValue")


def _of_event_bridge(event: dict[str, Any]) -> Alarm:
    detail = event["detail"]
    state = mapping(detail.get("state"))
    configuration = mapping(detail.get("configuration"))
    return Alarm(
        name=required(detail, "alarmName", path="detail.alarmName"),
        state=line(state.get("value")),
        description=_text(configuration.get("description")),
        reason=_text(state.get("reason")),
        times=(state.get("timestamp"), event.get("time")),
        watched=metrics.of_event_bridge(configuration),
        contributor=pairs(mapping(detail.get("alarmContributor")).get("attributes")),
        tags=pairs(detail.get("alarmTags")),
        rule=line(configuration.get("alarmRule"), RULE_LENGTH),
        triggering=_triggering(_reason_data(state).get("triggeringAlarms")),
        notes=_suppressed(state.get("actionsSuppressedBy"), detail.get("muteDetail")),
    )


def _draft(alarm: Alarm, settings: IntakeSettings, *, path: str) -> Draft:
    """The draft of a state change: ALARM reports, OK recovers, INSUFFICIENT_DATA is neither."""
    if alarm.state not in STATES:
        raise Unreadable("missing_field", f"'{path}' is none of {', '.join(STATES)}.")
    draft = _describe(alarm, settings)
    draft.recovery = alarm.state == "OK"
    insufficient = alarm.state == "INSUFFICIENT_DATA"
    # An alarm over groups also reports as a whole; each of its contributors names a server.
    as_a_whole = metrics.grouped(alarm.watched) and not draft.server
    draft.for_information = insufficient or (as_a_whole and not draft.recovery)
    if alarm.state != "ALARM":
        draft.severity = Severity.INFO
    if insufficient:
        draft.notes.append("The alarm lacks data; whether the service is up is not known.")
    if alarm.state == "ALARM" and alarm.rule and not draft.children:
        draft.children = _named_in(alarm.rule)
        draft.notes.append(
            "The composite alarm does not say which children are in ALARM; its rule names these."
            if draft.children
            else "The composite alarm does not say which children are in ALARM."
        )
    return draft


def _describe(alarm: Alarm, settings: IntakeSettings) -> Draft:
    names = settings.server_dimensions
    subject = metrics.subject(alarm.watched, names=names)
    dimensions = {**subject.dimensions, **alarm.contributor}
    server = metrics.server(alarm.contributor, names=names) or metrics.server(
        subject.dimensions, names=names
    )
    return Draft(
        facts=Facts(
            source=_source(subject.namespace, dimensions),
            alarm=alarm.name,
            metric=subject.name,
            namespace=subject.namespace,
            message=block(alarm.description),
            dimensions=dimensions,
            tags=alarm.tags,
        ),
        message=_sentence(alarm),
        server=server,
        times=alarm.times,
        children=tuple(child for child, state in alarm.triggering if state == "ALARM"),
        notes=alarm.notes + metrics.remarks(alarm.watched, chosen=server, names=names),
    )


def _source(namespace: str, dimensions: dict[str, str]) -> str:
    """The service that the alarm is about: ``EC2`` for AWS/EC2 and for an agent on an instance."""
    if namespace.startswith("AWS/"):
        return namespace.removeprefix("AWS/")
    if namespace == "CWAgent" and "InstanceId" in dimensions:
        return "EC2"
    return "CloudWatch"


def _sentence(alarm: Alarm) -> str:
    """``<alarm>: <description>. <reason>``, as people read it and error patterns match it."""
    said = [alarm.description.rstrip().removesuffix("."), alarm.reason.strip()]
    return f"{alarm.name}: " + ". ".join(part for part in said if part)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _reason_data(state: dict[str, Any]) -> dict[str, Any]:
    """``reasonData``, a JSON string inside JSON. It adds detail only, so a bad one is left out."""
    text = _text(state.get("reasonData"))
    try:
        return mapping(load(text)[0]) if "triggeringAlarms" in text else {}
    except Unreadable:
        return {}


def _triggering(children: Any) -> list[tuple[str, str]]:
    """Names and states of the children of a composite alarm; SNS writes ``Arn``, ``State``."""
    found: dict[str, str] = {}
    for child in map(mapping, items(children)[:CHILDREN]):
        state = mapping(child.get("state") or child.get("State"))
        name = _alarm_of(_text(child.get("arn") or child.get("Arn")))
        if name:
            found[name] = line(state.get("value") or state.get("Value"))
    return list(found.items())


def _named_in(rule: str) -> tuple[str, ...]:
    """The alarms that a composite's rule wants in ALARM."""
    names: Iterable[str] = (
        _alarm_of(double or single or bare)
        for negated, double, single, bare in _RULE.findall(rule)
        if not negated
    )
    return tuple(dict.fromkeys(name for name in names if name))[:CHILDREN]


def _alarm_of(arn: str) -> str:
    """The alarm's name out of its ARN; a plain name stays as it is."""
    if arn.startswith("arn:"):
        arn = arn.partition(":alarm:")[2]
    return line(arn, NAME_LENGTH)


def _suppressed(suppressor: Any, mute: Any) -> list[str]:
    notes = []
    if isinstance(suppressor, str) and suppressor:
        notes.append(f"CloudWatch suppressed the alarm's actions by {quote(suppressor)}.")
    if isinstance(mute, dict):
        rule = line(mute.get("mutedByArn") or mute.get("MutedByArn")).rpartition(":")[2]
        notes.append(f"The alarm is muted by the rule {quote(rule)}.")
    return notes
