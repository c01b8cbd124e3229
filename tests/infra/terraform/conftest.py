"""Both environments, planned once in a run of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra.terraform import runs
from tests.infra.terraform.plan import Plan


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever comes first makes the plans, and all others wait: give them time for both."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run see."""
    own = tmp_path_factory.getbasetemp()
    # With xdist a worker's folder lies in the run's.
    root = own.parent if own.name.startswith("popen-") else own
    folder = root / "terraform"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def terraform(shared: Path) -> runs.Terraform:
    """Terraform with the provider that answers here."""
    try:
        with runs.one_at_a_time(shared / "probe"):
            return runs.find(shared)
    except runs.NoTerraform as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def planner(shared: Path) -> runs.Terraform:
    """Terraform with a provider that can plan here."""
    try:
        with runs.one_at_a_time(shared / "probe"):
            return runs.find_planner(shared)
    except runs.NoTerraform as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def planned_dev(planner: runs.Terraform, shared: Path) -> runs.Planned:
    return runs.plan(planner, "dev", shared)


@pytest.fixture(scope="session")
def planned_prod(planner: runs.Terraform, shared: Path) -> runs.Planned:
    return runs.plan(planner, "prod", shared)


@pytest.fixture(scope="session", params=runs.ENVIRONMENTS)
def planned(request: pytest.FixtureRequest) -> runs.Planned:
    """Each environment in turn."""
    found: runs.Planned = request.getfixturevalue(f"planned_{request.param}")
    return found


@pytest.fixture(scope="session")
def dev(planned_dev: runs.Planned) -> Plan:
    return Plan.of(planned_dev)


@pytest.fixture(scope="session")
def prod(planned_prod: runs.Planned) -> Plan:
    return Plan.of(planned_prod)
