"""The embedded world: it comes up, keeps to itself, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy

from devstack import alarms, mariadb, ports, process, procfs
from devstack.emulator import Emulator
from devstack.narration import Narrator
from devstack.place import REPOSITORY, Place
from devstack.process import Daemon
from devstack.procfs import Identity
from devstack.world import World, WorldError
from rescuebot import clock
from rescuebot.events.parse import parse
from rescuebot.events.reported import ReportedEvent
from rescuebot.settings import IntakeSettings
from tests.thorough import thorough

needs_mariadb = pytest.mark.skipif(not mariadb.is_installed(), reason="no MariaDB server here")

# Starts a world, says so, and waits to be ended.
_OWNER = """
import signal, sys
from devstack.world import World
World(sys.argv[1], engines=(), reactor=False, real_mysql=False).start()
print("up", flush=True)
signal.pause()
"""

# Starts a program and is killed without a chance to end it.
_KILLED = """
import os, signal, sys
from devstack.place import Place
from devstack.process import Daemon
daemon = Daemon(name="sleeper", arguments=["sleep", "600"], place=Place(sys.argv[1]))
daemon.start(ready=lambda: daemon.pid)
os.kill(os.getpid(), signal.SIGKILL)
"""


def bare_world(directory: Path) -> World:
    """A world without anything of Rescue Bot in it, so that only the world itself is tested."""
    return World(directory, engines=(), reactor=False)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # A deep path, because Unix sockets allow so few characters.
    deep = tmp_path_factory.mktemp("a-rather-long-name-for-a-folder" * 3) / "world"
    with bare_world(deep) as started:
        yield started


def owner_of(directory: Path) -> subprocess.Popen[str]:
    """Another process that owns a world which is up."""
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(directory)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "up\n"
    return owner


def wait_until_gone(place: Place, seconds: float = 30) -> list[Identity]:
    deadline = time.monotonic() + seconds
    while (left := process.leftovers(place)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


@pytest.mark.salt
def test_the_minion_answers_and_knows_its_services_and_its_server(world: World) -> None:
    minion = world.minions[0]
    assert minion.call("test.ping") is True
    assert minion.call("grains.get", "rescue:server_id") == minion.server_id
    assert set(minion.call("pillar.get", "rescue:services")) == {"mysql", "web"}
    assert world.run("manage.up") == [minion.id]


@pytest.mark.salt
def test_everything_listens_on_the_loopback_address_only(world: World) -> None:
    listening = {
        address for one in process.leftovers(world.place) for address in listeners(one.pid)
    }
    assert {host for host, _ in listening} == {"127.0.0.1"}
    expected = {world.emulator.port, world.master.publish_port, world.master.request_port}
    assert expected <= {port for _, port in listening}


@thorough
@pytest.mark.salt
def test_a_second_world_beside_it_does_not_clash_and_leaves_nothing_behind(
    world: World, tmp_path: Path
) -> None:
    with bare_world(tmp_path / "second") as second:
        sockets = second.place.sockets
        assert second.minions[0].call("test.ping") is True
        assert second.master.request_port != world.master.request_port
        assert not set(pids(second)) & set(pids(world))
        second.queue.send("only here")
        assert (second.queue.depth(), world.queue.depth()) == (1, 0)
    assert process.leftovers(second.place) == []
    assert not sockets.exists()
    second.close()
    assert world.minions[0].call("test.ping") is True


@pytest.mark.salt
def test_a_killed_master_and_a_killed_minion_come_back(world: World) -> None:
    world.master.kill()
    assert world.master.daemon.members() == []
    world.master.start()
    world.minions[0].kill()
    world.minions[0].start()
    assert world.minions[0].call("test.ping") is True


@pytest.mark.salt
def test_what_salt_run_complains_about_is_quoted(world: World) -> None:
    with pytest.raises(WorldError, match="no.such_function"):
        world.run("no.such_function")


@pytest.mark.salt
def test_a_world_is_refused_where_another_one_lives(world: World) -> None:
    with pytest.raises(WorldError, match="Another process runs a world"):
        bare_world(world.directory).start()
    assert world.minions[0].daemon.pid is not None


@thorough
@pytest.mark.salt
def test_what_a_killed_owner_left_behind_is_ended_by_the_next_start(tmp_path: Path) -> None:
    owner = owner_of(tmp_path / "world")
    owner.kill()
    owner.wait()
    place = Place(tmp_path / "world")
    left = process.leftovers(place)
    assert left, "the daemons under rescue survive their owner"
    told: list[str] = []
    with World(place.directory, engines=(), reactor=False, tell=told.append) as world:
        assert not any(one.is_alive() for one in left)
        assert world.services["web"].is_up()
    assert any("an earlier run has left behind" in words for words in told)


@pytest.mark.salt
def test_a_world_ends_with_its_owner_on_sigterm(tmp_path: Path) -> None:
    owner = owner_of(tmp_path / "world")
    owner.terminate()
    assert owner.wait(timeout=60) == 128 + signal.SIGTERM
    assert process.leftovers(Place(tmp_path / "world")) == []


def test_a_program_ends_by_itself_when_its_owner_is_killed(tmp_path: Path) -> None:
    place = Place(tmp_path / "world")
    subprocess.run([sys.executable, "-c", _KILLED, str(place.directory)], cwd=REPOSITORY)
    assert wait_until_gone(place) == []


def test_a_directory_of_somebody_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "precious.txt").write_text("mine")
    with pytest.raises(WorldError, match="neither empty nor the directory of a world"):
        bare_world(tmp_path).start()
    assert (tmp_path / "logs" / "precious.txt").read_text() == "mine"


@pytest.mark.salt
@pytest.mark.parametrize("name", ["mysql", "web"])
def test_a_service_that_is_killed_is_seen_down_and_each_start_is_counted(
    world: World, name: str
) -> None:
    service = world.services[name]
    before, starts = service.pid, service.starts()
    assert service.is_up()
    assert service.kill() == before
    assert service.pid_file.exists(), "a killed daemon leaves its pid file, as real ones do"
    assert (service.is_up(), service.pid) == (False, None)
    service.start()
    assert service.is_up()
    assert service.pid not in (None, before)
    assert service.starts() == starts + 1


@pytest.mark.salt
def test_a_stranger_that_has_the_pid_of_a_service_is_not_touched(world: World) -> None:
    service = world.services["web"]
    true_pid = service.pid_file.read_text()
    with subprocess.Popen(["sleep", "600"]) as stranger:
        try:
            service.pid_file.write_text(str(stranger.pid))
            assert service.pid is None
            with pytest.raises(WorldError, match="does not run"):
                service.kill()
            assert stranger.poll() is None
        finally:
            service.pid_file.write_text(true_pid)
            stranger.kill()
    assert service.is_up()


def test_a_record_of_a_pid_that_was_given_away_ends_nobody(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:
        try:
            process.write_record(place.run / "gone.json", stranger.pid)
            record = (place.run / "gone.json").read_text()
            started = procfs.identify(stranger.pid).started
            (place.run / "gone.json").write_text(record.replace(str(started), str(started - 1)))
            process.sweep(place)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_program_that_ignores_sigterm_is_ended_with_its_children(tmp_path: Path) -> None:
    script = "trap '' TERM; sleep 600 & sleep 600 & wait"
    daemon = Daemon(name="stubborn", arguments=["sh", "-c", script], place=Place(tmp_path))
    daemon.start(ready=lambda: len(daemon.members()) == 3)
    members = daemon.members()
    daemon.stop(seconds=0.2)
    assert not any(one.is_alive() for one in members)


def test_a_program_that_ends_while_it_starts_is_told_at_once_with_its_log(tmp_path: Path) -> None:
    script = "echo the port is taken; exit 1"
    daemon = Daemon(name="broken", arguments=["sh", "-c", script], place=Place(tmp_path))
    with pytest.raises(WorldError, match="ended while it was starting(.|\n)*the port is taken"):
        daemon.start(ready=lambda: False, seconds=60)


@pytest.mark.salt
def test_a_wait_in_vain_tells_what_was_seen(world: World) -> None:
    with pytest.raises(WorldError, match=r"two and two are five\. Last seen: 0\."):
        world.wait_for(lambda: 0, seconds=0.1, what="two and two are five")


@thorough
@pytest.mark.salt
def test_a_world_that_stays_outlives_its_command_until_it_is_taken_down(tmp_path: Path) -> None:
    place = Place(tmp_path / "world")
    assert devstack(place, "up").returncode == 0
    try:
        told = devstack(place, "status").stdout
        assert "rescue-web: pid" in told
        assert "answers" in told
        assert "End it with" in devstack(place, "up").stdout
        assert json.loads(devstack(place, "run", "--out=json", "rescue.events").stdout) == []
        assert devstack(place, "alarm", "web").returncode == 0
    finally:
        assert devstack(place, "down").returncode == 0
    assert process.leftovers(place) == []
    assert devstack(place, "status").returncode == 1


def test_the_demo_says_in_friendly_words_why_it_cannot_run(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    words = [sys.executable, "-m", "devstack.demo", "--once", "--directory", str(tmp_path)]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 1
    assert "neither empty nor the directory of a world" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_story_has_no_colour_and_fits_its_width_when_it_goes_to_a_file(tmp_path: Path) -> None:
    with (tmp_path / "story").open("w", encoding="utf-8") as stream:
        narrator = Narrator(stream)
        narrator.title("Act")
        narrator.moment(0.5, "outcome", "a rather long sentence that has to be folded " * 5)
        narrator.fact(False, "this did not hold " * 10)
        narrator.table([{"id": 1, "result": "\x1b[31mred\x1b[0m " * 50}])
    story = (tmp_path / "story").read_text(encoding="utf-8")
    assert "\x1b" not in story
    assert max(map(len, story.splitlines())) <= 100
    assert "+0.50 s" in story


def test_ports_are_different_and_free() -> None:
    found = ports.free(20)
    assert len(set(found)) == 20
    assert not any(ports.accepts(port) for port in found)


def test_the_emulator_alone_keeps_messages_until_they_are_deleted(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path)
    emulator.start()
    try:
        queue = emulator.queue("letters")
        queue.send({"number": 1})
        assert queue.send_all(str(number) for number in range(25)) == 25
        emulator.client("sqs").receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10)
        assert queue.depth() == 26
    finally:
        emulator.stop()
    assert not ports.accepts(emulator.port)
    assert process.leftovers(Place(tmp_path)) == []


@pytest.mark.mariadb
@needs_mariadb
def test_the_database_server_alone_keeps_what_was_committed_through_a_kill(tmp_path: Path) -> None:
    server = mariadb.MariaDB(tmp_path)
    server.start()
    try:
        url = server.create_database("mine")
        execute(url, "CREATE TABLE t (words TEXT)")
        execute(url, "INSERT INTO t VALUES ('살려 주세요 🛟')")
        server.kill()
        server.start()
        assert execute(url, "SELECT words FROM t") == [("살려 주세요 🛟",)]
        with pytest.raises(sqlalchemy.exc.OperationalError, match="denied"):
            execute(server.url("mysql"), "SELECT 1")
    finally:
        server.stop()
    assert process.leftovers(Place(tmp_path)) == []


@pytest.mark.mariadb
@needs_mariadb
def test_a_database_server_that_starts_lets_the_temporary_tables_of_others_be(
    tmp_path: Path,
) -> None:
    with tempfile.NamedTemporaryFile(prefix="#sql-temptable-", suffix=".MAI") as others:
        server = mariadb.MariaDB(tmp_path)
        server.start()
        server.stop()
        assert Path(others.name).exists()


@pytest.mark.parametrize(
    "body",
    [
        alarms.process_down("i-0abc"),
        alarms.sns_wrapped(alarms.process_down("i-0abc")),
        alarms.contributor("i-0abc"),
        alarms.sns_alarm("i-0abc"),
    ],
    ids=["metric", "metric through SNS", "contributor", "CloudWatch through SNS"],
)
def test_the_alarms_say_what_the_demo_means(body: dict[str, object]) -> None:
    event = understood(body)
    assert (event.event_type, event.service_type, event.server_id, event.recovery) == (
        "process_down",
        "mysql",
        "i-0abc",
        False,
    )


def test_an_alarm_can_name_its_service_and_return_to_ok() -> None:
    event = understood(alarms.process_down("i-0abc", "rescue-web", service="web", state="OK"))
    assert (event.service_type, event.recovery) == ("web", True)


def devstack(place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "devstack", "--directory", str(place.directory), *words]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)


def understood(body: dict[str, object]) -> ReportedEvent:
    now = clock.now()
    return parse(body=json.dumps(body), fallback_id="x", received_at=now, settings=IntakeSettings())


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = sqlalchemy.create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.exec_driver_sql(statement)
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def pids(world: World) -> list[int]:
    return [one.pid for one in process.leftovers(world.place)]


def listeners(pid: int) -> Iterator[tuple[str, int]]:
    """The TCP addresses that a process listens on, and the UDP ones that it has bound."""
    inodes = set(open_files(pid))
    for table, wanted in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        except OSError:  # It has ended meanwhile.
            return
        for line in lines:
            fields = line.split()
            if fields[3] == wanted and f"socket:[{fields[9]}]" in inodes:
                yield address(fields[1])


def open_files(pid: int) -> Iterator[str]:
    """What the descriptors of a process stand for; they and it may end meanwhile."""
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                yield os.readlink(link)


def address(text: str) -> tuple[str, int]:
    """``0100007F:1F90`` is 127.0.0.1 and 8080."""
    host, port = text.split(":")
    words = [bytes.fromhex(host[i : i + 8])[::-1] for i in range(0, len(host), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, b"".join(words)), int(port, 16)
