"""rescue.preview changes nothing and tells all; what was approved by it runs, or nothing does."""

from __future__ import annotations

import copy
import datetime
import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_minion_stand import Minion, in_a_fork, refused, steps_of, until

FULL = ["check", "fix", "verify"]
NAME = "rescue.mysql"
BUSY = ['The function "state.apply" is running as PID 42 and was started at … with jid 2026']
STATES: dict[str, Any] = {
    "conf": {
        "file": [{"name": "/etc/x"}, {"source": "salt://app/conf"}, "managed", {"order": 10000}],
        "__sls__": "app",
    },
    "salt://app/fix.sh": {"cmd": ["script", {"order": 10001}], "__sls__": "app"},
    "all": {"file": [{"source": ["salt://app/folder?saltenv=dev"]}, "recurse"], "__sls__": "app"},
}


class Approving(Minion):
    """A minion that also renders: from `rendered`, and the master's `files`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.rendered: Any = copy.deepcopy(STATES)
        self.disabled: Any = ""
        self.files = {"app/conf": "1", "app/fix.sh": "2", "app/folder/a?saltenv=dev": "3"}
        self.files |= {"app/folder/b?saltenv=dev": "4", "app/folders?saltenv=dev": "5"}
        self.states = lambda *args, **kwargs: told(True)
        self.module.__salt__.update(
            {
                "state.show_sls": self.show_sls,
                "state.list_disabled": lambda: self.disabled,
                "cp.hash_file": lambda url: self.files.get(url.removeprefix("salt://"), {}),
                "cp.list_master": self.list_master,
            }
        )

    def show_sls(self, name: str, *, queue: bool, pillar: dict[str, Any]) -> Any:
        assert name == NAME and queue is False and set(pillar) == {"rescue_run"}
        return self.rendered

    def list_master(self, saltenv: str | None = None, prefix: str = "") -> list[str]:
        names = (name.partition("?saltenv=") for name in self.files)
        wanted = (saltenv or "", prefix)
        return [path for path, _, env in names if (env, path[: len(prefix)]) == wanted]

    def preview(self, **work: Any) -> dict[str, Any]:
        """Prepare work and preview it; nothing may stay behind but the lock of state runs."""
        before = self.remembered()
        result: dict[str, Any] = self.module.preview(*self.prepare(**{"preview": True, **work}))
        assert json.loads(json.dumps(result)) == result
        assert self.module.__context__["retcode"] == (result["verdict"] != "previewed")
        assert self.remembered() - before <= {"state.lock"}
        return result

    def remembered(self) -> set[str]:
        return {path.name for path in (self.folder / "rescue").glob("*")}

    def digest(self) -> Any:
        return self.preview(steps=["fix"], fix=state())["rendered_sha256"]


@pytest.fixture
def minion(tmp_path: Path) -> Approving:
    return Approving(tmp_path)


def told(*results: bool | None, **changes: Any) -> dict[str, Any]:
    return {
        f"test_|-{number}_|-a_|-nop": {"result": result, "changes": changes, "comment": ""}
        for number, result in enumerate(results)
    }


def state(**more: Any) -> dict[str, Any]:
    return {"kind": "state", "solution": NAME, "arguments": {"a": 1}, "command_id": None, **more}


# --- previews ---


def test_a_preview_tries_what_the_state_renders_to_and_changes_nothing(
    minion: Approving, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    answer = told(None, True, False) | {"x": {"result": True, "changes": {"a": 1}}}

    def states(*args: Any, **kwargs: Any) -> Any:
        where = [sorted(minion.module.__context__), os.getsid(0) == os.getpid()]
        seen.write_text(json.dumps([args, kwargs, where]))
        return answer

    minion.states = states
    result = minion.preview(steps=FULL, check="exit 1", fix=state(), service="mysql")
    assert (result["verdict"], result["reason"]) == ("previewed", "would_fail")
    counts = {"total": 4, "would_change": 2, "would_fail": 1, "unchanged": 1}
    assert result["changes"] == counts and result["service_up"] is False
    assert result["output"].startswith("highstate: ") and result["execution_id"] == 17
    assert re.fullmatch("[0-9a-f]{64}", result["rendered_sha256"])
    args, kwargs, where = json.loads(seen.read_text())
    asked = {"rescue_run": {"service": "mysql", "arguments": {"a": 1}}}
    assert args == ["high", STATES]
    assert kwargs == {"test": True, "queue": False, "pillar": asked}
    assert where == [["other"], True]
    assert minion.asked[0]["rescue"]["preview"] is True


def test_state_data_is_tried_and_has_no_hash_of_its_own(minion: Approving, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    minion.states = lambda *args, **kwargs: seen.write_text(json.dumps([args, kwargs])) and told(
        None
    )
    fix = {"kind": "sls", "solution": "a: test.nop", "arguments": {}, "command_id": None}
    result = minion.preview(steps=["fix"], fix=fix)
    assert (result["reason"], result["rendered_sha256"]) == ("would_change", None)
    (kind, data), kwargs = json.loads(seen.read_text())
    assert kind == "high" and data["a"]["test"] == ["nop"]
    assert kwargs == {"test": True, "queue": False}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(told(True, True), "would_not_change"), (told(None, True), "would_change")],
)
def test_the_reason_says_whether_anything_would_change(minion: Approving, answer: Any, reason: str):
    minion.states = lambda *args, **kwargs: answer
    result = minion.preview(steps=["fix"], fix=state())
    assert (result["verdict"], result["reason"]) == ("previewed", reason)


@pytest.mark.parametrize("answer", [["Rendering SLS 'base:x' failed"], {}, None])
def test_states_that_cannot_be_tried_are_a_failed_preview(minion: Approving, answer: Any) -> None:
    minion.states = lambda *args, **kwargs: answer
    result = minion.preview(steps=["fix"], fix=state())
    assert (result["verdict"], result["reason"]) == ("failed", "not_tried")
    assert result["changes"]["total"] == 0 and len(result["output"]) > 20


def test_a_state_that_does_not_render_says_why_and_has_no_hash(minion: Approving) -> None:
    minion.rendered = ["Rendering SLS 'base:rescue.mysql' failed: line 3"]
    result = minion.preview(steps=["fix"], fix=state())
    assert (result["verdict"], result["rendered_sha256"]) == ("failed", None)
    assert "line 3" in result["output"]


def test_a_preview_that_raises_or_dies_is_a_failed_one(minion: Approving) -> None:
    minion.states = lambda *args, **kwargs: 1 / 0
    assert "division by zero" in minion.preview(steps=["fix"], fix=state())["output"]
    minion.states = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL)
    assert minion.preview(steps=["fix"], fix=state())["reason"] == "not_tried"


def test_a_preview_waits_for_nobody(minion: Approving, tmp_path: Path) -> None:
    minion.states = lambda *args, **kwargs: BUSY
    result = minion.preview(steps=["fix"], fix=state())
    assert (result["verdict"], result["reason"]) == ("busy", "state_running")
    minion.states, minion.rendered = lambda *args, **kwargs: told(None), BUSY
    assert minion.preview(steps=["fix"], fix=state())["verdict"] == "busy"

    minion.states = lambda *args, **kwargs: (tmp_path / "begun").touch() or time.sleep(60)
    fix = {"kind": "sls", "solution": "a: test.nop", "arguments": {}}
    work = minion.prepare(steps=["fix"], fix=fix)
    runner = in_a_fork(lambda: minion.execute(*work))
    until((tmp_path / "begun").exists, "a real run has begun")
    children = Path(f"/proc/{runner}/task/{runner}/children").read_text().split()
    dispatch, sha256 = minion.prepare(steps=["fix"], fix=state(), preview=True)
    assert minion.module.preview(dispatch, sha256)["verdict"] == "busy"
    for pid in (runner, *map(int, children)):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(runner, 0)


def test_a_preview_ends_at_its_limit_with_what_it_started(
    minion: Approving, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    minion.module.GRACE_SECONDS = 0.3
    minion.states = lambda *args, **kwargs: os.system(f"sh -c 'echo $$ > {pids}; sleep 60; :'")
    result = minion.preview(steps=["fix"], fix=state(), limit_seconds=5)
    assert (result["verdict"], result["reason"]) == ("timeout", "limit")
    assert not minion.module._runs(int(pids.read_text()))


def test_a_check_that_hangs_leaves_open_whether_the_service_is_up(minion: Approving) -> None:
    minion.module.GRACE_SECONDS = 0.3
    work = {"check": "sleep 60", "fix": state(), "limit_seconds": 1}
    result = minion.preview(steps=FULL, **work)
    assert (result["verdict"], result["service_up"]) == ("timeout", None)


@pytest.mark.parametrize(
    ("check", "config", "up"),
    [
        ("exit 0", {}, True),
        ("exit 1", {}, False),
        (None, {"health": "exit 0"}, True),
        (None, {"health": "exit 1"}, False),
        (None, {}, None),
    ],
)
def test_a_preview_tells_whether_the_service_is_up(minion: Approving, check, config, up) -> None:
    minion.services = {"svc": config}
    assert minion.preview(steps=["fix"], check=check, fix=state())["service_up"] is up


def test_long_output_is_cut_in_the_middle(minion: Approving) -> None:
    long = "ä" * 400_000
    minion.module.__salt__["out.string_format"] = lambda data, out, opts: f"begin{long}end"
    shell = {"kind": "shell", "solution": f"#begin\n: {long}\n#end", "arguments": {}}
    for fix in (state(), shell):
        output = minion.preview(steps=["fix"], fix=fix)["output"]
        assert len(output.encode()) <= 256 * 1024
        assert "begin" in output[:200] and output.endswith("end")
        assert re.search(r"\[\.\.\. cut: 800\d\d\d bytes in all, the middle \d+ left out", output)


def test_what_a_preview_said_before_its_limit_is_cut_too(minion: Approving) -> None:
    minion.module.GRACE_SECONDS = 0.3
    minion.states = lambda *args, **kwargs: os.system("yes | head -c 1000000; sleep 60")
    result = minion.preview(steps=["fix"], fix=state(), limit_seconds=5)
    assert result["verdict"] == "timeout"
    assert 200_000 < len(result["output"]) <= 256 * 1024
    assert "[... cut: 1000" in result["output"]


def test_a_preview_can_be_repeated_and_does_not_use_up_its_dispatch(minion: Approving) -> None:
    dispatch, sha256 = minion.prepare(steps=["fix"], fix=state(), preview=True)
    first, second = minion.module.preview(dispatch, sha256), minion.module.preview(dispatch, sha256)
    assert {**first, "seconds": 0} == {**second, "seconds": 0}
    del minion.answers[dispatch]["work"]["preview"]
    assert minion.execute(dispatch, sha256)["verdict"] == "done"


# --- scripts ---


def script(text: str, **arguments: Any) -> dict[str, Any]:
    return {"kind": "shell", "solution": text, "arguments": arguments, "command_id": 5}


@pytest.mark.parametrize(
    ("first", "shell"),
    [
        ("", "/bin/sh"),
        ("#!/bin/bash\n", "/bin/bash"),
        ("#!/usr/bin/env bash\n", "/usr/bin/env bash"),
        ("#!/usr/bin/env -S sh -e\n", "/usr/bin/env -S sh -e"),
        ("#!/bin/sh -\n", "/bin/sh -"),
    ],
)
def test_a_script_is_shown_and_its_syntax_checked_but_it_is_not_run(
    minion: Approving, tmp_path: Path, first: str, shell: str
) -> None:
    good = f"{first}touch {tmp_path}/ran\n"
    result = minion.preview(steps=["fix"], fix=script(good, path="a b"))
    assert (result["verdict"], result["reason"]) == ("previewed", "not_run")
    head = f"interpreter: {shell}\nsyntax: no error found\nRESCUE_ARG_PATH='a b'\n\n"
    assert result["output"] == head + good
    assert result["changes"]["total"] == 0 and result["rendered_sha256"] is None
    bad = minion.preview(steps=["fix"], fix=script(good + "if true; then\n"))
    assert (bad["verdict"], bad["reason"]) == ("failed", "syntax_error")
    assert "yntax error" in bad["output"].splitlines()[1] and bad["output"].count("touch") == 1
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("shell", ["/usr/bin/python3", "/usr/bin/env python3", "{folder}/sh"])
def test_only_shells_of_the_system_are_asked_about_syntax(
    minion: Approving, tmp_path: Path, shell: str
) -> None:
    own = tmp_path / "sh"
    own.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    own.chmod(0o700)
    text = f"#!{shell.format(folder=tmp_path)}\nopen('{tmp_path}/ran', 'w')\n"
    result = minion.preview(steps=["fix"], fix=script(text))
    assert result["reason"] == "not_run" and "syntax: not checked" in result["output"]
    assert not (tmp_path / "ran").exists()


def test_work_that_only_checks_has_nothing_to_preview_but_the_check(minion: Approving) -> None:
    result = minion.preview(steps=["check"], check="exit 0")
    assert (result["verdict"], result["reason"]) == ("previewed", "only_checks")
    assert result["service_up"] is True


# --- refusals ---


def test_a_preview_refuses_what_a_run_would_refuse(minion: Approving) -> None:
    assert minion.preview(steps=["fix"], fix=":", pinned="[]")["reason"] == "malformed_work"
    assert minion.preview(steps=FULL, fix=":")["reason"] == "no_check"
    for dispatch, reason in (("../x", "malformed_work"), ("0" * 32, "no_work")):
        result = minion.module.preview(dispatch, None)
        assert (result["verdict"], result["reason"]) == ("refused", reason)
    dispatch, _ = minion.prepare(steps=["fix"], fix=":", preview=True)
    assert minion.module.preview(dispatch, "0" * 64)["reason"] == "hash_mismatch"
    minion.answers[dispatch] = {"refused": "the fleet is halted", "halted": True}
    assert minion.module.preview(dispatch, "0" * 64)["reason"] == "halted"


def test_work_to_preview_is_not_run_and_work_to_run_is_not_previewed(minion: Approving) -> None:
    work = minion.prepare(steps=["fix"], fix=f"touch {minion.folder}/ran", preview=True)
    assert refused(minion.execute(*work)) == "malformed_work"
    assert minion.preview(steps=["fix"], fix=":", preview=None)["reason"] == "malformed_work"
    assert not (minion.folder / "ran").exists()


def test_an_error_of_our_own_is_an_answer(minion: Approving) -> None:
    minion.module._foreseen = lambda run, place: 1 / 0
    result = minion.preview(steps=["fix"], fix=":")
    assert (result["verdict"], result["reason"]) == ("failed", "internal_error")


def test_what_a_killed_preview_left_goes_after_a_month(minion: Approving) -> None:
    for name, age in (("preview-old", 31), ("preview-new", 1)):
        (minion.folder / "rescue" / name).mkdir(parents=True)
        then = time.time() - age * 86400
        os.utime(minion.folder / "rescue" / name, (then, then))
    minion.run(steps=["fix"], fix="exit 0")
    left = sorted(path.name for path in (minion.folder / "rescue").glob("preview-*"))
    assert left == ["preview-new"]


# --- what was approved ---


def test_what_was_approved_runs_as_it_was_rendered(minion: Approving, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    minion.states = lambda *args, **kwargs: seen.write_text(json.dumps([args, kwargs])) and told(
        True
    )
    fix = state(rendered_sha256=minion.digest())
    assert minion.run(steps=["fix"], fix=fix)["verdict"] == "done"
    args, kwargs = json.loads(seen.read_text())
    asked = {"rescue_run": {"service": "svc", "arguments": {"a": 1}}}
    assert args == ["high", STATES] and kwargs == {"queue": False, "pillar": asked}


CHANGES: list[Any] = [
    lambda m: m.rendered["conf"]["file"].append({"mode": "0777"}),
    lambda m: m.rendered["conf"]["file"].reverse(),
    lambda m: m.rendered.update(__extend__=[{"conf": {"file": [{"user": "root"}]}}]),
    lambda m: m.rendered.pop("all"),
    lambda m: m.files.update({"app/conf": "9"}),
    lambda m: m.files.update({"app/fix.sh": "9"}),
    lambda m: m.files.pop("app/fix.sh"),
    lambda m: m.files.update({"app/folder/b?saltenv=dev": "9"}),
    lambda m: m.files.update({"app/folder/c?saltenv=dev": "9"}),
]


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_has_changed_since_is_refused_before_the_fix(minion: Approving, change) -> None:
    fix = state(rendered_sha256=minion.digest())
    minion.states = lambda *args, **kwargs: (minion.folder / "ran").touch()
    change(minion)
    dispatch, sha256 = minion.prepare(steps=FULL, check="exit 1", fix=fix)
    result = minion.execute(dispatch, sha256)
    assert (result["verdict"], result["reason"]) == ("refused", "rendered_mismatch")
    assert "is not what was approved" in result["message"]
    assert steps_of(result) == [("check", "failed", 1)]
    assert not (minion.folder / "ran").exists()
    assert minion.execute(dispatch, sha256) == result


def test_what_makes_no_difference_to_the_states_keeps_the_hash(minion: Approving) -> None:
    before = minion.digest()
    minion.rendered = dict(reversed(minion.rendered.items()))
    minion.files["app/folders?saltenv=dev"] = minion.files["app/other"] = "9"
    assert minion.digest() == before


def test_values_that_json_does_not_know_are_told_apart(minion: Approving) -> None:
    seen = set()
    for value in (1, "1", True, None, 1.0, b"1", datetime.date(2026, 1, 1), {1: "a"}, {"1": "a"}):
        minion.rendered = {"a": {"test": [{"name": value}, "nop"]}, 8080: {}, "b": {}}
        seen.add(minion.digest())
    assert len(seen) == 9 and None not in seen


def test_what_no_longer_renders_is_refused_and_says_why(minion: Approving) -> None:
    fix = state(rendered_sha256=minion.digest())
    minion.rendered = ["Rendering SLS 'base:rescue.mysql' failed:\n line 3"]
    result = minion.run(steps=["fix"], fix=fix)
    assert refused(result) == "rendered_mismatch" and "failed:  line 3" in result["message"]
    minion.rendered = BUSY
    assert minion.run(steps=["fix"], fix=fix)["verdict"] == "busy"


def test_a_service_that_is_up_is_left_alone_whatever_the_state_renders_to(
    minion: Approving,
) -> None:
    fix = state(rendered_sha256="0" * 64)
    assert minion.run(steps=FULL, check="exit 0", fix=fix)["verdict"] == "nothing_to_fix"


@pytest.mark.parametrize("disabled", [[NAME], ["other", "rescue.*"]])
def test_a_state_that_an_operator_has_disabled_is_not_run(minion: Approving, disabled: Any) -> None:
    fix = state(rendered_sha256=minion.digest())
    minion.disabled = disabled
    result = minion.run(steps=["fix"], fix=fix)
    assert refused(result) == "rendered_mismatch" and "state.enable" in result["message"]
    assert "disabled" in minion.preview(steps=["fix"], fix=state())["output"]


def test_a_halt_during_the_rendering_stops_the_fix(minion: Approving) -> None:
    fix = state(rendered_sha256=minion.digest())
    rendered = minion.show_sls

    def halted_meanwhile(*args: Any, **kwargs: Any) -> Any:
        minion.module.halt("just now")
        return rendered(*args, **kwargs)

    minion.module.__salt__["state.show_sls"] = halted_meanwhile
    minion.states = lambda *args, **kwargs: (minion.folder / "ran").touch()
    dispatch, sha256 = minion.prepare(steps=["fix"], fix=fix)
    result = minion.execute(dispatch, sha256)
    assert refused(result) == "halted" and "just now" in result["message"]
    assert not (minion.folder / "ran").exists() and not minion.entry(dispatch).exists()


@pytest.mark.parametrize(
    "fix",
    [
        state(rendered_sha256="0" * 63),
        state(rendered_sha256="A" * 64),
        state(rendered_sha256=""),
        state(rendered_sha256=["0" * 64]),
        {"kind": "shell", "solution": ":", "rendered_sha256": "0" * 64},
        {"kind": "sls", "solution": "a: test.nop", "rendered_sha256": "0" * 64},
    ],
)
def test_a_binding_that_binds_nothing_is_refused(minion: Approving, fix: dict[str, Any]) -> None:
    assert refused(minion.run(steps=["fix"], fix=fix)) == "malformed_work"
