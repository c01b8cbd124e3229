"""Settings: where they come from, and how they are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from rescuebot import database_urls, settings
from rescuebot.database import Database
from rescuebot.errors import SettingsInvalid


def test_later_sources_win(tmp_path: Path) -> None:
    file = tmp_path / "rescue.yaml"
    file.write_text("queue: {url: of-the-file, receivers: 3, wait_seconds: 7}")
    loaded = settings.load(
        block={"file": str(file), "queue": {"url": "of-the-block", "receivers": 4}},
        environ={"RESCUE_QUEUE__URL": "of-the-environment", "PATH": "/bin"},
    )
    assert loaded.queue.url == "of-the-environment"
    assert loaded.queue.receivers == 4
    assert loaded.queue.wait_seconds == 7


def test_the_environment_can_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / "rescue.yaml"
    file.write_text("aws: {region: eu-west-1}")
    assert settings.load(environ={"RESCUE_FILE": str(file)}).aws.region == "eu-west-1"


def test_every_problem_is_named_and_no_value_is_repeated() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        settings.load(
            block={
                "qeue": {},
                "queue": {"receivers": 99, "urll": "x"},
                "database": {"password": ["hunter2"]},
                "intake": {"rules": [{"alarm": "("}]},
            }
        )
    fields = {problem.field for problem in refused.value.problems}
    assert fields == {
        "rescue.qeue",
        "rescue.queue.receivers",
        "rescue.queue.urll",
        "rescue.database.password",
        "rescue.intake.rules.0.alarm",
    }
    assert "hunter2" not in str(refused.value)
    assert refused.value.code == "settings_invalid"


@pytest.mark.parametrize("name", ["RESCUE_BIND", "RESCUE_THREADS"])
def test_what_the_image_sets_for_gunicorn_is_no_setting(name: str) -> None:
    given = settings.load(environ={name: "8", "RESCUE_QUEUE__URL": "of-the-environment"})
    assert given.queue.url == "of-the-environment"


def test_a_misspelt_environment_variable_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="rescue.databse"):
        settings.load(environ={"RESCUE_DATABSE__URL": "sqlite:///x"})


@pytest.mark.parametrize("block", ["text", ["list"], 7])
def test_a_block_that_is_no_mapping_is_refused(block: object) -> None:
    with pytest.raises(SettingsInvalid, match="must be a mapping"):
        settings.load(block=block)  # type: ignore[arg-type]


def test_a_file_that_is_not_there_or_no_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="rescue.file: cannot be read"):
        settings.load(block={"file": str(tmp_path / "none.yaml")})
    bad = tmp_path / "bad.yaml"
    bad.write_text("a: [")
    with pytest.raises(SettingsInvalid, match="rescue.file: is not valid YAML"):
        settings.load(block={"file": str(bad)})


def test_a_variable_that_is_value_and_block_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="set twice"):
        settings.load(environ={"RESCUE_QUEUE": "x", "RESCUE_QUEUE__URL": "y"})


def test_the_password_stands_apart_from_the_url_and_in_no_text() -> None:
    loaded = settings.load(
        block={"database": {"url": "mysql+pymysql://rescue@db.example/rescue"}},
        environ={"RESCUE_DATABASE__PASSWORD": "hunter2"},
    )
    assert database_urls.primary(loaded.database).password == "hunter2"
    assert "hunter2" not in repr(loaded)
    assert "hunter2" not in loaded.model_dump_json()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "is not an SQLAlchemy URL"),
        ("postgresql://h/d", "must begin with"),
        ("mysql+pymysql://h", "must name a database"),
        ("mysql+pymysql://h/d?ssl_ca=/nowhere/ca.pem", "ssl_ca must name a file"),
    ],
)
def test_a_database_url_that_cannot_work_is_refused(url: str, words: str) -> None:
    loaded = settings.load(block={"database": {"url": url}})
    with pytest.raises(SettingsInvalid, match=words):
        Database(loaded.database)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("ssl_ca={0}", "ssl_ca must name a file with certificates in PEM"),
        ("ssl_cert={0}&ssl_key={0}", "ssl_cert and ssl_key must name a certificate and its key"),
    ],
)
def test_a_file_that_holds_no_certificate_is_refused_by_name(
    named: str, words: str, tmp_path: Path
) -> None:
    answer = tmp_path / "rds.pem"
    answer.write_text("<Error><Code>AccessDenied</Code></Error>", "utf-8")
    url = f"mysql+pymysql://h/d?{named.format(answer)}"
    loaded = settings.load(block={"database": {"url": url}})
    with pytest.raises(SettingsInvalid, match=words):
        database_urls.primary(loaded.database)
