"""The halt on the minion: no fix begins while it stands; the master's work lifts an older one."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_minion_stand import Minion, in_a_fork, refused, steps_of, until

FULL = ["check", "fix", "verify"]


@pytest.fixture
def minion(tmp_path: Path) -> Minion:
    return Minion(tmp_path)


def asked_while(minion: Minion, happens: Callable[[], Any]) -> None:
    """Let something happen while the master is thinking of an answer."""

    def pillar_ext(*args: Any, **kwargs: Any) -> Any:
        answer = minion.pillar_ext(*args, **kwargs)
        happens()
        return answer

    minion.module.__salt__["pillar.ext"] = pillar_ext


def flag(minion: Minion) -> Path:
    return minion.folder / "rescue" / "halted"


def test_a_halt_stands_until_it_is_lifted(minion: Minion) -> None:
    none = {"halted": False, "since": None, "reason": ""}
    assert minion.module.halted() == none and minion.module.resume() == none
    found = minion.module.halt("moving\nthe \x1b[31mdatabase")
    assert found["halted"] is True and found["reason"] == "moving the  [31mdatabase"
    assert json.loads(flag(minion).read_text())["since"] == found["since"]
    minion.module = minion.restarted()
    assert minion.module.halted() == found
    assert minion.module.resume() == none and not flag(minion).exists()


def test_a_halt_keeps_a_bounded_reason(minion: Minion) -> None:
    assert minion.module.halt("x" * 100_000)["reason"] == "x" * 500
    assert minion.module.halt(None)["reason"] == "None"


def test_a_flag_that_cannot_be_read_halts_all_the_same(minion: Minion) -> None:
    minion.module.halt("why")
    for content in ("", "[]", '{"reason": 3}', '{"rea'):
        flag(minion).write_text(content)
        assert minion.module.halted()["halted"] is True


def test_a_full_disk_does_not_keep_a_halt_away(minion: Minion) -> None:
    def full_disk(value: Any, file: Any) -> None:
        raise OSError(28, "No space left on device")

    minion.module.json = type("Json", (), {"dump": full_disk, "load": json.load})
    assert minion.module.halt("why") == {"halted": True, "since": None, "reason": ""}
    assert sorted(path.name for path in flag(minion).parent.iterdir()) == ["halt.lock", "halted"]


def test_the_self_test_tells_of_a_halt(minion: Minion) -> None:
    assert minion.module.self_test("1")["halted"] is False
    minion.module.halt()
    assert minion.module.self_test("1")["halted"] is True


def test_a_halt_after_the_fetch_stops_the_fix_and_leaves_no_trace(minion: Minion, tmp_path: Path):
    changed = tmp_path / "changed"
    dispatch, sha256 = minion.prepare(
        steps=FULL, check=f"test -e {changed}", fix=f"touch {changed}"
    )
    asked_while(minion, lambda: minion.module.halt("we are moving"))
    result = minion.execute(dispatch, sha256)
    assert (result["verdict"], result["reason"]) == ("refused", "halted")
    assert result["message"].endswith("nothing was changed. The reason given: we are moving")
    assert steps_of(result) == [("check", "failed", 1)]
    assert not changed.exists() and not minion.entry(dispatch).exists()
    minion.module.resume()
    minion.module.__salt__["pillar.ext"] = minion.pillar_ext
    assert minion.execute(dispatch, sha256)["verdict"] == "fixed"


def test_a_halt_during_the_check_stops_the_fix(minion: Minion, tmp_path: Path) -> None:
    minion.module.halt("from elsewhere")
    other = tmp_path / "flag"
    flag(minion).rename(other)
    work = {"check": f"mv {other} {flag(minion)}; exit 1", "fix": f"touch {tmp_path}/changed"}
    result = minion.run(steps=FULL, **work)
    assert result["reason"] == "halted" and not (tmp_path / "changed").exists()


def test_a_halt_in_the_middle_of_a_fix_does_not_break_it_off(
    minion: Minion, tmp_path: Path
) -> None:
    minion.module.halt("too late")
    other = tmp_path / "flag"
    flag(minion).rename(other)
    fix = f"mv {other} {flag(minion)}; echo whole > {tmp_path}/up"
    result = minion.run(steps=FULL, check=f"test -e {tmp_path}/up", fix=fix)
    assert result["verdict"] == "fixed" and minion.module.halted()["halted"] is True


def test_work_that_only_checks_is_not_stopped(minion: Minion) -> None:
    asked_while(minion, minion.module.halt)
    assert minion.run(steps=["check"], check="exit 0")["verdict"] == "done"


def test_work_that_the_master_hands_out_lifts_an_older_halt(minion: Minion) -> None:
    minion.module.halt("a resume that this minion has missed")
    assert minion.run(steps=["fix"], fix="exit 0")["verdict"] == "done"
    assert minion.module.halted()["halted"] is False


def test_only_work_lifts_a_halt(minion: Minion) -> None:
    minion.module.halt()
    assert refused(minion.execute("0" * 32, "0" * 64)) == "no_work"
    dispatch, _ = minion.prepare(steps=["fix"], fix="exit 0")
    assert refused(minion.execute(dispatch, "0" * 64)) == "hash_mismatch"
    assert minion.module.preview(*minion.prepare(steps=["fix"], fix=":", preview=True))["verdict"]
    assert minion.module.halted()["halted"] is True


def test_a_halt_that_is_repeated_while_the_master_is_asked_stands(minion: Minion) -> None:
    minion.module.halt("first")
    asked_while(minion, lambda: minion.module.halt("second"))
    result = minion.run(steps=["fix"], fix="exit 0")
    assert result["reason"] == "halted" and "second" in result["message"]
    assert minion.module.halted()["reason"] == "second"


def test_a_halt_between_two_questions_is_older_than_the_answer(minion: Minion) -> None:
    minion.module.ASK_AGAIN_SECONDS = (0.0, 0.0)
    dispatch, sha256 = minion.prepare(steps=["fix"], fix="exit 0")
    work = minion.answers[dispatch]
    minion.answers[dispatch] = [{"refused": "not now", "again": True}, work]
    asked_while(minion, lambda: len(minion.asked) == 1 and minion.module.halt())
    assert minion.execute(dispatch, sha256)["verdict"] == "done"


def test_a_master_that_has_halted_this_minion_is_not_a_master_without_work(minion: Minion) -> None:
    dispatch, sha256 = minion.prepare(steps=["fix"], fix="exit 0")
    minion.answers[dispatch] = {"refused": "the fleet is halted:\x00 {moving}", "halted": True}
    result = minion.execute(dispatch, sha256)
    assert refused(result) == "halted" and "the fleet is halted:  {moving}" in result["message"]
    assert not minion.entry(dispatch).exists()


def test_of_two_runs_at_once_a_halt_stops_the_one_that_has_not_begun(
    minion: Minion, tmp_path: Path
) -> None:
    begun, checked, go = (tmp_path / name for name in ("begun", "checked", "go"))
    fixing = minion.prepare(steps=["fix"], fix=f"touch {begun}; while test ! -e {go}; do :; done")
    check = f"touch {checked}; while test ! -e {go}; do :; done; exit 1"
    checking = minion.prepare(steps=FULL, check=check, fix=f"touch {tmp_path}/changed")
    pids = [in_a_fork(lambda work=work: minion.execute(*work)) for work in (fixing, checking)]
    until(lambda: begun.exists() and checked.exists(), "both runs are at work")
    minion.module.halt("all of you")
    go.touch()
    for pid in pids:
        os.waitpid(pid, 0)
    stored = json.loads((minion.entry(fixing[0]) / "result.json").read_text())
    assert stored["verdict"] == "done"
    assert not minion.entry(checking[0]).exists() and not (tmp_path / "changed").exists()


def test_a_halt_that_comes_while_an_older_one_is_lifted_stands(minion: Minion) -> None:
    minion.module.halt("first")
    mark_of, pids = minion.module._halt_mark, []

    def meanwhile() -> Any:
        mark = mark_of()
        minion.module._halt_mark = mark_of
        pids.append(in_a_fork(lambda: minion.module.halt("second")))
        time.sleep(0.3)
        return mark

    mark, minion.module._halt_mark = mark_of(), meanwhile
    minion.module._lift_older_halt(mark)
    os.waitpid(pids[0], 0)
    assert minion.module.halted()["reason"] == "second"


def test_whoever_dies_with_the_lock_of_the_halt_does_not_keep_it(minion: Minion, tmp_path: Path):
    def dying() -> None:
        with minion.module._halt_lock():
            os.kill(os.getpid(), signal.SIGKILL)

    os.waitpid(in_a_fork(dying), 0)
    assert minion.module.halt()["halted"] is True
