"""What was told to whom; and saying that somebody sees to an event.

These functions are ``rescue.*`` as well; they stand in a file of their own for its length.
"""

from rescuebot import closing, console, history
from rescuebot.notices import looking
from rescuebot.notices.model import NoticeStatus

__virtualname__ = "rescue"


def __virtual__():
    return __virtualname__


@console.told
def notices(limit=50, status=None):
    """List what was told, or is to be told, the latest first.

    ``status`` is ``pending``, ``sent``, ``merged`` (another notice told it) or ``given_up`` (it
    reached nobody but the log).

    CLI Example:

    .. code-block:: bash

        salt-run rescue.notices
        salt-run rescue.notices status=given_up
    """
    wanted = console.member(NoticeStatus, "status", status)
    return console.listed(__opts__, looking, limit=limit, status=wanted)


@console.told
def notice(number):
    """Show a notice with what each way answered.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.notice 17
    """
    wanted = console.number("number", number)

    return console.table(
        __opts__,
        lambda session: history.plain_notice(looking.whole(session=session, notice_id=wanted)),
    )


@console.told
def acknowledge(event, reason=""):
    """Say that you see to an event, so that nobody else is called for it.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.acknowledge 17 reason='I am on it'
    """
    _, ledger = console.ledger(__opts__)
    wanted = console.number("event", event)
    found = closing.acknowledge(
        [wanted],
        reason=console.text("reason", reason),
        actor=console.actor(),
        database=ledger,
    )
    found[0].insist()
    return console.table(
        __opts__, lambda session: history.of_event(session=session, event_id=wanted)
    )
