"""checkov over all of the Terraform code: nothing is found, and what is skipped says why."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.terraform import runs

SKIP = re.compile(r"#\s*checkov:skip=\s*(?P<check>[A-Z0-9_]+)\s*(?P<reason>:.*)?$")
# A public bucket without encryption, and a skip that tells nothing.
SPOILT = """
resource "aws_s3_bucket" "spoilt" {
  #checkov:skip=CKV_AWS_144
  bucket = "spoilt"
}

resource "aws_security_group_rule" "spoilt" {
  type              = "ingress"
  from_port         = 22
  to_port           = 22
  protocol          = "tcp"
  cidr_blocks       = ["0.0.0.0/0"]
  security_group_id = "sg-0123456789abcdef0"
}
"""


def checked(program: Path, folder: Path) -> dict[str, Any]:
    """What checkov finds in a folder, without asking anybody outside."""
    done = subprocess.run(
        [program, "--directory", folder, "--framework", "terraform", "--output", "json"]
        + ["--quiet", "--compact", "--download-external-modules", "false", "--skip-download"],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "LOG_LEVEL": "ERROR"},
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def found(
    infra_tool: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What it finds in our code, and in a folder beside it that is spoilt."""
    root = runs.copy(tmp_path_factory.mktemp("checked"))
    (root / "spoilt").mkdir()
    (root / "spoilt" / "main.tf").write_text(SPOILT)
    return checked(infra_tool("checkov"), root)


def failed(found: dict[str, Any], *, spoilt: bool) -> list[str]:
    return [
        f"{one['check_id']} {one['resource']}: {one['check_name']}"
        for one in found["results"]["failed_checks"]
        if one["file_path"].startswith("/spoilt/") is spoilt
    ]


def test_checkov_finds_nothing_in_the_code(found: dict[str, Any]) -> None:
    assert failed(found, spoilt=False) == []
    assert found["summary"]["passed"] > 500 and found["summary"]["parsing_errors"] == 0


def test_checkov_finds_what_is_spoilt(found: dict[str, Any]) -> None:
    """Else nothing found would say nothing."""
    checks = {one.split()[0] for one in failed(found, spoilt=True)}
    assert {"CKV_AWS_24", "CKV_AWS_21"} <= checks


def skips(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Each skip of the code: where, which check, and its reason."""
    for path in sorted(folder.rglob("*.tf")):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if "checkov:skip" in line:
                told = SKIP.search(line.strip())
                check, reason = (told["check"], told["reason"] or "") if told else ("", "")
                yield f"{path.relative_to(folder)}:{number}", check, reason.lstrip(": ")


def unexplained(folder: Path) -> list[str]:
    """Skips whose reason is missing or a shrug; `as above` needs a reason on the line before."""
    found, before = [], ("", "")
    for place, check, reason in skips(folder):
        file, _, line = place.partition(":")
        above = before[0] == f"{file}:{int(line) - 1}" and bool(before[1])
        if check and reason == "as above" and above:
            reason = before[1]
        if not check or len(reason.split()) < 3:
            found.append(f"{place} {check}")
            reason = ""
        before = (place, reason)
    return found


def test_each_skip_of_checkov_says_why() -> None:
    assert unexplained(runs.SOURCE) == []
    assert list(skips(runs.SOURCE)), "there are none any more: this test has lost its work"


def test_a_skip_without_a_reason_is_found(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(SPOILT)
    assert unexplained(tmp_path) == ["main.tf:3 CKV_AWS_144"]
    lines = ["#checkov:skip=CKV_1:it is another way round", "#checkov:skip=CKV_2:as above"]
    (tmp_path / "main.tf").write_text("\n".join(lines))
    assert unexplained(tmp_path) == []
    (tmp_path / "main.tf").write_text(lines[1])
    assert unexplained(tmp_path) == ["main.tf:1 CKV_2"]


def test_nothing_is_skipped_for_all_of_the_code() -> None:
    """A skip belongs to a resource; a configuration file would hide it from who reads that."""
    assert [path for path in runs.SOURCE.rglob(".checkov*")] == []
