"""The worlds that the fault suite shares, and the table that it prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.harness import Stage, Verdict
from tests.faults.report import Report

HERE = Path(__file__).parent
_REPORT = pytest.StashKey[Report]()
_STAGES = pytest.StashKey[dict[str, Stage]]()

# A cell that goes well is noted, one that does not is noted and fails.
Judge = Callable[[str, str, Stage, Verdict], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the table goes as JSON."""
    parser.addoption("--faults-report", metavar="FILE", help="write the table of faults as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """A table to fill, and worlds to share."""
    config.stash[_REPORT] = Report()
    config.stash[_STAGES] = {}


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """The worlds end with the last test of this folder, not with the whole run."""
    if HERE in item.path.parents and (nextitem is None or HERE not in nextitem.path.parents):
        for stage in item.config.stash[_STAGES].values():
            stage.close()
        item.config.stash[_STAGES].clear()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, and write it where `--faults-report` says."""
    config = terminalreporter.config
    report = config.stash[_REPORT]
    if not report.rows:
        return
    terminalreporter.section("faults")
    report.tell(terminalreporter.write_line)
    if path := config.getoption("--faults-report", default=None):
        report.write(Path(path), {"marks": config.getoption("-m")})


@pytest.fixture
def judged(request: pytest.FixtureRequest) -> Judge:
    """Note a verdict in the table, and fail unless it is clean."""
    report = request.config.stash[_REPORT]

    def note(fault: str, process: str, stage: Stage, verdict: Verdict) -> None:
        report.add(fault=fault, process=process, database=stage.database, verdict=verdict)
        assert verdict.clean, verdict

    return note


@pytest.fixture
def stage_of(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Stage]]:
    """The world on a database, whole and at rest; one for all tests of this folder."""
    stages = request.config.stash[_STAGES]

    def stage(database: str) -> Stage:
        if database not in stages:
            folder = tmp_path_factory.mktemp(f"faults-{database}")
            stages[database] = Stage(folder, database=database)
        return stages[database].ready()

    yield stage
