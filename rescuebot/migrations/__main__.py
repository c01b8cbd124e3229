"""``python -m rescuebot.migrations``: brings the tables of the ledger to this version, then ends.

Invariant: the one line on stdout holds revisions and codes only, so that a program may pass it on;
what people need beside it stands on stderr. It may be run as often as one likes, also at once.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping

import tenacity
from sqlalchemy.exc import SQLAlchemyError

from rescuebot import migrations, settings
from rescuebot.database import Database
from rescuebot.errors import DatabaseUnavailable, RescueError

DONE, FAILED, NEWER = 0, 1, 3
# The image sets these for gunicorn; they look like settings and are none.
NOT_SETTINGS = ("RESCUE_BIND", "RESCUE_THREADS")
# A database that sleeps until somebody asks needs about half a minute to wake up.
_WAKING_SECONDS = 90


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Migrate what the environment names; the exit code."""
    try:
        return _migrate(_ledger(environ))
    except RescueError as error:
        return _failed(error.code, str(error))
    except SQLAlchemyError as error:
        # Its words hold statements and addresses.
        return _failed("database_failed", f"The database has refused: {type(error).__name__}.")
    except OSError as error:
        # Such as the certificate that a URL names with ssl_ca.
        return _failed("file_unreadable", f"{error.filename} cannot be read: {error.strerror}.")


def _ledger(environ: Mapping[str, str]) -> Database:
    given = {name: text for name, text in environ.items() if name not in NOT_SETTINGS}
    return Database(migrations.patient(settings.load(environ=given).database))


def _migrate(ledger: Database) -> int:
    began = time.monotonic()
    before = _current(ledger)
    if before is not None and before not in migrations.known():
        _say(code="newer", before=before, after=before)
        print("The tables are of a newer version than this one: left as they are.", file=sys.stderr)
        return NEWER
    after = migrations.upgrade(ledger)
    _say(code="done", before=before, after=after)
    print(f"Done in {time.monotonic() - began:.1f} s.", file=sys.stderr)
    return DONE


@tenacity.retry(
    retry=tenacity.retry_if_exception_type(DatabaseUnavailable),
    wait=tenacity.wait_random_exponential(multiplier=0.5, max=10),
    stop=tenacity.stop_after_delay(_WAKING_SECONDS),
    reraise=True,
)
def _current(ledger: Database) -> str | None:
    """The revision of the tables; here a database that does not answer yet is waited for."""
    return migrations.current(ledger)


def _failed(code: str, words: str) -> int:
    _say(code=code)
    print(words, file=sys.stderr)
    return FAILED


def _say(*, code: str, before: str | None = "", after: str | None = "") -> None:
    """The line for programs: ``migrations code=done from=none to=0014``."""
    said = {"code": code, "from": before or "none", "to": after or "none"}
    if code not in ("done", "newer"):
        said = {"code": code}
    print("migrations", *(f"{name}={value}" for name, value in said.items()), flush=True)


if __name__ == "__main__":
    sys.exit(main())
