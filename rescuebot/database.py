"""The database layer: MySQL over PyMySQL, or the embedded SQLite.

Invariant: `transaction` either commits everything or nothing, and what it raises is from our own
error tree: `Contention` (repeat it), `DatabaseUnavailable` (nothing happened, try later).
"""

from __future__ import annotations

import enum
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import tenacity
from sqlalchemy import (
    TIMESTAMP,
    Enum,
    Executable,
    MetaData,
    Text,
    create_engine,
    event,
    exc,
    insert,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, Connection, Dialect, Engine
from sqlalchemy.engine.interfaces import ExecutionContext
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from rescuebot import database_urls as urls
from rescuebot.clock import as_utc
from rescuebot.errors import (
    DatabaseUnavailable,
    RescueError,
    SchemaOutdated,
    TooSlow,
)
from rescuebot.logs import logger
from rescuebot.settings import DatabaseSettings

# MySQL's lock wait timeout, deadlock, and a savepoint that is gone, because a deadlock has taken
# back the whole transaction and not only what came after it. Source: MySQL error reference.
_CONTENTION_CODES = frozenset({1205, 1213, 1305})
# Unknown column, unknown table, unknown index in a hint.
_SCHEMA_CODES = frozenset({1054, 1146, 1176})
# The time limit of a statement: of MariaDB, of MySQL.
_SLOW_CODES = frozenset({1969, 3024})
_READING = "rescuebot_reading"
_SECONDS = "rescuebot_seconds"
# What somebody waits for on a screen takes milliseconds; what takes this long is given up.
LIST_SECONDS = 3.0
# A replica that did not answer is left alone for so long.
_REPLICA_PAUSE = 30.0
_Statement = TypeVar("_Statement", bound=Executable)

log = logger(__name__)


class Contention(RescueError):
    """Two transactions met; this one was rolled back whole and may simply be repeated."""

    code = "contention"


class Unstorable(RescueError):
    """The database refuses these values for what they are; the same will be refused again."""

    code = "unstorable"


class Base(DeclarativeBase):
    """Root of all tables. Names of constraints are fixed, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcTimestamp(TypeDecorator[datetime]):
    """TIMESTAMP to the microsecond, always UTC and always aware on this side.

    MySQL's TIMESTAMP ends on 2038-01-19; intake keeps event times far inside of that.
    """

    impl = TIMESTAMP
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What it is on this side."""
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "mysql":
            return dialect.type_descriptor(mysql.TIMESTAMP(fsp=6))
        return dialect.type_descriptor(TIMESTAMP())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else as_utc(value).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else as_utc(value)


# TEXT holds 64 KB in MySQL; this holds 16 MB, for results of up to 10 MB.
LongText = Text().with_variant(mysql.MEDIUMTEXT(), "mysql")


def enum_column(of: type[enum.StrEnum], name: str) -> Enum:
    """The values of `of` as an ENUM in MySQL and as a CHECK in SQLite."""
    return Enum(
        of,
        name=name,
        values_callable=lambda kind: [member.value for member in kind],
        create_constraint=True,
        validate_strings=True,
    )


class Database:
    """One pool of connections. Build it after a fork, never before."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self.url = urls.primary(settings)
        self.engine = _engine(self.url, settings)
        copy = urls.replica(settings)
        self._replica = None if copy is None else _engine(copy, settings)
        self._replica_again_at = 0.0

    @property
    def embedded(self) -> bool:
        """Whether this is SQLite, for which no server has to be kept."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose changes are committed together when the block ends well."""
        with own_errors(), Session(self.engine, expire_on_commit=False) as session:
            with session.begin():
                yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads and takes no write lock."""
        with self._reading(self.engine) as session:
            yield session

    @contextmanager
    def replica(self) -> Iterator[Session]:
        """As `reading`, from the replica if one is configured and answers; it may lag behind.

        One that does not answer is not asked again for half a minute.
        """
        engine = self._answering_replica()
        if engine is None:
            engine = self.engine
        with self._reading(engine) as session:
            yield session

    @contextmanager
    def _reading(self, engine: Engine) -> Iterator[Session]:
        engine = engine.execution_options(**{_READING: True})
        with own_errors(), Session(engine, expire_on_commit=False) as session:
            yield session

    def _answering_replica(self) -> Engine | None:
        if self._replica is None or time.monotonic() < self._replica_again_at:
            return None
        try:
            # The pool pings what it gives, so a connection that came back is one that answers.
            with own_errors(), self._replica.connect():
                return self._replica
        except DatabaseUnavailable as error:
            self._replica_again_at = time.monotonic() + _REPLICA_PAUSE
            log.warning("replica_unavailable", reason=error.message)
            return None

    def ping(self) -> None:
        """Raise DatabaseUnavailable unless the database answers."""
        with self.reading() as session:
            session.connection().exec_driver_sql("SELECT 1")

    def dispose(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()
        if self._replica is not None:
            self._replica.dispose()


def limited(statement: _Statement) -> _Statement:
    """The statement with a time limit, over which it raises TooSlow. SQLite knows no limit."""
    return statement.execution_options(**{_SECONDS: LIST_SECONDS})


def insert_missing(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`, leaving out those whose unique key is taken already."""
    if not rows:
        return
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sqlite_insert(table).on_conflict_do_nothing(), list(rows))
    else:
        session.execute(insert(table).prefix_with("IGNORE", dialect="mysql"), list(rows))


