"""A MySQL server that somebody else has started, in the place of our own MariaDB.

``RESCUE_TEST_MYSQL_URL=mysql+pymysql://root:…@127.0.0.1:3306`` names it, with a user that may make
databases. The CI runs the tests of the ledger on MySQL 8.4 so, which is what RDS runs.
"""

from __future__ import annotations

import os
import secrets

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from devstack.mariadb import MariaDB

VARIABLE = "RESCUE_TEST_MYSQL_URL"


class Given(MariaDB):
    """What tests ask of a server; its databases have names of this run alone."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._run = secrets.token_hex(4)
        self.port = url.port or 3306

    def create_database(self, name: str) -> str:
        """Make an empty database; its URL."""
        own = f"{name}_{self._run}"
        engine = create_engine(self._url)
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE `{own}` CHARACTER SET utf8mb4"))
        engine.dispose()
        return self._url.set(database=own).render_as_string(hide_password=False)


def given() -> Given | None:
    """The server that the environment names, if it names one."""
    url = os.environ.get(VARIABLE)
    return Given(make_url(url)) if url else None
