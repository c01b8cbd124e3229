"""What the workflow of a delivery calls, with AWS played: it waits, and notices what went wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import jmespath
import pytest

GITHUB = Path(__file__).parents[2] / ".github"
DIGEST = "sha256:" + "a" * 64
# Answers in their order, one a call; the last one stays.
PLAYED = r"""#!/bin/bash
echo "$(basename "$0") $*" >>"$HERE/calls"
[ "$(basename "$0")" = curl ] && cat >>"$HERE/posted"
case "$*" in
*send-command*) echo c-1; exit ;;
*describe-auto-scaling-groups*) echo "${MASTER-i-1}"; exit ;;
*StandardErrorContent*) echo "what it said"; exit ;;
esac
head -n 1 "$HERE/answers"
[ "$(wc -l <"$HERE/answers")" -gt 1 ] && sed -i 1d "$HERE/answers"
exit 0
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name in ("aws", "curl", "terraform"):
        program = tmp_path / name
        program.write_text(PLAYED)
        program.chmod(0o755)
    (tmp_path / "answers").write_text("")
    return tmp_path


def run(
    here: Path, script: str, *words: str, answers: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    (here / "answers").write_text(answers)
    path = f"{here}:{os.environ['PATH']}"
    return subprocess.run(
        [str(GITHUB / script), *words],
        env={"PATH": path, "HERE": str(here), "PAUSE": "0", **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ("None\n", 0),
        ("Pending\nInProgress\nBaking\nSuccessful\n", 0),
        ("InProgress\nFailed\tNo machine became healthy\n", 1),
        ("InProgress\nRollbackInProgress\nRollbackSuccessful\tAn alarm rang\n", 1),
        ("Cancelling\nCancelled\n", 1),
    ],
)
def test_a_replacement_counts_when_it_has_ended_well(here: Path, answers: str, code: int) -> None:
    done = run(here, "wait-for-machines.sh", "2026-11-22T12:00:00", "web", answers=answers)
    assert done.returncode == code, done.stderr
    if code:
        assert done.stderr == f"web: {answers.splitlines()[-1]}\n"


def test_only_the_replacement_of_this_delivery_counts() -> None:
    text = (GITHUB / "wait-for-machines.sh").read_text()
    found = re.search(r'--query "(.+?)"', text)
    assert found is not None
    query = found[1].replace("$since", "2026-11-22T12:00:00")
    earlier = {"Status": "Successful", "StartTime": "2026-11-22T11:59:59+00:00"}
    now = {"Status": "InProgress", "StartTime": "2026-11-22T12:00:05+00:00"}
    waiting = {"Status": "Pending"}
    assert jmespath.search(query, {"InstanceRefreshes": [earlier]}) is None
    assert jmespath.search(query, {"InstanceRefreshes": [now]})[0] == "InProgress"
    assert jmespath.search(query, {"InstanceRefreshes": [waiting]})[0] == "Pending"


def test_a_migration_is_waited_for(here: Path) -> None:
    done = run(here, "migrate.sh", "n", "n-migrate", DIGEST, answers="Pending\nSuccess\n")
    assert done.returncode == 0, done.stderr
    (sent,) = [call for call in (here / "calls").read_text().splitlines() if "send-command" in call]
    assert "--document-name n-migrate --instance-ids i-1" in sent
    assert f"--parameters Digest={DIGEST},Newer=none" in sent


def test_a_migration_that_fails_says_why(here: Path) -> None:
    done = run(here, "migrate.sh", "n", "d", DIGEST, answers="InProgress\nFailed\n")
    assert done.returncode == 1
    assert "what it said" in done.stderr and "ended as Failed" in done.stderr


def test_without_a_master_there_is_nothing_to_migrate(here: Path) -> None:
    done = run(here, "migrate.sh", "n", "d", DIGEST, MASTER="None")
    assert done.returncode == 0
    assert "send-command" not in (here / "calls").read_text()


def needs_jq() -> None:
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed here; GitHub's machines have it")


def test_what_runs_is_told_and_nothing_where_nothing_runs_yet(here: Path) -> None:
    needs_jq()
    outputs = {"web_image_digest": {"value": DIGEST}, "url": {"value": "https://r.example"}}
    done = run(here, "outputs.sh", "folder", answers=json.dumps(outputs) + "\n")
    assert done.stdout == f"web={DIGEST}\nmaster=\nmigrate_document=\nurl=https://r.example\n"
    done = run(here, "outputs.sh", "folder", answers="{}\n")
    assert done.stdout == "web=\nmaster=\nmigrate_document=\nurl=\n"


@pytest.mark.parametrize(
    ("result", "words"),
    [("success", "now runs"), ("failure", "failed"), ("cancelled", "stays as it was")],
)
def test_slack_is_told_how_it_went(here: Path, result: str, words: str) -> None:
    needs_jq()
    hook = "https://hooks.example/T0/B0/x"
    arguments = ["rescuebot-prod", result, "0123456789abcdef", "https://example.com/run/1"]
    done = run(here, "tell-slack.sh", *arguments, SLACK_WEBHOOK=hook)
    assert done.returncode == 0, done.stderr
    # jq's answer goes to curl.
    text = json.loads((here / "posted").read_text())["text"]
    assert words in text and "0123456789ab" in text and text.endswith("/run/1")


def test_without_a_webhook_a_delivery_goes_on_with_a_warning(here: Path) -> None:
    done = run(here, "tell-slack.sh", "n", "success", "0123", "https://example.com")
    assert done.returncode == 0 and "::warning::" in done.stdout


def test_an_image_that_is_there_is_not_built_again_and_only_digests_are_said(here: Path) -> None:
    docker = here / "docker"
    docker.write_text(
        '#!/bin/bash\necho "docker $*" >>"$HERE/calls"\n'
        '[ "$1" = login ] && cat >/dev/null\n[ "$1" = push ] && touch "$HERE/pushed"\nexit 0\n'
    )
    docker.chmod(0o755)
    # The web image is there; the master's only when it has been pushed.
    (here / "aws").write_text(f"""#!/bin/bash
case "$*" in
*get-caller-identity*) echo 123456789012 ;;
*describe-images*rescuebot-dev-web*) echo {DIGEST} ;;
*describe-images*) [ -e "$HERE/pushed" ] && echo {DIGEST[:-1]}b ;;
esac
""")
    done = run(here, "push-images.sh", "rescuebot-dev", "c0ffee", AWS_REGION="ap-northeast-1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"web={DIGEST}\nmaster={DIGEST[:-1]}b\n"
    calls = (here / "calls").read_text().splitlines()
    (built,) = [call for call in calls if call.startswith("docker build")]
    assert "--target master" in built and "--build-arg REVISION=c0ffee" in built
    registry = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
    assert built.split("--tag ")[1].split()[0] == f"{registry}/rescuebot-dev-master:c0ffee"
