"""A dispatch runs at most once, whatever is repeated, killed or crashes."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_minion_stand import Minion, in_a_fork, refused, until


@pytest.fixture
def minion(tmp_path: Path) -> Minion:
    return Minion(tmp_path)


def test_a_dispatch_that_has_run_returns_its_stored_result(minion: Minion, tmp_path: Path) -> None:
    dispatch, sha256 = minion.prepare(steps=["fix"], fix=f"echo x >> {tmp_path}/effects; echo hi")
    first = minion.execute(dispatch, sha256)
    del minion.answers[dispatch]
    minion.module = minion.restarted()
    assert minion.execute(dispatch, sha256) == first
    assert (tmp_path / "effects").read_text() == "x\n"
    assert len(minion.asked) == 1


def test_a_run_that_was_killed_is_interrupted_and_not_run_again(minion: Minion, tmp_path: Path):
    effects = tmp_path / "effects"
    fix = f"echo $$ >> {effects}; sleep 60"
    dispatch, sha256 = minion.prepare(steps=["fix"], fix=fix)
    runner = in_a_fork(lambda: minion.execute(dispatch, sha256))
    script = int(until(lambda: effects.exists() and effects.read_text(), "the fix began"))

    other = minion.execute(dispatch, sha256)
    assert refused(other) == "already_running" and str(runner) in other["message"]

    os.kill(runner, signal.SIGKILL)
    os.waitpid(runner, 0)
    os.killpg(script, signal.SIGKILL)
    result = minion.execute(dispatch, sha256)
    assert (result["verdict"], result["reason"]) == ("interrupted", "crashed")
    assert "in its step fix" in result["message"]
    assert minion.execute(dispatch, sha256) == result
    assert effects.read_text() == f"{script}\n"


def claimed_by(minion: Minion, dispatch: str, owner: str) -> None:
    entry = minion.entry(dispatch)
    entry.mkdir(parents=True)
    (entry / "claim").symlink_to(owner)


def own_identity(minion: Minion) -> list[str]:
    pid, start, boot = minion.module._own_identity()
    return [pid, start, boot]


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_an_owner_is_dead_when_its_pid_start_or_boot_is_anothers(minion: Minion, changed: int):
    dispatch, sha256 = minion.prepare(steps=["fix"], fix="exit 0")
    owner = own_identity(minion)
    owner[changed] = "4194305" if changed == 0 else "0"
    claimed_by(minion, dispatch, ":".join(owner))
    assert minion.execute(dispatch, sha256)["verdict"] == "interrupted"


def test_a_claim_that_cannot_be_read_counts_as_broken_off(minion: Minion) -> None:
    dispatch, sha256 = minion.prepare(steps=["fix"], fix="exit 0")
    claimed_by(minion, dispatch, "nonsense")
    assert minion.execute(dispatch, sha256)["verdict"] == "interrupted"


def test_an_owner_that_lives_keeps_its_claim(minion: Minion) -> None:
    dispatch, sha256 = minion.prepare(steps=["fix"], fix="exit 0")
    claimed_by(minion, dispatch, ":".join(own_identity(minion)))
    assert refused(minion.execute(dispatch, sha256)) == "already_running"


def test_a_result_that_appears_while_its_owner_dies_is_believed(minion: Minion) -> None:
    dispatch, sha256 = minion.prepare(steps=["fix"], fix="exit 0")
    claimed_by(minion, dispatch, "1:0:another-boot")
    stored = {"rescue": 1, "dispatch": dispatch, "verdict": "fixed", "steps": []}

    def dies_after_writing(owner: Any) -> bool:
        (minion.entry(dispatch) / "result.json").write_text(json.dumps(stored))
        return False

    minion.module._alive = dies_after_writing
    assert minion.execute(dispatch, sha256) == stored


def test_an_entry_without_a_claim_was_never_begun(minion: Minion) -> None:
    dispatch, sha256 = minion.prepare(steps=["fix"], fix="exit 0")
    minion.entry(dispatch).mkdir(parents=True)
    assert minion.execute(dispatch, sha256)["verdict"] == "done"


def test_of_many_at_once_one_runs(minion: Minion, tmp_path: Path) -> None:
    dispatch, sha256 = minion.prepare(steps=["fix"], fix=f"echo x >> {tmp_path}/effects; sleep 0.3")
    runners = [in_a_fork(lambda: minion.execute(dispatch, sha256)) for _ in range(8)]
    for runner in runners:
        os.waitpid(runner, 0)
    assert (tmp_path / "effects").read_text() == "x\n"
    assert minion.execute(dispatch, sha256)["verdict"] == "done"


def test_a_result_that_cannot_be_stored_is_still_returned(minion: Minion) -> None:
    dispatch, sha256 = minion.prepare(steps=["fix"], fix="echo hi")

    def full_disk(path: str, value: Any) -> None:
        raise OSError(28, "No space left on device")

    minion.module._write = full_disk
    assert minion.execute(dispatch, sha256)["verdict"] == "done"
    minion.module = minion.restarted()
    later = minion.execute(dispatch, sha256)
    assert refused(later) == "already_running"  # this very process holds the claim


def test_an_error_of_our_own_is_a_result_and_is_remembered(minion: Minion) -> None:
    dispatch, sha256 = minion.prepare(steps=["fix"], fix="exit 0")
    minion.module._fix = lambda run, place: 1 / 0
    result = minion.execute(dispatch, sha256)
    assert (result["verdict"], result["reason"]) == ("failed", "internal_error")
    minion.module = minion.restarted()
    assert minion.execute(dispatch, sha256) == result


def test_entries_of_a_month_ago_are_removed_a_few_at_a_time(minion: Minion) -> None:
    old = time.time() - 31 * 86400
    for number in range(30):
        claimed_by(minion, f"{number:032x}", "1:1:x")
        os.utime(minion.entry(f"{number:032x}"), (old, old))
    claimed_by(minion, "f" * 32, "1:1:x")
    minion.run(steps=["fix"], fix="exit 0")
    assert len(list((minion.folder / "rescue").glob("0000*"))) == 10
    minion.run(steps=["fix"], fix="exit 0")
    assert not list((minion.folder / "rescue").glob("0000*"))
    assert minion.entry("f" * 32).exists()
