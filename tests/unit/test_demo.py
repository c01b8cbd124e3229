"""What the demo says to whoever wants to look: where the console is, what Slack would show."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from devstack import act_notices, demo
from devstack.narration import Narrator
from devstack.slack import SlackDouble
from devstack.web import Access

ACCESS = Access(
    url="http://127.0.0.1:4711", people={"admin": "pw-a", "viewer": "pw-v"}, key="rb_secret"
)


def _said(hinted: dict[str, list[str]]) -> str:
    return "\n".join(f"{words}\n" + "\n".join(lines) for words, lines in hinted.items())


def test_the_address_of_the_console_and_its_people_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = tmp_path / "index.html"
    built.write_text("<!doctype html>")
    monkeypatch.setattr(demo, "CONSOLE", built)

    said = _said(demo.web_hints(ACCESS))

    assert "in a browser" in said and "http://127.0.0.1:4711\n" in said
    assert "admin   pw-a" in said and "viewer  pw-v" in said
    assert "make console" not in said and "rb_secret" not in said


def test_without_a_build_it_is_said_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "CONSOLE", tmp_path / "index.html")

    said = _said(demo.web_hints(ACCESS))

    assert "make console" in said and "in a browser" not in said
    assert "admin   pw-a" in said


def test_what_is_posted_while_the_demo_stays_up_is_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slack, heard, posts = SlackDouble(), io.StringIO(), ["mysql &lt;db-1&gt; is down", "rescued"]
    act_notices.settings(slack)

    def post(text: str) -> None:
        told = slack.serve(
            "chat.postMessage", {"channel": act_notices.CHANNEL, "text": text}, slack.token
        )
        assert told["ok"]

    def nap(_: float) -> None:
        if not posts:
            raise KeyboardInterrupt
        post(posts.pop(0))

    post("what the acts have told already")
    monkeypatch.setattr(demo.time, "sleep", nap)
    with pytest.raises(KeyboardInterrupt):
        demo._tell_news(Narrator(heard), slack)

    assert heard.getvalue().splitlines() == ["Slack: mysql <db-1> is down", "Slack: rescued"]
