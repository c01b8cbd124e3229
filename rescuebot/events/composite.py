"""Composite alarms name no server: find the children that do.

CloudWatch is asked first (outside of any transaction); for children it does not describe, the
latest event of that alarm in our own history tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.orm import Session

from rescuebot.adapters.cloudwatch import AlarmDescription
from rescuebot.events import service
from rescuebot.events.parse import server_of, text
from rescuebot.events.reported import ReportedEvent
from rescuebot.events.rules import Facts, classify
from rescuebot.settings import IntakeSettings

_HISTORY = timedelta(days=7)


def children_of(reports: Iterable[ReportedEvent]) -> list[str]:
    """The names of all children that have to be looked up."""
    return sorted({name for report in reports if not report.server_id for name in report.children})


def expand(
    *,
    session: Session,
    report: ReportedEvent,
    described: Mapping[str, AlarmDescription],
    settings: IntakeSettings,
) -> list[ReportedEvent]:
    """The report of each child that names a server; the report itself when none does."""
    if report.server_id or not report.children:
        return [report]
    found = [
        child
        for name in report.children
        if (child := _described(report, described.get(name), settings))
        or (child := _remembered(session, report, name))
    ]
    if not found:
        names = ", ".join(report.children[:10])
        words = f" (No server: this composite alarm names none, nor do its children {names}.)"
        return [replace(report, event_message=text.block(report.event_message + words))]
    return [
        replace(child, message_id=f"{report.message_id}/{number}")
        for number, child in enumerate(found, start=1)
    ]


def _described(
    report: ReportedEvent, alarm: AlarmDescription | None, settings: IntakeSettings
) -> ReportedEvent | None:
    if alarm is None:
        return None
    server_id = server_of(alarm.dimensions, settings)
    if not server_id:
        return None
    facts = Facts(
        source=report.event_source,
        alarm=alarm.name,
        metric=alarm.metric,
        namespace=alarm.namespace,
        message=alarm.description,
        dimensions=alarm.dimensions,
        tags={},
    )
    told = classify(facts, rules=settings.rules)
    return replace(
        report,
        server_id=server_id,
        service_type=told.service,
        event_type=told.type,
        severity=told.severity,
        alarm_name=alarm.name,
        event_message=text.block(f"{alarm.name}: {alarm.description}. By {report.event_message}"),
    )


def _remembered(session: Session, report: ReportedEvent, name: str) -> ReportedEvent | None:
    event = service.last_place_of(
        session=session, alarm_name=name, since=report.event_time - _HISTORY
    )
    if event is None:
        return None
    return replace(
        report,
        event_source=event.event_source,
        server_id=event.server_id,
        service_type=event.service_type,
        event_type=event.event_type,
        severity=event.severity,
        alarm_name=name,
        event_message=text.block(f"{name}. By {report.event_message}"),
    )
