"""What only a thorough run does: ``RESCUE_THOROUGH=1 make test``, as each night.

The ordinary run leaves out what differs little from what it has done: the same doors in a second
world on the other database, the other half of languages and lights, more orders of a simulation,
and what a target of its own runs: the tests of each Terraform module. Also the long way through two
documents, command by command, longer walks through the API, and the stage of the image that builds
the pages. The ledger and the API are always tried on both databases, and worlds stand on either.
"""

from __future__ import annotations

import os

import pytest

THOROUGH = bool(os.environ.get("RESCUE_THOROUGH"))
# On which databases a world of doors is made.
WORLDS = ("sqlite", "mariadb") if THOROUGH else ("mariadb",)
# A test that the ordinary run leaves to the night.
thorough = pytest.mark.skipif(not THOROUGH, reason="left to the night: RESCUE_THOROUGH=1 runs it")
