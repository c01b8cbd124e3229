"""The workflows of GitHub: pinned, with few rights, without findings of those who look for them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
SCRIPTS = sorted(GITHUB.glob("*.sh")) + sorted((ROOT / "terraform/modules").glob("*/files/*.sh"))
USES = re.compile(r"^\s*-?\s*uses:\s*(\S+)(.*)$", re.MULTILINE)
PINNED = re.compile(r"[\w.-]+/[\w.-]+(/[\w.-]+)*@[0-9a-f]{40}")
MAKE = re.compile(r"\bmake ((?:[a-z-]+ ?)+)")


def tool(name: str) -> str:
    """A program of .venv-infra (`make infra`), of $RESCUE_INFRA_BIN, or of the path."""
    places = [ROOT / ".venv-infra/bin", os.environ.get("RESCUE_INFRA_BIN", ""), os.environ["PATH"]]
    beside = [*map(str, places), str(Path(sys.executable).parent)]
    program = shutil.which(name, path=os.pathsep.join(filter(None, beside)))
    if program is None:
        pytest.skip(f"{name} is not installed here; `make infra` installs it")
    return program


def workflow(path: Path) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(path.read_text())
    return content


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path.name, name, job) for path in WORKFLOWS for name, job in workflow(path)["jobs"].items()
    ]


def test_there_are_those_for_tests_delivery_releases_and_nights() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "deploy", "nightly", "release"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_its_hash_and_says_its_version(path: Path) -> None:
    found = USES.findall(path.read_text())
    loose = [name for name, rest in found if not PINNED.fullmatch(name)]
    silent = [name for name, rest in found if not re.search(r"# v\d+\.\d+\.\d+", rest)]
    assert not loose + silent


def test_an_action_has_the_same_hash_everywhere() -> None:
    hashes: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for used, _ in USES.findall(path.read_text()):
            name, _, digest = used.partition("@")
            hashes.setdefault(name, set()).add(digest)
    assert all(len(found) == 1 for found in hashes.values()), hashes


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_is_permitted_but_job_by_job_and_no_job_runs_for_ever(path: Path) -> None:
    content = workflow(path)
    assert content["permissions"] == {}
    assert "concurrency" in content
    for name, job in content["jobs"].items():
        assert "permissions" in job and "timeout-minutes" in job, name


def test_only_jobs_in_an_environment_get_a_token_for_aws() -> None:
    with_token = [
        (path, name, job.get("environment"))
        for path, name, job in jobs()
        if "id-token" in job["permissions"]
    ]
    assert [(path, name) for path, name, _ in with_token] == [
        ("deploy.yml", "images"),
        ("deploy.yml", "plan"),
        ("deploy.yml", "apply"),
    ]
    assert all(environment for _, _, environment in with_token)


def test_what_changes_the_account_waits_for_people_and_for_the_plan() -> None:
    job = workflow(GITHUB / "workflows/deploy.yml")["jobs"]["apply"]
    assert job["environment"]["name"] == "${{ inputs.environment || 'dev' }}"
    assert set(job["needs"]) == {"images", "plan"}
    steps = [step.get("name", "") for step in job["steps"]]
    order = [
        "Tables to the state of the new image",
        "Apply",
        "Wait until the machines are replaced and healthy",
        "Does it work",
        "Go back to the images before",
    ]
    assert [name for name in steps if name in order] == order


def test_what_the_workflows_call_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    if not (ROOT / "cdk").exists():
        targets.add("test-cdk")  # It comes with that folder.
    for path in WORKFLOWS:
        text = path.read_text()
        called = {word for words in MAKE.findall(text) for word in words.split()}
        assert called <= targets, path.name
        for script in re.findall(r"\.github/([\w-]+\.(?:sh|py))", text):
            assert (GITHUB / script).is_file(), script
            assert script.endswith(".py") or os.access(GITHUB / script, os.X_OK), script


def test_terraform_has_one_version_in_all_of_them() -> None:
    found = {workflow(path)["env"].get("TERRAFORM_VERSION") for path in WORKFLOWS} - {None}
    assert len(found) == 1


def test_actionlint_finds_nothing() -> None:
    done = subprocess.run([tool("actionlint"), *WORKFLOWS], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_zizmor_finds_nothing() -> None:
    command = [tool("zizmor"), "--offline", "--no-progress", "--format", "json", str(GITHUB)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == []


def test_zizmor_would_find_something(tmp_path: Path) -> None:
    bad = (GITHUB / "workflows/ci.yml").read_text()
    pinned = re.compile(r"actions/checkout@[0-9a-f]{40}")
    (tmp_path / "ci.yml").write_text(pinned.sub("actions/checkout@main", bad))
    command = [tool("zizmor"), "--offline", "--no-progress", str(tmp_path / "ci.yml")]
    assert subprocess.run(command, capture_output=True).returncode != 0


def test_shellcheck_finds_nothing() -> None:
    assert len(SCRIPTS) > 8
    done = subprocess.run([tool("shellcheck"), *SCRIPTS], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


def test_the_sbom_names_every_package_of_the_locks_once() -> None:
    names = ["requirements/web.txt", "requirements/master.txt", "webui/app/package-lock.json"]
    command = [sys.executable, str(GITHUB / "sbom.py"), *names]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    document = json.loads(done.stdout)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    urls = [part["purl"] for part in document["components"]]
    assert len(urls) == len(set(urls))
    pins = re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / names[1]).read_text(), re.MULTILINE)
    assert {f"pkg:pypi/{name}@{version}" for name, version in pins} <= set(urls)
    assert any(url.startswith("pkg:npm/react@") for url in urls)
