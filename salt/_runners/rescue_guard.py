"""Stop and go: halts, maintenance windows, what is held and why.

These functions are ``rescue.*`` as well; they stand in a file of their own for its length.
"""

import logging

from rescuebot import approving, clock, console, halting, history, plain
from rescuebot.executions import waiting
from rescuebot.guard import halts as halts_
from rescuebot.guard import windows as windows_

log = logging.getLogger(__name__)

__virtualname__ = "rescue"


def __virtual__():
    return __virtualname__


@console.told
def held(limit=50):
    """What is held now, by which rule, since when, and when it is looked at again.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.held
    """
    most = min(console.number("limit", limit), console.MOST_ROWS)
    return console.table(
        __opts__,
        lambda session: history.held(rows=waiting.held(session=session, limit=most)),
    )


@console.told
def cancel(execution):
    """Take back an execution that has not been sent yet, whatever holds it.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.cancel 17
    """
    _, ledger = console.ledger(__opts__)
    wanted = console.number("execution", execution)
    approving.cancel(wanted, actor=console.actor(), database=ledger)
    return console.table(
        __opts__, lambda session: history.of_execution(session=session, execution_id=wanted)
    )


@console.told
def halt(target="*", reason=""):
    """Let nothing new start: everywhere, or on ``service:``, ``server:`` or ``minion:`` a name.

    What runs already ends as usual; what is queued on a minion is refused there, too. Names may
    hold ``*`` and ``?``.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.halt reason='we are looking into it'
        salt-run rescue.halt service:mysql reason='failing over'
    """
    _, ledger = console.ledger(__opts__)
    words = console.text("reason", reason)
    halting.halt(target, reason=words, actor=console.actor(), database=ledger)
    return halts()


@console.told
def resume(target="*"):
    """Lift the halt that stands on exactly this target; what was held is looked at again at once.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.resume
        salt-run rescue.resume service:mysql
    """
    _, ledger = console.ledger(__opts__)
    halting.resume(target, actor=console.actor(), database=ledger)
    return halts()


@console.told
def halts():
    """The halts that stand.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.halts
    """
    return console.table(__opts__, lambda session: plain.rows(halts_.list_(session=session)))


@console.told
def windows(limit=50):
    """Maintenance windows: those that stand or come, then those that are over.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.windows
    """
    return console.listed(__opts__, windows_, limit=limit, now=clock.now())


@console.told
def window_open(target, reason, ends, starts="now"):
    """Announce work on a target: its alarms are recorded, and nothing is fixed until it is over.

    Times are ISO 8601 (UTC where no zone is given), ``now``, or ``+2h`` from now.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.window_open service:mysql 'upgrade to 8.4' ends=+2h
        salt-run rescue.window_open '*' 'AZ move' starts=2026-12-01T01:00+09:00 \\
            ends=2026-12-01T05:00+09:00
    """
    _, ledger = console.ledger(__opts__)
    halting.open_window(
        target,
        starts_at=console.moment("starts", starts),
        ends_at=console.moment("ends", ends),
        reason=console.text("reason", reason),
        actor=console.actor(),
        database=ledger,
    )
    return windows()


@console.told
def window_close(window_id):
    """End a maintenance window early; what it held is looked at again at once.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.window_close 2
    """
    _, ledger = console.ledger(__opts__)
    wanted = console.number("window_id", window_id)
    halting.close_window(wanted, actor=console.actor(), database=ledger)
    return windows()


@console.told
def chronic(limit=50):
    """Remedies that fix the same server again and again, and so hide a fault.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.chronic
    """
    config, _ = console.ledger(__opts__)
    most = min(console.number("limit", limit), console.MOST_ROWS)
    return console.table(
        __opts__,
        lambda session: history.chronic(session=session, settings=config.guard, limit=most),
    )
