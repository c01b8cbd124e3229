"""The guard's rules, each as a table: what is seen, what is asked, which rule objects."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescuebot.errors import Invalid
from rescuebot.guard import targets
from rescuebot.guard.rules import (
    Flapping,
    Record,
    Request,
    Rule,
    Snapshot,
    Stop,
    Window,
    judge,
    most_at_once,
    wave_is_due,
)
from rescuebot.settings import GuardSettings, Limits
from tests.factories import NOW

SETTINGS = GuardSettings()
WEB = frozenset(f"i-{number}" for number in range(8))


def ago(**time: float) -> Any:
    return NOW - timedelta(**time)


def request(**fields: Any) -> Request:
    values: dict[str, Any] = {
        "server_id": "i-0",
        "minion_id": "web-0",
        "service_type": "mysql",
        "remedy": "runbook:3",
        "remedy_name": "Runbook 3 'Start MySQL'",
        "event_type": "process_down",
        "event_id": 1,
        "execution_id": 1,
    }
    return Request(**{**values, **fields})


def snapshot(**fields: Any) -> Snapshot:
    return Snapshot(now=NOW, **fields)


def stop(target: str) -> Stop:
    return Stop(target=targets.parse(target), reason="bad deploy", called_by="kim", called_at=NOW)


def window(target: str) -> Window:
    return Window(target=targets.parse(target), ends_at=NOW + timedelta(hours=1), reason="patching")


def record(failures: int, seconds_ago: float, *servers: str) -> Record:
    return Record(
        failures=failures, last_failed_at=ago(seconds=seconds_ago), runs_on=frozenset(servers)
    )


NOTHING = snapshot()
TWO = {"mysql": frozenset({"i-0", "i-1"})}
EIGHT = {"mysql": WEB}
OPEN = {"runbook:3": record(3, 10)}
HALF_OPEN = {"runbook:3": record(3, 301)}

# What is asked, what is seen, which rule objects (None: it may start).
TABLE: list[tuple[str, Request, Snapshot, Rule | None]] = [
    ("nothing stands against it", request(), NOTHING, None),
    ("approval owed", request(approval_owed=True), NOTHING, Rule.APPROVAL),
    ("approval given", request(approval_owed=True, approved=True), NOTHING, None),
    ("all halted", request(), snapshot(stops=(stop("*"),)), Rule.HALT),
    ("its service halted", request(), snapshot(stops=(stop("service:mysql"),)), Rule.HALT),
    ("another service halted", request(), snapshot(stops=(stop("service:nginx"),)), None),
    ("its server halted", request(), snapshot(stops=(stop("server:i-0"),)), Rule.HALT),
    ("another server halted", request(), snapshot(stops=(stop("server:i-1"),)), None),
    ("its minions halted", request(), snapshot(stops=(stop("minion:web-*"),)), Rule.HALT),
    ("halted, by hand", request(by_hand=True), snapshot(stops=(stop("*"),)), Rule.HALT),
    (
        "the second halt counts",
        request(),
        snapshot(stops=(stop("server:i-1"), stop("*"))),
        Rule.HALT,
    ),
    ("maintenance", request(), snapshot(windows=(window("service:mysql"),)), Rule.WINDOW),
    ("maintenance elsewhere", request(), snapshot(windows=(window("server:i-5"),)), None),
    ("maintenance, by hand", request(by_hand=True), snapshot(windows=(window("*"),)), None),
    ("server busy", request(), snapshot(busy={"i-0": 7}), Rule.ONE_AT_A_TIME),
    ("server busy, by hand", request(by_hand=True), snapshot(busy={"i-0": 7}), Rule.ONE_AT_A_TIME),
    ("other server busy", request(), snapshot(busy={"i-1": 7}), None),
    (
        "flapping",
        request(),
        snapshot(flapping={1: Flapping(changes=9, last_at=NOW)}),
        Rule.FLAPPING,
    ),
    ("not so often", request(), snapshot(flapping={1: Flapping(changes=8, last_at=NOW)}), None),
    (
        "calm again",
        request(),
        snapshot(flapping={1: Flapping(changes=99, last_at=ago(minutes=10))}),
        None,
    ),
    ("another flaps", request(), snapshot(flapping={2: Flapping(changes=99, last_at=NOW)}), None),
    (
        "cooldown",
        request(),
        snapshot(last_fix={("runbook:3", "i-0"): ago(seconds=59)}),
        Rule.COOLDOWN,
    ),
    ("cooled down", request(), snapshot(last_fix={("runbook:3", "i-0"): ago(seconds=60)}), None),
    (
        "retries are no repeats",
        request(attempt=2),
        snapshot(last_fix={("runbook:3", "i-0"): NOW}),
        None,
    ),
    ("another remedy ran", request(), snapshot(last_fix={("runbook:4", "i-0"): NOW}), None),
    ("it ran elsewhere", request(), snapshot(last_fix={("runbook:3", "i-1"): NOW}), None),
    ("breaker open", request(), snapshot(records=OPEN), Rule.BREAKER),
    ("two failures", request(), snapshot(records={"runbook:3": record(2, 1)}), None),
    ("another remedy's breaker", request(remedy="runbook:4"), snapshot(records=OPEN), None),
    ("half-open: a trial", request(), snapshot(records=HALF_OPEN), None),
    (
        "half-open: the trial runs",
        request(),
        snapshot(records={"runbook:3": record(3, 301, "i-1")}),
        Rule.BREAKER,
    ),
    ("breaker, by hand", request(by_hand=True), snapshot(records=OPEN), None),
    (
        "the last one that serves",
        request(event_type="memory_high"),
        snapshot(servers=TWO, down={"mysql": frozenset({"i-1"})}),
        Rule.LAST_HEALTHY,
    ),
    (
        "the other one is in repair",
        request(event_type="memory_high"),
        snapshot(servers=TWO, repairing={"mysql": frozenset({"i-1"})}),
        Rule.LAST_HEALTHY,
    ),
    (
        "it serves no more, so nothing is lost",
        request(event_type="process_down"),
        snapshot(servers=TWO, down={"mysql": frozenset({"i-1"})}),
        None,
    ),
    ("the other one is well", request(event_type="memory_high"), snapshot(servers=TWO), None),
    ("it is alone", request(event_type="memory_high"), NOTHING, None),
    (
        "no room",
        request(),
        snapshot(servers=EIGHT, repairing={"mysql": frozenset({"i-1", "i-2"})}),
        Rule.BLAST_RADIUS,
    ),
    (
        "room for one more",
        request(),
        snapshot(servers=EIGHT, repairing={"mysql": frozenset({"i-1"})}),
        None,
    ),
    (
        "its own earlier repair takes no room",
        request(),
        snapshot(servers=EIGHT, repairing={"mysql": frozenset({"i-0", "i-2"})}),
        None,
    ),
    (
        "another service's repairs take no room",
        request(),
        snapshot(servers=EIGHT, repairing={"nginx": WEB}),
        None,
    ),
    ("older work waits", request(), snapshot(closed=frozenset({"mysql"})), Rule.BLAST_RADIUS),
    (
        "an unknown fleet is repaired one by one",
        request(),
        snapshot(repairing={"mysql": frozenset({"i-9"})}),
        Rule.BLAST_RADIUS,
    ),
]


@pytest.mark.parametrize(
    ("asked", "seen", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_first_rule_that_objects_decides(
    asked: Request, seen: Snapshot, expected: Rule | None
) -> None:
    verdict = judge(asked, seen, SETTINGS)
    assert verdict.rule is expected
    assert verdict.allowed is (expected is None)
    assert len(verdict.words) > 30 and verdict.words.endswith(".")


def test_every_rule_is_in_the_table() -> None:
    assert {row[3] for row in TABLE} == {None, *Rule}


@pytest.mark.parametrize("earlier", list(Rule))
def test_the_rules_are_asked_in_their_order(earlier: Rule) -> None:
    """All object at once; taking away the first ones leaves the next."""
    order = list(Rule)
    seen, asked = everything_objects()
    for rule in order[: order.index(earlier)]:
        seen, asked = without(rule, seen, asked)
    assert judge(asked, seen, SETTINGS).rule is earlier


def everything_objects() -> tuple[Snapshot, Request]:
    seen = snapshot(
        stops=(stop("*"),),
        windows=(window("*"),),
        busy={"i-0": 9},
        servers=TWO,
        repairing={"mysql": frozenset({"i-1"})},
        last_fix={("runbook:3", "i-0"): NOW},
        records=OPEN,
        flapping={1: Flapping(changes=99, last_at=NOW)},
    )
    return seen, request(approval_owed=True, event_type="memory_high")


def without(rule: Rule, seen: Snapshot, asked: Request) -> tuple[Snapshot, Request]:
    changes: dict[Rule, dict[str, Any]] = {
        Rule.HALT: {"stops": ()},
        Rule.WINDOW: {"windows": ()},
        Rule.ONE_AT_A_TIME: {"busy": {}},
        Rule.FLAPPING: {"flapping": {}},
        Rule.COOLDOWN: {"last_fix": {}},
        Rule.BREAKER: {"records": {}},
    }
    if rule is Rule.APPROVAL:
        return seen, replace(asked, approved=True)
    if rule is Rule.LAST_HEALTHY:
        return seen, replace(asked, event_type="process_down")
    return replace(seen, **changes[rule]), asked


@pytest.mark.parametrize(
    ("zero", "seen"),
    [
        ("cooldown_seconds", snapshot(last_fix={("runbook:3", "i-0"): NOW})),
        ("breaker_failures", snapshot(records=OPEN)),
        ("flapping_changes", snapshot(flapping={1: Flapping(changes=99, last_at=NOW)})),
    ],
)
def test_zero_switches_a_rule_off(zero: str, seen: Snapshot) -> None:
    assert not judge(request(), seen, SETTINGS).allowed
    assert judge(request(), seen, GuardSettings(**{zero: 0})).allowed


@pytest.mark.parametrize(
    ("servers", "limits", "most"),
    [
        (1, {}, 1),
        (2, {}, 1),
        (4, {"blast_percent": 100}, 3),
        (4, {"blast_percent": 0}, 4),
        (4, {"blast_percent": 0, "blast_servers": 2}, 2),
        (200, {"blast_percent": 10}, 20),
        (199, {"blast_percent": 10}, 19),
        (9, {"blast_percent": 10}, 1),
        (200, {"blast_percent": 10, "blast_servers": 5}, 5),
        (200, {"blast_percent": 1, "blast_servers": 50}, 2),
        (200, {"services": {"mysql": Limits(blast_servers=1)}}, 1),
        (200, {"services": {"nginx": Limits(blast_servers=1)}, "blast_percent": 10}, 20),
    ],
)
def test_how_many_at_once(servers: int, limits: dict[str, Any], most: int) -> None:
    fleet = frozenset(f"i-{number}" for number in range(servers))
    seen = snapshot(servers={"mysql": fleet})
    assert most_at_once(request(), seen, GuardSettings(**limits)) == most


@given(
    total=st.integers(1, 60),
    percent=st.integers(1, 100),
    wanting=st.lists(st.integers(0, 59), max_size=60),
)
def test_however_many_ask_no_more_than_the_limit_get_in_and_one_stays_out(
    total: int, percent: int, wanting: list[int]
) -> None:
    fleet = frozenset(f"i-{number}" for number in range(total))
    settings = GuardSettings(blast_percent=percent)
    seen = snapshot(servers={"mysql": fleet})
    inside: list[str] = []
    for number in wanting:
        asked = request(server_id=f"i-{number % total}", event_id=None, execution_id=number)
        if judge(asked, seen, settings).allowed:
            seen = seen.with_(asked)
            inside.append(asked.server_id)
    assert len(inside) == len(set(inside)), "no server twice"
    assert len(inside) <= max(1, total * percent // 100)
    assert total == 1 or len(inside) < total
    assert bool(inside) is bool(wanting), "one always gets in"


def test_a_wave_goes_when_half_of_the_room_is_free() -> None:
    settings = GuardSettings(blast_percent=50)
    for repairing, due in ((4, False), (3, False), (2, True), (0, True)):
        names = frozenset(sorted(WEB - {"i-0"})[:repairing])
        seen = snapshot(servers=EIGHT, repairing={"mysql": names})
        assert wave_is_due(request(), seen, settings) is due


def test_what_was_let_through_is_seen_by_the_next() -> None:
    seen = snapshot(servers=EIGHT, records=HALF_OPEN).with_(request())
    assert judge(request(execution_id=2), seen, SETTINGS).rule is Rule.ONE_AT_A_TIME
    other = request(server_id="i-1", execution_id=2, event_id=2)
    assert judge(other, seen, SETTINGS).rule is Rule.BREAKER, "one trial at a time"


def test_words_tell_who_why_and_until_when() -> None:
    words = judge(request(), snapshot(stops=(stop("service:mysql"),)), SETTINGS).words
    assert "kim" in words and "bad deploy" in words and "rescue.resume 'service:mysql'" in words
    verdict = judge(request(), snapshot(windows=(window("*"),)), SETTINGS)
    assert "2026-11-22T02:05:00" in verdict.words and "patching" in verdict.words
    assert verdict.again_at == NOW + timedelta(hours=1)
    words = judge(request(), snapshot(records=OPEN), SETTINGS).words
    assert "failed for the last 3 events" in words and "tried again" in words


@pytest.mark.parametrize("text", ["*", "service:mysql", "server:i-0*", "minion:web-1.example.com"])
def test_targets_are_shown_as_they_are_written(text: str) -> None:
    assert str(targets.parse(text)) == text


@pytest.mark.parametrize("text", ["", "mysql", "service:", "host:x", "service:a b", None, 7, "*x"])
def test_what_is_no_target_is_refused(text: object) -> None:
    with pytest.raises(Invalid, match="target: must be"):
        targets.parse(text)


def test_a_target_covers_by_exact_letters_and_wildcards_only() -> None:
    place = {"service_type": "mysql", "server_id": "i-0", "minion_id": "web-0"}
    covered = {
        "*": True,
        "service:mysql": True,
        "service:my*": True,
        "service:MySQL": False,
        "server:i-0": True,
        "server:i-": False,
        "minion:web-?": True,
    }
    for text, expected in covered.items():
        assert targets.parse(text).covers(**place) is expected, text
