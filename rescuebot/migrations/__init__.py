"""The tables' history. `upgrade` is safe to call from several processes at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from rescuebot.database import Database, own_errors
from rescuebot.errors import DatabaseUnavailable, MigrationFailed, SchemaNewer, SchemaOutdated
from rescuebot.settings import DatabaseSettings

# Before the import: alembic tells of each of its plugins while it is being imported.
logging.getLogger("alembic").setLevel(logging.WARNING)

from alembic import command  # noqa: E402
from alembic.config import Config  # noqa: E402
from alembic.migration import MigrationContext  # noqa: E402
from alembic.script import ScriptDirectory  # noqa: E402

_LOCK = "rescuebot_migrations"
_LOCK_SECONDS = 120
# A large table is rebuilt in one statement, and another migration is waited for in one as well.
_STATEMENT_SECONDS = 600


def patient(settings: DatabaseSettings) -> DatabaseSettings:
    """These settings, with as much time for a statement as a migration may need."""
    seconds = max(settings.read_seconds, _STATEMENT_SECONDS)
    return settings.model_copy(update={"read_seconds": seconds})


def upgrade(database: Database, revision: str = "head") -> str:
    """Bring the tables to `revision` and return the one they have then.

    Raises SchemaNewer for tables of a newer version, MigrationFailed when the database refuses.
    """
    with _locked(database) as connection:
        _refuse_newer(_current(connection))
        command.upgrade(_config(connection), revision)
        return _current(connection) or "base"


def downgrade(database: Database, revision: str) -> None:
    """Take the tables back to `revision`; ``base`` removes them all. Raises as `upgrade`."""
    with _locked(database) as connection:
        _refuse_newer(_current(connection))
        command.downgrade(_config(connection), revision)


def current(database: Database) -> str | None:
    """The revision that the tables have, or None where there are none."""
    with database.reading() as session:
        return _current(session.connection())


def head() -> str:
    """The revision that this version of the library needs."""
    revision = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert revision is not None, "there is always a first migration"
    return revision


def known() -> frozenset[str]:
    """All revisions that this version of the library has heard of."""
    return frozenset(
        one.revision for one in ScriptDirectory.from_config(_config(None)).walk_revisions()
    )


def ensure(database: Database, settings: DatabaseSettings) -> None:
    """Make the tables ready if settings allow it here, else raise SchemaOutdated."""
    found = current(database)
    if found == head():
        return
    _refuse_newer(found)
    if settings.migrate == "always" or (settings.migrate == "embedded" and database.embedded):
        upgrade(database)
        return
    raise SchemaOutdated(
        f"The tables are of revision {found or 'none'}, this version needs {head()}.",
        remedy="Run: salt-run rescue.migrate",
    )


def _refuse_newer(found: str | None) -> None:
    if found is not None and found not in known():
        raise SchemaNewer(
            f"The tables are of revision {found}, which this version does not know.",
            remedy="Install the version that has made them, or let that one take them back.",
        )


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _locked(database: Database) -> Iterator[Connection]:
    """A connection in a transaction that no second migration can enter.

    SQLite locks by itself at BEGIN IMMEDIATE; MySQL commits each DDL, so it needs a named lock.
    """
    with own_errors():
        connection = database.engine.connect()
    with connection, _no_statements():
        if database.embedded:
            with _patient(connection), _references_unwatched(connection), connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                assert not broken, "a migration keeps every reference"
            return
        with _mysql_lock(connection):
            yield connection
            connection.commit()


@contextmanager
def _no_statements() -> Iterator[None]:
    """A refusal of the database without its words: they hold statements and addresses."""
    try:
        yield
    except SQLAlchemyError as error:
        # The driver's own error begins with the number that MySQL's reference explains.
        number = next(iter(getattr(getattr(error, "orig", None), "args", ())), None)
        said = f" {number}" if isinstance(number, int) else ""
        raise MigrationFailed(
            f"The database has refused a step of the migration: {type(error).__name__}{said}.",
            remedy="Its own log tells more. Mend what it names there, then run this again.",
        ) from error


@contextmanager
def _patient(connection: Connection) -> Iterator[None]:
    """Wait for another migration as long as on MySQL, and not only as for another writer."""
    (usual,) = connection.exec_driver_sql("PRAGMA busy_timeout").one()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {_LOCK_SECONDS * 1000}")
    connection.rollback()
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {usual}")


@contextmanager
def _references_unwatched(connection: Connection) -> Iterator[None]:
    """SQLite changes a column by making the table anew, which must not drop what refers to it.

    The switch does nothing inside of a transaction, so it is thrown outside.
    """
    raw = connection.connection.driver_connection
    assert raw is not None, "the connection is open"
    raw.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys = ON")


@contextmanager
def _mysql_lock(connection: Connection) -> Iterator[None]:
    asked = connection.exec_driver_sql("SELECT GET_LOCK(%s, %s)", (_LOCK, _LOCK_SECONDS))
    if asked.scalar() != 1:
        raise DatabaseUnavailable(
            "Another process has been changing the tables for two minutes.",
            remedy="Try again when it has ended.",
        )
    try:
        yield
    finally:
        connection.exec_driver_sql("SELECT RELEASE_LOCK(%s)", (_LOCK,))
