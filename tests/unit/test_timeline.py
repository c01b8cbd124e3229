"""The guard over the past: what was allowed goes on, ends, and counts for what comes after."""

from __future__ import annotations

from datetime import datetime, timedelta

from rescuebot.guard.rules import Rule
from rescuebot.guard.timeline import Stood, Timeline
from rescuebot.settings import GuardSettings
from tests.factories import NOW
from tests.unit.test_guard_rules import request, stop, window

FLEET = {"mysql": frozenset(f"i-{number}" for number in range(8))}


def timeline(**guard: int) -> Timeline:
    return Timeline(settings=GuardSettings(**guard), fleets=FLEET)


def ask(
    line: Timeline, at: datetime, server: str = "i-0", *, lasts: float = 10, helps: bool = True
) -> Rule | None:
    asked = request(server_id=server, event_id=int(at.timestamp()))
    return line.judge(asked, alarm=server, at=at, lasts=timedelta(seconds=lasts), helps=helps).rule


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_run_takes_its_server_and_its_room_until_it_ends() -> None:
    line = timeline(cooldown_seconds=0)
    assert ask(line, NOW) is None
    assert ask(line, after(5)) is Rule.ONE_AT_A_TIME
    assert ask(line, after(5), "i-1") is None
    assert ask(line, after(6), "i-2") is Rule.BLAST_RADIUS
    assert ask(line, after(10), "i-2") is None, "the first has ended"


def test_a_server_counts_on_after_its_repair() -> None:
    line = timeline(cooldown_seconds=0, blast_percent=15, blast_seconds=60)
    assert ask(line, NOW) is None
    assert ask(line, after(30), "i-1") is Rule.BLAST_RADIUS
    assert ask(line, after(71), "i-1") is None


def test_cooldown_and_breaker_follow_from_what_was_run() -> None:
    line = timeline(cooldown_seconds=60, breaker_failures=2, breaker_seconds=100)
    assert ask(line, NOW) is None
    assert ask(line, after(30)) is Rule.COOLDOWN
    assert ask(line, after(71), helps=False) is None
    assert ask(line, after(100), "i-1", helps=False) is None
    assert ask(line, after(120), "i-2") is Rule.BREAKER
    assert ask(line, after(211), "i-2") is None, "the trial"
    assert ask(line, after(212), "i-3") is Rule.BREAKER
    assert ask(line, after(230), "i-3") is None, "it helped"


def test_flapping_counts_what_had_happened_by_then() -> None:
    line = timeline(flapping_changes=3, flapping_minutes=10, cooldown_seconds=0)
    for second in (0, 60, 120, 180, 999):
        line.change("i-0", after(second))
    assert ask(line, after(120)) is None, "three changes by then"
    assert ask(line, after(181)) is Rule.FLAPPING
    assert ask(line, after(182), "i-1") is None
    assert ask(line, after(781)) is None, "calm again"


def test_what_stood_then_counts_and_what_did_not_does_not() -> None:
    halted = Stood(what=stop("*"), since=after(10), until=after(20))
    maintained = Stood(what=window("*"), since=after(30), until=None)
    line = Timeline(
        settings=GuardSettings(cooldown_seconds=0), fleets=FLEET, stood=[halted, maintained]
    )
    seen = [ask(line, after(second), lasts=0.1) for second in (9, 10, 20, 30, 99)]
    assert seen == [None, Rule.HALT, None, Rule.WINDOW, Rule.WINDOW]
