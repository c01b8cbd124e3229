"""What the model was asked and said, what it has cost, and the runbooks that it drafted.

These functions are ``rescue.*`` as well; they stand in a file of their own for its length.
"""

import logging

from rescuebot import clock, console, learning
from rescuebot.advice import drafts as drafts_
from rescuebot.advice import service as advice_
from rescuebot.errors import Invalid, Problem

log = logging.getLogger(__name__)

__virtualname__ = "rescue"


def __virtual__():
    return __virtualname__


@console.told
def advice(what="list", number=None, since="30d", limit=50):
    """What the model was asked: the list, one of them whole, or the stats of calls and costs.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.advice
        salt-run rescue.advice show 3
        salt-run rescue.advice stats since=7d
    """
    if what == "list":
        return console.listed(__opts__, advice_, limit=limit)
    if what == "stats":
        span = console.period("since", since)
        return console.table(__opts__, lambda session: _stats(session, span))
    if what != "show":
        raise Invalid([Problem("what", "must be list, show or stats")])
    wanted = console.number("number", number)
    return console.table(
        __opts__,
        lambda session: {"item": console.item(advice_.get(session=session, advice_id=wanted))},
    )


@console.told
def drafts(limit=50):
    """The runbooks that the model has drafted, and what became of them.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.drafts
    """
    return console.listed(__opts__, drafts_, limit=limit)


@console.told
def draft(number):
    """One drafted runbook, whole.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.draft 2
    """
    wanted = console.number("number", number)
    return console.table(
        __opts__,
        lambda session: {"item": console.item(drafts_.get(session=session, draft_id=wanted))},
    )


@console.told
def promote(number, mode="ask"):
    """Make a runbook of a draft that was approved, run and verified; in mode shadow or ask.

    The event that it was drafted for stays its regression case: `rescue.regressions`.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.promote 2
        salt-run rescue.promote 2 mode=shadow
    """
    _, ledger = console.ledger(__opts__)
    wanted = console.number("number", number)
    learning.promote(wanted, mode=mode, actor=console.actor(), database=ledger)
    return draft(wanted)


@console.told
def regressions():
    """Whether each promoted runbook is still found by the event that it was drafted for.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.regressions
    """
    return console.table(__opts__, lambda session: learning.regressions(session=session))


def _stats(session, span):
    rows = advice_.stats(session=session, since=clock.now() - span)
    return [{**row, "us_dollars": round(row.pop("cost_micros") / 1_000_000, 4)} for row in rows]
