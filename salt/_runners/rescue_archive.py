"""Old events and their logs: store them away, list what is stored, bring it back.

These functions are ``rescue.*`` as well; they stand in a file of their own for its length.
"""

import logging

from rescuebot import archiving, clock, console, plain, restoring
from rescuebot.archive import service as archive_

log = logging.getLogger(__name__)

__virtualname__ = "rescue"


def __virtual__():
    return __virtualname__


@console.told
def archive(dry_run=False):
    """Store away now what is old and over, and delete it here; prints the files that were made.

    With ``dry_run=true`` it only tells what would go.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.archive dry_run=true
        salt-run rescue.archive
    """
    config, ledger = console.ledger(__opts__)
    if console.switch("dry_run", dry_run):
        return console.shown(archiving.preview(settings=config, database=ledger))
    done = archiving.archive(settings=config, database=ledger, actor=console.actor())
    if not done.archives:
        return console.shown({"archived": 0, "older_than": clock.isoformat(done.before)})
    return console.table(
        __opts__,
        lambda session: [
            plain.row(archive_.get(session=session, archive_id=number)) for number in done.archives
        ],
    )


@console.told
def archives(limit=50, check=False):
    """The files of the archive, newest first: how far each is, from when to when, how large.

    With ``check=true`` only those that are no longer at their place as they were stored.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.archives
        salt-run rescue.archives check=true limit=1000
    """
    if not console.switch("check", check):
        return console.listed(__opts__, archive_, limit=limit)
    config, ledger = console.ledger(__opts__)
    most = min(console.number("limit", limit), console.MOST_ROWS)
    return console.shown(plain.rows(archiving.lost(settings=config, database=ledger, limit=most)))


@console.told
def restore(
    archive=None, event=None, since=None, until=None
):  # pylint: disable=redefined-outer-name
    """Bring back a whole file, one event, or what is of a time, with all ids as they were.

    What came back stays for as long as if it were of today.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.restore archive=3
        salt-run rescue.restore event=17
        salt-run rescue.restore since=2026-05-01T00:00Z until=2026-05-08T00:00Z
    """
    config, ledger = console.ledger(__opts__)
    told = restoring.restore(
        settings=config,
        database=ledger,
        actor=console.actor(),
        archive_id=None if archive is None else console.number("archive", archive),
        event_id=None if event is None else console.number("event", event),
        since=None if since is None else console.moment("since", since),
        until=None if until is None else console.moment("until", until),
    )
    return console.shown(told.plain())
