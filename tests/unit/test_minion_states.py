"""rescue.execute with states: the child that runs them, and what comes of their return."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_minion_stand import Minion, in_a_fork, steps_of, until

FULL = ["check", "fix", "verify"]


@pytest.fixture
def minion(tmp_path: Path) -> Minion:
    return Minion(tmp_path)


def told(result: bool | None = True, **changes: Any) -> dict[str, Any]:
    return {"test_|-a_|-a_|-nop": {"result": result, "changes": changes, "comment": ""}}


def test_a_state_is_applied_with_the_service_and_the_arguments(minion: Minion, tmp_path: Path):
    seen = tmp_path / "seen"

    def states(*args: Any, **kwargs: Any) -> Any:
        context, opts = minion.module.__context__, minion.module.__opts__
        where = [sorted(context), opts["multiprocessing"], os.getsid(0) == os.getpid()]
        seen.write_text(json.dumps([args, kwargs, where]))
        return told(pid=1)

    minion.states = states
    fix = {"kind": "state", "solution": "rescue.mysql", "arguments": {"a": [1]}, "command_id": None}
    result = minion.run(steps=["fix"], fix=fix, service="mysql")
    assert result["verdict"] == "done"
    assert result["steps"][0]["output"].startswith("highstate: ")
    args, kwargs, where = json.loads(seen.read_text())
    assert args == ["apply", "rescue.mysql"]
    assert kwargs["queue"] is False
    assert kwargs["pillar"] == {"rescue_run": {"service": "mysql", "arguments": {"a": [1]}}}
    assert where == [["other"], True, True]
    assert minion.module.__context__["auth"] == "a key"


def test_state_data_is_not_rendered_and_is_split_as_salt_wants_it(minion: Minion, tmp_path: Path):
    seen = tmp_path / "seen"
    minion.states = lambda *args, **kwargs: seen.write_text(json.dumps(args)) and told()
    solution = "a:\n  cmd.run:\n    - name: echo {{ grains }}\nb: test.nop\nc:\n  file: [absent]\n"
    fix = {"kind": "sls", "solution": solution, "arguments": {}, "command_id": None}
    assert minion.run(steps=["fix"], fix=fix)["verdict"] == "done"
    kind, data = json.loads(seen.read_text())
    about = {"__sls__": "rescue_run", "__env__": "base"}
    assert kind == "high" and data == {
        "a": {"cmd": [{"name": "echo {{ grains }}"}, "run"], **about},
        "b": {"test": ["nop"], **about},
        "c": {"file": ["absent"], **about},
    }


@pytest.mark.parametrize(
    ("answer", "retcode"),
    [
        (told(True), 0),
        (told(None), 0),
        (told(False), 2),
        (["Rendering SLS 'base:x' failed"], 1),
        ({}, 1),
        (None, 1),
    ],
)
def test_what_states_return_becomes_a_return_code(minion: Minion, answer: Any, retcode: int):
    minion.states = lambda *args, **kwargs: answer
    fix = {"kind": "state", "solution": "x", "arguments": None, "command_id": None}
    result = minion.run(steps=["fix"], fix=fix)
    assert result["steps"][0]["retcode"] == retcode
    assert result["verdict"] == ("failed" if retcode else "done")


def test_states_that_raise_or_die_are_a_failed_fix(minion: Minion) -> None:
    fix = {"kind": "state", "solution": "x", "arguments": {}, "command_id": None}
    minion.states = lambda *args, **kwargs: 1 / 0
    result = minion.run(steps=["fix"], fix=fix)
    assert result["steps"][0]["output"] == "ZeroDivisionError: division by zero\n"
    minion.states = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL)
    assert steps_of(minion.run(steps=["fix"], fix=fix)) == [("fix", "failed", 137)]


BUSY = ['The function "state.apply" is running as PID 42 and was started at … with jid 2026']


def test_another_state_run_makes_us_busy_and_leaves_no_trace(minion: Minion) -> None:
    minion.states = lambda *args, **kwargs: BUSY
    fix = {"kind": "state", "solution": "x", "arguments": {}, "command_id": None}
    dispatch, sha256 = minion.prepare(steps=FULL, check="exit 1", fix=fix)
    result = minion.execute(dispatch, sha256)
    assert (result["verdict"], result["reason"]) == ("busy", "state_running")
    assert steps_of(result) == [("check", "failed", 1)]
    assert not minion.entry(dispatch).exists()
    minion.states = lambda *args, **kwargs: told()
    again = minion.run(steps=["fix"], fix=fix)
    assert again["verdict"] == "done"


def test_two_state_runs_of_ours_never_overlap(minion: Minion, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    fix = {"kind": "state", "solution": "x", "arguments": {}, "command_id": None}
    minion.states = lambda *args, **kwargs: begun.touch() or time.sleep(60)
    work = minion.prepare(steps=["fix"], fix=fix)
    runner = in_a_fork(lambda: minion.execute(*work))
    until(begun.exists, "the first state run began")
    children = Path(f"/proc/{runner}/task/{runner}/children").read_text().split()
    assert minion.run(steps=["fix"], fix=fix)["verdict"] == "busy"
    for pid in (runner, *map(int, children)):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(runner, 0)
    minion.states = lambda *args, **kwargs: told()
    until(lambda: minion.run(steps=["fix"], fix=fix)["verdict"] == "done", "the lock is free")
