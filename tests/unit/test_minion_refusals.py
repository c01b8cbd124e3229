"""rescue.execute refuses what it cannot understand, before anything is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_minion_stand import Minion, refused

FULL = ["check", "fix", "verify"]


@pytest.fixture
def minion(tmp_path: Path) -> Minion:
    return Minion(tmp_path)


def test_without_work_nothing_runs_and_nothing_is_remembered(minion: Minion) -> None:
    result = minion.execute("0" * 32, "0" * 64)
    assert refused(result) == "no_work"
    assert "no active execution" in result["message"]
    assert not minion.entry("0" * 32).exists()


def test_a_master_that_cannot_be_asked_is_a_refusal(minion: Minion) -> None:
    minion.module.__salt__["pillar.ext"] = lambda *args, **kwargs: 1 / 0
    assert refused(minion.execute("0" * 32, "0" * 64)) == "no_work"


def test_a_master_that_cannot_look_just_now_is_asked_again(minion: Minion) -> None:
    minion.module.ASK_AGAIN_SECONDS = (0.0, 0.0)
    dispatch, sha256 = minion.prepare(steps=["fix"], fix="exit 0")
    later = minion.answers[dispatch]
    minion.answers[dispatch] = [{"refused": "not now", "again": True}, later]
    assert minion.execute(dispatch, sha256)["verdict"] == "done"
    assert len(minion.asked) == 2


def test_work_that_is_not_what_the_job_was_published_for_is_refused(minion: Minion) -> None:
    dispatch, sha256 = minion.prepare(steps=["fix"], fix=f"touch {minion.folder}/ran")
    work = minion.answers[dispatch]["work"]
    work["pinned"] = work["pinned"].replace("ran", "RAN")
    assert refused(minion.execute(dispatch, sha256)) == "hash_mismatch"
    assert not list(minion.folder.glob("*an"))
    assert not minion.entry(dispatch).exists()


@pytest.mark.parametrize(
    "pinned",
    ["", "nonsense", "[]", "null", '"\\ud800"', '{"service": "\\ud800"}', "[" * 100_000, "{}"],
)
def test_work_that_cannot_be_decoded_is_refused(minion: Minion, pinned: str) -> None:
    assert refused(minion.run(steps=["fix"], fix="exit 0", pinned=pinned)) == "malformed_work"


@pytest.mark.parametrize(
    "work",
    [
        {"steps": []},
        {"steps": "fix"},
        {"steps": ["verify"]},
        {"steps": ["fix", "check"]},
        {"steps": ["fix", "fix"]},
        {"steps": ["explode"]},
        {"steps": ["check", "verify"]},
        {"fix": None},
        {"fix": {"kind": "python", "solution": "1"}},
        {"fix": {"kind": "shell", "solution": "  "}},
        {"fix": {"kind": "shell", "solution": "a\0b"}},
        {"fix": {"kind": "shell", "solution": ["a"]}},
        {"check": ""},
        {"service": "a\nb"},
        {"service": None},
        {"limit_seconds": "30"},
        {"execution_id": None},
        {"dispatch": "f" * 32},
    ],
)
def test_work_that_makes_no_sense_is_refused(minion: Minion, work: dict[str, Any]) -> None:
    sensible = {"steps": ["fix"], "fix": "exit 0"}
    dispatch, sha256 = minion.prepare(**{**sensible, **work})
    minion.answers.setdefault(work.get("dispatch", dispatch), minion.answers[dispatch])
    assert refused(minion.execute(dispatch, sha256)) == "malformed_work"


@pytest.mark.parametrize("dispatch", ["", "../../etc", "A" * 32, "0" * 31, "0" * 32 + "\n"])
def test_a_dispatch_that_is_no_name_of_ours_is_refused(minion: Minion, dispatch: str) -> None:
    assert refused(minion.execute(dispatch, "0" * 64)) == "malformed_work"
    assert minion.asked == []


@pytest.mark.parametrize(
    "arguments", [{"a b": "1"}, {"": "1"}, {"1a": "1"}, {"a": "1", "A": "2"}, {"a": "x\0y"}, ["a"]]
)
def test_bad_arguments_are_refused(minion: Minion, arguments: Any) -> None:
    fix = {"kind": "shell", "solution": "exit 0", "arguments": arguments}
    assert refused(minion.run(steps=["fix"], fix=fix)) == "bad_argument"


def test_without_anything_to_check_the_refusal_says_what_to_set(minion: Minion) -> None:
    for services in ({}, {"svc": {"start": "true"}}, {"svc": None}):
        minion.services = services
        result = minion.run(steps=FULL, fix="exit 0")
        assert refused(result) == "no_check"
        assert "rescue:services:svc" in result["message"]


@pytest.mark.parametrize(
    "solution",
    [
        "- a\n- b",
        "just words",
        "{{ '{}' }}: [",
        "a: &a [*a]",
        "include: [other]",
        "x: {cmd.run: echo}",
        "x: {cmd.run: [], cmd.wait: []}",
        "x: 3",
        "!!python/object/apply:os.system ['touch /tmp/never']",
    ],
)
def test_state_data_that_is_none_is_refused(minion: Minion, solution: str) -> None:
    fix = {"kind": "sls", "solution": solution, "arguments": {}}
    assert refused(minion.run(steps=["fix"], fix=fix)) == "malformed_work"
