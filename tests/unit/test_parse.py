"""How a message is understood: identity, time, text and the limits of each."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from rescuebot.errors import Unreadable
from rescuebot.events.parse import server_of
from rescuebot.settings import IntakeSettings
from tests.reading import ARRIVED, alarm, load, read


def alarm_at(timestamp, **event):
    message = alarm() | event
    message["detail"]["state"]["timestamp"] = timestamp
    return message


# -- identity ---------------------------------------------------------------------------------


def test_two_ids_that_differ_only_at_the_end_stay_two():
    first, second = (read(alarm() | {"id": "x" * 5000 + end}).message_id for end in "ab")

    assert first != second
    assert max(len(first), len(second)) <= 100


@pytest.mark.parametrize("bad", [None, "", "  ", 7, {"a": 1}, ["x"]])
def test_an_event_without_a_usable_id_is_known_by_that_of_the_queue(bad):
    assert read(alarm() | {"id": bad}).message_id == "sqs-1"


def test_a_message_without_any_id_is_known_by_its_content():
    event = alarm() | {"id": None}
    other = alarm(alarmName="another") | {"id": None}

    assert read(event, fallback_id="").message_id == read(event, fallback_id="").message_id
    assert read(event, fallback_id="").message_id != read(other, fallback_id="").message_id


# -- time -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-22T01:04:40.989+0000",
        "2026-11-22T01:04:40.989Z",
        "2026-11-22T10:04:40.989+09:00",
        "2026-11-22T01:04:40.989",
    ],
)
def test_every_way_of_aws_to_write_a_moment_gives_the_same_one(written):
    assert read(alarm_at(written)).event_time == datetime(2026, 11, 22, 1, 4, 40, 989000, UTC)


def test_the_time_of_an_event_is_in_utc_wherever_it_was_written():
    event = read(alarm_at("2026-11-22T10:04:40+09:00"))

    assert event.event_time.utcoffset() == timedelta(0)


@pytest.mark.parametrize("days", [-15.01, 1.01, -20000])
def test_a_time_that_cannot_be_true_is_replaced_and_told(days):
    claimed = (ARRIVED + timedelta(days=days)).isoformat()

    event = read(alarm_at(claimed))

    assert event.event_time == ARRIVED
    assert any(claimed[:10] in note and "too far" in note for note in event.notes)


@pytest.mark.parametrize("days", [-14.99, 0.99])
def test_a_late_message_keeps_its_time(days):
    claimed = ARRIVED + timedelta(days=days)

    event = read(alarm_at(claimed.isoformat()))

    assert event.event_time == claimed
    assert event.notes == ()


def test_a_bad_timestamp_gives_way_to_the_time_of_the_event():
    event = read(alarm_at("yesterday"))

    assert event.event_time == datetime(2026, 11, 22, 1, 4, 40, tzinfo=UTC)


@pytest.mark.parametrize("bad", ["yesterday", "2026-13-40", 7, "", ["x"], "0001-01-01T00:00+2359"])
def test_a_message_with_no_readable_time_among_those_given_is_refused(bad):
    with pytest.raises(Unreadable) as refused:
        read(alarm_at(bad, time=bad))

    assert refused.value.reason == "bad_time"


def test_the_time_of_arrival_may_come_in_any_zone():
    tokyo = ARRIVED.astimezone(timezone(timedelta(hours=9)))

    event = read(alarm_at(None, time=None), arrived=tokyo)

    assert event.event_time == ARRIVED
    assert event.event_time.utcoffset() == timedelta(0)
    assert any("no time" in note for note in event.notes)


# -- text -------------------------------------------------------------------------------------


def test_a_long_message_is_cut_with_a_marker_that_tells_its_size():
    event = alarm()
    event["detail"]["configuration"]["description"] = "한" * 100_000

    message = read(event).event_message

    assert len(message.encode()) <= 60_000
    assert "한한\n[... cut: " in message
    assert message.endswith(" characters in all]")
    assert "�" not in message


def test_a_message_that_just_fits_is_not_cut():
    event = alarm()
    event["detail"]["state"]["reason"] = ""
    event["detail"]["configuration"]["description"] = "x" * (
        60_000 - len(event["detail"]["alarmName"]) - 2
    )

    message = read(event).event_message

    assert len(message) == 60_000
    assert message.endswith("x")


def test_lines_and_tabs_stay_and_other_controls_go():
    event = alarm()
    event["detail"]["configuration"]["description"] = "a\tb\nc\r\nd\x00e\x1b[31mf\u202eg"

    message = read(event).event_message

    assert "a\tb\nc\nd�e�[31mf�g" in message


@pytest.mark.parametrize(
    ("description", "reason", "expected"),
    [
        ("It is down.", "No data", "n: It is down. No data"),
        ("", "No data", "n: No data"),
        ("It is down", "", "n: It is down"),
        (None, None, "n: "),
        (7, [], "n: "),
    ],
)
def test_the_message_leaves_out_what_the_alarm_does_not_say(description, reason, expected):
    event = alarm(alarmName="n")
    event["detail"]["configuration"]["description"] = description
    event["detail"]["state"]["reason"] = reason

    assert read(event).event_message == expected


# -- servers ----------------------------------------------------------------------------------


def with_dimensions(**dimensions):
    event = alarm()
    stat = event["detail"]["configuration"]["metrics"][0]["metricStat"]
    stat["metric"]["dimensions"] = dimensions
    return event


@pytest.mark.parametrize("name", ["*", "G@os:Linux", "i-0\n", "i-0 or *", "a" * 51, "", "i-0\x00"])
def test_what_cannot_be_the_name_of_a_server_is_left_out(name):
    event = read(with_dimensions(InstanceId=name))

    assert event.server_id == ""
    assert bool(event.notes) == bool(name)


def test_the_order_of_the_settings_says_which_dimension_names_the_server():
    message = with_dimensions(InstanceId="i-1", Cluster="c-1")

    assert read(message).server_id == "i-1"
    settings = IntakeSettings(server_dimensions=["Cluster", "InstanceId"])
    assert read(message, settings=settings).server_id == "c-1"


def test_an_alarm_over_several_metrics_is_about_the_one_that_names_a_server():
    event = load("alarm_math")
    first = event["detail"]["configuration"]["metrics"][1]
    first["metricStat"]["metric"] = {"namespace": "Shop", "name": "Orders", "dimensions": {}}

    assert read(event).server_id == "i-0123456789abcdef0"


def test_dimensions_alone_tell_the_server_too():
    settings = IntakeSettings()

    assert server_of({"exe": "mysqld", "InstanceId": "i-1"}, settings) == "i-1"
    assert server_of({"InstanceId": "*"}, settings) == ""
    assert server_of({"exe": "mysqld"}, settings) == ""


# -- envelopes --------------------------------------------------------------------------------


def test_json_inside_json_and_a_byte_order_mark_are_taken_off():
    plain = json.dumps(alarm())

    assert read(json.dumps(plain)).raw == plain
    assert read("\ufeff" + plain).raw == plain


def test_half_a_character_inside_an_envelope_does_not_reach_the_database():
    envelope = load("sqs_body_sns_alarm")
    envelope["Message"] = envelope["Message"].replace("mysqld", "mysqld \udfff")

    event = read(envelope)

    assert "mysqld � has no process" in event.event_message
    event.raw.encode()
