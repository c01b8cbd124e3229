"""Events in our own words: written, read back, refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescuebot.errors import Unreadable
from rescuebot.events.parse import own, parse
from rescuebot.events.reported import ReportedEvent, Severity
from rescuebot.settings import IntakeSettings

NOW = datetime(2026, 11, 22, 1, 5, tzinfo=UTC)
FIELDS: dict[str, Any] = {
    "event_source": "nagios",
    "event_type": "process_down",
    "severity": Severity.FATAL,
    "server_id": "i-0123456789abcdef0",
    "event_message": "mysqld 프로세스가 없습니다",
    "event_time": NOW,
    "service_type": "mysql",
    "message_id": "nagios-17",
}


def read(body: str) -> ReportedEvent:
    return parse(body=body, fallback_id="f", received_at=NOW, settings=IntakeSettings())


def test_what_is_written_is_read_back() -> None:
    report = read(own.written(**FIELDS))
    for name, value in FIELDS.items():
        assert getattr(report, name) == value, name
    assert not report.recovery and not report.for_information


def test_the_same_id_is_the_same_report_and_without_one_each_is_new() -> None:
    assert read(own.written(**FIELDS)).message_id == read(own.written(**FIELDS)).message_id
    without = {**FIELDS, "message_id": None}
    assert read(own.written(**without)).message_id != read(own.written(**without)).message_id


def test_without_a_time_it_is_now() -> None:
    assert read(own.written(**{**FIELDS, "event_time": None})).event_time == NOW


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message", ""),
        ("message", 7),
        ("type", "Process Down"),
        ("type", None),
        ("severity", "awful"),
        ("severity", None),
    ],
)
def test_what_lacks_a_field_is_refused_by_its_name(field: str, value: Any) -> None:
    event = json.loads(own.written(**FIELDS))
    event["detail"][field] = value
    with pytest.raises(Unreadable, match=f"detail.{field}"):
        read(json.dumps(event))


@given(
    st.dictionaries(
        st.sampled_from(["type", "severity", "server", "service", "message"]),
        st.one_of(st.text(max_size=60), st.integers(), st.none()),
    )
)
def test_whatever_stands_in_it_is_read_or_refused(detail: dict[str, Any]) -> None:
    event = {"detail-type": own.DETAIL_TYPE, "source": "x", "detail": detail}
    try:
        report = read(json.dumps(event))
    except Unreadable:
        return
    assert report.severity in Severity and len(report.event_type) <= 50
