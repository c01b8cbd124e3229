"""The starter's runbooks against a real Redis and real MariaDB servers: killed, full, unable to
save, with broken files, out of connections, with a replica that has stopped.
"""

from __future__ import annotations

import contextlib
import shlex
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from devstack import mariadb
from tests.integration.test_starter_stand import (
    Program,
    Stand,
    caller,
    program,
    said,
    shell,
    stand,
    until,
    verdict,
)

__all__ = ["caller", "stand"]
pytestmark = pytest.mark.salt

_READY = b"+PONG\r\n"


class Redis(Program):
    """Redis that keeps its data in a folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        super().__init__(folder, "redis")
        self.data = self.folder / "data"
        self.data.mkdir()
        words = [
            self.renamed(program("redis-server")),
            "--bind",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        words += ["--dir", str(self.data), "--pidfile", str(self.pid_file)]
        words += ["--daemonize", "yes", "--logfile", str(self.log), *options]
        self.start = shlex.join(words)

    def served(self, stand: Stand, **config: Any) -> None:
        stand.serve(
            "redis",
            process=self.process,
            pid_file=str(self.pid_file),
            port=self.port,
            start=self.start,
            **config,
        )

    def ask(self, *words: str) -> str:
        """What it answers; an error too is an answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            lines = [
                f"*{len(words)}",
                *(part for word in words for part in (f"${len(word)}", word)),
            ]
            connection.sendall("\r\n".join([*lines, ""]).encode())
            return connection.recv(65536).decode(errors="replace")

    def ready(self) -> int:
        pid = self.up()
        until(lambda: "PONG" in self.ask("PING"), "redis answers")
        return pid


def test_a_killed_redis_is_started_with_its_data(stand: Stand) -> None:
    redis = Redis(stand.folder, "--appendonly", "yes")
    redis.served(stand)
    redis.ready()
    assert "OK" in redis.ask("SET", "a", "1")
    redis.ask("WAITAOF", "1", "0", "1000")
    redis.ask("BGREWRITEAOF")
    time.sleep(0.1)
    redis.kill()
    assert verdict(stand.run("Start Redis")) == "fixed"
    assert "1" in redis.ask("GET", "a")


def test_a_redis_that_could_not_save_takes_writes_again(stand: Stand) -> None:
    redis = Redis(stand.folder, "--save", "3600 1")
    redis.served(stand)
    pid = redis.ready()
    redis.ask("SET", "a", "1")
    # Root may write everywhere, so something must stand where the snapshot belongs.
    (redis.data / "dump.rdb").mkdir()
    redis.ask("BGSAVE")
    until(lambda: "MISCONF" in redis.ask("SET", "b", "1"), "writes are refused")
    title = "Have Redis save again"
    refused = stand.run(title, patience=0.1)
    assert verdict(refused) == "changed_not_fixed" and "still cannot save" in said(refused)
    assert "MISCONF" in redis.ask("SET", "b", "1")

    (redis.data / "dump.rdb").rmdir()
    assert verdict(stand.run(title)) == "fixed"
    assert "OK" in redis.ask("SET", "b", "1") and redis.pid == pid
    assert "yes" in redis.ask("CONFIG", "GET", "stop-writes-on-bgsave-error")


def test_a_full_redis_gets_more_memory_but_not_more_than_the_pillar_allows(stand: Stand) -> None:
    redis = Redis(stand.folder, "--maxmemory", "3mb", "--save", "")
    redis.served(stand)
    redis.ready()
    number = 0
    while "OOM" not in redis.ask("SET", f"key{number}", "x" * 30_000):
        number += 1
    title = "Give Redis more memory"
    refused = stand.run(title, patience=0.1)
    assert verdict(refused) == "changed_not_fixed" and "maxmemory_limit" in said(refused)
    stand.rescue["services"]["redis"]["maxmemory_limit"] = 4
    assert verdict(stand.run(title)) == "fixed"
    assert "OK" in redis.ask("SET", "one", "more")
    redis.ask("CONFIG", "SET", "maxmemory", "4mb")
    while "OOM" not in redis.ask("SET", f"key{number}", "x" * 30_000):
        number += 1
    enough = stand.run(title, patience=0.1)
    assert verdict(enough) == "changed_not_fixed" and "all of the 4194304" in said(enough)


