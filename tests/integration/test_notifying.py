"""Notices told by a Slack double that checks them, on both databases: once, in order, surely."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from devstack.slack import SlackDouble
from rescuebot import amending, approving, closing, faults, halting
from rescuebot.approvals.model import Approval
from rescuebot.database import Database
from rescuebot.errors import DeliveryRefused, DeliveryUnavailable
from tests import factories
from tests.factories import SERVER
from tests.notified import OPS, ROOM, Board, Killed, Taker, killed_at, texts


@pytest.fixture
def slack() -> Iterator[SlackDouble]:
    with SlackDouble() as double:
        double.add_channel(ROOM)
        yield double


@pytest.fixture
def board(database: Database, slack: SlackDouble) -> Board:
    return Board(database=database, slack=slack)


def with_fallback(database: Database, slack: SlackDouble) -> tuple[Board, Taker]:
    """A channel whose second way is e-mail, taken by nobody's server."""
    channel = {**OPS, "ways": ["slack", "email"], "email": ["ops@example.com"]}
    notices: dict[str, Any] = {
        "channels": {"ops": channel},
        "sender": "rescue@example.com",
        "tries": 3,
        "pause_seconds": 2,
    }
    board, mail = Board(database=database, slack=slack, notices=notices), Taker()
    board.ways["email"] = mail
    return board, mail


# --- the outbox -------------------------------------------------------------------------------


def test_a_ledger_without_channels_writes_no_notice(database: Database, slack: SlackDouble) -> None:
    board = Board(database=database, slack=slack, notices={})
    board.rescue()
    assert board.rows() == []


def test_each_channel_that_wants_an_event_gets_a_notice_of_its_own(
    database: Database, slack: SlackDouble
) -> None:
    channels = {
        "ops": OPS,
        "fatal_only": {**OPS, "severities": ["fatal"]},
        "nginx_only": {**OPS, "services": ["nginx"]},
        "mysql_too": {**OPS, "services": ["nginx", "mysql"]},
    }
    board = Board(database=database, slack=slack, notices={"channels": channels})
    board.event()
    wanted = ["mysql_too", "ops"]
    severity = board.rows()[0].severity
    if severity.value == "fatal":
        wanted = ["fatal_only", *wanted]
    assert [row.channel for row in board.rows()] == wanted


def test_a_repeat_of_an_alarm_is_not_told_again(board: Board) -> None:
    board.event()
    board.later(seconds=30)
    board.event()
    assert board.states() == [("opened", "pending")]


def test_a_transaction_that_is_rolled_back_leaves_no_notice(board: Board) -> None:
    factories.a_server(board.database)
    event_id = board.event()
    with killed_at("handle.planned"):
        board.handle(event_id)
    assert board.states() == [("opened", "pending")]


# --- a thread ---------------------------------------------------------------------------------


def test_a_rescue_is_one_thread_whose_first_message_ends_as_things_stand(board: Board) -> None:
    event_id = board.event()
    board.tell()
    (first,) = board.messages()
    factories.a_server(board.database)
    board.handle(event_id)
    board.run_planned()
    board.tell()
    head, summary = board.messages()
    assert (head.ts, summary.thread_ts) == (first.ts, first.ts)
    assert head.versions > 1
    assert "Rescued" in texts([head]) and "Rescued" in texts([summary])
    assert "What broke" in texts([head]) and "What broke" not in texts([summary])
    assert board.states() == [("opened", "sent"), ("running", "sent"), ("rescued", "sent")]


def test_what_came_while_slack_was_slow_is_not_told_piece_by_piece(board: Board) -> None:
    board.rescue()
    board.tell()
    assert board.states() == [("opened", "sent"), ("running", "merged"), ("rescued", "sent")]
    assert len(board.messages()) == 2


def test_the_card_tells_what_is_true_at_its_sending(board: Board) -> None:
    board.rescue()
    board.tell(rounds=1)
    (head,) = board.messages()
    assert "the service is up again" in texts([head])


def test_a_question_has_buttons_until_it_is_answered(board: Board) -> None:
    factories.a_server(board.database)
    factories.a_runbook(board.database, mode="ask")
    event_id = board.event()
    board.tell()
    assert board.handle(event_id) == {"held": 1}
    board.tell()
    head, question = board.messages()
    assert "rescue_approve" in texts([question]) and "rescue_approve" not in texts([head])
    assert "What broke" in texts([head]) and "What broke" not in texts([question])
    approving.approve(
        1 if not board.rows() else board.rows()[-1].number,
        actor="kim",
        database=board.database,
        settings=board.settings.guard,
        now=board.now,
    )
    board.tell()
    head, question = board.messages()
    assert "rescue_approve" not in texts([head, question])
    assert "kim" in texts([question]) and "What broke" not in texts([question])


