"""The adapter of Slack's Web API against Slack's double, over HTTP, in all of Slack's moods."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from devstack import ports
from devstack import slack_samples as samples
from devstack.slack import SlackDouble
from rescuebot import clock
from rescuebot.adapters.slack import Workspace
from rescuebot.errors import DeliveryRefused, DeliveryUnavailable
from rescuebot.notices import cards

CHANNEL = "C0OPERATE"
CARD = cards.render(samples.OPENED, language="ko")
AGO = timedelta(minutes=5)


@pytest.fixture
def slack() -> Iterator[SlackDouble]:
    with SlackDouble() as double:
        double.add_channel(CHANNEL)
        yield double


@pytest.fixture
def workspace(slack: SlackDouble) -> Workspace:
    return Workspace(slack.token, base_url=slack.api_url, timeout_seconds=10)


def posted(workspace: Workspace, *, thread: str | None = None, notice: str = "") -> str:
    return workspace.post(
        channel=CHANNEL,
        text=CARD.text,
        blocks=CARD.blocks,
        notice=notice or str(uuid.uuid4()),
        thread=thread,
    )


def test_a_card_is_posted_changed_and_replied_to(slack: SlackDouble, workspace: Workspace) -> None:
    head = posted(workspace)
    later = cards.render(samples.RESCUED, language="ko")
    workspace.update(channel=CHANNEL, ref=head, text=later.text, blocks=later.blocks)
    reply = posted(workspace, thread=head)
    first, second = slack.messages(CHANNEL, thread=head)
    assert (first.ts, second.ts, second.thread_ts) == (head, reply, head)
    assert first.text == later.text and first.blocks == list(later.blocks)
    assert first.versions == 2 and second.text == CARD.text


def test_a_notice_is_found_by_its_id_in_the_channel_and_in_a_thread(
    slack: SlackDouble, workspace: Workspace
) -> None:
    wanted, other = str(uuid.uuid4()), str(uuid.uuid4())
    since = clock.now()
    head = posted(workspace, notice=wanted)
    reply = posted(workspace, thread=head, notice=other)

    def find(notice: str, thread: str | None = None) -> str | None:
        return workspace.find(channel=CHANNEL, notice=notice, since=since, thread=thread)

    assert find(wanted) == head
    assert find(other) is None, "a reply is not in the channel's history"
    assert find(other, head) == reply
    assert find(str(uuid.uuid4()), head) is None
    later = since + timedelta(hours=1)
    assert workspace.find(channel=CHANNEL, notice=wanted, since=later) is None


def test_an_update_does_not_lose_the_id_of_the_notice(
    slack: SlackDouble, workspace: Workspace
) -> None:
    notice = str(uuid.uuid4())
    head = posted(workspace, notice=notice)
    workspace.update(channel=CHANNEL, ref=head, text="x", blocks=CARD.blocks)
    assert workspace.find(channel=CHANNEL, notice=notice, since=clock.now()) == head


def test_a_notice_is_found_however_many_pages_there_are(slack: SlackDouble) -> None:
    slack.page = 3
    workspace = Workspace(slack.token, base_url=slack.api_url, timeout_seconds=10)
    first = str(uuid.uuid4())
    head = posted(workspace, notice=first)
    for _ in range(10):
        posted(workspace)
    assert workspace.find(channel=CHANNEL, notice=first, since=clock.now() - AGO) == head
    assert len(slack.called("conversations.history")) == 4


def test_a_rate_limit_says_when_to_come_again_and_that_nothing_was_posted(
    slack: SlackDouble, workspace: Workspace
) -> None:
    slack.be("ratelimited", seconds=30)
    with pytest.raises(DeliveryUnavailable) as told:
        posted(workspace)
    assert (told.value.reason, told.value.retry_after) == ("ratelimited", 30.0)
    assert not told.value.uncertain
    assert slack.messages() == []
    assert len(posted(workspace)) > 5


@pytest.mark.parametrize("word", ["http_500", "http_503", "hang", "cut", "garbage"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_answer_that_is_not_heard_leaves_a_doubt_and_asking_ends_it(
    slack: SlackDouble, word: str, after: bool
) -> None:
    workspace = Workspace(slack.token, base_url=slack.api_url, timeout_seconds=1)
    notice, since = str(uuid.uuid4()), clock.now()
    slack.be(word, seconds=1.5, after=after)
    with pytest.raises(DeliveryUnavailable) as told:
        posted(workspace, notice=notice)
    assert told.value.uncertain
    patient = Workspace(slack.token, base_url=slack.api_url, timeout_seconds=10)
    found = patient.find(channel=CHANNEL, notice=notice, since=since)
    assert (found is not None) == after
    assert len(slack.messages()) == after


@pytest.mark.parametrize("word", ["internal_error", "fatal_error", "service_unavailable"])
def test_trouble_of_slack_itself_is_waited_for(
    slack: SlackDouble, workspace: Workspace, word: str
) -> None:
    slack.be(word)
    with pytest.raises(DeliveryUnavailable) as told:
        posted(workspace)
    assert told.value.reason == word and told.value.uncertain


@pytest.mark.parametrize(
    "word",
    ["token_revoked", "account_inactive", "invalid_auth", "channel_not_found", "missing_scope"]
    + ["not_in_channel", "is_archived", "msg_too_long", "invalid_blocks", "restricted_action"],
)
def test_what_slack_will_never_take_is_refused_with_its_own_word(
    slack: SlackDouble, workspace: Workspace, word: str
) -> None:
    slack.be(word)
    with pytest.raises(DeliveryRefused) as told:
        posted(workspace)
    assert told.value.reason == word
    assert slack.messages() == []


def test_the_double_refuses_by_itself_what_slack_would(slack: SlackDouble) -> None:
    slack.add_channel("C0ARCHIVE", archived=True)
    slack.add_channel("C0FOREIGN", joined=False)
    good = Workspace(slack.token, base_url=slack.api_url, timeout_seconds=10)
    wrong = Workspace("xoxb-wrong", base_url=slack.api_url, timeout_seconds=10)
    for workspace, channel, word in (
        (good, "C0ARCHIVE", "is_archived"),
        (good, "C0FOREIGN", "not_in_channel"),
        (good, "C0NOWHERE", "channel_not_found"),
        (wrong, CHANNEL, "invalid_auth"),
        (good, "#general", "channel_is_no_id"),
    ):
        with pytest.raises(DeliveryRefused) as told:
            workspace.post(channel=channel, text="x", blocks=CARD.blocks, notice="n")
        assert told.value.reason == word


def test_a_thread_or_a_message_that_is_gone_is_refused(
    slack: SlackDouble, workspace: Workspace
) -> None:
    with pytest.raises(DeliveryRefused, match="thread_not_found"):
        posted(workspace, thread="1700000000.000001")
    with pytest.raises(DeliveryRefused, match="message_not_found"):
        workspace.update(channel=CHANNEL, ref="1700000000.000001", text="x", blocks=CARD.blocks)


def test_nobody_who_listens_is_no_doubt() -> None:
    nowhere = f"http://{ports.LOOPBACK}:{ports.free(1)[0]}/api/"
    workspace = Workspace("xoxb-1", base_url=nowhere, timeout_seconds=1)
    with pytest.raises(DeliveryUnavailable) as told:
        posted(workspace)
    assert not told.value.uncertain


def test_neither_the_token_nor_foreign_text_is_in_an_error_or_in_the_log(
    slack: SlackDouble, caplog: pytest.LogCaptureFixture
) -> None:
    secret, foreign = slack.token, "SECRET-OF-AN-ALARM"
    workspace = Workspace(secret, base_url=slack.api_url, timeout_seconds=1)
    card = cards.render(replace(samples.OPENED, message=foreign), language="en")
    caplog.set_level(logging.DEBUG)
    heard = []
    for word in ("ratelimited", "http_500", "cut", "garbage", "token_revoked", "invalid_blocks"):
        slack.be(word)
        with pytest.raises((DeliveryRefused, DeliveryUnavailable)) as told:
            workspace.post(channel=CHANNEL, text=foreign, blocks=card.blocks, notice="n")
        heard.append(f"{told.value} {told.value.reason} {told.value!r}")
        assert told.value.__cause__ is None
    everything = " ".join([*heard, caplog.text])
    assert secret not in everything and foreign not in everything and "Sorry" not in everything


def test_a_proxy_of_the_environment_is_not_asked_for_what_it_is_not_for(
    slack: SlackDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = f"http://{ports.LOOPBACK}:{ports.free(1)[0]}"
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.setenv("NO_PROXY", ports.LOOPBACK)
    monkeypatch.setenv("no_proxy", ports.LOOPBACK)
    workspace = Workspace(slack.token, base_url=slack.api_url, timeout_seconds=10)
    assert posted(workspace)


def test_many_threads_may_share_a_workspace(slack: SlackDouble, workspace: Workspace) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        refs = list(pool.map(lambda _: posted(workspace), range(40)))
    assert len(set(refs)) == 40 == len(slack.messages(CHANNEL))
