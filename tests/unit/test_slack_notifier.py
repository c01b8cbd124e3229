"""What slack_notifier posts: escaped, within Slack's limits, into the channel of its severity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack import slack_rules, slack_samples
from lambdas import build
from lambdas.slack_notifier import message, plain
from lambdas.slack_notifier.failure import EventRefused, SettingInvalid
from lambdas.slack_notifier.settings import Settings
from rescuebot.notices import cards
from rescuebot.notices.facts import Facts

SETTINGS = Settings(secret="rescue/slack")
SAMPLES = [value for value in vars(slack_samples).values() if isinstance(value, Facts)]
NOTICE = "c4c1c1c9-6542-461b-8ef0-8c4d36933a92"
HOSTILE = (
    "<!channel> <@U0BOSS> <#C0X|general> <https://bad.example|click> & &amp; *b* `c` "
    "\u202eturned\u202c \u200bhidden \x1b[2J \ud800 line\nline"
)
SHAPE = json.loads((Path(__file__).parents[1] / "shapes/sqs_body_sns_alarm.json").read_text())
RDS = {
    "Event Source": "db-instance",
    "Event Time": "2026-11-22 01:34:09.293",
    "Identifier Link": "https://console.aws.amazon.com/rds/home#dbinstance:id=rescue-prod",
    "Source ID": "rescue-prod",
    "Event ID": "http://docs.amazonwebservices.com/AmazonRDS#RDS-EVENT-0004",
    "Event Message": "DB instance shutdown",
}


def ours(**changed: Any) -> dict[str, Any]:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "*mysql* is down"}}
    return {
        "version": 1,
        "notice": NOTICE,
        "severity": "critical",
        "language": "en",
        "text": "mysql is down",
        "blocks": [block],
        "thread_key": "event:1",
        "state": "opened",
    } | changed


def record(text: Any, *, subject: str | None = None, topic: str = "rescue-prod-fatal") -> Any:
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": f"arn:aws:sns:ap-northeast-1:123456789012:{topic}",
        "Subject": subject,
        "Message": text if isinstance(text, str) else json.dumps(text),
    }


def read(text: Any, **named: Any) -> message.Notice:
    return message.read(record(text, **named), SETTINGS)


def shown(notice: message.Notice) -> str:
    return "\n".join(slack_rules.texts(list(notice.payload["blocks"])))


def test_a_notice_of_ours_is_posted_as_it_is_under_its_own_severity_whatever_the_topic() -> None:
    notice = read(ours())
    assert (notice.kind, notice.severity, notice.name) == ("notice", "critical", NOTICE)
    assert notice.payload == {"text": "mysql is down", "blocks": ours()["blocks"]}
    assert read(ours(blocks=[])).payload == {"text": "mysql is down"}


def test_the_line_of_a_notice_calls_nobody_but_keeps_its_links_and_dates() -> None:
    kept = "<https://rescue.example/1|open> <!date^1795309481^{date_num}|22 Nov>"
    notice = read(ours(text=f"{kept} <!channel> <!subteam^S1> <@U1> <#C1>"))
    assert notice.bare["text"] == f"{kept} " + " ".join(
        f"&lt;{called}&gt;" for called in ("!channel", "!subteam^S1", "@U1", "#C1")
    )
    assert slack_rules.problems(notice.bare) == []


@pytest.mark.parametrize("language", ["ko", "en", "ja"])
@pytest.mark.parametrize("facts", SAMPLES, ids=lambda facts: f"{facts.kind}-{facts.state}")
def test_the_librarys_own_cards_are_posted_as_they_are(facts: Facts, language: str) -> None:
    made = cards.render(facts, language=language, url=slack_samples.CONSOLE)
    blocks = [dict(block) for block in made.blocks]
    notice = read(ours(text=made.text, blocks=blocks, language=language, state=facts.state))
    assert notice.kind == "notice"
    assert notice.payload == {"text": made.text, "blocks": blocks}


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 2},
        {"notice": "1"},
        {"severity": "loud"},
        {"blocks": [{"no": "type"}]},
        {"blocks": [{"type": "divider"}] * 51},
        {"text": ""},
        {"state": "x" * 41},
        {"thread_key": None},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_notice_that_does_not_fit_the_schema_is_told_as_plain_text(
    changed: dict[str, Any],
) -> None:
    notice = read(ours(**{"text": "<!here> mysql is down", **changed}))
    assert notice.kind == "unreadable"
    assert notice.severity == ("fatal" if "severity" in changed else "critical")
    assert slack_rules.problems(notice.payload) == []
    assert {block["type"] for block in notice.payload["blocks"]} == {"header"}


def test_an_alarm_of_cloudwatch_is_a_card_with_its_state_and_its_reason() -> None:
    notice = read(SHAPE["Message"], subject=SHAPE["Subject"])
    assert (notice.kind, notice.severity) == ("alarm", "fatal")
    assert "ALARM: rescue-prod-mysql-down" in shown(notice)
    assert "mysqld has no process\nThreshold Crossed" in shown(notice)
    assert "AWSAccountId: 123456789012" in shown(notice)


def test_an_event_of_rds_says_which_database_and_what() -> None:
    notice = read(RDS)
    assert notice.kind == "rds"
    assert "db-instance: rescue-prod\nDB instance shutdown" in shown(notice)


def test_a_budget_is_a_text_with_a_subject() -> None:
    notice = read("You have exceeded 80 %.\nBudget: rescue", subject="AWS Budgets: rescue")
    assert notice.kind == "budget"
    assert "AWS Budgets: rescue\nYou have exceeded 80 %.\nBudget: rescue" in shown(notice)


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ({"detail-type": "AWS Health Event", "source": "aws.health"}, "event", "AWS Health Event"),
        ({"Service": "AWS Auto Scaling", "Event": "x", "Details": {}}, "other", "Event: x"),
        ("first line\nsecond line", "text", "first line\nsecond line"),
        ("[1, 2]", "text", "[1, 2]"),
        ("{}", "text", "{}"),
        ("", "text", "fatal"),
        ("[" * 100_000, "text", "[[["),
    ],
    ids=["event", "other", "text", "list", "empty object", "nothing", "deep"],
)
def test_whatever_comes_by_a_topic_is_shown(text: Any, kind: str, expected: str) -> None:
    notice = read(text)
    assert notice.kind == kind and expected in shown(notice)
    assert slack_rules.problems(notice.payload) == []


@pytest.mark.parametrize(
    ("topic", "severity"),
    [
        ("rescue-prod-critical", "critical"),
        ("info", "info"),
        ("alarms", "warning"),
        ("", "warning"),
    ],
)
def test_a_foreign_message_goes_where_the_name_of_its_topic_says(topic: str, severity: str) -> None:
    assert read("x", topic=topic).severity == severity


texts = st.one_of(
    st.text(max_size=5000),
    st.sampled_from([HOSTILE, HOSTILE * 100, "&" * 3000, "<" * 149, "\U0001f600" * 2000]),
)


@given(texts, texts, texts)
def test_a_hostile_text_is_text_within_the_limits(title: str, body: str, value: str) -> None:
    made = plain.card(severity="info", title=title, body=body, marks=[("Region", value)] * 12)
    assert slack_rules.problems(made) == []
    kinds = {kind["type"] for kind in slack_rules.objects(made["blocks"])}
    assert kinds <= {"header", "section", "context", "plain_text"}
    for text in [made["text"], *slack_rules.texts(made["blocks"])]:
        assert "<" not in text and ">" not in text and "\u202e" not in text
        assert not plain._HALF_ENTITY.search(text.removesuffix("…"))


@pytest.mark.parametrize(
    "event", [None, [], {}, {"Records": []}, {"Records": [{}]}, {"Records": [{"body": "x"}]}]
)
def test_who_else_calls_is_refused(event: Any) -> None:
    with pytest.raises(EventRefused):
        message.records(event)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOK_SECRET", ""),
        ("DEFAULT_SEVERITY", "loud"),
        ("TIMEOUT", "0"),
        ("TIMEOUT", "61"),
        ("SECRET_SECONDS", "-1"),
        ("SECRET_SECONDS", "five"),
    ],
)
def test_a_setting_that_is_wrong_is_told_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingInvalid, match=name):
        Settings.read({"WEBHOOK_SECRET": "rescue/slack"} | {name: value})


def test_both_functions_and_the_library_have_one_schema() -> None:
    ours_ = build.HERE.parent / "rescuebot/notices/message.schema.json"
    for name in ("slack_notifier", "event_router"):
        assert (build.HERE / name / "message.schema.json").resolve() == ours_