def test_a_question_that_was_edited_asks_for_the_new_text_until_it_is_answered(
    board: Board,
) -> None:
    factories.a_server(board.database)
    factories.a_runbook(
        board.database, mode="ask", solution_kind="shell", solution_script="systemctl restart x\n"
    )
    board.handle(board.event())
    board.tell()
    for text in ("systemctl start x\n", "systemctl start --no-block x\n"):
        amend(board, text)
        board.tell()
        _, question = board.messages()
        assert text.strip() in texts([question])
        assert waiting(board).digest in texts([question])
    approving.reject(waiting(board).id, actor="kim", database=board.database, now=board.now)
    board.tell()
    _, question, _ = board.messages()
    assert "kim" in texts([question]) and "rescue_approve" not in texts([question])


def test_an_edit_that_waits_behind_another_change_still_reaches_its_question(
    board: Board,
) -> None:
    factories.a_server(board.database)
    factories.a_runbook(
        board.database, mode="ask", solution_kind="shell", solution_script="systemctl restart x\n"
    )
    event_id = board.event()
    board.handle(event_id)
    board.tell()
    closing.acknowledge([event_id], actor="lee", database=board.database, now=board.now)
    amend(board, "systemctl start x\n")
    board.tell()
    _, question = board.messages()
    assert "systemctl start x" in texts([question])


def waiting(board: Board) -> Approval:
    with board.database.reading() as session:
        return session.scalars(select(Approval)).one()


def amend(board: Board, solution: str) -> None:
    amending.amend(
        waiting(board).id,
        wanted=amending.Wanted(solution=solution),
        digest=waiting(board).digest,
        actor="sato",
        database=board.database,
        now=board.now,
    )


def test_a_stop_is_told_and_its_end_is_a_reply(board: Board) -> None:
    halting.halt("*", reason="fire", actor="kim", database=board.database, now=board.now)
    halting.resume("*", actor="lee", database=board.database, now=board.now)
    board.tell()
    called, lifted = board.messages()
    assert lifted.thread_ts == called.ts
    assert "fire" in texts([called]) and "lee" in texts([lifted])


def test_the_order_of_a_thread_is_kept_while_its_first_message_waits(board: Board) -> None:
    board.rescue()
    board.slack.be("http_500", method="chat.postMessage")
    assert board.tell() == {"put_off": 1}
    assert board.messages() == []
    board.later(seconds=3)
    board.tell()
    assert [state for state, _ in board.states()] == ["opened", "running", "rescued"]
    assert [one.thread_ts is None for one in board.messages()] == [True, False]


def test_a_thread_that_waits_holds_up_no_other(board: Board) -> None:
    board.event()
    board.slack.be("http_500", method="chat.postMessage")
    board.tell()
    board.event(server_id="i-00000000000000002")
    board.tell()
    assert len(board.messages()) == 1


# --- killed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("point", faults.NOTICE_POINTS)
@pytest.mark.parametrize("which", ["first", "reply"])
def test_a_tracker_killed_anywhere_neither_loses_a_notice_nor_tells_it_twice(
    board: Board, point: str, which: str
) -> None:
    if which == "first":
        board.event()
    else:
        board.rescue()
        board.tell(rounds=1)
    with killed_at(point):
        board.tell()
    board.forget()
    assert board.tell() in ({}, {"passed_over": 1}), "its claim stands for a while"
    board.later(seconds=91)
    board.tell()
    assert {status for _, status in board.states()} <= {"sent", "merged"}
    assert len(board.posted()) == len(set(board.posted())) == (1 if which == "first" else 2)


def test_a_message_whose_answer_was_lost_is_found_and_not_posted_again(board: Board) -> None:
    board.event()
    board.slack.be("cut", method="chat.postMessage", after=True)
    assert board.tell() == {"put_off": 1}
    board.later(seconds=3)
    board.tell()
    assert len(board.messages()) == 1
    assert board.receipts()[-1] == ("slack", True, "found")


def test_a_notice_that_another_tracker_has_taken_is_left_to_it(board: Board) -> None:
    board.event()
    with killed_at("notify.claimed"):
        board.tell()
    assert board.notifier(owner="other").run() == {}
    board.later(seconds=91)
    assert board.notifier(owner="other").run() == {"sent": 1}


def test_who_was_taken_over_changes_nothing_more(board: Board) -> None:
    board.event()
    original = board.notifier().run

    def slow(letter: Any) -> Any:
        board.later(seconds=91)
        assert board.notifier(owner="other").run() == {"sent": 1}
        return by_slack(letter)

    by_slack = board.notifier()._ways["slack"]  # type: ignore[attr-defined]
    board.notifier("ops")._ways = {"slack": slow}  # type: ignore[misc]
    original()
    assert board.states() == [("opened", "sent")]


# --- the ways ---------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["token_revoked", "channel_not_found", "is_archived"])
def test_what_slack_never_takes_goes_the_next_way_at_once(
    database: Database, slack: SlackDouble, word: str
) -> None:
    board, mail = with_fallback(database, slack)
    board.event()
    slack.be(word, method="chat.postMessage", times=9)
    assert board.tell(rounds=1) == {"sent": 1}
    assert len(mail.letters) == 1
    assert board.receipts() == [("slack", False, word), ("email", True, "posted")]


