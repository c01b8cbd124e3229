"""Terraform's own checks: format, validation, tests of each module, a plan that comes to rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.infra.terraform import runs
from tests.thorough import thorough

MODULES = sorted(path.parent.name for path in runs.SOURCE.glob("modules/*/versions.tf"))
TESTED = ("bootstrap", "environments/dev", *(f"modules/{name}" for name in MODULES))


@pytest.fixture(scope="session")
def own_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose modules may be initialised."""
    return runs.copy(tmp_path_factory.mktemp("modules"))


def test_the_code_is_formatted(terraform: runs.Terraform) -> None:
    ran = terraform.run(runs.SOURCE, "fmt", "-check", "-recursive", "-diff", good=(0, 3))
    assert ran.code == 0, ran.output


def test_the_bootstrap_is_valid(terraform: runs.Terraform, own_copy: Path) -> None:
    folder = own_copy / "bootstrap"
    terraform.run(folder, "init", "-backend=false", "-input=false")
    terraform.run(folder, "validate")


@thorough
@pytest.mark.parametrize("name", TESTED)
def test_the_module_keeps_what_its_tests_say(
    terraform: runs.Terraform, own_copy: Path, name: str
) -> None:
    """`terraform test` validates the module first; its provider is a mock and asks nobody."""
    folder = own_copy / name
    files = sorted(folder.glob("tests/*.tftest.hcl"))
    assert files, f"{name} has no tests"
    real = [one.name for one in files if "mock_provider" not in one.read_text()]
    assert not real, f"{real} would ask AWS"
    terraform.run(folder, "init", "-backend=false", "-input=false")
    ran = terraform.run(folder, "test")
    passed = re.search(r"(\d+) passed, 0 failed", ran.output)
    assert passed and int(passed[1]) > 0, ran.output


@pytest.mark.parametrize("name", MODULES)
def test_the_module_is_described(name: str) -> None:
    folder = runs.SOURCE / "modules" / name
    needed = {"main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md"}
    assert needed <= {path.name for path in folder.iterdir()}
    readme = (folder / "README.md").read_text()
    for file, kind in (("variables.tf", "variable"), ("outputs.tf", "output")):
        for block, body in _blocks((folder / file).read_text(), kind):
            assert "description" in body, f"{file}: {block} is not described"
            assert kind == "output" or re.search(r"^\s+type\s+=", body, re.M), f"{block}: no type"
            assert f"`{block}`" in readme, f"README.md does not name the {kind} `{block}`"


def _blocks(text: str, kind: str) -> list[tuple[str, str]]:
    return re.findall(rf'^{kind} "([a-z0-9_]+)" \{{\n(.*?)^\}}', text, re.M | re.S)


@pytest.mark.parametrize("name", MODULES)
def test_the_module_needs_only_the_provider_of_aws(name: str) -> None:
    text = (runs.SOURCE / "modules" / name / "versions.tf").read_text()
    assert re.findall(r'source\s*=\s*"([^"]+)"', text) == ["hashicorp/aws"]
    (version,) = re.findall(r'^\s+version\s*=\s*"([^"]+)"', text, re.M)
    assert version.startswith(">= 6."), "a module has a lower bound; the environments pin"


@pytest.mark.parametrize("name", runs.ENVIRONMENTS)
def test_the_environment_pins_and_only_calls_modules(name: str) -> None:
    folder = runs.SOURCE / "environments" / name
    text = "\n".join(path.read_text() for path in folder.glob("*.tf"))
    assert 'version = "6.47.0"' in re.sub(r" +", " ", text)
    assert re.search(r'backend "s3"', text) and "use_lockfile" in text
    assert not re.findall(r'^resource "(?!terraform_data)', text, re.M)


def test_the_environments_differ_by_values_only() -> None:
    """The same code in both; only values and what names the environment differ."""
    dev, prod = (
        {path.name: path.read_text() for path in (runs.SOURCE / "environments" / name).glob("*.tf")}
        for name in runs.ENVIRONMENTS
    )
    assert dev.keys() == prod.keys()
    assert [name for name in dev if _shared(dev[name]) != _shared(prod[name])] == []


def _shared(text: str) -> str:
    return re.sub(r"\b(dev|prod)\b", "ENVIRONMENT", re.sub(r"\s*#.*", "", text))


def test_a_second_plan_has_nothing_to_do(planned: runs.Planned) -> None:
    if planned.again is None:
        pytest.skip("only the stand-in applies here; with a real provider this needs an account")
    assert planned.again == 0, planned.difference


def test_no_secret_is_in_the_state(planned: runs.Planned) -> None:
    """Passwords and tokens are given by write-only arguments, or by hand."""
    if planned.again is None:
        pytest.skip(
            "only the stand-in makes a state here; with a real provider this needs an account"
        )
    outputs = planned.state["values"].get("outputs", {})
    assert not [name for name, one in outputs.items() if one.get("sensitive")]
