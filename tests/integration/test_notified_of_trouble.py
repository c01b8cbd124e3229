"""A way that fails for good: the next one says so once, and goes on telling the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from devstack.slack import SlackDouble
from rescuebot.database import Database
from rescuebot.errors import DeliveryRefused
from tests import factories
from tests.notified import OPS, ROOM, Board, Taker

MAILED = {**OPS, "ways": ["slack", "email"], "email": ["ops@example.com"]}


@pytest.fixture
def slack() -> Iterator[SlackDouble]:
    with SlackDouble() as double:
        double.add_channel(ROOM)
        yield double


@pytest.fixture
def mail() -> Taker:
    return Taker()


@pytest.fixture
def board(database: Database, slack: SlackDouble, mail: Taker) -> Board:
    notices: dict[str, Any] = {"channels": {"ops": MAILED}, "sender": "rescue@example.com"}
    board = Board(database=database, slack=slack, notices=notices)
    board.ways["email"] = mail
    return board


def told(board: Board, mail: Taker, first: int, *, events: int = 3) -> list[str]:
    """What the letters about so many more events and about anything else are about."""
    before = len(mail.letters)
    for number in range(first, first + events):
        board.event(server_id=f"i-{number:017x}")
        board.tell()
    return [letter.thread_key.partition(":")[0] for letter in mail.letters[before:]]


@pytest.mark.parametrize("word", ["token_revoked", "is_archived", "channel_not_found"])
def test_people_are_told_once_that_slack_refuses_and_not_with_each_notice(
    board: Board, slack: SlackDouble, mail: Taker, word: str
) -> None:
    told(board, mail, first=1)
    slack.be(word, method="chat.postMessage", times=99)
    assert told(board, mail, first=4) == ["event", "trouble", "event", "event"]
    letter = next(one for one in mail.letters if one.thread_key == f"trouble:slack:{word}")
    assert f"Slack refuses notices: {word}" in letter.card.plain
    assert letter.severity == "critical"
    board.forget()
    assert told(board, mail, first=7) == ["event"] * 3


def test_a_way_that_was_mended_and_fails_again_is_told_again(
    board: Board, slack: SlackDouble, mail: Taker
) -> None:
    for first in (1, 5):
        slack.be("token_revoked", method="chat.postMessage", times=99)
        assert told(board, mail, first=first, events=2) == ["event", "trouble", "event"]
        slack.be_kind()
        assert told(board, mail, first=first + 2, events=2) == []


def test_what_only_brings_a_message_up_to_date_does_not_count_as_mended(
    board: Board, slack: SlackDouble, mail: Taker
) -> None:
    slack.be("token_revoked", method="chat.postMessage", times=99)
    event_id = board.event()
    board.tell()
    factories.a_server(board.database)
    board.handle(event_id)
    board.run_planned()
    board.tell()
    assert ("slack", True, "not_needed") in board.receipts()
    states = [(letter.thread_key.partition(":")[0], letter.state) for letter in mail.letters]
    assert states == [("event", "opened"), ("trouble", "opened"), ("event", "rescued")]


def test_a_refusal_of_one_notice_is_no_trouble_of_its_way(
    board: Board, slack: SlackDouble, mail: Taker
) -> None:
    slack.be("msg_too_long", method="chat.postMessage", times=99)
    assert told(board, mail, first=1) == ["event"] * 3


def test_where_nobody_else_would_hear_it_only_the_notices_are_given_up(
    board: Board, slack: SlackDouble, mail: Taker
) -> None:
    mail.troubles += [DeliveryRefused("no", reason="AccountSuspendedException")] * 9
    slack.be("token_revoked", method="chat.postMessage", times=99)
    event_id = board.event()
    board.tell()
    assert [(row.thread_key, row.status.value) for row in board.rows()] == [
        (f"event:{event_id}", "given_up"),
        ("trouble:slack:token_revoked", "given_up"),
    ]
