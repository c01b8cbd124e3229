"""The settings as people may see them: all of them, with their source, and never a secret."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from rescuebot import settings as settings_
from rescuebot.settings import OidcSettings, Section, Settings, showing
from rescuebot.settings.section import Source

SECRET = "hunter2-correct-horse-battery-staple"
ADDRESS = f"https://{SECRET}:{SECRET}@place.example:8443/path?password={SECRET}&x=1#{SECRET}"


def told(settings: Settings) -> dict[str, showing.Shown]:
    return {one.name: one for _, some in showing.shown(settings) for one in some}


def kinds(annotation: Any) -> Iterator[Any]:
    """An annotation and all that it is made of, however deep."""
    yield annotation
    for inner in typing.get_args(annotation):
        yield from kinds(inner)


def fields(section: type[Section], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of each field that can hold text or a secret; also of those in optional blocks."""
    for name, field in section.model_fields.items():
        found = list(kinds(field.annotation))
        blocks = [k for k in found if isinstance(k, type) and issubclass(k, Section)]
        alone = field.annotation in blocks or types.NoneType in found
        if blocks and alone:
            yield from fields(blocks[0], (*path, name))
        elif {str, SecretStr} & set(found) and typing.Literal not in map(typing.get_origin, found):
            yield (*path, name)


TEXTS = list(fields(Settings))


def holding(path: tuple[str, ...], value: Any) -> Settings:
    """Settings in which this field holds that value, as if it had passed all checks."""
    found: Any = value
    if path[:2] == ("web", "oidc"):
        about = {"issuer": "https://i", "client_id": "c", "redirect_uri": "https://r"}
        values = {**about, "client_secret": SecretStr("s"), path[2]: value}
        path, found = path[:2], OidcSettings.model_construct(**values)  # type: ignore[arg-type]
    section = getattr(Settings(), path[0]).model_copy(update={path[1]: found})
    return Settings().model_copy(update={path[0]: section})


def test_the_walk_finds_what_is_known_to_be_secret() -> None:
    found = {".".join(path) for path in TEXTS}
    assert {
        "database.url",
        "database.password",
        "database.replica_url",
        "aws.endpoint_url",
        "queue.url",
        "web.jwt_key",
        "web.jwt_key_before",
        "web.oidc.issuer",
        "web.oidc.client_secret",
        "slack.signing_secret",
    } <= found


@pytest.mark.parametrize("path", TEXTS, ids=".".join)
def test_no_secret_of_any_section_is_told(path: tuple[str, ...]) -> None:
    """Every field that can hold a text holds one with a secret in it; none of it comes out."""
    kind = Settings
    for name in path[:-1]:
        found = kinds(kind.model_fields[name].annotation)
        kind = next(k for k in found if isinstance(k, type) and issubclass(k, Section))
    held = list(kinds(kind.model_fields[path[-1]].annotation))
    secret = SecretStr in held
    values: list[Any] = [ADDRESS]
    if secret:
        values = [SecretStr(SECRET), SecretStr(ADDRESS), SecretStr(f"u:{SECRET}")]
    values = [[one] for one in values] if list in map(typing.get_origin, held) else values
    values = [{"of": one} for one in values] if dict in map(typing.get_origin, held) else values
    for value in values:
        shown = [asdict(one) for one in told(holding(path, value)).values()]
        assert SECRET not in json.dumps(shown), value


def test_a_secret_is_set_or_not_and_an_address_tells_its_place() -> None:
    loaded = settings_.load(
        environ={
            "RESCUE_DATABASE__URL": f"mysql+pymysql://rescue:{SECRET}@db.example:3306/rescue?x=1",
            "RESCUE_DATABASE__PASSWORD": SECRET,
            "RESCUE_AWS__ENDPOINT_URL": ADDRESS,
        }
    )
    found = told(loaded)
    assert found["database.url"].value == "mysql+pymysql://db.example:3306/rescue"
    assert found["aws.endpoint_url"].value == "https://place.example:8443/path"
    password, key = found["database.password"], found["web.jwt_key"]
    assert (password.secret, password.is_set, password.value) == (True, True, None)
    assert (key.secret, key.is_set, key.value) == (True, False, None)
    assert SECRET not in repr(found)


def test_what_is_secret_only_by_its_name_is_secret() -> None:
    class Later(Section):
        bot_token: str = SECRET
        keys: dict[str, str] = {"api_key": SECRET, "place": ADDRESS}
        calls_per_day: int = 7

    rows = showing._of(Later(), "later.", Settings())
    found = {one.name: one for one in rows}
    assert found["later.bot_token"].secret and found["later.calls_per_day"].value == 7
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    "address",
    [
        f"mysql://u:1/{SECRET}@host/db",
        f"u:{SECRET}@host/db",
        f"{SECRET}",
        f"https://u:{SECRET}@[::1/",
        f"https://u:{SECRET}@host:99999/",
    ],
)
def test_what_is_no_address_is_not_told_at_all(address: str) -> None:
    assert showing.bare(address) == "…"


def test_each_setting_says_where_it_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "rescue.yaml"
    file.write_text("queue: {url: 'https://q/1', receivers: 3, wait_seconds: 7}")
    loaded = settings_.load(
        block={"file": str(file), "queue": {"receivers": 4}, "guard": {"services": {"a": {}}}},
        environ={"RESCUE_QUEUE__WAIT_SECONDS": "9", "RESCUE_WEB__CORS_ORIGINS": "['https://a']"},
    )
    found = told(loaded)
    assert {name: found[name].source for name in ("queue.url", "queue.receivers")} == {
        "queue.url": Source.FILE,
        "queue.receivers": Source.MASTER,
    }
    assert found["queue.wait_seconds"].source is Source.ENVIRONMENT
    assert found["web.cors_origins"].source is Source.ENVIRONMENT
    assert found["guard.services"].source is Source.MASTER
    assert found["aws.region"].source is Source.DEFAULT
    assert found["queue.wait_seconds"].variable == "RESCUE_QUEUE__WAIT_SECONDS"
    assert (found["queue.wait_seconds"].value, found["queue.wait_seconds"].default) == (9, 20)


def test_what_one_would_set_is_what_is_read() -> None:
    """The variable that is shown for a setting sets that setting."""
    for name, default in (("tracker.doctor_minutes", 7.0), ("guard.four_eyes", False)):
        variable = told(Settings())[name].variable
        again = told(settings_.load(environ={variable: str(default)}))[name]
        assert (again.value, again.source) == (default, Source.ENVIRONMENT)


def test_every_setting_is_shown() -> None:
    shown = set(told(Settings()))
    for path in TEXTS:
        assert ".".join(path) in shown or ".".join(path[:-1]) in shown, path
