"""People and keys of machines in the ledger: made, changed, kept out; never without an admin."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from rescuebot import admitting, plain, signing_in
from rescuebot.audit import service as audit
from rescuebot.audit.model import AuditEntry
from rescuebot.database import Database
from rescuebot.errors import Conflict, Invalid, NotFound, Outdated, RescueError
from rescuebot.people import keys, service
from rescuebot.people.model import ApiKey, User
from rescuebot.people.roles import Role
from rescuebot.settings import WebSettings
from tests.conftest import open_database
from tests.factories import NOW

LATER = NOW + timedelta(hours=1)
HASH = "$argon2id$not-of-any-password"


def a_user(database: Database, username: str = "kim", **fields: Any) -> User:
    values = {"role": "viewer", "actor": "tests", "now": NOW, "password_hash": HASH, **fields}
    with database.transaction() as session:
        return service.create(session=session, username=username, **values)


def change(database: Database, which: int | str = "kim", **given: Any) -> User:
    """Change somebody as alice, made for version 1."""
    values = {"expected_version": 1, "actor": "alice", "now": LATER, **given}
    with database.transaction() as session:
        return service.update(session=session, which=which, **values)


def out(database: Database, which: int | str, expected_version: int = 1) -> User:
    with database.transaction() as session:
        return service.disable(
            session=session,
            which=which,
            expected_version=expected_version,
            actor="alice",
            now=LATER,
        )


def user(database: Database, which: int | str = "kim") -> User:
    with database.reading() as session:
        return service.get(session=session, which=which)


def entries(database: Database, action: str = "") -> list[AuditEntry]:
    with database.reading() as session:
        found = audit.list_(session=session, limit=500)
    return [entry for entry in found if entry.action.startswith(action)]


def at_once(database: Database, *calls: Callable[[Database], Any]) -> list[str]:
    """What became of each, each with connections of its own."""

    def one(call: Callable[[Database], Any]) -> str:
        own = open_database(database.url.render_as_string(hide_password=False))
        try:
            call(own)
        except RescueError as error:
            return error.code
        finally:
            own.dispose()
        return "done"

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(one, calls))


def test_a_person_is_made_with_who_and_when_and_the_audit_knows(database: Database) -> None:
    made = a_user(database, "Kim", email="kim@example.com", locale="ko", role=Role.ADMIN)
    assert (made.username, made.display_name, made.role) == ("kim", "Kim", "admin")
    assert (made.version, made.epoch, made.must_change_password) == (1, 1, True)
    assert (made.created_by, made.created_at, made.disabled_at) == ("tests", NOW, None)
    (entry,) = entries(database)
    assert (entry.actor, entry.action) == ("tests", "user_created")
    assert entry.subject == f"user {made.id} 'kim'"
    assert "role 'admin'" in entry.detail and HASH not in entry.detail


def test_all_that_is_wrong_is_told_and_nothing_is_kept(database: Database) -> None:
    wrong = {
        "username": "no name",
        "role": "ingest",
        "display_name": "two\nlines",
        "email": "nowhere",
        "locale": "xx",
        "oidc_subject": "with space",
    }
    with pytest.raises(Invalid) as caught:
        a_user(database, **wrong)
    assert {problem.field for problem in caught.value.problems} == set(wrong)
    with pytest.raises(Invalid, match="actor"):
        a_user(database, actor=" ")
    with database.reading() as session:
        assert service.list_(session=session) == []
    assert entries(database) == []


def test_an_ingest_role_is_refused_by_the_database_itself(database: Database) -> None:
    a_user(database)
    with pytest.raises((DBAPIError, RescueError)), database.transaction() as session:
        session.execute(text("UPDATE user SET role = 'ingest'"))


def test_a_username_is_taken_in_any_case_and_for_ever(database: Database) -> None:
    a_user(database)
    a_user(database, "lee", role="admin")
    out(database, "kim")
    for name in ("kim", "KIM"):
        with pytest.raises(Conflict, match="is taken"):
            a_user(database, name)
    assert [row.username for row in everybody(database)] == ["kim", "lee"]


def everybody(database: Database) -> list[User]:
    with database.reading() as session:
        return list(service.list_(session=session))


def test_of_several_who_take_a_name_at_once_one_has_it(database: Database) -> None:
    told = at_once(database, *[lambda own: a_user(own)] * 4)
    assert told == ["conflict"] * 3 + ["done"]


def test_somebody_is_found_by_id_and_by_name_in_any_case(database: Database) -> None:
    made = a_user(database)
    assert user(database, made.id).id == user(database, "KIM").id == made.id
    for nobody in (made.id + 1, "lee", "", "x" * 9999, "'; DROP TABLE user; --", str(made.id)):
        with pytest.raises(NotFound):
            user(database, nobody)


def test_no_row_gives_its_hash_away(database: Database) -> None:
    made = a_user(database)
    for row in (made, user(database), *everybody(database)):
        assert "password_hash" not in plain.row(row)
    with database.reading() as session:
        with pytest.raises(InvalidRequestError):
            assert service.get(session=session, which="kim").password_hash
        known = service.credentials(session=session, which="kim")
    assert known is not None and known.password_hash == HASH
    assert HASH not in repr(known)


def test_a_change_makes_a_version_and_tells_the_audit_old_and_new(database: Database) -> None:
    a_user(database)
    changed = change(database, display_name="Kim", email="k@example.com", locale="ja")
    assert (changed.version, changed.epoch, changed.updated_by) == (2, 1, "alice")
    assert changed.updated_at == LATER
    (entry,) = entries(database, "user_updated")
    assert entry.detail == (
        "version 2: display_name 'kim' -> 'Kim'; email '' -> 'k@example.com'; locale '' -> 'ja'"
    )


def test_what_changes_nothing_makes_no_version(database: Database) -> None:
    a_user(database)
    assert change(database, role="viewer", locale="").version == 1
    assert entries(database, "user_updated") == []


def test_a_change_made_for_an_older_version_is_refused_and_says_who_was_first(
    database: Database,
) -> None:
    a_user(database)
    change(database, locale="ko")
    for fields in ({"locale": "ja"}, {"locale": "ko"}):
        with pytest.raises(Outdated, match="has version 2 now: alice changed it at 2026-11-22T02"):
            change(database, actor="bob", **fields)
    assert user(database).locale == "ko"


def test_whoever_has_seen_an_older_version_alters_nothing(database: Database) -> None:
    a_user(database)
    by: dict[str, Any] = {"actor": "alice", "database": database}
    both = {"role": "operator", "disabled": True}
    assert admitting.alter("kim", expected_version=1, **both, **by).version == 3
    for change_ in ({"role": "viewer"}, {"disabled": False}, {"email": "k@example.com"}):
        with pytest.raises(Outdated):
            admitting.alter("kim", expected_version=2, **change_, **by)
    now = user(database)
    assert (now.version, now.role, now.disabled_at is None) == (3, "operator", False)


@pytest.mark.parametrize(
    "field", ["password_hash", "epoch", "id", "username", "version", "oidc_subject", "created_by"]
)
def test_other_fields_cannot_be_changed_this_way(database: Database, field: str) -> None:
    a_user(database)
    with pytest.raises(Invalid, match=f"{field}: cannot be changed here"):
        change(database, **{field: 7})


def test_another_role_voids_what_was_signed_before(database: Database) -> None:
    made = a_user(database)
    assert signing_in.current(made.id, 1, database=database) is not None
    assert change(database, role="operator").epoch == 2
    assert signing_in.current(made.id, 1, database=database) is None
    now = signing_in.current(made.id, 2, database=database)
    assert now is not None and now.role is Role.OPERATOR
    (entry,) = entries(database, "user_updated")
    assert entry.detail == "version 2: role 'viewer' -> 'operator'"


def test_whoever_is_disabled_is_out_at_once_and_may_be_let_in_again(database: Database) -> None:
    made = a_user(database)
    assert out(database, "kim").disabled_at == LATER
    for epoch in (1, 2):
        assert signing_in.current(made.id, epoch, database=database) is None
    assert out(database, "kim", 99).version == 2, "twice does no harm"
    back = admitting.alter("kim", disabled=False, actor="bob", database=database)
    assert (back.disabled_at, back.version) == (None, 3)
    assert signing_in.current(made.id, 2, database=database) is not None
    assert signing_in.current(made.id, 1, database=database) is None
    assert [entry.action for entry in entries(database)] == [
        "user_enabled",
        "user_disabled",
        "user_created",
    ]


def test_the_last_admin_stays(database: Database) -> None:
    a_user(database, role="admin")
    a_user(database, "lee", role="admin")
    a_user(database, "viewer")
    out(database, "lee")
    refusals: list[Callable[[], Any]] = [
        lambda: out(database, "kim"),
        lambda: change(database, role="viewer"),
        lambda: admitting.alter("kim", role="operator", actor="kim", database=database),
        lambda: admitting.alter("kim", disabled=True, actor="kim", database=database),
    ]
    for refused in refusals:
        with pytest.raises(Conflict, match="kim is the last admin"):
            refused()
    now = user(database)
    assert (now.role, now.disabled_at, now.epoch, now.version) == ("admin", None, 1, 1)
    assert change(database, locale="ko").version == 2, "all else may be changed"


@pytest.mark.parametrize("again", range(3))
@pytest.mark.parametrize("how", ["demote", "disable", "both"])
def test_two_admins_cannot_end_each_other_at_once(database: Database, how: str, again: int) -> None:
    a_user(database, "kim", role="admin")
    a_user(database, "lee", role="admin")
    first = {"disabled": True} if how == "disable" else {"role": "viewer"}
    second = {"role": "viewer"} if how == "demote" else {"disabled": True}
    told = at_once(
        database,
        lambda own: admitting.alter("kim", actor="lee", database=own, **first),
        lambda own: admitting.alter("lee", actor="kim", database=own, **second),
    )
    assert told == ["conflict", "done"]
    left = [row for row in everybody(database) if row.role == "admin" and not row.disabled_at]
    assert len(left) == 1


def test_of_several_changes_for_one_version_one_is_made(database: Database) -> None:
    a_user(database)
    locales = ("ko", "en", "ja")
    calls = [lambda own, locale=locale: change(own, locale=locale) for locale in locales]
    assert at_once(database, *calls) == ["done", "outdated", "outdated"]
    assert user(database).version == 2


# --- keys of machines -----------------------------------------------------------------------


def a_key(database: Database, name: str = "event-router", **fields: Any) -> tuple[ApiKey, str]:
    values = {"role": "ingest", "actor": "alice", "now": NOW, **fields}
    with database.transaction() as session:
        return keys.create(session=session, name=name, **values)


def revoke(database: Database, which: int | str = "event-router") -> ApiKey:
    with database.transaction() as session:
        return keys.revoke(session=session, which=which, actor="bob", now=LATER)


def test_a_key_opens_and_is_nowhere_in_the_ledger(database: Database) -> None:
    row, key = a_key(database)
    assert re.fullmatch(r"rbk_[A-Za-z0-9_-]{43}", key)
    assert row.prefix == key[:8]
    machine = signing_in.holder(key, database=database, now=lambda: LATER)
    assert machine is not None
    assert (machine.name, machine.role, machine.actor) == (
        "event-router",
        Role.INGEST,
        "key:event-router",
    )
    assert "key_hash" not in plain.row(row)
    with database.reading() as session:
        (kept,) = session.execute(text("SELECT * FROM api_key")).all()
    noted = [entry.detail + entry.subject for entry in entries(database)]
    assert key[8:] not in repr((kept, noted))


def test_what_is_no_key_opens_nothing(database: Database) -> None:
    _, key = a_key(database)
    others: list[Any] = [
        key[:-1],
        key + "A",
        key.lower(),
        "",
        "rbk_",
        None,
        7,
        "한" * 47,
        key + "\n",
    ]
    for other in (*others, "rbk_" + "A" * 43):
        assert signing_in.holder(other, database=database) is None


def test_a_revoked_key_opens_nothing_and_its_name_is_free(database: Database) -> None:
    _, key = a_key(database)
    with pytest.raises(Conflict, match="in use already"):
        a_key(database)
    row = revoke(database)
    assert (row.revoked_by, row.revoked_at, row.live_name) == ("bob", LATER, None)
    assert revoke(database, row.id).revoked_at == LATER, "twice does no harm"
    assert len(entries(database, "api_key_revoked")) == 1
    assert signing_in.holder(key, database=database) is None
    with pytest.raises(NotFound):
        revoke(database)
    _, other = a_key(database)
    assert other != key
    assert signing_in.holder(other, database=database) is not None


def test_a_key_ends_by_itself(database: Database) -> None:
    _, key = a_key(database, expires_at=LATER)
    just_before = LATER - timedelta(seconds=1)
    assert signing_in.holder(key, database=database, now=lambda: just_before) is not None
    assert signing_in.holder(key, database=database, now=lambda: LATER) is None


def test_the_use_of_a_key_is_written_at_most_once_a_minute(database: Database) -> None:
    row, key = a_key(database)
    seen = []
    for seconds in (0, 30, 59, 60, 90):
        at = NOW + timedelta(seconds=seconds)
        assert signing_in.holder(key, database=database, now=lambda: at)
        with database.reading() as session:
            seen.append(keys.get(session=session, which=row.id).last_used_at)
    assert seen == [NOW] * 3 + [NOW + timedelta(seconds=60)] * 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Event Router"),
        ("name", ""),
        ("role", "root"),
        ("role", None),
        ("expires_at", NOW),
        ("expires_at", NOW + timedelta(days=4000)),
    ],
)
def test_a_bad_key_is_not_made(database: Database, field: str, value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        a_key(database, **{field: value})
    assert [problem.field for problem in caught.value.problems] == [field]


def test_of_several_keys_of_one_name_at_once_one_is_made(database: Database) -> None:
    assert at_once(database, *[lambda own: a_key(own)] * 4) == ["conflict"] * 3 + ["done"]


def test_keys_that_ended_long_ago_are_forgotten(database: Database) -> None:
    a_key(database, "old", expires_at=LATER)
    a_key(database, "revoked")
    a_key(database, "for-ever")
    revoke(database, "revoked")
    at = LATER + timedelta(days=90)
    assert signing_in.forget_old(database=database, now=lambda: at) == 0
    at += timedelta(seconds=1)
    assert signing_in.forget_old(database=database, limit=1, now=lambda: at) == 1
    assert signing_in.forget_old(database=database, now=lambda: at) == 1
    with database.reading() as session:
        assert session.scalars(select(ApiKey.name)).all() == ["for-ever"]


# --- the command line -----------------------------------------------------------------------

RUNNER = Path(__file__).parents[2] / "salt/_runners/rescue_people.py"


@pytest.fixture
def runner(sqlite: Database) -> ModuleType:
    """The runner's file as Salt loads it for somebody at a terminal."""
    spec = importlib.util.spec_from_file_location("rescue_people", RUNNER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    url = sqlite.url.render_as_string(hide_password=False)
    options = {"fun": "rescue.user_add", "rescue": {"database": {"url": url}}}
    module.__dict__["__opts__"] = options
    return module


def test_a_secret_is_told_to_the_terminal_and_not_returned(
    runner: ModuleType, sqlite: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Salt keeps what is returned, and sends it over its bus."""
    settings = WebSettings()
    calls: list[Callable[[], Any]] = [
        lambda: runner.user_add("kim", role="admin"),
        lambda: runner.user_password("kim"),
    ]
    for call in calls:
        returned = call()
        secret = capsys.readouterr().err.strip().removeprefix("One-time password of kim: ")
        assert secret not in repr(returned)
        person = signing_in.sign_in("kim", secret, database=sqlite, settings=settings)
        assert (person.role, person.must_change_password) == (Role.ADMIN, True)
    returned = runner.api_key_add("event-router", days=30)
    key = capsys.readouterr().err.strip().removeprefix("Key event-router: ")
    assert key not in repr((returned, runner.api_keys(), runner.users()))
    machine = signing_in.holder(key, database=sqlite)
    assert machine is not None and machine.role is Role.INGEST


@pytest.mark.parametrize("options", [{"fun": ""}, {"async": True}])
def test_where_nobody_reads_no_secret_is_made(
    runner: ModuleType, sqlite: Database, options: dict[str, Any]
) -> None:
    runner.__dict__["__opts__"].update(options)
    for refused in (runner.user_add("kim"), runner.api_key_add("x"), runner.user_password("kim")):
        assert (refused["data"]["error"], refused["data"]["retcode"]) == ("conflict", 1)
    assert everybody(sqlite) == []


def test_the_command_line_changes_roles_and_keeps_people_out(
    runner: ModuleType, sqlite: Database
) -> None:
    for name in ("kim", "lee"):
        a_user(sqlite, name, role="admin")
    assert runner.user_set("kim", role="viewer", disabled=True)["data"]["item"]["version"] == 3
    assert (user(sqlite).role, user(sqlite).disabled_at is None) == ("viewer", False)
    assert runner.user_set("kim", disabled=False)["data"]["item"]["disabled_at"] is None
    assert "last admin" in runner.user_set("lee", role="viewer")["data"]["message"]
    assert runner.user_set("lee", disabled="maybe")["data"]["error"] == "invalid"
    assert runner.api_key_add("x", days=99_999)["data"]["problems"][0]["field"] == "expires_at"
    assert runner.api_key_revoke("x")["data"]["error"] == "not_found"