@pytest.mark.parametrize("word", ["http_500", "http_503", "ratelimited", "hang"])
def test_what_slack_does_not_take_now_is_tried_again_and_then_goes_the_next_way(
    database: Database, slack: SlackDouble, word: str
) -> None:
    board, mail = with_fallback(database, slack)
    board.patience = 1 if word == "hang" else board.patience
    board.event()
    slack.be(word, method="chat.postMessage", times=3)
    for _ in range(2):
        assert board.tell() == {"put_off": 1}
        assert mail.letters == []
        board.later(seconds=10)
    assert board.tell() == {"sent": 1}
    assert len(mail.letters) == 1
    assert [way for way, _, _ in board.receipts()] == ["slack", "slack", "slack", "email"]
    assert board.messages() == []


def test_slack_says_when_to_come_again_and_nobody_comes_before(board: Board) -> None:
    board.event()
    board.slack.be("ratelimited", method="chat.postMessage", seconds=30)
    assert board.tell() == {"put_off": 1}
    board.event(server_id="i-00000000000000002")
    board.later(seconds=20)
    assert board.tell() == {"waits": 1}
    assert len(board.slack.called("chat.postMessage")) <= 1
    board.later(seconds=11)
    assert board.tell()["sent"] == 2


def test_what_every_way_refused_is_given_up_and_logged(
    database: Database, slack: SlackDouble
) -> None:
    board, mail = with_fallback(database, slack)
    mail.troubles.append(DeliveryRefused("no", reason="MessageRejected"))
    slack.be("token_revoked", method="chat.postMessage")
    board.event()
    assert board.tell(rounds=1) == {"given_up": 1}
    assert board.receipts() == [
        ("slack", False, "token_revoked"),
        ("email", False, "MessageRejected"),
        ("log", True, "posted"),
    ]


def test_a_way_that_is_silent_again_and_again_is_passed_by_for_a_while(
    database: Database, slack: SlackDouble
) -> None:
    board, mail = with_fallback(database, slack)
    slack.be("http_500", method="chat.postMessage", times=4)
    for number in range(6):
        board.event(server_id=f"i-{number:017x}")
    board.tell()
    assert ("slack", False, "out_of_order") in board.receipts()
    assert len(mail.letters) == 2
    assert not board.slack.messages()


def test_a_way_that_is_not_set_up_is_passed_by(database: Database, slack: SlackDouble) -> None:
    board, mail = with_fallback(database, slack)
    board.event()
    board.notifier()._ways.pop("slack")  # type: ignore[attr-defined]
    assert board.tell() == {"sent": 1}
    assert board.receipts()[0] == ("slack", False, "not_set_up")


def test_an_update_is_no_news_for_those_who_get_letters(
    database: Database, slack: SlackDouble
) -> None:
    board, mail = with_fallback(database, slack)
    slack.be("msg_too_long", method="chat.postMessage", times=9)
    event_id = board.event()
    board.tell()
    factories.a_server(database, server_id=SERVER)
    board.handle(event_id)
    board.run_planned()
    board.tell()
    assert [letter.state for letter in mail.letters] == ["opened", "rescued"]
    assert board.states() == [("opened", "sent"), ("running", "merged"), ("rescued", "sent")]


def test_one_channel_that_hangs_holds_up_no_other(database: Database, slack: SlackDouble) -> None:
    channels = {"ops": OPS, "boss": {**OPS, "slack_channel": "C0BOSSES1"}}
    slack.add_channel("C0BOSSES1")
    board = Board(database=database, slack=slack, notices={"channels": channels}, patience=1)
    board.event()
    slack.be("hang", method="chat.postMessage", seconds=5)
    board.tell("ops")
    board.tell("boss")
    assert len(board.messages("C0BOSSES1")) == 1


def test_a_mistake_in_one_notice_is_put_off_then_given_up_and_keeps_no_other_back(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = board.event()
    board.event(server_id="i-00000000000000002")
    original = Taker()

    def way(letter: Any) -> Any:
        if letter.thread_key == f"event:{broken}":
            raise RuntimeError("a mistake of ours")
        return original(letter)

    board.ways["slack"] = way
    for _ in range(4):
        board.tell()
        board.later(minutes=2)
    assert board.states() == [("opened", "given_up"), ("opened", "sent")]


def test_a_deleted_first_message_does_not_keep_the_news_back(board: Board) -> None:
    board.event()
    board.tell()
    factories.a_server(board.database)
    board.slack.be("message_not_found", method="chat.update", times=9)
    board.handle(board.rows()[0].event_id or 0)
    board.run_planned()
    board.tell()
    assert board.states()[-1] == ("rescued", "sent")
    assert "What broke" in texts(board.messages()[-1:]), "it must tell all, where nothing else does"


def test_killed_is_nothing_that_the_code_could_catch() -> None:
    assert not issubclass(Killed, Exception)
    assert issubclass(DeliveryUnavailable, Exception)
