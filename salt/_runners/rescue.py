"""Look into Rescue Bot, run commands, and take up events that the reactor hears of.

Every function reads or writes the ledger; only `doctor` asks minions something. Tables are shown on
a terminal; ``--out=json`` gives everything. A refusal says what is wrong and what to do, and the
exit code is 1.
"""

import logging
import socket
import time

import salt.client
import salt.exceptions
import salt.utils.minions

from rescuebot import by_hand, clock, console, database
from rescuebot import doctor as doctor_
from rescuebot import history, intake, looking, migrations, plain, remediation
from rescuebot import starter as starter_
from rescuebot.audit import service as audit_
from rescuebot.errors import Invalid, Problem, RescueError
from rescuebot.events import dead_letters as letters_
from rescuebot.events import service as events_
from rescuebot.events.model import EventStatus
from rescuebot.events.reported import Severity
from rescuebot.executions import service as executions_
from rescuebot.executions.model import ENDED_STATES
from rescuebot.heartbeats import service as heartbeats_
from rescuebot.servers import service as servers_

log = logging.getLogger(__name__)


@console.told
def handle(event_ids=None, state=None):
    """Claim the events with these ids and decide what to do about them; called by the reactor.

    The ids are a hint from an open bus: each is read again and claimed in the ledger. ``state`` is
    the runbook state for events that no runbook of the ledger fits: a name, or a mapping of service
    to name in which ``*`` stands for all other services.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.handle event_ids='[17]' state=rescue.service
    """
    config, ledger = console.ledger(__opts__)
    return remediation.handle(
        event_ids,
        state=state,
        owner=heartbeats_.owner_name("reactor"),
        database=ledger,
        settings=config,
    )


@console.told
def events(limit=50, status=None, severity=None, server=None):
    """The latest events, newest first.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.events
        salt-run rescue.events status=failed severity=critical server=i-0123456789abcdef0
    """
    return console.listed(
        __opts__,
        events_,
        limit=limit,
        status=console.member(EventStatus, "status", status),
        severity=console.member(Severity, "severity", severity),
        server_id=None if server is None else str(server),
    )


@console.told
def event(event_id):
    """Everything about one event: its reports, decisions, executions step by step.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.event 17
    """
    wanted = console.number("event_id", event_id)
    return console.table(
        __opts__, lambda session: history.of_event(session=session, event_id=wanted)
    )


@console.told
def executions(limit=50):
    """The latest executions, newest first.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.executions limit=10
    """
    return console.listed(__opts__, executions_, limit=limit)


@console.told
def servers(limit=50):
    """The servers that events named or minions run on.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.servers
    """
    return console.listed(__opts__, servers_, limit=limit)


@console.told
def dead_letters(action="list", letter=None, limit=50):
    """Messages that could not be understood: list them, show one, requeue it, discard it.

    A requeued letter goes through intake again, which helps after a rule or a version has changed.
    Requeueing and discarding are written to the audit.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.dead_letters
        salt-run rescue.dead_letters show 3
        salt-run rescue.dead_letters requeue 3
        salt-run rescue.dead_letters discard 3
    """
    if action == "list":
        return console.listed(__opts__, letters_, limit=limit)
    if action not in ("show", "requeue", "discard"):
        raise Invalid([Problem("action", "must be list, show, requeue or discard")])
    number, (config, ledger) = console.number("letter", letter), console.ledger(__opts__)
    if action == "requeue":
        done = intake.requeue(
            number, actor=console.actor(), database=ledger, settings=config.intake
        )
        return event(done.recorded[0].event_id)
    if action == "discard":
        intake.discard(number, actor=console.actor(), database=ledger)
    return console.table(
        __opts__, lambda session: plain.row(letters_.get(session=session, letter_id=number))
    )


@console.told
def audit(limit=50):
    """Who did what by hand, and what was turned away.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.audit
    """
    return console.listed(__opts__, audit_, limit=limit)


@console.told
def stats():
    """Counts of events by status, outcome and severity, and of executions by state.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.stats
    """
    return console.table(__opts__, lambda session: history.stats(session=session))


@console.told
def run(command, server, wait=60):
    """Run a registered command on a server, and wait up to ``wait`` seconds for its end.

    The tracker sends it out; a restart is verified by the service's status command.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.run mysql_status i-0123456789abcdef0
        salt-run rescue.run mysql_restart i-0123456789abcdef0 wait=0
    """
    wait = console.number("wait", wait)
    config, ledger = console.ledger(__opts__)
    execution_id = by_hand.run_command(
        command_name=str(command),
        server_id=str(server),
        requested_by=console.actor(),
        database=ledger,
        settings=config,
    )
    _wait_for_end(ledger, execution_id, wait)
    return console.table(
        __opts__, lambda session: history.of_execution(session=session, execution_id=execution_id)
    )


@console.told
def doctor():
    """Check database, tables, queue, reactor, engines, pillar, minions; say what to mend and how.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.doctor
    """
    try:
        config = console.load(__opts__)
        ledger = database.shared(config.database)
    except RescueError as error:
        return console.shown(doctor_.settings_refused(error))
    return console.shown(doctor_.examine(database=ledger, settings=config, facts=_master_facts()))


@console.told
def migrate():
    """Make or update the tables of the ledger.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.migrate
    """
    ledger = database.Database(migrations.patient(console.load(__opts__).database))
    try:
        return {"revision": migrations.upgrade(ledger)}
    finally:
        ledger.dispose()


@console.told
def starter():
    """Add the starter commands and runbooks that are missing; what exists is left as it is.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.starter
    """
    _, ledger = console.ledger(__opts__)
    with ledger.transaction() as session:
        return starter_.load(session=session, created_by="starter", now=clock.now())


def _wait_for_end(ledger, execution_id, seconds):
    end = time.monotonic() + seconds
    told = None
    while time.monotonic() < end:
        with ledger.reading() as session:
            state = executions_.get(session=session, execution_id=execution_id).state
        if state != told:
            log.info("execution %s is %s", execution_id, state.value)
            told = state
        if state in ENDED_STATES:
            return
        time.sleep(0.2)


def _master_facts():
    return looking.facts_of(
        __opts__,
        accepted=salt.utils.minions.CkMinions(__opts__).check_minions("*")["minions"],
        ask=_ask_minions,
        trouble=salt.exceptions.SaltException,
    )


def _ask_minions(*question, **how):
    _refuse_if_silent()
    with salt.client.LocalClient(mopts=dict(__opts__)) as client:
        return client.cmd(*question, **how)


def _refuse_if_silent():
    """Salt's client tries for half a minute before it believes that nobody listens."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(__opts__["interface"], __opts__["interface"])
    try:
        socket.create_connection((host, __opts__["ret_port"]), timeout=5).close()
    except OSError as error:
        raise salt.exceptions.SaltReqTimeoutError("The master does not listen.") from error
