"""Slack's double itself: it refuses what Slack would, and signs what Slack would sign."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient

from devstack import ports, slack_rules
from devstack import slack_samples as samples
from devstack.loopback import Handler, Server
from devstack.slack import SlackDouble
from devstack.slack_people import Person
from rescuebot.notices import cards

CHANNEL = "C0OPERATE"
CARD = cards.render(samples.ASKED, language="en")
BLOCKS = list(CARD.blocks)
LINK = {"type": "mrkdwn", "text": "<https://a.example|a> &amp; b", "verbatim": True}


@pytest.fixture
def slack() -> Iterator[SlackDouble]:
    with SlackDouble() as double:
        double.add_channel(CHANNEL)
        yield double


class App:
    """Something that Slack calls: it keeps what came."""

    def __init__(self) -> None:
        self.port = ports.free(1)[0]
        self.url = f"http://{ports.LOOPBACK}:{self.port}/slack"
        self.came: list[tuple[dict[str, str], bytes]] = []
        app = self

        class Request(Handler):
            def do_POST(self: BaseHTTPRequestHandler) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                app.came.append((dict(self.headers), body))
                self.send_response_only(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = Server((ports.LOOPBACK, self.port), Request)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def app() -> Iterator[App]:
    found = App()
    yield found
    found.server.shutdown()
    found.server.server_close()


def section(**told: Any) -> list[dict[str, Any]]:
    return [{"type": "section", **told}]


def changed(change: Callable[[list[Any]], None]) -> list[Any]:
    blocks = copy.deepcopy(BLOCKS)
    change(blocks)
    return blocks


def rich(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    part = {"type": "rich_text_section", "elements": list(elements)}
    return [{"type": "rich_text", "elements": [part]}]


@pytest.mark.parametrize("blocks", [BLOCKS, section(text=LINK), section(fields=[LINK] * 10)])
def test_what_slack_takes_is_taken(blocks: list[Any]) -> None:
    assert slack_rules.problems({"text": "a &amp; b", "blocks": blocks}) == []


@pytest.mark.parametrize(
    "blocks",
    [
        [{"type": "divider"}] * 51,
        [{"type": "no_such_block"}],
        ["text"],
        [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x", "verbatim": True}}],
        section(text={"type": "mrkdwn", "text": "x" * 3001, "verbatim": True}),
        section(text={"type": "mrkdwn", "text": "", "verbatim": True}),
        section(text={"type": "mrkdwn", "text": "x"}),
        section(text={"type": "mrkdwn", "text": "<!channel>", "verbatim": True}),
        section(text={"type": "mrkdwn", "text": "<@U012345>", "verbatim": True}),
        section(text={"type": "mrkdwn", "text": "a < b", "verbatim": True}),
        section(text={"type": "mrkdwn", "text": "a & b", "verbatim": True}),
        section(text={"type": "plain_text", "text": "a > b"}),
        section(fields=[LINK] * 11),
        section(fields=[{"type": "plain_text", "text": "x" * 2001}]),
        section(text=LINK, colour="red"),
        section(text=LINK, block_id="x" * 256),
        section(text=LINK, block_id="twice") * 2,
        rich({"type": "broadcast", "range": "channel"}),
        rich({"type": "user", "user_id": "U012345"}),
        rich({"type": "text", "text": ""}),
        rich({"type": "link", "url": "javascript:alert(1)"}),
        changed(lambda blocks: blocks[-1]["elements"][0].update(action_id="rescue_reject")),
        changed(lambda blocks: blocks[-1]["elements"][0].update(action_id="x" * 256)),
        changed(lambda blocks: blocks[-1]["elements"][0].update(value="x" * 2001)),
        changed(lambda blocks: blocks[-1]["elements"][0]["text"].update(text="x" * 76)),
        changed(lambda blocks: blocks[-1]["elements"][0]["confirm"]["text"].update(text="x" * 301)),
        changed(lambda blocks: blocks[-1]["elements"][0].update(style="green")),
        changed(lambda blocks: blocks[-1].update(elements=blocks[-1]["elements"] * 13)),
    ],
)
def test_what_slack_refuses_is_refused(blocks: list[Any]) -> None:
    first, *_ = slack_rules.problems({"text": "x", "blocks": blocks})
    assert first.startswith("invalid_blocks")


def test_a_message_has_a_text_and_is_not_too_long() -> None:
    assert slack_rules.problems({})[0].startswith("no_text")
    assert slack_rules.problems({"text": "x" * 4001})[0].startswith("msg_too_long")
    assert slack_rules.problems({"text": "<!here>"})[0].startswith("invalid_text")
    long = [{"type": "section", "text": {**LINK, "text": "x" * 2900}}] * 5
    told = slack_rules.problems({"text": "x", "blocks": long})
    assert [words.split(":")[0] for words in told] == ["msg_blocks_too_long"]


def test_an_incoming_webhook_takes_a_card_and_refuses_what_slack_refuses(
    slack: SlackDouble,
) -> None:
    hook = WebhookClient(slack.add_webhook(CHANNEL))
    answer = hook.send(text=CARD.text, blocks=BLOCKS)
    assert (answer.status_code, answer.body) == (200, "ok")
    assert [(kept.way, kept.text) for kept in slack.messages(CHANNEL)] == [("webhook", CARD.text)]
    answer = hook.send(text="<!channel>")
    assert (answer.status_code, answer.body) == (400, "invalid_text")
    unknown = WebhookClient(f"{slack.url}/services/T0/B0/wrong")
    assert unknown.send(text="x").status_code == 404
    archived = slack.add_webhook(slack.add_channel("C0ARCHIVE", archived=True))
    assert WebhookClient(archived).send(text="x").status_code == 410
    assert len(slack.messages()) == 1


@pytest.mark.parametrize(
    ("word", "status"), [("ratelimited", 429), ("http_500", 500), ("invalid_token", 403)]
)
def test_a_webhook_has_moods_too(slack: SlackDouble, word: str, status: int) -> None:
    url = slack.add_webhook(CHANNEL)
    slack.be(word, method="webhook", seconds=7)
    answer = requests.post(url, json={"text": "x"}, timeout=5)
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert requests.post(url, json={"text": "x"}, timeout=5).text == "ok"


def test_a_mood_is_for_its_method_alone_and_for_so_many_calls(slack: SlackDouble) -> None:
    slack.be("http_500", method="chat.update", times=2)
    headers = {"Authorization": f"Bearer {slack.token}"}

    def call(method: str) -> int:
        return requests.post(
            slack.api_url + method, headers=headers, json={}, timeout=5
        ).status_code

    assert call("auth.test") == 200
    assert [call("chat.update") for _ in range(3)] == [500, 500, 200]


def test_a_command_is_signed_as_slack_signs_it(slack: SlackDouble, app: App) -> None:
    kim = Person(slack, "U0KIM", channel=CHANNEL)
    assert kim.command(app.url, "stats 24h & more").status_code == 200
    ((headers, body),) = app.came
    verifier = SignatureVerifier(slack.signing_secret)
    assert verifier.is_valid_request(body, headers)
    assert not SignatureVerifier("another").is_valid_request(body, headers)
    form = {name: value for name, (value,) in parse_qs(body.decode()).items()}
    assert form["text"] == "stats 24h & more" and form["user_id"] == "U0KIM"
    old = kim.signed(body, at=1_600_000_000)
    assert not verifier.is_valid_request(body, dict(old))


def test_a_press_tells_only_what_the_button_carries(slack: SlackDouble, app: App) -> None:
    kim = Person(slack, "U0KIM", channel=CHANNEL)
    WebhookClient(slack.add_webhook(CHANNEL)).send(text=CARD.text, blocks=BLOCKS)
    (message,) = slack.messages()
    assert kim.press(app.url, message, cards.APPROVE).status_code == 200
    pressed = kim.pressed(message, cards.APPROVE)
    (action,) = pressed["actions"]
    assert samples.ASKED.approval is not None
    assert action["value"] == cards.value_of(samples.ASKED.approval)
    assert action["action_id"] == "rescue_approve"
    with pytest.raises(StopIteration):
        kim.pressed(message, "another")


def test_a_response_url_answers_five_times_and_only_to_whoever_asked(slack: SlackDouble) -> None:
    url = slack.add_response_url(CHANNEL)
    body = {"response_type": "ephemeral", "text": CARD.text, "blocks": BLOCKS}
    answers = [requests.post(url, json=body, timeout=5).status_code for _ in range(6)]
    assert answers == [200] * 5 + [404]
    assert all(kept.ephemeral for kept in slack.messages(CHANNEL))


def test_what_was_kept_is_a_line_of_the_log(tmp_path: Any) -> None:
    log = tmp_path / "slack.jsonl"
    with SlackDouble(log=log) as slack:
        WebhookClient(slack.add_webhook(slack.add_channel(CHANNEL))).send(text="하나")
    assert "하나" in log.read_text() and len(log.read_text().splitlines()) == 1
