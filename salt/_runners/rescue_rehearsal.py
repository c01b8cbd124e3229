"""Try runbooks out on messages, events and history; exchange them with files.

These functions are ``rescue.*`` as well; they stand in a file of their own for its length.
"""

import logging
from pathlib import Path

from rescuebot import as_code, console, rehearsal
from rescuebot import replay as replay_
from rescuebot.events.reported import Severity

log = logging.getLogger(__name__)

__virtualname__ = "rescue"
__func_alias__ = {"import_": "import"}


def __virtual__():
    return __virtualname__


@console.told
def match(message, service):
    """Which runbook fits a message, what else fits, and what nearly does and why it does not.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.match 'mysqld: no process' mysql
    """
    words, wanted = console.text("message", message), console.text("service", service)
    return console.table(
        __opts__,
        lambda session: rehearsal.match(session=session, service_type=wanted, message=words),
    )


@console.told
def simulate(
    event=None,
    message=None,
    service=None,
    server="",
    event_type="process_down",
    severity="critical",
    state=None,
):
    """The whole decision on a stored event, or on a made-up one; nothing is executed or kept.

    ``state`` stands for what a reactor SLS would name.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.simulate 17
        salt-run rescue.simulate message='mysqld: no process' service=mysql \\
            server=i-0123456789abcdef0
    """
    config, ledger = console.ledger(__opts__)
    parts = {"state": state, "database": ledger, "settings": config}
    if event is not None:
        number = console.number("event", event)
        return console.shown(rehearsal.simulate_event(number, **parts))
    report = rehearsal.made_up(
        message=console.text("message", message),
        service_type=console.text("service", service),
        server_id=console.text("server", server),
        event_type=console.text("event_type", event_type),
        severity=console.member(Severity, "severity", severity),
    )
    return console.shown(rehearsal.simulate_report(report, **parts))


@console.told
def replay(since="30d", runbook=None, changed=True):
    """History again under other runbooks: what would have matched, run, been held, and why.

    ``runbook`` is a YAML file or folder as `rescue.export` writes it; without one the runbooks are
    taken as they are. With ``changed=false`` also the events whose runbook stays are shown.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.replay since=30d runbook=/srv/runbooks/new.yaml
        salt-run rescue.replay since=7d changed=false --out=json
    """
    config, ledger = console.ledger(__opts__)
    documents = None if runbook is None else as_code.read(Path(str(runbook)))
    found = replay_.replay(
        since=console.period("since", since),
        documents=documents,
        database=ledger,
        settings=config,
    )
    if console.switch("changed", changed) and documents is not None:
        found["rows"] = [row for row in found["rows"] if row["changed"]]
    return console.shown(found)


@console.told
def export(directory):
    """Write all commands and runbooks as YAML files that are fit for git.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.export /srv/runbooks
    """
    _, ledger = console.ledger(__opts__)
    with ledger.reading() as session:
        files = as_code.export(session=session)
    return console.shown(as_code.write(directory=Path(str(directory)), files=files))


@console.told
def import_(path, dry_run=False, prune=False, force=False):
    """Take over commands and runbooks from YAML files: all of it, or nothing.

    ``dry_run`` shows what would differ. ``prune`` deletes what the files do not name. What was
    changed here and in the files is a conflict, which ``force`` settles in favour of the files.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.import /srv/runbooks dry_run=true
        salt-run rescue.import /srv/runbooks
    """
    documents = as_code.read(Path(str(path)))
    _, ledger = console.ledger(__opts__)
    pruned, forced = console.switch("prune", prune), console.switch("force", force)
    if console.switch("dry_run", dry_run):
        with ledger.reading() as session:
            planned = as_code.plan(session=session, documents=documents, prune=pruned)
        return console.shown({**planned.told(), "done": False})
    done = as_code.take_over(
        documents, actor=console.actor(), database=ledger, prune=pruned, force=forced
    )
    return console.shown({**done.told(), "done": True})
