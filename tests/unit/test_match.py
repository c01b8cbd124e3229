"""Choosing a runbook."""

from __future__ import annotations

import time

import pytest

from rescuebot.runbooks.match import choose, compiles, matches
from rescuebot.runbooks.model import RunbookScript


def a_runbook(id: int, pattern: str, *, priority: int = 0) -> RunbookScript:
    return RunbookScript(
        id=id, title=f"T{id}", service_type="mysql", error_pattern=pattern, priority=priority
    )


def test_priority_comes_before_specific_before_newest() -> None:
    general, specific, newest = a_runbook(1, ""), a_runbook(2, "has no process"), a_runbook(3, "")
    first = a_runbook(4, "", priority=5)
    message = "mysqld has no process"
    everything = [general, specific, newest, first]
    for expected in (first, specific, newest, general):
        assert choose(everything, service_type="mysql", message=message).runbook is expected
        everything.remove(expected)


def test_the_words_tell_why_it_won_and_what_came_after() -> None:
    found = choose(
        [a_runbook(1, ""), a_runbook(2, "no process")],
        service_type="mysql",
        message="mysqld has no process",
    )
    assert "Runbook 2 'T2'" in found.words
    assert "'no process' is found in the message" in found.words
    assert "After it would come 1 'T1'" in found.words


def test_the_words_tell_what_was_looked_at_when_nothing_fits() -> None:
    none = choose([a_runbook(7, "disk full")], service_type="mysql", message="mysqld gone")
    assert none.runbook is None
    assert "7 'T7' ('disk full')" in none.words
    assert "no enabled runbook" in choose([], service_type="mysql", message="x").words
    assert "No rule of intake" in choose([], service_type="", message="x").words


def test_case_does_not_matter_and_an_empty_pattern_fits_all() -> None:
    assert matches("NO PROCESS", "no process")
    assert matches("", "anything")
    assert not matches("(", "anything")


@pytest.mark.parametrize("pattern", [r"(?=x)", r"(a)\1", "[", "*"])
def test_patterns_that_re2_cannot_run_in_linear_time_or_at_all_do_not_compile(pattern: str) -> None:
    assert not compiles(pattern)


def test_an_evil_pattern_cannot_hang_it() -> None:
    began = time.process_time()
    assert not matches(r"(a+)+$", "a" * 50_000 + "b")
    # Python's re would take longer than the universe has been there; this only proves "at all".
    assert time.process_time() - began < 60
