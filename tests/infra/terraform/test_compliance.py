"""terraform/compliance: both plans comply, and each scenario is able to fail."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.infra.terraform import runs
from tests.infra.terraform.breakages import BREAKAGES, broken, only

FEATURES = runs.SOURCE / "compliance"
DRIVER = Path(__file__).with_name("compliance.py")
# What a plan has for the other environment only is left out.
TAGS = {"dev": "not prod", "prod": "not dev"}
CASES = [(file, name) for file, breaks in BREAKAGES.items() for name in breaks]

Verdicts = dict[str, str]


@dataclass(frozen=True)
class Judge:
    """terraform-compliance, with a folder for what it is given."""

    python: Path
    folder: Path

    def judge(self, cases: list[tuple[Path, Path, str]]) -> list[Verdicts]:
        """What becomes of each scenario, for each plan, folder of features and tags."""
        asked = [
            {"plan": str(plan), "features": str(features), "tags": tags}
            for plan, features, tags in cases
        ]
        done = subprocess.run(
            [self.python, DRIVER, self.folder],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        found: list[Verdicts] = json.loads(done.stdout)
        return found

    def write(self, name: str, plan: dict[str, Any]) -> Path:
        """A plan as a file."""
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(plan))
        return path


@pytest.fixture(scope="module")
def judge(infra_tool: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Judge:
    program = infra_tool("terraform-compliance")
    return Judge(program.with_name("python"), tmp_path_factory.mktemp("compliance"))


@pytest.fixture(scope="module")
def verdicts(
    judge: Judge, planned_dev: runs.Planned, planned_prod: runs.Planned
) -> dict[str, Verdicts]:
    """What becomes of all scenarios with the plans as they are."""
    plans = {one.name: judge.write(one.name, one.plan) for one in (planned_dev, planned_prod)}
    cases = [(path, FEATURES, TAGS[name]) for name, path in plans.items()]
    return dict(zip(plans, judge.judge(cases), strict=True))


@pytest.mark.parametrize("name", runs.ENVIRONMENTS)
def test_the_plan_complies(verdicts: dict[str, Verdicts], name: str) -> None:
    found = verdicts[name]
    assert len(found) > 40, found
    assert {scenario: word for scenario, word in found.items() if word != "passed"} == {}


def test_each_scenario_has_a_change_that_it_must_not_let_pass(
    verdicts: dict[str, Verdicts],
) -> None:
    scenarios = {name.partition(": ")[2] for found in verdicts.values() for name in found}
    assert scenarios == {name for _, name in CASES}


@pytest.fixture(scope="module")
def spoiled(
    judge: Judge, planned_dev: runs.Planned, planned_prod: runs.Planned
) -> dict[tuple[str, str], Verdicts]:
    """What becomes of a feature when its plan is broken, for each change."""
    plans = {"dev": planned_dev.plan, "prod": planned_prod.plan}
    alone = {file: _alone(judge.folder, file) for file in BREAKAGES}
    slim = {
        (name, file): only(plan, _kinds(file)) for name, plan in plans.items() for file in BREAKAGES
    }
    cases = []
    for number, (file, name) in enumerate(CASES):
        environment, change = BREAKAGES[file][name]
        spoilt = judge.write(f"broken-{number}", broken(slim[environment, file], change))
        cases.append((spoilt, alone[file], TAGS[environment]))
    return dict(zip(CASES, judge.judge(cases), strict=True))


def _kinds(file: str) -> set[str]:
    """The kinds that a feature asks for; a queue stands for those that it does not name."""
    named = re.findall(r"I have (aws_\w+)", (FEATURES / f"{file}.feature").read_text())
    return {*named, "aws_sqs_queue"}


def _alone(folder: Path, file: str) -> Path:
    """A folder with one feature, since the tool takes folders only."""
    place = folder / file
    place.mkdir()
    shutil.copy(FEATURES / f"{file}.feature", place)
    return place


@pytest.mark.parametrize(("file", "name"), CASES, ids=[f"{file}: {name}" for file, name in CASES])
def test_the_scenario_fails_when_the_plan_is_broken(
    spoiled: dict[tuple[str, str], Verdicts], file: str, name: str
) -> None:
    found = {scenario.partition(": ")[2]: word for scenario, word in spoiled[file, name].items()}
    assert found.get(name) == "failed", found
    # The change is small: most of the others do not mind.
    assert list(found.values()).count("failed") <= 3, found
