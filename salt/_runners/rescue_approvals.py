"""Allow or not: what waits for a person, whole, edited, approved, rejected.

These functions are ``rescue.*`` as well; they stand in a file of their own for its length.
"""

import logging

from rescuebot import amending, approving, console, inspecting
from rescuebot.amending import Wanted
from rescuebot.approvals import service as approvals_
from rescuebot.approvals.model import ApprovalState
from rescuebot.errors import Invalid, Problem

log = logging.getLogger(__name__)

__virtualname__ = "rescue"


def __virtual__():
    return __virtualname__


@console.told
def approvals(state="pending", limit=50):
    """What waits for a person's approval; with another ``state`` (or ``all``) what was answered.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.approvals
        salt-run rescue.approvals all
    """
    wanted = None if state == "all" else console.member(ApprovalState, "state", state)
    most = min(console.number("limit", limit), console.MOST_ROWS)
    return console.table(
        __opts__,
        lambda session: [
            approving.row(found)
            for found in approvals_.list_(session=session, state=wanted, limit=most)
        ],
    )


@console.told
def approval(approval_id):
    """All that an approver should see: what would run, where, why, what it would change.

    ``may_approve`` says what keeps you from approving it, ``amended`` what was proposed before
    somebody edited it.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.approval 3
    """
    wanted = console.number("approval_id", approval_id)
    config, _ = console.ledger(__opts__)
    return console.table(
        __opts__,
        lambda session: inspecting.shown(
            session=session,
            approval_id=wanted,
            actor=console.actor(),
            settings=config.guard,
        ),
    )


@console.told
def approve(approval_id, digest=None, comment=""):
    """Allow exactly what `rescue.approval` shows, once.

    With ``digest`` (its first 8 letters or more, as you saw it) the answer is refused if what would
    run has changed since. Who wrote the runbook or has edited
    this may not approve it.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.approve 3 digest=9f86d081 comment='checked with the DBA'
    """
    config, ledger = console.ledger(__opts__)
    wanted = console.number("approval_id", approval_id)
    approving.approve(
        wanted,
        actor=console.actor(),
        database=ledger,
        settings=config.guard,
        digest=None if digest is None else console.text("digest", digest),
        comment=console.text("comment", comment),
    )
    return approval(wanted)


@console.told
def reject(approval_id, comment=""):
    """Forbid it: it is not run, and its event ends as rejected.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.reject 3 comment='we fail over instead'
    """
    _, ledger = console.ledger(__opts__)
    wanted = console.number("approval_id", approval_id)
    words = console.text("comment", comment)
    approving.reject(wanted, actor=console.actor(), database=ledger, comment=words)
    return approval(wanted)


@console.told
def amend(approval_id, file=None, arguments=None, digest=None, comment=""):
    """Let another text run in place of what waits for approval: yours, out of a file.

    It is judged like a runbook of that kind. Of a runbook state the ``arguments`` can be changed.
    The minion is asked for a new preview, and somebody else approves it then; the runbook stays as
    it is. With ``digest`` (its first 8 letters or more, as you saw it) it is refused if what would
    run has changed since.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.amend 3 file=/srv/gentler.sh digest=9f86d081 comment='keep the sessions'
        salt-run rescue.amend 4 arguments='{"lines": 200}'
    """
    _, ledger = console.ledger(__opts__)
    wanted = console.number("approval_id", approval_id)
    if file is None and arguments is None:
        raise Invalid([Problem("file", "must be given, or arguments")])
    if arguments is not None and not isinstance(arguments, dict):
        raise Invalid([Problem("arguments", "must be names and values")])
    amending.amend(
        wanted,
        wanted=Wanted(
            solution=_solution(ledger, wanted) if file is None else console.file_text("file", file),
            arguments=arguments,
        ),
        digest=None if digest is None else console.text("digest", digest),
        actor=console.actor(),
        database=ledger,
        comment=console.text("comment", comment),
    )
    return approval(wanted)


def _solution(ledger, approval_id):
    """What waits now, for whom it stays as it is."""
    with ledger.reading() as session:
        return amending.solution_of(session=session, approval_id=approval_id)
