"""Slack calls: signed, once, as the person it is; the answer is theirs alone, and a valid card."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from devstack import slack_rules
from devstack.slack import SlackDouble
from devstack.slack_people import Person
from rescuebot import admitting
from rescuebot.approvals.model import Approval, ApprovalState
from rescuebot.database import Database
from rescuebot.notices.cards import APPROVE, REJECT
from rescuebot.runbooks.model import RunbookMode
from rescuebot.settings import check
from tests import factories
from tests.integration.test_people import a_user
from tests.integration.test_remediation import an_event, handle
from webui.api import create_app

COMMANDS, ACTIONS = "/api/v1/slack/commands", "/api/v1/slack/actions"
CHANNEL = "C0000001"
OPERATOR, VIEWER, STRANGER = "U0OPERATOR", "U0VIEWER", "U0STRANGER"


@pytest.fixture
def slack() -> Iterator[SlackDouble]:
    """A workspace with a channel."""
    with SlackDouble() as double:
        double.add_channel(CHANNEL)
        yield double


@pytest.fixture
def client(database: Database, slack: SlackDouble) -> FlaskClient:
    """The API, which two people of Slack are known to."""
    for name, slack_id in (("operator", OPERATOR), ("viewer", VIEWER)):
        a_user(database, name, role=name, locale="ko", must_change_password=False)
        admitting.alter(name, slack_id=slack_id, actor="tests", database=database)
    settings = check(
        {
            "database": {"url": database.url.render_as_string(hide_password=False)},
            "web": {"jwt_key": "k" * 40, "secure_cookies": False},
            "slack": {"signing_secret": slack.signing_secret, "api_url": slack.api_url},
            "guard": {"four_eyes": False},
        }
    )
    return create_app(settings, database).test_client()


def call(client: FlaskClient, slack: SlackDouble, path: str, form: dict[str, str]) -> Any:
    body = urlencode(form).encode()
    headers = dict(Person(slack, "", channel=CHANNEL).signed(body))
    return client.post(path, data=body, headers=headers)


def say(client: FlaskClient, slack: SlackDouble, text: str, who: str = OPERATOR) -> Any:
    return call(client, slack, COMMANDS, {"command": "/rescue", "text": text, "user_id": who})


def press(
    client: FlaskClient, slack: SlackDouble, action: str, value: str, who: str = OPERATOR
) -> Any:
    payload = {
        "type": "block_actions",
        "user": {"id": who},
        "response_url": slack.add_response_url(CHANNEL),
        "actions": [{"action_id": action, "value": value, "type": "button"}],
    }
    return call(client, slack, ACTIONS, {"payload": json.dumps(payload)})


def approval(database: Database) -> Approval:
    factories.a_server(database)
    factories.a_runbook(database, mode=RunbookMode.ASK)
    assert handle(database, an_event(database)) == {"held": 1}
    return asked(database)


def asked(database: Database) -> Approval:
    with database.reading() as session:
        return session.scalars(select(Approval)).one()


@pytest.mark.parametrize(
    "text",
    ["", "help", "stats", "events", "event 1", "event x", "approve 1", "halt", "resume all", "é<"],
)
@pytest.mark.parametrize("who", [OPERATOR, VIEWER, STRANGER, "", "<!channel>"])
def test_every_answer_is_a_card_that_slack_takes(
    client: FlaskClient, slack: SlackDouble, text: str, who: str
) -> None:
    answer = say(client, slack, text, who)
    assert answer.status_code == 200
    assert answer.json["response_type"] == "ephemeral"
    assert slack_rules.problems(answer.json) == []
    assert "<!channel>" not in answer.json["text"]


def test_an_answer_is_in_the_language_of_who_asked(client: FlaskClient, slack: SlackDouble) -> None:
    assert "쓸 수 있는 말" in say(client, slack, "help").json["text"]
    assert "What you can say" in say(client, slack, "help", STRANGER).json["text"]


def test_the_same_signed_request_is_taken_once(client: FlaskClient, slack: SlackDouble) -> None:
    body = urlencode({"text": "stats", "user_id": VIEWER}).encode()
    headers = dict(Person(slack, "", channel=CHANNEL).signed(body))
    assert client.post(COMMANDS, data=body, headers=headers).status_code == 200
    assert client.post(COMMANDS, data=body, headers=headers).status_code == 401


def test_a_press_is_done_and_told_to_who_pressed(
    client: FlaskClient, slack: SlackDouble, database: Database
) -> None:
    found = approval(database)
    with database.transaction() as session:
        session.get_one(Approval, found.id).expires_at = factories.NOW.replace(year=2035)
    answer = press(client, slack, REJECT, f"{found.id}:{found.digest}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert asked(database).state is ApprovalState.REJECTED
    assert asked(database).decided_by == "slack:operator"
    (told,) = slack.messages()
    assert told.ephemeral and "operator" in told.text
    again = press(client, slack, APPROVE, f"{found.id}:{found.digest}")
    assert again.status_code == 204 and asked(database).state is ApprovalState.REJECTED
    assert len(slack.messages()) == 2


def test_nobody_is_told_at_an_address_that_is_not_slacks(
    client: FlaskClient, slack: SlackDouble
) -> None:
    for url in ("http://127.0.0.1:1/x", "https://evil.example/", "file:///etc/passwd", "", "//"):
        payload = {
            "user": {"id": STRANGER},
            "response_url": url,
            "actions": [{"action_id": APPROVE, "value": f"1:{'0' * 64}"}],
        }
        if url.startswith("http://127.0.0.1"):
            payload["response_url"] = f"http://localhost:{slack.port}/x"
        answer = call(client, slack, ACTIONS, {"payload": json.dumps(payload)})
        assert answer.status_code == 204
    assert slack.messages() == [] and slack.calls == []


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"actions": []}',
        '{"actions": [1]}',
        '{"actions": [{"action_id": 1, "value": 2}], "user": {"id": 3}, "response_url": 4}',
        '{"actions": [{"url": "x", "action_id": "open"}], "user": {"id": "U"}}',
    ],
)
def test_whatever_else_people_do_with_a_card_is_let_be(
    client: FlaskClient, slack: SlackDouble, payload: str
) -> None:
    assert call(client, slack, ACTIONS, {"payload": payload}).status_code == 204
    assert slack.messages() == []
