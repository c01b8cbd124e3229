"""rescue.execute: which verdict comes of which work, and what scripts get."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.unit.test_minion_stand import Minion, steps_of

FULL = ["check", "fix", "verify"]


@pytest.fixture
def minion(tmp_path: Path) -> Minion:
    return Minion(tmp_path)


def test_a_service_that_is_down_is_fixed_and_verified(minion: Minion, tmp_path: Path) -> None:
    up = tmp_path / "up"
    result = minion.run(steps=FULL, check=f"test -e {up}", fix=f"echo on; touch {up}")
    assert (result["verdict"], result["reason"]) == ("fixed", "up_after_fix")
    assert steps_of(result) == [
        ("check", "failed", 1),
        ("fix", "success", 0),
        ("verify", "success", 0),
    ]
    assert [step["command_id"] for step in result["steps"]] == [3, 5, 3]
    assert result["steps"][1]["output"] == "on\n" and result["steps"][1]["output_bytes"] == 3
    assert result["execution_id"] == 17 and result["rescue"] == 1
    assert minion.module.__context__["retcode"] == 0
    for moment in (result["started_at"], result["finished_at"], result["steps"][0]["started_at"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)


def test_a_service_that_is_up_is_left_alone(minion: Minion, tmp_path: Path) -> None:
    result = minion.run(steps=FULL, check="exit 0", fix=f"touch {tmp_path}/changed")
    assert result["verdict"] == "nothing_to_fix"
    assert steps_of(result) == [("check", "success", 0)]
    assert not (tmp_path / "changed").exists()


@pytest.mark.parametrize("code", [0, 7])
def test_a_fix_that_does_not_help_is_told_whatever_it_returned(minion: Minion, code: int) -> None:
    result = minion.run(steps=FULL, check="exit 1", fix=f"exit {code}", verify_seconds=0)
    assert result["verdict"] == "changed_not_fixed"
    assert steps_of(result)[1][2] == code
    assert minion.module.__context__["retcode"] == 1


def test_a_failed_fix_counts_as_fixed_when_the_service_is_up(minion: Minion, tmp_path: Path):
    up = tmp_path / "up"
    result = minion.run(steps=FULL, check=f"test -e {up}", fix=f"touch {up}; exit 3")
    assert result["verdict"] == "fixed"
    assert steps_of(result)[1] == ("fix", "failed", 3)


@pytest.mark.parametrize(
    ("steps", "check", "fix", "verdict"),
    [
        (["check"], "exit 0", None, "done"),
        (["check"], "exit 3", None, "failed"),
        (["fix"], None, "exit 0", "done"),
        (["fix"], None, "exit 1", "failed"),
        (["check", "fix"], "exit 1", "exit 0", "done"),
        (["fix", "verify"], "exit 0", "exit 1", "fixed"),
    ],
)
def test_shorter_runs_have_their_verdicts(minion: Minion, steps, check, fix, verdict) -> None:
    assert minion.run(steps=steps, check=check, fix=fix)["verdict"] == verdict


def test_the_verification_tries_until_the_service_is_up(minion: Minion, tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    check = f"echo x >> {tries}; test $(wc -l < {tries}) -ge 3"
    result = minion.run(steps=["fix", "verify"], check=check, fix="exit 0", verify_seconds=10)
    assert result["verdict"] == "fixed"
    assert result["steps"][1]["output"].splitlines()[-1] == "tries: 3"


def test_a_run_at_its_limit_is_a_timeout_even_in_its_verification(minion: Minion) -> None:
    work = {"check": "exit 1", "fix": "exit 0", "limit_seconds": 2, "verify_seconds": 30}
    result = minion.run(steps=["fix", "verify"], **work)
    assert (result["verdict"], result["reason"]) == ("timeout", "limit")
    step, status, code = steps_of(result)[1]
    # The limit meets it between two tries, or in the middle of one.
    assert (step, status) == ("verify", "timeout") and code in (1, 124)


def test_a_try_that_hangs_ends_with_the_verification(minion: Minion) -> None:
    minion.module.HEALTH_SECONDS = minion.module.GRACE_SECONDS = 0.3
    work = {"check": "sleep 60", "fix": "exit 0", "verify_seconds": 0}
    result = minion.run(steps=["fix", "verify"], **work)
    assert result["verdict"] == "changed_not_fixed"
    assert steps_of(result)[1] == ("verify", "timeout", 124)


def test_the_pillar_is_looked_at_when_there_is_no_status_command(minion: Minion, tmp_path: Path):
    up = tmp_path / "up"
    minion.services["svc"] = {"health": f"test -e {up}"}
    result = minion.run(steps=FULL, fix=f"touch {up}")
    assert result["verdict"] == "fixed"
    assert result["steps"][0]["output"] == "health command returned 1"
    assert result["steps"][0]["command_id"] is None


def test_the_pillar_that_comes_with_the_work_is_fresher_than_that_of_the_minion(minion: Minion):
    dispatch, sha256 = minion.prepare(steps=["check"])
    minion.services["svc"] = {"health": "exit 1"}
    minion.answers[dispatch]["services"] = {"svc": {"health": "exit 0"}}
    assert minion.execute(dispatch, sha256)["verdict"] == "done"


def test_scripts_know_their_service_and_their_arguments(minion: Minion) -> None:
    minion.services["svc"] = {"unit": "u", "process": "p", "port": 3306, "start": "s t"}
    script = 'echo "$RESCUE_SERVICE,$RESCUE_UNIT,$RESCUE_PROCESS,$RESCUE_PID_FILE,$RESCUE_PORT"\n'
    script += 'echo "$RESCUE_START,$RESCUE_HEALTH,$RESCUE_ARG_PATH,$RESCUE_ARG_N,$RESCUE_ARG_L"'
    arguments = {"path": "a b; echo $(id) \n'\"", "n": 3, "L": [True]}
    fix = {"kind": "shell", "solution": script, "arguments": arguments, "command_id": None}
    output = minion.run(steps=["fix"], fix=fix)["steps"][0]["output"]
    assert output == "svc,u,p,,3306\ns t,,a b; echo $(id) \n'\",3,[true]\n"


def test_a_script_may_name_its_interpreter(minion: Minion) -> None:
    fix = "#!/usr/bin/env python3\nimport sys\nprint(sys.argv[0], sys.stdin.read() == '')\n"
    output = minion.run(steps=["fix"], fix=fix)["steps"][0]["output"]
    assert re.fullmatch(r"/.*/rescue/[0-9a-f]{32}/script-\w+ True\n", output)


def test_an_interpreter_that_is_missing_is_a_failed_fix(minion: Minion) -> None:
    result = minion.run(steps=["fix"], fix="#!/no/such/shell\n")
    assert result["verdict"] == "failed" and result["steps"][0]["retcode"] == 127
    assert "No such file" in result["steps"][0]["output"]


def test_scripts_lie_where_only_the_minion_can_read_them_and_do_not_stay(minion: Minion) -> None:
    dispatch, sha256 = minion.prepare(steps=["fix"], fix='stat -c %a "$0" "$(dirname "$0")"')
    result = minion.execute(dispatch, sha256)
    assert result["steps"][0]["output"] == "700\n700\n"
    left = sorted(path.name.split("-")[0] for path in minion.entry(dispatch).iterdir())
    assert left == ["begun", "claim", "output", "result.json"]


def test_the_hash_is_that_of_the_text_and_not_of_its_meaning(minion: Minion) -> None:
    dispatch, _ = minion.prepare(steps=["fix"], fix="echo ü")
    work = minion.answers[dispatch]["work"]
    work["pinned"] = json.dumps(json.loads(work["pinned"]), indent=1, ensure_ascii=False)
    sha256 = hashlib.sha256(work["pinned"].encode("utf-8")).hexdigest()
    assert minion.execute(dispatch, sha256)["steps"][0]["output"] == "ü\n"


def test_the_self_test_brings_back_the_nonce(minion: Minion) -> None:
    minion.services = {"web": {}, "mysql": {}}
    minion.module.__salt__["pillar.ext"] = lambda external, unmask=None: external
    found = minion.module.self_test("n-1")
    assert found["pillar"] == "n-1" and found["services"] == ["mysql", "web"]
    assert found["rescue"] == 1 and found["module"] == minion.module.__version__
    minion.module.__salt__["pillar.ext"] = lambda external, unmask=None: {}
    assert minion.module.self_test("n-1")["pillar"] is None
    minion.module.__salt__["pillar.ext"] = lambda external, unmask=None: 1 / 0
    assert minion.module.self_test("n-1")["pillar"] is None


def test_a_salt_that_does_not_know_unmask_gives_plain_pillar(minion: Minion) -> None:
    dispatch, sha256 = minion.prepare(steps=["check"])
    answer = {"rescue": minion.answers[dispatch]}
    minion.module.__salt__["pillar.ext"] = lambda external: answer
    minion.module.__salt__["pillar.get"] = lambda key, default: {"svc": {"health": "exit 0"}}
    assert minion.execute(dispatch, sha256)["verdict"] == "done"