def test_a_broken_append_only_file_is_copied_and_cut(stand: Stand) -> None:
    redis = Redis(stand.folder, "--appendonly", "yes", "--appendfsync", "always")
    folder = redis.data / "appendonlydir"
    redis.served(stand, aof=str(folder), wait_seconds=2)
    redis.ready()
    for number in range(20):
        redis.ask("SET", f"key{number}", "value")
    redis.kill()
    [grown] = folder.glob("*.incr.aof")
    content = bytearray(grown.read_bytes())
    at = content.index(b"key15")
    content[at - 8 : at] = b"garbage!"
    grown.write_bytes(content)
    refused = stand.run("Start Redis", patience=0.1)
    assert verdict(refused) == "changed_not_fixed"
    assert "Bad file format" in redis.said()

    result = stand.run("Mend the append-only file of Redis")
    assert verdict(result) == "fixed", said(result)
    assert "value" in redis.ask("GET", "key10") and "$-1" in redis.ask("GET", "key17")
    [copy] = redis.data.glob("appendonlydir.before-rescue-*")
    assert (copy / grown.name).read_bytes() == bytes(content)


class MariaDB(Program):
    """MariaDB whose root needs no password, as the Unix socket gives it on a real server."""

    def __init__(self, folder: Path, name: str = "mysql", *options: str) -> None:
        super().__init__(folder, name)
        if not mariadb.is_installed():
            pytest.skip("mariadbd is not installed here")
        self.data, self.socket = self.folder / "data", self.folder / "s"
        mariadb.install(self.data, log=self.log)
        arguments = mariadb.server_arguments(data=self.data, port=self.port, socket=self.socket)
        small = ["--innodb-buffer-pool-size=16M", "--innodb-log-file-size=4M"]
        arguments[0] = self.renamed(arguments[0])
        words = [*arguments, f"--pid-file={self.pid_file}", *small, *options]
        self.start = shlex.join(map(str, words))
        first = self.folder / "first.sql"
        first.write_text(
            "GRANT SELECT, INSERT, REPLICATION SLAVE ON *.*"
            " TO 'app'@'127.0.0.1' IDENTIFIED BY 'app';\n"
        )
        self.start += f" --init-file={first}"

    def served(self, stand: Stand, **config: Any) -> None:
        home = stand.folder / ".my.cnf"
        home.write_text(f"[client]\nsocket={self.socket}\nuser=root\n")
        admin = program("mariadb-admin")
        stand.serve(
            "mysql",
            process=self.process,
            pid_file=str(self.pid_file),
            socket=str(self.socket),
            port=self.port,
            start=self.start,
            health=f"{admin} --connect-timeout=5 ping",
            **{"wait_seconds": 20, **config},
        )

    def ask(self, statement: str) -> Any:
        """The rows of a statement, as root."""
        with pymysql.connect(
            unix_socket=str(self.socket),
            user="root",
            autocommit=True,
            cursorclass=pymysql.cursors.DictCursor,
        ) as connection:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()

    def session(self) -> Any:
        """One more session of the application."""
        return pymysql.connect(host="127.0.0.1", port=self.port, user="app", password="app")


@pytest.fixture
def sessions() -> Iterator[list[Any]]:
    opened: list[Any] = []
    yield opened
    for session in opened:
        with contextlib.suppress(pymysql.MySQLError):
            session.close()


def test_a_killed_mysql_is_started_past_what_it_left_behind(stand: Stand) -> None:
    server = MariaDB(stand.folder)
    server.served(stand)
    dead = server.up()
    server.kill()
    assert server.pid_file.exists() and server.socket.exists()
    result = stand.run("Start MySQL")
    assert verdict(result) == "fixed", said(result)
    assert "ID: rescue_service_left_nothing_behind" in said(result) and "removed" in said(result)
    assert server.pid not in (None, dead)


