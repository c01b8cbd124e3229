"""Answers that are kept for a moment: one asks, nobody waits for long, and no halt is missed."""

from __future__ import annotations

import threading

import pytest

from rescuebot import halting
from tests.api.house import House
from webui.api.fresh import Fresh
from webui.api.resources import dashboard


def test_a_halt_is_told_at_once_though_the_rest_is_kept_for_a_moment(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "_FRESH_SECONDS", 600.0)

    def told() -> dict[str, object]:
        answer = house.call("GET", "/api/v1/dashboard", "viewer")
        assert answer.status_code == 200
        found: dict[str, object] = answer.get_json()
        return found

    before = told()
    halt = halting.halt("service:kept", reason="why", actor="kim", database=house.database)
    after = told()
    assert after["as_of"] == before["as_of"], "the rest is the same answer"
    shown = [one for one in after["halts"] if one["id"] == halt.id]  # type: ignore[attr-defined]
    assert [(one["target"], one["called_by"]) for one in shown] == [("service:kept", "kim")]
    halting.resume("service:kept", actor="kim", database=house.database)
    assert told()["halts"] == before["halts"]


def test_what_is_fresh_is_not_asked_again() -> None:
    kept, asked = Fresh(fresh=60, stale=60), []
    assert [kept.get(lambda: asked.append(1) or len(asked)) for _ in range(3)] == [1, 1, 1]


def test_what_is_not_fresh_is_asked_again() -> None:
    kept, asked = Fresh(fresh=-1, stale=60), []
    assert [kept.get(lambda: asked.append(1) or len(asked)) for _ in range(3)] == [1, 2, 3]


def test_an_answer_is_as_old_as_its_question(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = {"now": 100.0}
    monkeypatch.setattr("webui.api.fresh.time.monotonic", lambda: clock["now"])

    def slow() -> str:
        clock["now"] += 5
        return "of before"

    kept = Fresh(fresh=3, stale=60)
    assert kept.get(slow) == "of before"
    assert kept.get(lambda: "of now") == "of now"


def test_while_one_asks_the_others_are_given_what_there_is() -> None:
    kept, go, begun = Fresh(fresh=-1, stale=60), threading.Event(), threading.Event()
    assert kept.get(lambda: "old") == "old"

    def slow() -> str:
        begun.set()
        assert go.wait(20)
        return "new"

    asker = threading.Thread(target=kept.get, args=(slow,))
    asker.start()
    assert begun.wait(20)
    assert kept.get(lambda: "not asked") == "old"
    go.set()
    asker.join(20)
    assert kept.get(lambda: "newer") == "newer"


def test_who_could_not_ask_leaves_it_to_the_next() -> None:
    kept = Fresh(fresh=60, stale=60)

    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        kept.get(fail)
    assert kept.get(lambda: "there") == "there"
