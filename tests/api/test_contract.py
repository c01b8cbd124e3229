"""The API does what its specification says: Schemathesis, all checks, by a fixed seed, on MariaDB.

It comes as a machine with an admin's key: no epoch of a person voids that while the run goes on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from devstack.place import REPOSITORY
from rescuebot.people.model import ApiKey
from tests.api.house import Server
from tests.thorough import THOROUGH

pytestmark = pytest.mark.mariadb

_EXAMPLES = 4
# Walks from operation to operation, along the links that the specification names.
_WALKS = 100 if THOROUGH else 20
# Left out: it answers for as long as one listens; tests of its own follow it.
_LEFT_OUT = ("follow_changes",)
# All checks are on. Two know more statuses than usual:
# - positive_data_acceptance: what fits a schema may still not be sensible (422: a script must
#   parse; contract_hooks.MEANINGFUL lists the fields), not fit the present state (409), not be the
#   version that is there (412, 428), or ask for bytes behind the end (416).
# - missing_required_header: a missing If-Match is 428, as RFC 6585 wants it.
_CONFIGURATION = """
hooks = "tests.api.contract_hooks"
seed = 20261122
workers = 1
continue-on-failure = true
request-timeout = 30.0

[generation]
database = "none"
max-examples = {examples}
no-shrink = true

# The specification names its links itself; guessed ones are as many as there are ids.
[phases.stateful]
max-steps = 6

[phases.stateful.inference]
algorithms = []

[phases.stateful.generation]
max-examples = {walks}

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 412, 416, 422, 428]

[checks.missing_required_header]
expected-statuses = [401, 403, 404, 415, 422, 428]
"""


@pytest.mark.timeout(900)
def test_the_api_keeps_what_its_specification_promises(server: Server, tmp_path: Path) -> None:
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(_CONFIGURATION.format(examples=_EXAMPLES, walks=_WALKS))
    with server.database.reading() as session:
        own = session.scalars(select(ApiKey.id).where(ApiKey.name == "a-admin")).one()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--no-color"),
            *("--config-file", str(configuration), "run", f"{server.base}/api/v1/openapi.json"),
            *("--header", f"Authorization: Bearer {server.seed.keys['admin']}"),
            *("--checks", "all", "--suppress-health-check", "all", "--warnings", "off"),
            *(word for name in _LEFT_OUT for word in ("--exclude-operation-id", name)),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "CONTRACT_KEY_ID": str(own)},
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    (tmp_path / "report.txt").write_text(done.stdout)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
    # That it has not tested is told by the same exit code.
    assert "Stateful" in done.stdout and " passed" in done.stdout
    assert "request_broke" not in server.log()
