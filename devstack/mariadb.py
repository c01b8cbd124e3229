"""A MariaDB server in a directory of its own, for the ledger of Rescue Bot and for tests.

It listens on a free port of 127.0.0.1, with the durability that a real one has: what was committed
survives a kill.
"""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pymysql

from devstack import ports
from devstack.errors import WorldError
from devstack.place import Place, user
from devstack.process import Daemon

DATABASE = "rescue"
_USER = "rescue"
# Makes databases and grants them; the user of the ledger has no such rights.
_KEEPER = "devstack"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")

# Rings of io_uring are counted for a user, and several servers at once use them up.
_PORTABLE = ("--innodb-use-native-aio=0",)


class MariaDB:
    """One server with a fresh data directory, an empty database and a user with a password."""

    def __init__(
        self,
        directory: Path | str,
        *,
        name: str = "mariadb",
        place: Place | None = None,
        outlives_owner: bool = False,
        options: Sequence[str] = (),
    ) -> None:
        self.directory = Path(directory).resolve()
        self.port = ports.free(1)[0]
        self._name = name
        self._own_place = place is None
        self._place = place or Place(directory)
        self._passwords = {name: secrets.token_urlsafe(18) for name in (_USER, _KEEPER)}
        self._outlives_owner = outlives_owner
        # The last one counts, so these win over ours.
        self._options = tuple(options)
        self._daemon: Daemon | None = None

    def start(self) -> None:
        """Start it, on the first time with new data, and wait until it answers."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start it without waiting."""
        data = self.directory / "data"
        if not data.exists():
            install(data, log=self._place.logs / f"{self._name}-install.log")
        self._daemon = Daemon(
            name=self._name,
            arguments=[*self._arguments(data)],
            place=self._place,
            outlives_owner=self._outlives_owner,
        )
        self._daemon.launch()

    def wait(self) -> None:
        """Wait until it answers."""
        self.daemon.wait_until(self.is_up, seconds=120)

    def stop(self) -> None:
        """Stop it; it may be started again with the same data on the same port."""
        if self._daemon is not None:
            self._daemon.stop()
        if self._own_place:
            self._place.release()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.daemon.kill()

    @property
    def daemon(self) -> Daemon:
        """The running program."""
        if self._daemon is None:
            raise WorldError("This MariaDB server has not been started.")
        return self._daemon

    def is_up(self) -> bool:
        """Whether the user of the ledger can ask it something."""
        try:
            self._ask(_USER, "SELECT 1")
        except pymysql.MySQLError:
            return False
        return True

    def url(self, database: str = DATABASE) -> str:
        """The SQLAlchemy URL of one of its databases, password included."""
        password = self._passwords[_USER]
        return f"mysql+pymysql://{_USER}:{password}@{ports.LOOPBACK}:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Make an empty database of this name for the user of the ledger; its URL."""
        if not _NAME.fullmatch(name):
            raise WorldError(f"{name!r} is not a name for a database.", remedy="Use a-z, 0-9, _.")
        self._ask(_KEEPER, f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        self._ask(_KEEPER, f"GRANT ALL ON `{name}`.* TO '{_USER}'@'{ports.LOOPBACK}'")
        return self.url(name)

    def _ask(self, user: str, statement: str) -> None:
        connection = pymysql.connect(
            host=ports.LOOPBACK,
            port=self.port,
            user=user,
            password=self._passwords[user],
            connect_timeout=5,
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def _arguments(self, data: Path) -> list[str | Path]:
        first = self.directory / "first.sql"
        first.touch(mode=0o600)
        first.write_text(self._first_statements())
        return [
            *server_arguments(data=data, port=self.port, socket=self._socket()),
            f"--pid-file={self.directory / 'mariadb.pid'}",
            f"--init-file={first}",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
            *_PORTABLE,
            *self._options,
        ]

    def _socket(self) -> Path:
        return self._place.sockets / f"{self._name}.sock"

    def _first_statements(self) -> str:
        """What the server runs at each start, before it takes connections; one line each."""
        at = f"@'{ports.LOOPBACK}'"
        lines = [f"CREATE DATABASE IF NOT EXISTS `{DATABASE}` CHARACTER SET utf8mb4"]
        for name, password in self._passwords.items():
            lines.append(f"CREATE USER IF NOT EXISTS '{name}'{at} IDENTIFIED BY '{password}'")
        lines.append(f"GRANT ALL ON `{DATABASE}`.* TO '{_USER}'{at}")
        lines.append(f"GRANT ALL ON *.* TO '{_KEEPER}'{at} WITH GRANT OPTION")
        return "".join(f"{line};\n" for line in lines)


def program(name: str = "mariadbd") -> Path:
    """Where a program of the server is; distributions keep it outside of a user's PATH."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        raise WorldError(
            f"MariaDB's {name} is not installed.",
            remedy="Install it (Debian, Ubuntu: apt-get install mariadb-server) or use SQLite.",
        )
    return Path(found)


def is_installed() -> bool:
    """Whether this machine can run a MariaDB server."""
    try:
        return bool(program("mariadbd") and program("mariadb-install-db"))
    except WorldError:
        return False


def install(data: Path, *, log: Path) -> None:
    """Fill a new data directory; half a second."""
    done = subprocess.run(
        [
            program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={data}",
            f"--user={user()}",
            f"--auth-root-socket-user={user()}",
            "--skip-test-db",
            "--innodb-log-file-size=4M",
            *_PORTABLE,
            f"--tmpdir={_scratch(data)}",
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    log.write_text(done.stdout + done.stderr)
    if done.returncode:
        raise WorldError(
            f"MariaDB could not fill {data}.", remedy=(done.stdout + done.stderr)[-2000:]
        )


def server_arguments(*, data: Path, port: int, socket: Path) -> list[str | Path]:
    """The command line that every MariaDB server of the world has in common."""
    return [
        program("mariadbd"),
        "--no-defaults",
        f"--user={user()}",
        f"--datadir={data}",
        f"--tmpdir={_scratch(data)}",
        f"--bind-address={ports.LOOPBACK}",
        f"--port={port}",
        f"--socket={socket}",
        "--skip-name-resolve",
        "--character-set-server=utf8mb4",
        "--max-allowed-packet=64M",
    ]


def _scratch(data: Path) -> Path:
    """Where the server of this data keeps temporary tables, beside the data.

    A server that starts deletes every ``#sql…`` in its directory, those of others too: with /tmp
    for all, one out of a dozen that were filled side by side failed
    (``mysql_rm_tmp_tables`` in sql/sql_base.cc of MariaDB 10.11).
    """
    scratch = data.parent / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    return scratch
