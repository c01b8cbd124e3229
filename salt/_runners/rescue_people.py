"""Who may come in by the web: people, their passwords, keys of machines.

The first admin of a new installation is made here. A password or a key is written to the terminal,
once, and is no part of the return: Salt keeps returns in its job cache and sends them over its bus.

These functions are ``rescue.*`` as well; they stand in a file of their own for its length.
"""

import logging
import sys

from rescuebot import admitting, clock, console
from rescuebot.errors import Conflict
from rescuebot.people import keys as keys_
from rescuebot.people import service as people_

log = logging.getLogger(__name__)

__virtualname__ = "rescue"


def __virtual__():
    return __virtualname__


@console.told
def users(limit=50):
    """Who may sign in, and with what role.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.users
    """
    return console.listed(__opts__, people_, limit=limit)


@console.told
def user_add(name, role="viewer", display_name=""):
    """Let somebody sign in, as ``viewer``, ``operator`` or ``admin``.

    Their one-time password is written to this terminal, once; they choose their own at the first
    sign-in.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.user_add kim role=admin display_name='Kim Min-jun'
    """
    _require_terminal()
    _, ledger = console.ledger(__opts__)
    user, password = admitting.admit(
        console.text("name", name),
        role=role,
        display_name=console.text("display_name", display_name),
        actor=console.actor(),
        database=ledger,
    )
    _tell(f"One-time password of {user.username}", password)
    return console.shown({"item": console.item(user)})


@console.told
def user_set(name, role=None, disabled=None, slack_id=None):
    """Give somebody another role, keep them out, or let them in again; also lifts a lock.

    What they have open ends at once. The last admin can be neither demoted nor disabled.
    ``slack_id`` says who they are in Slack (their profile there: Copy member ID); ``none`` takes it
    from them.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.user_set kim role=operator
        salt-run rescue.user_set kim disabled=true
        salt-run rescue.user_set kim disabled=false
        salt-run rescue.user_set kim slack_id=U024BE7LH
    """
    _, ledger = console.ledger(__opts__)
    user = admitting.alter(
        console.text("name", name),
        **({} if role is None else {"role": role}),
        **({} if slack_id is None else {"slack_id": None if slack_id == "none" else slack_id}),
        disabled=None if disabled is None else console.switch("disabled", disabled),
        actor=console.actor(),
        database=ledger,
    )
    return console.shown({"item": console.item(user)})


@console.told
def user_password(name):
    """Give somebody another one-time password, written to this terminal once; lifts a lock.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.user_password kim
    """
    _require_terminal()
    _, ledger = console.ledger(__opts__)
    user, password = admitting.set_password(
        console.text("name", name), actor=console.actor(), database=ledger
    )
    _tell(f"One-time password of {user.username}", password)
    return console.shown({"item": console.item(user)})


@console.told
def api_keys(limit=50):
    """The keys of machines, by their first letters; also those that were taken back.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.api_keys
    """
    return console.listed(__opts__, keys_, limit=limit)


@console.told
def api_key_add(name, role="ingest", days=365):
    """A key for a machine, written to this terminal once. ``ingest`` may only hand in events.

    With ``days=0`` it does not end by itself.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.api_key_add event-router
        salt-run rescue.api_key_add dashboard role=viewer days=90
    """
    _require_terminal()
    _, ledger = console.ledger(__opts__)
    row, key = admitting.new_key(
        console.text("name", name),
        role=role,
        days=console.number("days", days),
        actor=console.actor(),
        database=ledger,
    )
    _tell(f"Key {row.name}", key)
    return console.shown({"item": console.item(row)})


@console.told
def api_key_revoke(name):
    """Take a key back; it opens nothing from now on, and its name is free.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.api_key_revoke event-router
    """
    which = console.text("name", name)
    return console.changed(
        __opts__,
        lambda session: keys_.revoke(
            session=session, which=which, actor=console.actor(), now=clock.now()
        ),
    )


def _require_terminal():
    """Where nobody reads, a secret would be lost, or end up in the log of a daemon."""
    if not __opts__.get("fun") or __opts__.get("async"):
        raise Conflict(
            "What this makes is told to a terminal only, and there is none.",
            remedy="Run salt-run on the master, without --async.",
        )


def _tell(what, secret):
    print(f"{what}: {secret}", file=sys.stderr, flush=True)
