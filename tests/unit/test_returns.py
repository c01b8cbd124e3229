"""Reading what minions return."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescuebot.executions import returns

GOOD: dict[str, Any] = {
    "rescue": 1,
    "dispatch": "d" * 32,
    "execution_id": 7,
    "verdict": "fixed",
    "reason": "verified",
    "message": "It runs again.",
    "started_at": "2026-11-22T01:04:40.989Z",
    "finished_at": "2026-11-22T01:04:41.989Z",
    "seconds": 1.0,
    "steps": [
        {
            "step": "check",
            "status": "failed",
            "retcode": 1,
            "command_id": 3,
            "started_at": "2026-11-22T01:04:40.989Z",
            "seconds": 0.1,
            "output": "down",
            "output_bytes": 4,
        }
    ],
}


def test_a_result_of_the_agreed_shape_is_read() -> None:
    result = returns.read(GOOD)
    assert result is not None
    assert result.verdict == "fixed"
    assert result.steps[0].output == "down"


@pytest.mark.parametrize(
    "change",
    [
        {"rescue": 2},
        {"verdict": "rm -rf"},
        {"dispatch": ""},
        {"finished_at": "yesterday"},
        {"finished_at": "2026-11-22T01:04:41"},
        {"steps": "none"},
        {"steps": GOOD["steps"] * 9},
        {"steps": [{**GOOD["steps"][0], "step": "party"}]},
        {"steps": [{**GOOD["steps"][0], "seconds": -1}]},
        {"steps": [{**GOOD["steps"][0], "output": {"a": 1}}]},
        {"message": "x" * 5000},
    ],
)
def test_a_result_of_another_shape_is_not_read(change: dict[str, Any]) -> None:
    assert returns.read({**GOOD, **change}) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_nothing_that_a_minion_can_return_breaks_the_reader(value: Any) -> None:
    assert returns.read(value) is None
    returns.was_trimmed(value)
    returns.lacks_module(value)


def test_a_trimmed_value_is_seen_wherever_it_is() -> None:
    assert returns.was_trimmed("VALUE_TRIMMED")
    assert returns.was_trimmed({"steps": [{"output": "VALUE_TRIMMED"}]})
    assert not returns.was_trimmed(GOOD)


def test_a_missing_module_is_told_from_other_errors() -> None:
    assert returns.lacks_module("'rescue.execute' is not available.")
    assert not returns.lacks_module("Traceback: rescue.execute broke")


def test_every_verdict_has_a_state_and_an_end_for_its_event() -> None:
    from typing import get_args

    from rescuebot.executions.ending import _EVENT_END

    verdicts = set(get_args(returns.Verdict))
    assert set(returns.STATE_OF) == verdicts
    assert verdicts <= set(_EVENT_END)
