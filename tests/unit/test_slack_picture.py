"""The picture of what was posted: all of it is there, and none of it is more than text."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from devstack import act_notices, slack_picture, slack_signs
from devstack import slack_samples as samples
from devstack.slack import SlackDouble
from devstack.slack_kept import Kept
from devstack.slack_picture import Phone
from rescuebot.notices import cards
from rescuebot.notices.cards.event import OTHER_SIGN, SEVERITY_SIGNS, SIGNS
from rescuebot.notices.cards.words import LANGUAGES
from rescuebot.notices.facts import Facts
from rescuebot.settings import Settings, laid_over

HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>&lt;b&gt;"


class Read(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(page.partition("<main>")[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def kept(facts: Facts, *, ts: str = "1.0", thread: str | None = None) -> Kept:
    card = cards.render(facts, language="en")
    return Kept(
        channel="C0",
        ts=ts,
        text=card.text,
        blocks=list(card.reply if thread else card.blocks),
        way="api",
        at=samples.AT,
        thread_ts=thread,
    )


def page(*messages: Kept, language: str = "en") -> str:
    phone = Phone(channel="rescue<&>", language=language, messages=messages)
    return slack_picture.page_of([phone])


def test_everything_that_a_card_says_is_in_the_picture() -> None:
    words = " ".join(Read(page(kept(samples.ASKED))).words)
    for said in ("Approval needed", "deploy.lock", "advice:57", "Approve", "Reject", "Nov 22"):
        assert said in words


def test_foreign_text_is_text_in_the_picture() -> None:
    facts = replace(samples.ASKED, message=HOSTILE, service=HOSTILE, what=HOSTILE, why=HOSTILE)
    read = Read(page(kept(facts)))
    assert not {"script", "img"} & set(read.tags)
    assert "<script>alert(1)</script>" in "".join(read.words)


def test_the_page_may_load_nothing_but_letters() -> None:
    told = page(kept(samples.OPENED))
    assert "default-src 'none'" in told and "script-src" not in told
    assert re.findall(r"https?://", told.partition("<main>")[0]) == []


def test_replies_stand_under_the_head_of_their_thread() -> None:
    head = kept(samples.OPENED)
    told = page(head, kept(samples.RESCUED, ts="2.0", thread="1.0"), language="ko")
    assert "댓글 1개" in told
    assert told.index("Alarm: mysql") < told.index("댓글 1개") < told.index("verify ✓ 0.4 s")


@pytest.mark.parametrize("facts", samples.ALL, ids=lambda facts: f"{facts.kind}-{facts.state}")
def test_every_sign_of_ours_is_drawn(facts: Facts) -> None:
    for language in LANGUAGES:
        card = cards.render(facts, language=language)
        signs = re.findall(
            "[\U0001f300-\U0001faff\u2600-\u26ff\u2705\u274c\u23f3\u23f8]", card.plain
        )
        assert signs and all(slack_signs.known(sign) for sign in signs)
    for sign in [*SIGNS.values(), *SEVERITY_SIGNS.values(), OTHER_SIGN]:
        assert slack_signs.known(sign), sign


def test_the_settings_that_lead_to_the_double_are_valid_settings() -> None:
    slack = SlackDouble()
    told = laid_over(Settings().model_dump(mode="json"), act_notices.settings(slack))
    found = Settings.model_validate(
        {"slack": told["slack"], "notices": act_notices.settings(slack)["notices"]}
    )
    assert found.slack.api_url == slack.api_url
    assert slack.channels.keys() == {act_notices.CHANNEL}


def test_the_epilogue_tells_a_card_in_lines() -> None:
    lines = act_notices.words_of(kept(samples.ASKED))
    assert lines[0] == "✋ Approval needed: orders · db-1"
    assert "[Approve]  [Reject]" in lines
    assert "    - name: /srv/orders/deploy.lock" in lines
