"""``python -m rescuebot.migrations``: brings the tables of the ledger to this version, then ends.

``--back-to REVISION`` takes newer tables back to those of an older version, which tells its own
with ``--head``.

Invariant: the one line on stdout holds revisions and codes only, so that a program may pass it on;
what people need beside it stands on stderr. It may be run as often as one likes, also at once.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence

import tenacity

from rescuebot import migrations, settings
from rescuebot.database import Database
from rescuebot.errors import DatabaseUnavailable, RescueError, SchemaNewer

DONE, FAILED, NEWER = 0, 1, 3
# A database that sleeps until somebody asks needs about half a minute to wake up.
_WAKING_SECONDS = 90


def main(environ: Mapping[str, str] = os.environ, words: Sequence[str] = ()) -> int:
    """Migrate what the environment names; the exit code."""
    asked = _asked(words)
    if asked.head:
        print(migrations.head())
        return DONE
    try:
        return _migrate(_ledger(environ), asked.back_to)
    except RescueError as error:
        return _failed(error.code, str(error))


def _ledger(environ: Mapping[str, str]) -> Database:
    return Database(migrations.patient(settings.load(environ=environ).database))


def _asked(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m rescuebot.migrations",
        description="Bring the tables of the ledger to this version. 0 done, 1 failed, 3 they are"
        " newer than this version and stay as they are.",
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--head", action="store_true", help="print the revision of this version")
    instead.add_argument(
        "--back-to",
        metavar="REVISION",
        choices=sorted(migrations.known()),
        help="take the tables back; what only the newer ones keep is lost",
    )
    return parser.parse_args(list(words))


def _migrate(ledger: Database, back_to: str | None) -> int:
    began = time.monotonic()
    before = _current(ledger)
    try:
        after = _moved(ledger, back_to)
    except SchemaNewer as error:
        _say(code="newer", before=before, after=before)
        print(error, file=sys.stderr)
        return NEWER
    _say(code="done", before=before, after=after)
    print(f"Done in {time.monotonic() - began:.1f} s.", file=sys.stderr)
    return DONE


def _moved(ledger: Database, back_to: str | None) -> str:
    if back_to is None:
        return migrations.upgrade(ledger)
    migrations.downgrade(ledger, back_to)
    return back_to


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
    sys.exit(main(words=sys.argv[1:]))
