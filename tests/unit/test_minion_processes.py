"""Processes of a run: they end at the limit with all they started, daemons of a fix live on, and
their output stays bounded.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_minion_stand import Minion, in_a_fork, steps_of, until

MIB = 1024 * 1024


@pytest.fixture
def minion(tmp_path: Path) -> Minion:
    minion = Minion(tmp_path)
    minion.module.GRACE_SECONDS = 0.3
    return minion


@pytest.fixture
def pids(tmp_path: Path) -> Iterator[Path]:
    """A file that scripts write pids to; who still lives at the end is ended."""
    path = tmp_path / "pids"
    path.touch()
    yield path
    for pid in map(int, path.read_text().split()):
        if lives(pid):
            os.kill(pid, signal.SIGKILL)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def written(pids: Path, count: int) -> list[int]:
    found = map(int, pids.read_text().split())
    living = list(found)
    assert len(living) == count
    return living


# --- the limit ---


def test_a_script_that_ignores_term_dies_with_its_children_at_the_limit(
    minion: Minion, pids: Path
) -> None:
    fix = f"""
        trap '' TERM
        (trap '' TERM; echo $(exec sh -c 'echo $PPID') >> {pids}; while :; do sleep 1; done) &
        setsid sh -c "trap '' TERM; echo \\$\\$ >> {pids}; while :; do sleep 1; done" &
        echo $$ >> {pids}
        echo begun
        while :; do sleep 1; done"""
    result = minion.run(steps=["fix", "verify"], check="exit 0", fix=fix, limit_seconds=5)
    assert (result["verdict"], result["reason"]) == ("timeout", "limit")
    assert steps_of(result) == [("fix", "timeout", 124)]
    assert result["steps"][0]["output"] == "begun\n"
    assert not [pid for pid in written(pids, 3) if lives(pid)]


def test_a_script_may_tidy_up_when_it_is_told_to_end(minion: Minion) -> None:
    minion.module.GRACE_SECONDS = 10
    fix = "trap 'echo tidied; exit 0' TERM; while :; do sleep 0.1; done"
    result = minion.run(steps=["fix"], fix=fix, limit_seconds=2)
    assert result["verdict"] == "timeout"
    assert "tidied\n" in result["steps"][0]["output"]


def test_a_check_that_hangs_is_a_timeout_and_nothing_is_fixed(minion: Minion, tmp_path: Path):
    work = {"check": "sleep 60", "fix": f"touch {tmp_path}/fixed", "limit_seconds": 2}
    result = minion.run(steps=["check", "fix", "verify"], **work)
    assert steps_of(result) == [("check", "timeout", 124)]
    assert not (tmp_path / "fixed").exists()


def test_states_die_at_the_limit_with_all_they_started(minion: Minion, pids: Path) -> None:
    def states(*args: object, **kwargs: object) -> None:
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with pids.open("a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(60)

    minion.states = states
    fix = {"kind": "state", "solution": "x", "arguments": {}, "command_id": None}
    result = minion.run(steps=["fix"], fix=fix, limit_seconds=5)
    assert steps_of(result) == [("fix", "timeout", 124)]
    assert not [pid for pid in written(pids, 2) if lives(pid)]


# --- daemons ---


def test_a_daemon_that_a_fix_started_lives_on_and_holds_nothing_up(
    minion: Minion, pids: Path
) -> None:
    fix = f"sleep 60 & echo $! >> {pids}; echo started"
    result = minion.run(steps=["fix"], fix=fix)
    assert result["verdict"] == "done" and result["seconds"] < 30
    assert result["steps"][0]["output"] == "started\n"
    assert lives(written(pids, 1)[0])


def test_a_daemon_that_states_started_lives_on(minion: Minion, pids: Path) -> None:
    def states(*args: object, **kwargs: object) -> dict[str, dict[str, bool]]:
        if os.fork() == 0:
            pids.write_text(f"{os.getpid()}\n")
            time.sleep(60)
        until(pids.read_text, "the daemon has begun")
        return {"a": {"result": True}}

    minion.states = states
    fix = {"kind": "state", "solution": "x", "arguments": {}, "command_id": None}
    assert minion.run(steps=["fix"], fix=fix)["verdict"] == "done"
    assert lives(written(pids, 1)[0])
    minion.states = lambda *args, **kwargs: {"a": {"result": True}}
    assert minion.run(steps=["fix"], fix=fix)["verdict"] == "done"  # the daemon keeps no lock


def test_what_a_daemon_goes_on_writing_is_seen_and_cut(minion: Minion, pids: Path) -> None:
    go = pids.with_name("go")
    fix = f"(while [ ! -e {go} ]; do sleep 0.05; done; yes | head -c {11 * MIB}; echo >> {go}) & "
    dispatch, sha256 = minion.prepare(steps=["fix"], fix=fix + f"echo $! >> {pids}")
    assert minion.execute(dispatch, sha256)["verdict"] == "done"
    [output] = minion.entry(dispatch).glob("output-*")
    assert output.stat().st_size == 0
    go.touch()
    until(lambda: go.stat().st_size, "the daemon has written")
    assert output.stat().st_size > 10 * MIB
    minion.run(steps=["fix"], fix="exit 0")
    assert output.stat().st_size == 0


# --- output ---


def test_output_is_merged_in_its_order(minion: Minion) -> None:
    fix = "echo 1; echo 2 >&2; echo 3"
    assert minion.run(steps=["fix"], fix=fix)["steps"][0]["output"] == "1\n2\n3\n"


def test_output_that_is_not_utf8_is_replaced(minion: Minion) -> None:
    step = minion.run(steps=["fix"], fix=r"printf 'a\377b\303\274'")["steps"][0]
    assert step["output"] == "a\N{REPLACEMENT CHARACTER}bü"
    assert step["output_bytes"] == 5


def test_long_output_keeps_its_head_and_its_tail(minion: Minion) -> None:
    fix = f"echo first; yes | head -c {50 * MIB - 12}; echo last!"
    step = minion.run(steps=["fix"], fix=fix)["steps"][0]
    output = step["output"]
    assert step["output_bytes"] == 50 * MIB
    assert len(output.encode()) <= 10 * MIB
    assert output.startswith("first\ny\n") and output.endswith("y\nlast!\n")
    marker = "\n[... cut: 52428800 bytes in all, the middle "
    assert output.count(marker) == 1
    left_out = int(output.partition(marker)[2].split()[0])
    line = f"{marker}{left_out} left out ...]\n"
    assert 50 * MIB - left_out == len(output.encode()) - len(line)


def test_long_output_that_is_not_utf8_fits_as_well(minion: Minion) -> None:
    fix = rf"head -c {8 * MIB} /dev/zero | tr '\0' '\377'"
    step = minion.run(steps=["fix"], fix=fix)["steps"][0]
    assert step["output_bytes"] == 8 * MIB
    assert 5 * MIB < len(step["output"].encode()) <= 10 * MIB
    assert "cut: 8388608 bytes in all" in step["output"]


def test_a_disk_without_holes_costs_the_order_of_the_tail_only(minion: Minion) -> None:
    minion.module._punch_hole = lambda handle, offset, length: False
    fix = f"echo first; for i in 1 2 3 4 5; do yes | head -c {10 * MIB}; sleep 0.2; done; echo last"
    step = minion.run(steps=["fix"], fix=fix)["steps"][0]
    assert step["output"].startswith("first\ny\n") and step["output"].endswith("last\n")
    assert len(step["output"].encode()) <= 10 * MIB
    assert "bytes in all, the middle" in step["output"]


def test_memory_and_disk_stay_bounded_while_a_script_talks(minion: Minion) -> None:
    fix = f"for i in $(seq 150); do yes | head -c {2 * MIB}; sleep 0.01; done"
    dispatch, sha256 = minion.prepare(steps=["fix"], fix=fix)
    runner, most = in_a_fork(lambda: minion.execute(dispatch, sha256)), 0
    while not (ended := os.wait4(runner, os.WNOHANG))[0]:
        for path in minion.entry(dispatch).glob("output-*"):
            most = max(most, path.stat().st_blocks * 512)
        time.sleep(0.005)
    before = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    result = minion.execute(dispatch, sha256)
    assert result["steps"][0]["output_bytes"] == 300 * MIB
    assert 10 * MIB < most < 150 * MIB
    assert ended[2].ru_maxrss * 1024 < before + 100 * MIB


def test_a_full_disk_does_not_stop_a_run(minion: Minion) -> None:
    minion.module.ROOM_WANTED = 2**70
    before = set(os.listdir("/dev/shm"))
    dispatch, sha256 = minion.prepare(steps=["fix"], fix='echo "$0"')
    output = minion.execute(dispatch, sha256)["steps"][0]["output"]
    assert output.startswith("/dev/shm/script-")
    assert not {name for name in set(os.listdir("/dev/shm")) - before if "put-" in name}


def test_a_script_has_no_terminal_and_no_open_files_of_the_minion(minion: Minion) -> None:
    with socket.socket() as ours:
        fix = "readlink /proc/self/fd/0; ls /proc/$$/fd | sort -n | tr '\\n' ' '; ls -l /proc/$$/fd"
        output = minion.run(steps=["fix"], fix=fix)["steps"][0]["output"]
        assert output.startswith("/dev/null\n")
        assert f"socket:[{os.fstat(ours.fileno()).st_ino}]" not in output
