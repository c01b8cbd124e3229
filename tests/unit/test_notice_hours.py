"""Quiet hours and digests on the wall of a zone, also when its clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rescuebot.errors import SettingsInvalid
from rescuebot.notices import hours
from rescuebot.settings import DigestSettings, QuietSettings, check

NIGHT = {"from": "22:00", "to": "07:00"}


def quiet(zone: str, **more: str) -> QuietSettings:
    return QuietSettings.model_validate({**NIGHT, "zone": zone, **more})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        ("2026-11-22 12:59", None),
        ("2026-11-22 13:00", "2026-11-22 22:00"),
        ("2026-11-22 15:00", "2026-11-22 22:00"),
        ("2026-11-22 21:59:59", "2026-11-22 22:00"),
        ("2026-11-22 22:00", None),
    ],
)
def test_hours_over_midnight_are_those_of_the_zone(moment: str, ends: str | None) -> None:
    found = hours.quiet_until(utc(moment), quiet("Asia/Tokyo"))
    assert found == (None if ends is None else utc(ends))


def test_hours_within_a_day_end_on_it() -> None:
    lunch = quiet("Asia/Seoul", **{"from": "12:00", "to": "13:30"})
    assert hours.quiet_until(utc("2026-11-22 03:10"), lunch) == utc("2026-11-22 04:30")
    assert hours.quiet_until(utc("2026-11-22 15:10"), lunch) is None


def test_a_night_in_which_clocks_go_forward_is_an_hour_shorter() -> None:
    berlin = quiet("Europe/Berlin")
    # 28 March 2027: 02:00 becomes 03:00; 22:00 is 21:00 UTC, 07:00 is 05:00 UTC.
    begins, ends = utc("2027-03-27 21:00"), utc("2027-03-28 05:00")
    assert hours.quiet_until(begins - timedelta(seconds=1), berlin) is None
    assert hours.quiet_until(begins, berlin) == ends
    assert hours.quiet_until(ends - timedelta(seconds=1), berlin) == ends
    assert hours.quiet_until(ends, berlin) is None


def test_a_night_in_which_clocks_go_back_is_an_hour_longer() -> None:
    berlin = quiet("Europe/Berlin")
    # 25 October 2026: 03:00 becomes 02:00; 22:00 is 20:00 UTC, 07:00 is 06:00 UTC.
    assert hours.quiet_until(utc("2026-10-24 20:00"), berlin) == utc("2026-10-25 06:00")
    assert hours.quiet_until(utc("2026-10-25 05:59"), berlin) == utc("2026-10-25 06:00")


def test_hours_that_begin_in_the_hour_that_is_left_out_begin_when_the_clock_has_jumped() -> None:
    odd = quiet("Europe/Berlin", **{"from": "02:30", "to": "04:00"})
    assert hours.quiet_until(utc("2027-03-28 01:29"), odd) is None
    assert hours.quiet_until(utc("2027-03-28 01:30"), odd) == utc("2027-03-28 02:00")


def test_no_quiet_hours_are_none() -> None:
    assert hours.quiet_until(utc("2026-11-22 15:00"), None) is None


def test_the_last_digest_is_that_of_today_from_its_hour_on() -> None:
    nine = DigestSettings(at="09:00", zone="Asia/Tokyo")
    assert hours.last_digest(utc("2026-11-22 00:00"), nine) == (
        utc("2026-11-22 00:00"),
        date(2026, 11, 22),
    )
    assert hours.last_digest(utc("2026-11-21 23:59"), nine) == (
        utc("2026-11-21 00:00"),
        date(2026, 11, 21),
    )


@pytest.mark.parametrize(
    ("notices", "says"),
    [
        ({"channels": {"ops": {"ways": ["slack"]}}}, "slack_channel"),
        ({"channels": {"ops": {"ways": ["email"]}}}, "list of addresses"),
        ({"channels": {"ops": {"ways": ["email"], "email": ["a@b.c"]}}}, "sender"),
        ({"channels": {"ops": {"ways": ["sns"]}}}, "topics"),
        ({"channels": {"ops": {"ways": ["log", "log"]}}}, "twice"),
        ({"channels": {"Ops!": {"ways": ["log"]}}}, "channels"),
        ({"escalate": [{"minutes": 5, "channel": "boss"}]}, "no channel"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"channels": {"ops": {"ways": ["log"], "quiet": {**NIGHT, "zone": "Mars/X"}}}}, "zone"),
        ({"channels": {"ops": {"ways": ["log"], "quiet": {"from": "25:00", "to": "1:00"}}}}, "25"),
        ({"channels": {"ops": {"ways": ["log"], "quiet": {"from": "07:00", "to": "07:00"}}}}, "no"),
        ({"channels": {"ops": {"ways": ["log"], "email": ["x\r\nBcc: y@z"]}}}, "email"),
        ({"topics": {"fatal": "https://example.com"}}, "topics"),
    ],
)
def test_settings_that_lead_nowhere_are_refused(notices: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"rescue\.notices") as refused:
        check({"notices": notices})
    assert says in str(refused.value) or "quiet.from" in str(refused.value)


def test_settings_as_they_are_documented_are_taken() -> None:
    found = check(
        {
            "notices": {
                "language": "ko",
                "url": "https://rescue.example.com",
                "sender": "rescue@example.com",
                "topics": {"fatal": "arn:aws:sns:ap-northeast-1:1:rescue-fatal"},
                "channels": {
                    "ops": {
                        "slack_channel": "C0123456789",
                        "ways": ["slack", "sns", "email"],
                        "email": ["ops@example.com"],
                        "quiet": {**NIGHT, "zone": "Asia/Tokyo", "but": ["fatal", "critical"]},
                        "digest": {"at": "09:00", "zone": "Asia/Tokyo"},
                    }
                },
                "escalate": [{"minutes": 15, "channel": "ops"}],
            }
        }
    ).notices
    assert found.language_of("ops") == "ko"
    assert found.channels["ops"].quiet is not None
