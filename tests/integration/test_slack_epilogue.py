"""The epilogue of the demo counts what was posted, and is not content with less."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

from devstack import act_notices
from devstack import slack_samples as samples
from devstack.acts import Stage
from devstack.narration import Narrator
from devstack.slack import SlackDouble
from rescuebot.adapters.slack import Workspace
from rescuebot.database import Database
from rescuebot.notices import cards
from rescuebot.notices.facts import Facts
from rescuebot.notices.model import Notice, NoticeStatus
from tests.notified import OPS, Board


@pytest.fixture
def slack() -> Iterator[SlackDouble]:
    with SlackDouble() as double:
        act_notices.settings(double)
        yield double


def told(slack: SlackDouble, ledger: Database) -> tuple[bool, str]:
    heard = io.StringIO()
    daemon = SimpleNamespace(tail=lambda: "")
    world: Any = SimpleNamespace(
        ledger=lambda: ledger, master=SimpleNamespace(daemon=daemon), minions=[]
    )
    stage = Stage(world=world, ledger=ledger, narrator=Narrator(heard))
    good = stage.play([act_notices.what_people_were_told(slack)])
    return good, heard.getvalue()


def post(slack: SlackDouble, facts: Facts, *, thread: str | None = None, notice: str = "") -> str:
    card = cards.render(facts, language="en")
    workspace = Workspace(slack.token, base_url=slack.api_url, timeout_seconds=5)
    if thread:
        workspace.update(
            channel=act_notices.CHANNEL, ref=thread, text=card.text, blocks=card.blocks
        )
    return workspace.post(
        channel=act_notices.CHANNEL,
        text=card.text,
        blocks=card.reply if thread else card.blocks,
        notice=notice or str(uuid.uuid4()),
        thread=thread,
    )


def test_a_thread_is_told_with_its_replies(slack: SlackDouble, sqlite: Database) -> None:
    head = post(slack, samples.OPENED)
    post(slack, samples.RESCUED, thread=head)
    good, words = told(slack, sqlite)
    assert good
    # Signs are lost where only ASCII can be printed.
    assert words.count("Rescued") == 2 and "Rescued: mysql" in words
    assert "threads: 1, messages: 2, one for each notice" in words
    assert max(map(len, words.splitlines())) <= 100
    assert act_notices.news(slack, after=1)[0].startswith("✅ Rescued · Critical · mysql")


def test_what_was_told_twice_or_refused_or_not_at_all_is_no_good_end(
    slack: SlackDouble, sqlite: Database
) -> None:
    assert told(slack, sqlite)[0] is False, "nobody was told"
    notice = str(uuid.uuid4())
    head = post(slack, samples.OPENED, notice=notice)
    post(slack, samples.RESCUED, thread=head)
    assert told(slack, sqlite)[0]
    post(slack, samples.RESCUED, thread=head, notice=notice)
    good, words = told(slack, sqlite)
    assert not good and "FAILED threads: 1, messages: 3" in words


def test_a_rescue_that_nobody_was_told_of_is_no_good_end(
    slack: SlackDouble, sqlite: Database
) -> None:
    channels = {act_notices.NAME: {**OPS, "slack_channel": act_notices.CHANNEL}}
    board = Board(database=sqlite, slack=slack, notices={"channels": channels})
    first = board.rescue()
    board.tell(act_notices.NAME)
    good, words = told(slack, sqlite)
    assert good and "each of 1 rescues was told once" in words
    board.later(minutes=10)
    second = board.rescue()
    with sqlite.transaction() as session:
        session.execute(update(Notice).values(status=NoticeStatus.SENT))
    good, words = told(slack, sqlite)
    assert first != second and not good
    assert f"not so: [{second}]" in words