repeat_on_contention = tenacity.retry(
    retry=tenacity.retry_if_exception_type(Contention),
    wait=tenacity.wait_random_exponential(multiplier=0.02, max=1.0),
    stop=tenacity.stop_after_attempt(8),
    reraise=True,
)
"""Decorator for a story that owns its transaction: run it again when it met another."""


_shared: dict[tuple[int, str], Database] = {}
_shared_lock = threading.Lock()


def shared(settings: DatabaseSettings) -> Database:
    """The one Database of this process for these settings.

    Salt re-executes a runner file every minute; whatever it made there would leak. Keyed by
    process id, because a pool must not be used on both sides of a fork.
    """
    key = (os.getpid(), settings.model_dump_json() + settings.url.get_secret_value())
    with _shared_lock:
        if key not in _shared:
            _shared[key] = Database(settings)
        return _shared[key]


def _engine(url: URL, settings: DatabaseSettings) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, settings)
    engine = create_engine(
        url.update_query_dict({"charset": "utf8mb4"}),
        # READ COMMITTED: what is read after taking a lock must be what the last owner committed.
        isolation_level="READ COMMITTED",
        pool_size=settings.pool_size,
        max_overflow=settings.pool_size,
        pool_pre_ping=True,
        pool_recycle=600,
        connect_args={
            "connect_timeout": settings.connect_seconds,
            "read_timeout": settings.read_seconds,
            "write_timeout": settings.read_seconds,
            "init_command": (
                "SET time_zone = '+00:00', sql_mode = 'TRADITIONAL', innodb_lock_wait_timeout = 10"
            ),
        },
    )
    event.listen(engine, "before_cursor_execute", _limit, retval=True)
    return engine


def _limit(
    connection: Connection,
    cursor: object,
    statement: str,
    parameters: Any,
    context: ExecutionContext,
    executemany: bool,
) -> tuple[str, Any]:
    """Write the time limit into a statement that has one; a session's would outlive it."""
    seconds = context.execution_options.get(_SECONDS)
    if seconds is not None and connection.dialect.is_mariadb:  # type: ignore[attr-defined]
        statement = f"SET STATEMENT max_statement_time={seconds:.3f} FOR {statement}"
    elif seconds is not None:
        hint = f"SELECT /*+ MAX_EXECUTION_TIME({seconds * 1000:.0f}) */"
        statement = statement.replace("SELECT", hint, 1)
    return statement, parameters


def _sqlite_engine(url: URL, settings: DatabaseSettings) -> Engine:
    if url.database and url.database != ":memory:":
        _make_folder(Path(url.database).parent)
    engine = create_engine(url, connect_args={"timeout": settings.connect_seconds})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise urls.refused(f"its folder cannot be made: {error.strerror}") from None


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    # The driver must not begin transactions by itself: _begin_sqlite says which kind.
    connection.isolation_level = None
    _write_ahead(connection)
    for pragma in ("synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _is_busy(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY  # The rest tells of what kind.


@tenacity.retry(
    retry=tenacity.retry_if_exception(_is_busy),
    wait=tenacity.wait_random(0.005, 0.05),
    stop=tenacity.stop_after_delay(5),
    reraise=True,
)
def _write_ahead(connection: sqlite3.Connection) -> None:
    # Of several that open a new file at once all but one are turned away, whatever their time-out.
    connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that turns into a writer half-way fails at once with "locked";
    # IMMEDIATE waits its turn at the beginning, where nothing has been read yet.
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def own_errors() -> Iterator[None]:
    """What the driver raises, in the words of our own error tree."""
    try:
        yield
    except (exc.OperationalError, exc.ProgrammingError) as error:
        translated = _translated(error)
        if translated is None:
            raise
        raise translated from error
    except exc.IntegrityError as error:
        if _is_duplicate(error):
            raise Contention("Another transaction has just inserted the same key.") from error
        raise Unstorable("The database refuses these values.") from error
    except (exc.DataError, exc.NotSupportedError) as error:
        raise Unstorable("The database refuses these values.") from error
    except (exc.InterfaceError, exc.TimeoutError) as error:
        raise DatabaseUnavailable("The database does not answer.") from error


def _translated(error: exc.DBAPIError) -> RescueError | None:
    """What it means to us; None when it is a mistake of ours, which must be seen as such."""
    original = error.orig
    code = original.args[0] if original is not None and original.args else None
    if code in _CONTENTION_CODES or "database is locked" in str(code):
        return Contention("Another transaction holds the same rows.")
    if code in _SCHEMA_CODES or "no such table" in str(code) or "no such column" in str(code):
        return SchemaOutdated(
            "The tables of Rescue Bot are missing or not those of this version.",
            remedy="Run: salt-run rescue.migrate",
        )
    if code in _SLOW_CODES:
        return TooSlow(
            f"It would have taken longer than {LIST_SECONDS:.0f} seconds.",
            remedy="Narrow the time range, or ask for one server or service.",
        )
    if isinstance(error, exc.ProgrammingError):
        return None
    return DatabaseUnavailable("The database does not answer or refused the work.")


def _is_duplicate(error: exc.IntegrityError) -> bool:
    code = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return code == 1062 or "UNIQUE constraint" in str(code)