def test_idle_sessions_give_way_and_none_that_works(stand: Stand, sessions: list[Any]) -> None:
    server = MariaDB(stand.folder, "mysql", "--max-connections=10", "--extra-max-connections=1")
    server.served(stand, idle_seconds=1, keep_users=["backup"])
    pid = server.up()
    server.ask("CREATE USER backup@'127.0.0.1' IDENTIFIED BY 'app'")
    server.ask("CREATE DATABASE shop")
    server.ask("CREATE TABLE shop.t (a INT) ENGINE=InnoDB")

    def all_taken() -> bool:
        # The server may still count a connection that has just ended.
        with contextlib.suppress(pymysql.OperationalError):
            while len(sessions) < 10:
                user = "backup" if len(sessions) == 1 else "app"
                sessions.append(
                    pymysql.connect(host="127.0.0.1", port=server.port, user=user, password="app")
                )
        return len(sessions) == 10

    until(all_taken, "all connections are taken")
    sessions[0].begin()
    with sessions[0].cursor() as cursor:
        cursor.execute("INSERT INTO shop.t VALUES (1)")
    code, told = stand.check("mysql")
    assert code == 1 and "all of its connections are in use" in told
    time.sleep(1.2)
    # The pillar's own check is about being alive; nothing would restart this server.
    result = stand.run("End idle MySQL connections")
    assert verdict(result) == "fixed", said(result)
    assert "ended 8 sessions" in said(result) and server.pid == pid
    for kept in sessions[:2]:
        kept.ping(reconnect=False)
    sessions[0].commit()
    assert server.ask("SELECT a FROM shop.t") == [{"a": 1}]
    server.session().close()


def test_binary_logs_go_up_to_a_bound_and_never_before_the_replicas_have_them(
    stand: Stand,
) -> None:
    server = MariaDB(stand.folder, "mysql", "--log-bin=binlog", "--server-id=1")
    server.served(stand)
    server.up()
    for _ in range(4):
        server.ask("FLUSH BINARY LOGS")
    logs = sorted(server.data.glob("binlog.0*"))
    # Until a checkpoint says that it no longer needs the old ones, the server keeps them.
    told = f"SHOW BINLOG EVENTS IN '{logs[-1].name}'"
    until(lambda: [row for row in server.ask(told) if row["Info"] == logs[-1].name], "checkpoint")
    # Two of them are three days old; nothing is configured yet.
    for log in logs[:2]:
        shell(f"touch -d '3 days ago' {log}")
    stand.serve("disk", health=f"! test -e {logs[0]}")
    title = "Purge the binary logs of MySQL"
    unasked = stand.run(title, patience=0.1)
    assert verdict(unasked) == "changed_not_fixed" and "binlog_keep_hours" in said(unasked)

    mysql = stand.rescue["services"]["mysql"]
    mysql |= {"binlog_keep_hours": 48, "replicas": 1}
    away = stand.run(title, patience=0.1)
    assert "0 of 1 replicas are connected: nothing was purged" in said(away)
    assert logs[0].exists()
    mysql["replicas"] = 0
    result = stand.run(title)
    assert verdict(result) == "fixed", said(result)
    assert [log.exists() for log in logs[:4]] == [False, False, True, True]


def test_a_replica_starts_again_but_never_past_an_error(stand: Stand) -> None:
    source = MariaDB(stand.folder, "source", "--log-bin=binlog", "--server-id=1")
    replica = MariaDB(stand.folder, "replica", "--server-id=2", "--relay-log=relay")
    source.up()
    replica.up()
    replica.served(stand)
    at = source.ask("SHOW MASTER STATUS")[0]
    replica.ask(
        f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={source.port}, MASTER_USER='app',"
        f" MASTER_PASSWORD='app', MASTER_LOG_FILE='{at['File']}', MASTER_LOG_POS={at['Position']}"
    )
    replica.ask("START SLAVE")
    source.ask("CREATE DATABASE shop")
    source.ask("CREATE TABLE shop.t (a INT PRIMARY KEY)")
    until(lambda: replica.ask("SHOW TABLES FROM shop LIKE 't'"), "it replicates")

    replica.ask("STOP SLAVE")
    code, told = stand.check("mysql")
    assert code == 1 and "its replication has stopped" in told
    title = "Start a stopped MySQL replica"
    assert verdict(stand.run(title)) == "fixed"

    replica.ask("INSERT INTO shop.t VALUES (1)")
    source.ask("INSERT INTO shop.t VALUES (1), (2)")
    until(lambda: replica.ask("SHOW SLAVE STATUS")[0]["Slave_SQL_Running"] == "No", "it stopped")
    result = stand.run(title, patience=0.1)
    assert verdict(result) == "changed_not_fixed"
    assert "needs a person" in said(result) and "Duplicate entry" in said(result)
    assert replica.ask("SELECT COUNT(*) AS n FROM shop.t") == [{"n": 1}]
