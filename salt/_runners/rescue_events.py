"""What people do with events and with what was run for them: close, open again, delete, retry.

These functions are ``rescue.*`` as well; they stand in a file of their own for its length.
"""

from rescuebot import closing, console, history, retrying

__virtualname__ = "rescue"


def __virtual__():
    return __virtualname__


@console.told
def close(event, reason, status="resolved"):
    """End an event because you say so: as ``resolved``, or as ``failed``.

    What is held or planned for it is cancelled. While its work is out on a minion it cannot be
    closed.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.close 17 reason='restarted by the DBA'
        salt-run rescue.close 17 reason='the server is gone' status=failed
    """
    wanted = console.number("event", event)
    return _changed(
        closing.close,
        wanted,
        status=console.text("status", status),
        reason=console.text("reason", reason),
    )


@console.told
def reopen(event, reason=""):
    """Have an event decided anew that failed, or that a person resolved within a day.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.reopen 17 reason='the runbook is mended'
    """
    wanted = console.number("event", event)
    return _changed(closing.reopen, wanted, reason=console.text("reason", reason))


@console.told
def event_delete(event, reason):
    """Take an event that is over out of all lists and figures; its rows and logs stay.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.event_delete 17 reason='a drill'
    """
    wanted = console.number("event", event)
    return _changed(closing.take_back, wanted, reason=console.text("reason", reason))


@console.told
def event_restore(event):
    """Show an event again that was deleted.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.event_restore 17
    """
    return _changed(closing.give_back, console.number("event", event))


@console.told
def retry(execution):
    """Run again what failed, with the same input; it is held again where it owed an approval.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.retry 17
    """
    config, ledger = console.ledger(__opts__)
    wanted = console.number("execution", execution)
    found = retrying.retry([wanted], actor=console.actor(), database=ledger, settings=config)
    made = found[0].insist().made
    return console.table(
        __opts__, lambda session: history.of_execution(session=session, execution_id=made)
    )


def _changed(change, event_id, **how):
    """Do it to one event, and show what is known of the event then."""
    _, ledger = console.ledger(__opts__)
    found = change([event_id], actor=console.actor(), database=ledger, **how)
    found[0].insist()
    return console.table(
        __opts__, lambda session: history.of_event(session=session, event_id=event_id)
    )
