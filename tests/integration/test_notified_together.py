"""Storms, quiet hours, digests, escalation: what is told as one, and what is told once more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from devstack.slack import SlackDouble
from rescuebot import approving, closing, dashboard, gathering
from rescuebot.database import Database
from rescuebot.events import service as events
from tests import factories
from tests.notified import OPS, ROOM, Board, texts

BOSSES = "C0BOSSES1"
STORM = {"events": 5, "seconds": 60, "update_seconds": 5}


@pytest.fixture
def slack() -> Iterator[SlackDouble]:
    with SlackDouble() as double:
        double.add_channel(ROOM)
        double.add_channel(BOSSES)
        yield double


def a_board(database: Database, slack: SlackDouble, **notices: Any) -> Board:
    return Board(
        database=database,
        slack=slack,
        notices={"channels": {"ops": OPS}, "storm": STORM, **notices},
    )


@pytest.fixture
def board(database: Database, slack: SlackDouble) -> Board:
    return a_board(database, slack)


def a_storm(board: Board, servers: int, first: int = 0) -> list[int]:
    return [board.event(server_id=f"i-{number:017x}") for number in range(first, first + servers)]


def merged(board: Board) -> int:
    return sum(row.status.value == "merged" for row in board.rows())


# --- storms -----------------------------------------------------------------------------------


def test_two_hundred_servers_are_the_first_few_and_one_message(board: Board) -> None:
    a_storm(board, 200)
    board.tell(rounds=20)
    assert len(board.messages()) == STORM["events"]
    assert merged(board) == 196
    storm = board.messages()[-1]
    assert "200" in texts([storm])
    assert len(board.slack.called("chat.postMessage")) == 5


def test_each_merged_notice_names_the_one_that_tells_it(board: Board) -> None:
    a_storm(board, 8)
    board.tell()
    (teller,) = [row for row in board.rows() if row.thread_key.startswith("storm:")]
    told = [row for row in board.rows() if row.status.value == "merged"]
    assert len(told) == 4 and {row.merged_into for row in told} == {teller.id}


def test_a_storm_is_brought_up_to_date_at_most_once_in_its_span(board: Board) -> None:
    ids = a_storm(board, 10)
    board.tell()
    board.later(seconds=6)
    board.gather()
    for event_id in ids[5:]:
        board.fail(event_id)
        board.gather()
        board.tell()
    assert len([row for row in board.rows() if row.thread_key.startswith("storm:")]) == 2
    board.later(seconds=6)
    assert board.gather() == {"storms": 1}
    assert board.gather() == {}
    board.tell()
    storm = board.messages()[-1]
    assert storm.thread_ts is None and "failed 5" in texts([storm])


def test_the_end_of_an_event_in_a_storm_is_told_by_the_storm_and_others_singly(
    board: Board,
) -> None:
    ids = a_storm(board, 10)
    board.tell()
    board.fail(ids[0])
    board.fail(ids[9])
    board.tell()
    failed = [row for row in board.rows() if row.state == "failed"]
    assert [row.status.value for row in failed] == ["sent", "merged"]


def test_a_storm_counts_what_people_are_asked_says_so_once_and_leads_to_the_approvals(
    database: Database, slack: SlackDouble
) -> None:
    board = a_board(database, slack, url="https://rescue.example.com")
    factories.a_runbook(database, mode="ask")
    ids = a_storm(board, 10)
    board.tell()
    for number, event_id in enumerate(ids[4:]):
        name = f"i-{number + 4:017x}"
        factories.a_server(database, server_id=name, minion_id=f"minion-{number}")
        assert board.handle(event_id) == {"held": 1}
        board.later(seconds=6)
        board.gather()
        board.tell()
    asked = [row.status.value for row in board.rows() if row.state == "approval_asked"]
    assert asked == ["merged"] * 6
    (question,) = [one for one in board.messages() if one.thread_ts]
    assert "https://rescue.example.com/approvals" in texts([question])
    assert "Approvals waiting" in texts([question]) and "Progress" not in texts([question])
    (head,) = [one for one in board.messages() if one.ts == question.thread_ts]
    assert "✋ Approvals waiting: 6" in head.text and "/approvals" in texts([head])


def test_a_storm_ends_with_a_summary_when_all_is_over_and_quiet(board: Board) -> None:
    ids = a_storm(board, 10)
    board.tell()
    for event_id in ids:
        board.fail(event_id)
    board.later(seconds=30)
    board.gather()
    assert "summary" not in [row.state for row in board.rows()]
    board.later(seconds=31)
    board.gather()
    board.gather()
    board.tell()
    assert [row.state for row in board.rows()].count("summary") == 1
    summary = board.messages()[-1]
    assert summary.thread_ts is not None and "over" in texts([summary])


def test_a_storm_with_something_open_ends_only_after_a_long_calm(board: Board) -> None:
    ids = a_storm(board, 10)
    board.tell()
    board.later(minutes=5)
    board.gather()
    assert "summary" not in [row.state for row in board.rows()]
    board.later(minutes=6)
    board.gather()
    assert "summary" in [row.state for row in board.rows()]
    board.fail(ids[9])
    board.tell()
    assert [row.status.value for row in board.rows() if row.state == "failed"] == ["sent"]


def test_two_trackers_begin_one_storm_and_end_it_once(board: Board) -> None:
    a_storm(board, 10)
    board.notifier().run()
    board.notifier(owner="other").run()
    board.tell()
    board.later(minutes=12)
    others = gathering.Gatherer(
        database=board.database, settings=board.settings.notices, now=board.now
    )
    assert [board.gather(), others.run()] == [{"storms": 1}, {}]


def test_events_of_different_services_are_no_storm(board: Board) -> None:
    for number in range(4):
        board.event(server_id=f"i-{number:017x}")
        board.event(server_id=f"i-{number:017x}", exe="nginx")
    board.tell()
    assert not [row for row in board.rows() if row.thread_key.startswith("storm:")]


def test_few_events_an_hour_are_no_storm(board: Board) -> None:
    for number in range(8):
        board.event(server_id=f"i-{number:017x}")
        board.later(seconds=20)
    board.tell()
    assert len(board.messages()) == 8


def test_a_storm_that_slack_lets_wait_is_still_one_storm(board: Board) -> None:
    board.slack.be("ratelimited", method="chat.postMessage", seconds=20)
    a_storm(board, 30)
    board.tell()
    board.later(seconds=21)
    board.tell()
    assert len(board.messages()) == STORM["events"]


# --- quiet hours and digests ------------------------------------------------------------------

NIGHT = {"from": "22:00", "to": "07:00", "zone": "Asia/Tokyo", "but": ["fatal"]}


def at_night(database: Database, slack: SlackDouble) -> Board:
    board = a_board(database, slack, channels={"ops": {**OPS, "quiet": NIGHT}})
    board.at = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)  # 23:00 in Tokyo
    return board


def test_what_quiet_hours_keep_back_comes_as_one_digest_at_their_end(
    database: Database, slack: SlackDouble
) -> None:
    board = at_night(database, slack)
    failed = board.event()
    board.event(server_id="i-00000000000000002")
    board.tell()
    board.fail(failed)
    board.tell()
    assert board.messages() == []
    board.at = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
    board.tell()
    (digest,) = board.messages()
    assert "Quiet hours: 2 events" in texts([digest])
    assert "failed 1" in texts([digest])


def test_what_is_bad_enough_is_told_at_any_hour(database: Database, slack: SlackDouble) -> None:
    board = at_night(database, slack)
    board.event()
    severity = board.rows()[0].severity.value
    loud = {**OPS, "quiet": {**NIGHT, "but": [severity]}}
    board.notices = {"channels": {"ops": loud}}
    board.forget()
    board.tell()
    assert len(board.messages()) == 1


def test_a_day_is_summed_up_once_at_its_hour(database: Database, slack: SlackDouble) -> None:
    digest = {"at": "09:00", "zone": "Asia/Tokyo"}
    board = a_board(database, slack, channels={"ops": {**OPS, "digest": digest}})
    board.at = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)  # 08:00 in Tokyo
    board.fail(board.event())
    board.tell()
    told = len(board.messages())
    assert board.gather() == {}
    board.later(minutes=61)
    assert board.gather() == {"digests": 1}
    board.forget()
    board.gather()
    board.tell()
    assert len(board.messages()) == told + 1
    assert "Digest: 1 events" in texts(board.messages()[-1:])


def test_a_digest_whose_hour_nobody_was_there_for_is_left_out(
    database: Database, slack: SlackDouble
) -> None:
    digest = {"at": "09:00", "zone": "Asia/Tokyo"}
    board = a_board(database, slack, channels={"ops": {**OPS, "digest": digest}})
    board.at = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    assert board.gather() == {}


# --- escalation -------------------------------------------------------------------------------


def with_bosses(database: Database, slack: SlackDouble) -> Board:
    channels = {"ops": OPS, "boss": {"slack_channel": BOSSES, "severities": []}}
    levels = [{"minutes": 15, "channel": "boss"}, {"minutes": 60, "channel": "boss"}]
    return a_board(database, slack, channels=channels, escalate=levels)


def test_a_failure_that_nobody_acknowledged_is_told_once_for_each_level(
    database: Database, slack: SlackDouble
) -> None:
    board = with_bosses(database, slack)
    board.fail(board.event())
    board.later(minutes=14)
    assert board.gather() == {}
    board.later(minutes=1)
    assert board.gather() == {"escalated": 1}
    assert board.gather() == {}
    board.later(minutes=45)
    board.forget()
    assert board.gather() == {"escalated": 1}
    board.forget()
    assert board.gather() == {}
    board.tell("boss")
    first, second = board.messages(BOSSES)
    assert second.thread_ts == first.ts and "level 2" in texts([second])


def acknowledge(board: Board, event_id: int) -> None:
    (done,) = closing.acknowledge([event_id], actor="kim", database=board.database, now=board.now)
    assert done.became == "acknowledged"


def reject(board: Board, event_id: int) -> None:
    (row,) = [row for row in board.rows("ops") if row.state == "approval_asked"]
    approving.reject(row.number, actor="kim", database=board.database, now=board.now)


def close(board: Board, event_id: int) -> None:
    closing.close(
        [event_id],
        status="failed",
        reason="known",
        actor="kim",
        database=board.database,
        now=board.now,
    )


@pytest.mark.parametrize("act", [acknowledge, close])
def test_what_a_person_has_seen_to_is_not_escalated(
    database: Database, slack: SlackDouble, act: Any
) -> None:
    board = with_bosses(database, slack)
    event_id = board.event()
    if act is acknowledge:
        board.fail(event_id)
    act(board, event_id)
    board.later(minutes=120)
    assert "escalated" not in board.gather()
    with database.reading() as session:
        assert events.get(session=session, event_id=event_id).acknowledged_by == "kim"


def test_who_rejects_an_approval_has_seen_its_event(database: Database, slack: SlackDouble) -> None:
    board = with_bosses(database, slack)
    factories.a_server(database)
    factories.a_runbook(database, mode="ask")
    event_id = board.event()
    board.handle(event_id)
    reject(board, event_id)
    board.later(minutes=120)
    assert "escalated" not in board.gather()


def test_what_fails_again_after_it_was_opened_again_is_escalated_again(
    database: Database, slack: SlackDouble
) -> None:
    board = with_bosses(database, slack)
    event_id = board.event()
    board.fail(event_id)
    board.later(minutes=16)
    board.gather()
    closing.reopen([event_id], actor="kim", database=database, now=board.now)
    board.fail(event_id)
    board.later(minutes=14)
    assert board.gather() == {}
    board.later(minutes=2)
    assert board.gather() == {"escalated": 1}


def test_an_acknowledgement_is_told_in_the_thread_and_only_once(
    database: Database, slack: SlackDouble
) -> None:
    board = with_bosses(database, slack)
    event_id = board.event()
    board.fail(event_id)
    board.tell()
    acknowledge(board, event_id)
    (again,) = closing.acknowledge([event_id], actor="lee", database=database, now=board.now)
    assert again.became == "already"
    board.tell()
    assert "kim" in texts(board.messages()[:1])


def test_a_storm_of_failures_is_escalated_as_one(database: Database, slack: SlackDouble) -> None:
    board = with_bosses(database, slack)
    for event_id in a_storm(board, 20):
        board.fail(event_id)
    board.later(minutes=15)
    assert board.gather()["escalated"] == 20
    board.tell("boss")
    assert len(board.messages(BOSSES)) == STORM["events"]


# --- the house --------------------------------------------------------------------------------


def test_the_dashboard_says_when_people_are_not_told(
    database: Database, slack: SlackDouble
) -> None:
    board = a_board(database, slack)
    board.event()
    board.event(server_id="i-00000000000000002")
    slack.be("token_revoked", method="chat.postMessage")
    board.notifier().run()
    board.event(server_id="i-00000000000000003")
    board.later(minutes=6)
    with database.reading() as session:
        told = dashboard.overview(session=session, settings=board.settings, now=board.now())
    assert told["notices"]["given_up"] == 1
    assert (told["notices"]["pending"], told["notices"]["late"]) == (1, 1)
    assert told["notices"]["last_trouble"]["code"] == "token_revoked"


def test_old_notices_are_forgotten_and_open_ones_never(board: Board) -> None:
    board.event()
    board.tell()
    board.event(server_id="i-00000000000000002")
    board.later(days=91)
    assert board.gather()["forgotten"] == 1
    assert board.states() == [("opened", "pending")]
