"""Which runbook is chosen, and how the choice is explained."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rescuebot.runbooks.index import Index
from rescuebot.runbooks.match import NEAR, Candidate, Clause, Explanation, rank
from rescuebot.runbooks.model import RunbookMode, RunbookScript

MESSAGE = "mysqld has no process"


def a_candidate(id: int, pattern: str, **fields: Any) -> Candidate:
    values = {"title": f"T{id}", "service_type": "mysql", **fields}
    return Candidate(id=id, error_pattern=pattern, **values)


def look_up(*candidates: Candidate, message: str = MESSAGE, **options: Any) -> Explanation:
    options = {"service_type": "mysql", **options}
    return Index(candidates).look_up(message=message, **options)


def test_priority_comes_before_specific_before_newest() -> None:
    everything = [
        a_candidate(1, ""),
        a_candidate(2, "has no process"),
        a_candidate(3, ""),
        a_candidate(4, "", priority=5),
        a_candidate(5, "no process", priority=-1),
    ]
    found = look_up(*everything)
    assert [fit.candidate.id for fit in found.matched] == [4, 2, 3, 1, 5]
    assert found.winner_id == 4 and found.winner is everything[3]


def test_each_that_matched_says_why_it_stands_where_it_stands() -> None:
    found = look_up(
        a_candidate(1, ""),
        a_candidate(2, "no process"),
        a_candidate(3, ""),
        a_candidate(4, "", priority=5),
    )
    assert [fit.reason for fit in found.matched] == [
        "Before 2: priority 5 comes before 0.",
        "After 4: priority 5 comes before 0.",
        "After 2: of the same priority, a pattern of 10 characters comes before one of 0.",
        "After 3: of the same priority and length of pattern, the newer 3 comes first.",
    ]
    assert look_up(a_candidate(1, "")).matched[0].reason == "It is the only one that fits."


def test_the_words_tell_why_it_won_and_what_came_after() -> None:
    found = look_up(a_candidate(1, ""), a_candidate(2, "no process"))
    assert found.words == (
        "Runbook 2 'T2' fits: it is for service mysql, its pattern 'no process' is found in the "
        "message, and its priority is 0. After it would come 1 'T1'."
    )
    assert "it has no pattern" in look_up(a_candidate(1, "")).words


def test_the_words_tell_what_came_nearest_when_nothing_fits() -> None:
    none = look_up(a_candidate(7, "mysqld.*disk full"), message="mysqld gone")
    assert none.winner_id is None and none.winner is None and none.matched == ()
    assert none.words == (
        "The one runbook for service mysql has no pattern that is found in the message. "
        "Nearest: 7 'T7' ('mysqld' is in the message, 'disk full' is not)."
    )


def test_an_unknown_service_and_one_without_runbooks_are_said() -> None:
    assert look_up(message="x").words == "There is no enabled runbook for service mysql."
    unknown = look_up(a_candidate(1, ""), message="x", service_type="")
    assert unknown.winner_id is None
    assert unknown.words == "No rule of intake tells the service, so no runbook can be looked up."


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("disk full", "'disk full' is not in the message"),
        ("disk|swap|inode", "none of 'disk', 'swap', 'inode' is in the message"),
        ("a1|b2|c3|d4|e5|f6", "none of 'a1', 'b2', 'c3', 'd4', 'e5' and 1 more is in the message"),
        ("disk.*full|mysqld.*crashed", "'mysqld' is in the message, 'crashed' is not"),
        ("has.*process.*dead.*lost", "'has', 'process' are in the message, 'dead', 'lost' are not"),
        (
            "process.*has",
            "'process', 'has' are in the message, but not as the pattern asks for: 'process.*has'",
        ),
        (r"\d\d\d", r"'\d\d\d' is not in the message"),
        ("(httpd|nginx) down", "none of '(httpd|nginx)', 'down' is in the message"),
        ("x" * 100, f"'{'x' * 60}…' is not in the message"),
    ],
)
def test_a_near_miss_tells_which_parts_of_its_pattern_are_there(pattern: str, words: str) -> None:
    (miss,) = look_up(a_candidate(1, pattern)).near
    assert miss.failed == (Clause.PATTERN,) and miss.words == words


def test_a_pattern_that_was_stored_past_the_checks_never_fits_and_says_so() -> None:
    (miss,) = look_up(a_candidate(1, "(?=mysqld)")).near
    assert "is refused: it must be a regular expression" in miss.words


def test_a_disabled_one_never_wins_and_is_the_nearest() -> None:
    none = look_up(a_candidate(1, "no process", enabled=False), a_candidate(2, "mysqld.*disk"))
    assert none.winner_id is None
    assert [miss.candidate.id for miss in none.near] == [1, 2]
    assert none.near[0].failed == (Clause.DISABLED,)
    assert none.near[0].words == "it is disabled; its pattern 'no process' is found"
    assert "The one runbook" in none.words
    assert "no enabled runbook" in look_up(a_candidate(1, "no", enabled=False)).words


def test_one_of_another_service_is_told_when_its_pattern_is_found() -> None:
    none = look_up(
        a_candidate(1, "no process", service_type="nginx"),
        a_candidate(2, "no process", service_type="redis", enabled=False),
        a_candidate(3, "disk", service_type="disk"),
        a_candidate(4, "", service_type="any"),
    )
    (miss,) = none.near
    assert miss.candidate.id == 1 and miss.failed == (Clause.SERVICE,)
    assert miss.words == "it is for service nginx, not mysql; its pattern 'no process' is found"


def test_those_of_the_service_come_first_and_leave_room_for_two_others() -> None:
    own = [a_candidate(number, f"disk{number}") for number in range(1, 9)]
    partly = a_candidate(9, "mysqld.*crashed")
    others = [a_candidate(number, "process", service_type="nginx") for number in range(10, 16)]
    near = look_up(*own, partly, *others).near
    assert [miss.candidate.id for miss in near] == [9, 8, 7, 15, 14]
    assert len(look_up(*own, partly).near) == len(look_up(*others).near) == NEAR


def test_near_misses_beside_a_winner_are_told_only_when_asked_for() -> None:
    both = (a_candidate(1, "process"), a_candidate(2, "mysqld crashed"))
    assert look_up(*both).near == ()
    asked = look_up(*both, explain=True)
    assert asked.winner_id == 1 and [miss.candidate.id for miss in asked.near] == [2]
    assert asked.words == look_up(*both).words


def test_the_explanation_is_plain_json() -> None:
    asked = look_up(
        a_candidate(1, "process", mode=RunbookMode.AUTO), a_candidate(2, "disk"), explain=True
    )
    plain = json.loads(json.dumps(asked.plain()))
    assert plain["service_type"] == "mysql" and plain["winner"] == 1
    assert plain["words"] == asked.words
    assert plain["matched"] == [
        {
            "id": 1,
            "title": "T1",
            "service_type": "mysql",
            "error_pattern": "process",
            "priority": 0,
            "enabled": True,
            "mode": "auto",
            "version": 1,
            "reason": "It is the only one that fits.",
        }
    ]
    assert plain["near"][0]["failed"] == ["pattern"] and plain["near"][0]["mode"] == "ask"


def test_foreign_text_is_quoted_and_bounded() -> None:
    evil = a_candidate(1, "%s {0} {{ x }}\n\x1b[31m", title="{0} %s")
    words = look_up(evil, message="%d {1}").words
    assert "{0} %s" in words and "\\x1b" in words and "\n" not in words
    many = [a_candidate(number, f"{number}" + "y" * 495) for number in range(100)]
    assert len(look_up(*many).words) < 1000


def test_a_candidate_is_made_from_a_row() -> None:
    row = RunbookScript(
        id=3, title="T3", service_type="mysql", error_pattern="x", priority=2,
        enabled=False, mode=RunbookMode.AUTO, version=4,
    )  # fmt: skip
    assert Candidate.of(row) == a_candidate(
        3, "x", priority=2, enabled=False, mode=RunbookMode.AUTO, version=4
    )


def test_the_rank_is_total() -> None:
    one, other = a_candidate(1, "ab"), a_candidate(2, "ba")
    assert rank(other) < rank(one)


def test_a_new_index_like_another_answers_for_the_new_state() -> None:
    before = Index([a_candidate(1, "process"), a_candidate(2, "crash", service_type="nginx")])
    assert before.look_up("mysql", MESSAGE).winner_id == 1
    after = Index([a_candidate(1, "disk", version=2)], like=before)
    assert after.look_up("mysql", MESSAGE).winner_id is None
    assert after.look_up("mysql", "disk").winner_id == 1
    assert after.look_up("nginx", "crash").winner_id is None
    assert before.look_up("mysql", MESSAGE).winner_id == 1
    assert (len(before), len(after)) == (2, 1)
