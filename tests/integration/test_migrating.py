"""``python -m rescuebot.migrations``, as the one-off task of a deployment runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from devstack import ports
from devstack.mariadb import MariaDB
from devstack.place import REPOSITORY
from rescuebot import migrations
from rescuebot.errors import SchemaNewer
from rescuebot.migrations import __main__ as door
from rescuebot.settings import DatabaseSettings
from tests.conftest import open_database

PASSWORD = "a-secret-that-nobody-may-read"


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where there is a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server: MariaDB = request.getfixturevalue("mariadb")
    return server.create_database(f"mig{abs(hash(request.node.name)) % 10**9}")


def run(url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own, with what the image sets beside the settings."""
    return subprocess.run(
        [sys.executable, "-m", "rescuebot.migrations"],
        env={
            "PYTHONPATH": str(REPOSITORY),
            "RESCUE_BIND": "0.0.0.0:5000",
            "RESCUE_DATABASE__URL": url,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def put_revision(url: str, revision: str) -> None:
    database = open_database(url)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": revision})
    database.dispose()


def test_it_makes_the_tables_says_from_and_to_and_does_nothing_the_second_time(url: str) -> None:
    head = migrations.head()
    first, second = run(url), run(url)
    assert (first.returncode, first.stdout) == (0, f"migrations code=done from=none to={head}\n")
    assert (second.returncode, second.stdout) == (
        0,
        f"migrations code=done from={head} to={head}\n",
    )
    database = open_database(url)
    assert migrations.current(database) == head
    database.dispose()


def test_tables_of_a_newer_version_are_left_alone_and_that_is_no_failure(url: str) -> None:
    run(url)
    put_revision(url, "9999")
    ended = run(url)
    assert (ended.returncode, ended.stdout) == (3, "migrations code=newer from=9999 to=9999\n")
    assert "9999, which this version does not know" in ended.stderr
    database = open_database(url)
    with pytest.raises(SchemaNewer, match="Install the version"):
        migrations.ensure(database, DatabaseSettings(migrate="always"))
    with pytest.raises(SchemaNewer):
        migrations.downgrade(database, "0010")
    assert migrations.current(database) == "9999"
    database.dispose()


def test_an_older_ledger_is_brought_to_this_version(url: str) -> None:
    database = open_database(url)
    migrations.upgrade(database, "0010")
    database.dispose()
    ended = run(url)
    assert ended.stdout == f"migrations code=done from=0010 to={migrations.head()}\n"


def test_newer_tables_go_back_to_the_revision_that_an_older_version_tells(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(url)
    assert door.main({}, ["--head"]) == 0
    assert capsys.readouterr().out == f"{migrations.head()}\n"
    assert door.main({"RESCUE_DATABASE__URL": url}, ["--back-to", "0010"]) == 0
    assert capsys.readouterr().out == f"migrations code=done from={migrations.head()} to=0010\n"
    with pytest.raises(SystemExit, match="2"):
        door.main({"RESCUE_DATABASE__URL": url}, ["--back-to", "9999"])
    database = open_database(url)
    assert migrations.current(database) == "0010"
    database.dispose()


def test_settings_that_are_wrong_are_named_and_not_repeated() -> None:
    ended = run("mysql+pymysql://rescue@db/rescue", RESCUE_DATABASE__POOL_SIZE=PASSWORD)
    assert (ended.returncode, ended.stdout) == (1, "migrations code=settings_invalid\n")
    assert "rescue.database.pool_size" in ended.stderr
    assert PASSWORD not in ended.stdout + ended.stderr and "Traceback" not in ended.stderr


def test_a_database_that_does_not_answer_is_waited_for_and_then_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[float] = []
    monkeypatch.setattr(door._current.retry, "sleep", tried.append)
    monkeypatch.setattr(door._current.retry, "stop", lambda state: state.attempt_number >= 4)
    url = f"mysql+pymysql://rescue@{ports.LOOPBACK}:{ports.free(1)[0]}/rescue"
    code = door.main({"RESCUE_DATABASE__URL": url, "RESCUE_DATABASE__PASSWORD": PASSWORD})
    said = capsys.readouterr()
    assert code == 1 and len(tried) == 3
    assert said.out == "migrations code=database_unavailable\n"
    assert PASSWORD not in said.out + said.err


def test_a_refusal_of_the_database_shows_no_statement(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'half.db'}"
    database = open_database(url)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE saltstack_command (id INTEGER)"))
    database.dispose()
    code = door.main({"RESCUE_DATABASE__URL": url})
    said = capsys.readouterr()
    assert code == 1 and said.out == "migrations code=migration_failed\n"
    assert "CREATE" not in said.err and "OperationalError" in said.err


@pytest.mark.mariadb
def test_a_certificate_that_is_not_there_is_named(
    mariadb: MariaDB, capsys: pytest.CaptureFixture[str]
) -> None:
    url = mariadb.create_database("mig_certificate")
    mark = "&" if "?" in url else "?"
    code = door.main({"RESCUE_DATABASE__URL": f"{url}{mark}ssl_ca=/nowhere/rds.pem"})
    said = capsys.readouterr()
    assert (code, said.out) == (1, "migrations code=settings_invalid\n")
    assert "rescue.database.url: ssl_ca must name a file" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(("given", "then"), [("30", 600), ("600", 600)])
def test_a_statement_has_more_time_than_a_page_of_the_console_has(
    monkeypatch: pytest.MonkeyPatch, given: str, then: int
) -> None:
    made: list[DatabaseSettings] = []
    monkeypatch.setattr(door, "Database", made.append)
    door._ledger({"RESCUE_DATABASE__READ_SECONDS": given})
    assert [one.read_seconds for one in made] == [then]
