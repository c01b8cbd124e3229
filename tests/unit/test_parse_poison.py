"""Malformed, hostile and huge messages: each is an event or is refused for a stated reason."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rescuebot.errors import Unreadable
from rescuebot.events.parse import parse
from rescuebot.settings import IntakeSettings

SHAPES = Path(__file__).parents[1] / "shapes"
POISON = SHAPES / "poison"
EXPECTED = json.loads((POISON / "expected.json").read_text(encoding="utf-8"))
ARRIVED = datetime(2026, 11, 22, 2, tzinfo=UTC)
MIB = 1024 * 1024


def outcome(body):
    """ "event", or the reason why there is none; any other exception fails the test."""
    try:
        read(body)
    except Unreadable as refused:
        assert refused.message.isprintable() and len(refused.message) < 1500
        return refused.reason
    return "event"


def read(body):
    return parse(body=body, fallback_id="sqs-1", received_at=ARRIVED, settings=IntakeSettings())


def alarm_with(description):
    event = json.loads((SHAPES / "alarm_metric.json").read_text(encoding="utf-8"))
    event["detail"]["configuration"]["description"] = description
    return json.dumps(event, ensure_ascii=False)


def test_every_file_of_the_corpus_has_an_expectation():
    assert {path.name for path in POISON.iterdir()} - {"expected.json"} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_poison_ends_as_expected(name):
    body = (POISON / name).read_bytes().decode(errors="surrogateescape")

    assert outcome(body) == EXPECTED[name]


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("nested lists", "[" * 100_000, "too_deep"),
        ("nested lists, closed", "[" * 50_000 + "]" * 50_000, "too_deep"),
        ("nested objects", '{"detail":' * 90_000 + "1" + "}" * 90_000, "too_deep"),
        ("wide and flat", '{"a":[' + "[]," * 300_000 + "[]]}", "unknown_shape"),
        ("a number of a million digits", '{"a":' + "9" * (MIB - 6) + "}", "unknown_shape"),
        ("many keys", json.dumps(dict.fromkeys(map(str, range(60_000)))), "unknown_shape"),
        ("just over 1 MiB", "{" + " " * (MIB - 1) + "}", "too_large"),
        ("just 1 MiB", "{" + " " * (MIB - 2) + "}", "unknown_shape"),
        ("over 1 MiB in bytes alone", '{"a":"' + "한" * 400_000 + '"}', "too_large"),
        ("8 MiB", " " * (8 * MIB), "too_large"),
        ("half a character, huge", "\ud800" * (MIB + 1), "too_large"),
        ("half a character", '{"a":"\udc80"}', "not_utf8"),
        ("a million quotes", '"' * MIB, "not_json"),
        ("a huge string of spaces", '"' + " " * (MIB - 2) + '"', "not_an_object"),
        ("a million lines", alarm_with("\n" * 1_000_000)[:MIB], "not_json"),
        ("controls only", alarm_with("\u202e" * 300_000), "event"),
    ],
)
def test_the_huge_and_the_deep_end_as_expected(kind, body, expected):
    assert outcome(body) == expected


def test_a_message_of_a_full_mebibyte_is_cut_to_what_a_row_holds():
    event = read(alarm_with("x" * (MIB - 2500)))

    assert len(event.event_message.encode()) <= 60_000
    assert len(event.raw) > MIB - 2500


@pytest.mark.parametrize(
    "query",
    [
        "SELECT " * 100_000,
        "SELECT MIN(" + "a" * 900_000,
        "a" * 900_000 + "='",
        "SELECT MIN(m) FROM " + "\"'" * 300_000,
        "SELECT MIN(m) FROM SCHEMA(" + " " * 900_000,
    ],
)
def test_a_hostile_query_is_read_in_time(query):
    event = json.loads((SHAPES / "alarm_contributor.json").read_text(encoding="utf-8"))
    event["detail"]["configuration"]["metrics"][0]["expression"] = query

    assert outcome(json.dumps(event)) == "event"


def test_a_hostile_rule_of_a_composite_is_read_in_time():
    event = json.loads((SHAPES / "alarm_composite_rule_only.json").read_text(encoding="utf-8"))
    event["detail"]["configuration"]["alarmRule"] = "NOT ( " * 150_000 + "ALARM(" * 5

    assert outcome(json.dumps(event)) == "event"


def test_a_thousand_children_are_bounded():
    event = json.loads((SHAPES / "alarm_composite.json").read_text(encoding="utf-8"))
    children = [{"arn": f"x:alarm:{n}", "state": {"value": "ALARM"}} for n in range(1000)]
    event["detail"]["state"]["reasonData"] = json.dumps({"triggeringAlarms": children})

    assert len(read(json.dumps(event)).children) == 100


def test_a_raised_limit_for_whole_numbers_changes_nothing():
    body = (POISON / "number_5000_digits.json").read_text(encoding="utf-8")
    before = sys.get_int_max_str_digits()
    try:
        for limit in (0, 640):
            sys.set_int_max_str_digits(limit)
            assert outcome(body) == "event"
    finally:
        sys.set_int_max_str_digits(before)


def test_a_foreign_user_key_neither_hides_nor_changes_the_event():
    plain = read((SHAPES / "alarm_metric.json").read_text(encoding="utf-8"))
    forged = read((POISON / "reactor_user.json").read_text(encoding="utf-8"))

    assert forged.event_message == plain.event_message
    assert forged.message_id == plain.message_id


def test_no_poison_reaches_a_name_that_salt_would_act_on():
    for name in ("server_is_a_target", "server_too_long", "lone_surrogate"):
        assert read((POISON / f"{name}.json").read_text(encoding="utf-8")).server_id == ""
    assert read((POISON / "template.json").read_text(encoding="utf-8")).service_type == ""
