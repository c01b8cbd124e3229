"""The tools that look at infrastructure code; they live in an environment of their own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from devstack.place import REPOSITORY

BIN = "RESCUE_INFRA_BIN"


def infra_bin() -> Path:
    """The folder of their programs: .venv-infra, or what RESCUE_INFRA_BIN names."""
    return Path(os.environ.get(BIN) or REPOSITORY / ".venv-infra" / "bin")


@pytest.fixture(scope="session")
def infra_tool() -> Callable[[str], Path]:
    """Where a tool is; skips, and says what to do, where it is not."""

    def find(name: str) -> Path:
        program = infra_bin() / name
        if not program.exists():
            pytest.skip(
                f"{program} is not there: run `make infra`, or name the tools' folder in {BIN}"
            )
        return program

    return find
