"""What the rescue needs goes away for a while and comes back: nothing is lost, doubled or stuck."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.faultproxy import Fault
from devstack.waiting import until
from tests.faults.harness import SETTINGS, Stage

pytestmark = [pytest.mark.faults, pytest.mark.salt]

_DISK_BYTES = 8 * 1024 * 1024


def short(*values: Any) -> Any:
    """Parameters of the part that every run takes."""
    return pytest.param(*values, marks=pytest.mark.faults_short)


# --- the database ----------------------------------------------------------------------------


@pytest.mark.mariadb
@pytest.mark.parametrize("seconds", [short(8), 60])
def test_an_alarm_that_comes_while_the_database_is_down_is_handled_when_it_is_back(
    seconds: int, stage_of: Any, judged: Any
) -> None:
    stage: Stage = stage_of("mariadb")
    server = stage.world.mariadb
    assert server is not None
    server.kill()
    trouble = stage.report_trouble()
    time.sleep(seconds)
    assert trouble.effects() == 0
    since = time.monotonic()
    server.start()
    judged(f"down for {seconds} s", "database", stage, stage.judge(trouble, since=since))


@pytest.mark.mariadb
@pytest.mark.parametrize("seconds", [20])
def test_a_database_that_goes_away_while_a_fix_runs_learns_of_its_end(
    seconds: int, stage_of: Any, judged: Any
) -> None:
    stage: Stage = stage_of("mariadb")
    server = stage.world.mariadb
    assert server is not None
    with stage.held("before") as wait:
        trouble = stage.report_trouble()
        wait()
        server.kill()
    time.sleep(seconds)
    since = time.monotonic()
    server.start()
    verdict = stage.judge(trouble, since=since)
    judged(f"down for {seconds} s in a fix", "database", stage, verdict)


# --- the queue -------------------------------------------------------------------------------

POLL_SECONDS = SETTINGS["queue"]["wait_seconds"] + 0.5
RECEIVE, DELETE = "ReceiveMessage", "DeleteMessageBatch"


@pytest.mark.mariadb
@pytest.mark.parametrize(
    ("fault", "only", "seconds"),
    [
        (Fault.REFUSE, "", 5),
        (Fault.ERROR, "", 5),
        (Fault.HANG, "", 5),
        (Fault.HANG, "", 25),
        (Fault.CUT, RECEIVE, 5),
        (Fault.CUT, DELETE, 5),
        (Fault.SWALLOW, RECEIVE, 5),
        short(Fault.SWALLOW, DELETE, 3),
        (Fault.ERROR, DELETE, 5),
        (Fault.HANG, DELETE, 5),
    ],
)
def test_a_queue_that_fails_for_a_while_loses_and_doubles_nothing(
    fault: Fault, only: str, seconds: int, stage_of: Any, judged: Any
) -> None:
    stage: Stage = stage_of("mariadb")
    failed = stage.proxy.failed
    stage.proxy.fail(fault, only=only)
    # What was asked before the fault is answered as if there were none.
    time.sleep(POLL_SECONDS)
    trouble = stage.report_trouble()
    time.sleep(seconds)
    if fault is not Fault.REFUSE:
        until(lambda: stage.proxy.failed > failed, seconds=40, what="something meets the fault")
    since = time.monotonic()
    stage.proxy.heal()
    words = " ".join(filter(None, [fault.value, only, f"{seconds} s"]))
    judged(words, "SQS endpoint", stage, stage.judge(trouble, since=since))


@pytest.mark.mariadb
@pytest.mark.parametrize("seconds", [3.0])
def test_a_queue_that_answers_slowly_only_makes_it_slow(
    seconds: float, stage_of: Any, judged: Any
) -> None:
    stage: Stage = stage_of("mariadb")
    stage.proxy.fail(Fault.SLOW, seconds=seconds)
    trouble = stage.report_trouble()
    judged(f"slow answers, {seconds:g} s", "SQS endpoint", stage, stage.judge(trouble))


# --- minion and master -----------------------------------------------------------------------


@pytest.mark.mariadb
@pytest.mark.parametrize("seconds", [short(5), 30])
def test_a_minion_that_is_offline_when_the_alarm_comes_is_rescued_when_it_is_back(
    seconds: int, stage_of: Any, judged: Any
) -> None:
    stage: Stage = stage_of("mariadb")
    minion = stage.world.minions[0]
    minion.kill()
    trouble = stage.report_trouble()
    time.sleep(seconds)
    since = time.monotonic()
    minion.launch()
    minion.wait_connected()
    judged(f"offline for {seconds} s", "minion daemon", stage, stage.judge(trouble, since=since))
    runs = stage.story(trouble.body).executions
    assert [run.attempt for run in runs] == [1], "waiting counts as no attempt"


@pytest.mark.mariadb
@pytest.mark.parametrize("way", ["restarted", "power cut"])
@pytest.mark.parametrize("service", ["web", "mysql"])
def test_a_fix_goes_on_while_the_master_restarts_and_its_end_is_learnt(
    way: str, service: str, stage_of: Any, judged: Any
) -> None:
    stage: Stage = stage_of("mariadb")
    with stage.held("before") as wait:
        trouble = stage.report_trouble(service=service)
        wait()
        since = time.monotonic()
        stage.world.master.kill() if way == "power cut" else stage.world.master.stop()
        time.sleep(max(0.0, since + 5 - time.monotonic()))
    stage.world.master.start()
    verdict = stage.judge(trouble, since=since)
    judged(f"{way} in a fix, {service}", "whole master", stage, verdict)


def test_without_a_reactor_events_are_handled_by_the_sweep(tmp_path: Path, judged: Any) -> None:
    stage = Stage(tmp_path, database="sqlite", reactor=False)
    try:
        stage.ready()
        judged("no reactor at all", "reactor", stage, stage.judge(stage.report_trouble()))
    finally:
        stage.close()


# --- a full disk -----------------------------------------------------------------------------


class SmallDisk(Stage):
    """A world whose ledger has a disk of its own, which can be filled."""

    disk: Path

    def prepare(self, directory: Path) -> None:
        """The folder of the ledger is a link to the small disk."""
        directory.mkdir(parents=True)
        (directory / "lock").touch()
        (directory / "ledger").symlink_to(self.disk, target_is_directory=True)

    def fill(self) -> Path:
        """Leave not a byte; the file that has to go to make room again."""
        ballast = self.disk / "ballast"
        with ballast.open("ab", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue
        return ballast


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES},mode=700", "rescue-test"]
    if subprocess.run([*words, str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_an_alarm_that_comes_while_the_disk_is_full_is_handled_when_there_is_room(
    tmp_path: Path, disk: Path, judged: Any
) -> None:
    stage = SmallDisk(tmp_path, database="sqlite")
    stage.disk = disk
    try:
        stage.ready()
        ballast = stage.fill()
        trouble = stage.report_trouble()
        time.sleep(5)
        assert not stage.story(trouble.body).events, "there was room for the event"
        assert stage.world.queue.depth() == 2, "a message has left the queue unrecorded"
        since = time.monotonic()
        ballast.unlink()
        judged("disk full for 5 s", "database", stage, stage.judge(trouble, since=since))
    finally:
        stage.close()
