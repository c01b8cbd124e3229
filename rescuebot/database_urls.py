"""Where the database is: the settings' URLs, checked, with the password filled in."""

from __future__ import annotations

import os
import ssl

from pydantic import SecretStr
from sqlalchemy import exc
from sqlalchemy.engine import URL, make_url

from rescuebot.errors import Problem, SettingsInvalid
from rescuebot.settings import DatabaseSettings

# What a URL of PyMySQL can name for TLS.
_FILES_OF_TLS = ("ssl_ca", "ssl_cert", "ssl_key")


def primary(settings: DatabaseSettings) -> URL:
    """The SQLAlchemy URL with the password filled in; refuses what we do not support."""
    return _url(settings.url, settings, "url")


def replica(settings: DatabaseSettings) -> URL | None:
    """The same of the replica, if there is one."""
    given = settings.replica_url
    return None if given is None else _url(given, settings, "replica_url")


def refused(message: str, field: str = "url") -> SettingsInvalid:
    """The error for a value under ``rescue.database``."""
    return SettingsInvalid([Problem(f"rescue.database.{field}", message)])


def _url(given: SecretStr, settings: DatabaseSettings, field: str) -> URL:
    try:
        url = make_url(given.get_secret_value())
    except exc.ArgumentError:
        raise refused(
            "is not an SQLAlchemy URL such as mysql+pymysql://user@host/rescue", field
        ) from None
    if url.drivername in ("mysql", "mariadb", "mariadb+pymysql"):
        url = url.set(drivername="mysql+pymysql")
    if url.drivername not in ("sqlite", "sqlite+pysqlite", "mysql+pymysql"):
        raise refused("must begin with mysql+pymysql:// or sqlite:///", field)
    if settings.password is not None:
        url = url.set(password=settings.password.get_secret_value())
    if url.get_backend_name() == "mysql" and not url.database:
        raise refused("must name a database, as in mysql+pymysql://user@host/rescue", field)
    _check_files({name: str(url.query[name]) for name in _FILES_OF_TLS if name in url.query}, field)
    return url


def _check_files(files: dict[str, str], field: str) -> None:
    """Refused here by name; the driver would say neither which file it is nor what is wrong."""
    for name, file in files.items():
        if not os.access(file, os.R_OK):
            raise refused(f"{name} must name a file that can be read here", field)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if "ssl_ca" in files:
            context.load_verify_locations(files["ssl_ca"])
    except OSError:
        raise refused("ssl_ca must name a file with certificates in PEM", field) from None
    try:
        if "ssl_cert" in files:
            context.load_cert_chain(files["ssl_cert"], files.get("ssl_key"), password="")
    except OSError:
        raise refused(
            "ssl_cert and ssl_key must name a certificate and its key in PEM, without a passphrase",
            field,
        ) from None
