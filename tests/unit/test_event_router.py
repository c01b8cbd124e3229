"""What event_router knows of an event, what it shows to people, and what it takes for a setting."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack import alarms, slack_rules
from lambdas.event_router import card, event
from lambdas.event_router.failure import SettingInvalid
from lambdas.event_router.settings import LANGUAGES, SEVERITIES, Settings
from tests.unit.test_slack_notifier import HOSTILE

SHAPES = Path(__file__).parents[1] / "shapes"
STATES = ("received", "recovered", "unreached", "refused")
GIVEN = {"API_URL": "https://rescue.example", "API_KEY_SECRET": "rescue/api-key"}


def alarm(**named: Any) -> dict[str, Any]:
    return alarms.process_down("i-0123456789abcdef0", **named)


def made(found: event.Event, **changed: Any) -> dict[str, Any]:
    named = {"state": "received", "language": "en", "console_url": "", "event_id": 7} | changed
    return card.message(found, **named)


def test_an_event_is_known_by_its_own_id_whatever_it_is_wrapped_in() -> None:
    plain = alarm()
    wrapped = alarms.sns_wrapped(plain)
    record = {"messageId": str(uuid.uuid4()), "body": json.dumps(wrapped)}
    ways = [plain, wrapped, {"Records": [{"Sns": wrapped}]}, {"Records": [record]}]
    found = [event.read(way) for way in ways]
    assert {one.key for one in found} == {plain["id"]}
    assert len({(one.notice, one.severity, one.title, one.server) for one in found}) == 1
    assert [json.loads(one.body) for one in found] == ways, "the API reads it as it came"


def test_an_alarm_that_came_by_sns_alone_is_known_by_the_id_of_sns() -> None:
    wrapped = alarms.sns_alarm("i-0123456789abcdef0")
    assert event.read(wrapped).key == wrapped["MessageId"]


def test_an_id_that_is_no_key_is_told_by_its_digest_and_two_are_two() -> None:
    found = [event.read(alarm(event_id=name)) for name in ("x", "y", "ä" * 20, "z" * 300)]
    assert len({one.key for one in found}) == 4 and all(len(one.key) == 64 for one in found)


def test_an_event_without_an_id_is_known_by_its_content() -> None:
    first, second = {"detail-type": "x", "n": 1}, {"detail-type": "x", "n": 2}
    assert event.read(first).key == event.read(dict(first)).key != event.read(second).key


def test_a_card_says_what_where_when_and_what_becomes_of_it() -> None:
    found = event.read(alarm(exe="mysqld"))
    told = made(found, console_url="https://rescue.example")
    text = "\n".join(slack_rules.texts(told["blocks"]))
    assert "critical: rescue-demo-mysqld-down" in text
    assert "mysqld has no process. Threshold Crossed" in text
    assert "Server: i-0123456789abcdef0" in text and "Rescue Bot is handling it" in text
    assert "<https://rescue.example/events/7|Open in the console>" in text
    assert (told["thread_key"], told["state"], told["severity"]) == (
        "event:7",
        "received",
        "critical",
    )


def test_a_card_without_an_event_of_ours_has_a_thread_of_its_own_and_no_link() -> None:
    found = event.read(alarm())
    told = made(found, event_id=None, state="unreached", console_url="https://rescue.example")
    assert told["thread_key"] == f"report:{found.notice}"
    assert "rescue.example" not in json.dumps(told)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("state", STATES)
def test_every_state_has_words_in_every_language(language: str, severity: str, state: str) -> None:
    found = replace(event.read(alarm()), severity=severity)
    told = made(found, language=language, state=state)
    assert slack_rules.problems(told) == []
    words = card.WORDS[language]
    assert words[state] in told["text"] and words[severity] in told["text"]
    assert words[state] in card.lines(found, state=state, language=language)


def test_the_languages_have_the_same_words() -> None:
    assert set(card.WORDS) == set(LANGUAGES)
    assert len({frozenset(words) for words in card.WORDS.values()}) == 1


texts = st.one_of(
    st.text(max_size=4000),
    st.sampled_from([HOSTILE, HOSTILE * 50, "&" * 3000, "\U0001f600" * 2000, "a\nSubject: b"]),
)


@given(texts, texts, texts, texts)
def test_hostile_texts_are_texts_within_the_limits(
    title: str, message: str, server: str, time: str
) -> None:
    found = replace(event.read(alarm()), title=title, message=message, server=server, time=time)
    told = made(found)
    assert slack_rules.problems(told) == []
    kinds = {kind["type"] for kind in slack_rules.objects(told["blocks"])}
    assert kinds <= {"header", "section", "context", "plain_text"}
    for text in [told["text"], *slack_rules.texts(told["blocks"])]:
        assert "<" not in text and "\u202e" not in text
    subject = card.subject(found)
    assert subject.isascii() and subject.isprintable() and 0 < len(subject) < 100
    assert len(card.lines(found, state="received", language="ja")) < 250_000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_URL", ""),
        ("API_URL", "http://rescue.example"),
        ("API_URL", "https://user:word@rescue.example"),
        ("API_URL", "https://rescue.example/?x=1"),
        ("API_KEY_SECRET", " "),
        ("TOPICS_JSON", "arn:aws:sns:ap-northeast-1:123456789012:x"),
        ("TOPICS_JSON", '{"loud": "arn:aws:sns:ap-northeast-1:123456789012:x"}'),
        ("TOPICS_JSON", '{"fatal": "https://x"}'),
        ("TOPICS_JSON", "[]"),
        ("TELL", "some"),
        ("LANGUAGE", "de"),
        ("CONSOLE_URL", "javascript:alert(1)"),
        ("TIMEOUT", "0"),
        ("ATTEMPTS", "6"),
    ],
)
def test_a_setting_that_is_wrong_is_told_by_its_name(name: str, value: str) -> None:
    assert Settings.read(GIVEN).tell == "all"
    with pytest.raises(SettingInvalid, match=name):
        Settings.read(GIVEN | {name: value})
