"""Look into Rescue Bot, run commands, and take up events that the reactor hears of.

Every function reads or writes the ledger; only `doctor` asks minions something. Tables are shown on
a terminal; ``--out=json`` gives everything. A refusal says what is wrong and what to do, and the
exit code is 1.
"""

import functools
import logging
import os
import time
import uuid

import salt.client
import salt.exceptions
import salt.utils.minions

from rescuebot import clock, database
from rescuebot import doctor as doctor_
from rescuebot import history, intake, logs, migrations, plain, remediation, settings
from rescuebot import starter as starter_
from rescuebot.audit import service as audit_
from rescuebot.commands import service as commands_
from rescuebot.errors import Invalid, Problem, RescueError
from rescuebot.events import dead_letters as letters_
from rescuebot.events import service as events_
from rescuebot.events.model import EventStatus
from rescuebot.events.reported import Severity
from rescuebot.executions import service as executions_
from rescuebot.executions.model import ENDED_STATES
from rescuebot.heartbeats.service import owner_name
from rescuebot.runbooks import service as runbooks_
from rescuebot.servers import service as servers_

log = logging.getLogger(__name__)

MOST_ROWS = 1000
SELF_TEST_SECONDS = 10


def _told(function):
    """Turn a refusal into an answer; Salt would print the stack of any exception."""

    @functools.wraps(function)
    def told(*args, **kwargs):
        logs.configure()
        try:
            return function(*args, **kwargs)
        except RescueError as error:
            # salt-run takes its exit code from here.
            refusal = {"error": error.code, "message": error.message, "remedy": error.remedy}
            return _shown({**refusal, "retcode": 1})

    return told


@_told
def handle(event_ids=None, state=None):
    """Claim the events with these ids and decide what to do about them; called by the reactor.

    The ids are a hint from an open bus: each is read again and claimed in the ledger. ``state`` is
    the runbook state for events that no runbook of the ledger fits: a name, or a mapping of service
    to name in which ``*`` stands for all other services.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.handle event_ids='[17]' state=rescue.service
    """
    config, ledger = _open()
    return remediation.handle(
        event_ids,
        state=state,
        owner=owner_name("reactor"),
        database=ledger,
        settings=config,
    )


@_told
def events(limit=50, status=None, severity=None, server=None):
    """The latest events, newest first.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.events
        salt-run rescue.events status=failed severity=critical server=i-0123456789abcdef0
    """
    return _listed(
        events_,
        limit=limit,
        status=_member(EventStatus, "status", status),
        severity=_member(Severity, "severity", severity),
        server_id=None if server is None else str(server),
    )


@_told
def event(event_id):
    """Everything about one event: its reports, decisions, executions step by step.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.event 17
    """
    wanted = _number("event_id", event_id)
    return _table(lambda session: history.of_event(session=session, event_id=wanted))


@_told
def commands(service=None, limit=50):
    """The registered commands.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.commands service=mysql
    """
    return _listed(commands_, limit=limit, service=service)


@_told
def runbooks(service=None, limit=50):
    """The runbooks.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.runbooks service=mysql
    """
    return _listed(runbooks_, limit=limit, service=service)


@_told
def executions(limit=50):
    """The latest executions, newest first.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.executions limit=10
    """
    return _listed(executions_, limit=limit)


@_told
def servers(limit=50):
    """The servers that events named or minions run on.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.servers
    """
    return _listed(servers_, limit=limit)


@_told
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
        return _listed(letters_, limit=limit)
    if action not in ("show", "requeue", "discard"):
        raise Invalid([Problem("action", "must be list, show, requeue or discard")])
    number, (config, ledger) = _number("letter", letter), _open()
    if action == "requeue":
        done = intake.requeue(number, actor=_actor(), database=ledger, settings=config.intake)
        return event(done.recorded[0].event_id)
    if action == "discard":
        intake.discard(number, actor=_actor(), database=ledger)
    return _table(lambda session: plain.row(letters_.get(session=session, letter_id=number)))


@_told
def audit(limit=50):
    """Who did what by hand, and what was turned away.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.audit
    """
    return _listed(audit_, limit=limit)


@_told
def stats():
    """Counts of events by status, outcome and severity, and of executions by state.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.stats
    """
    return _table(lambda session: history.stats(session=session))


@_told
def run(command, server, wait=60):
    """Run a registered command on a server, and wait up to ``wait`` seconds for its end.

    The tracker sends it out; a restart is verified by the service's status command.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.run mysql_status i-0123456789abcdef0
        salt-run rescue.run mysql_restart i-0123456789abcdef0 wait=0
    """
    wait = _number("wait", wait)
    config, ledger = _open()
    execution_id = remediation.run_command(
        command_name=str(command),
        server_id=str(server),
        requested_by=_actor(),
        database=ledger,
        settings=config,
    )
    _wait_for_end(ledger, execution_id, wait)
    return _table(lambda session: _execution(session, execution_id))


@_told
def doctor():
    """Check database, tables, queue, reactor, engines, pillar, minions; say what to mend and how.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.doctor
    """
    try:
        config = _settings()
        ledger = database.shared(config.database)
    except RescueError as error:
        return _shown(doctor_.settings_refused(error))
    return _shown(doctor_.examine(database=ledger, settings=config, facts=_master_facts()))


@_told
def migrate():
    """Make or update the tables of the ledger.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.migrate
    """
    _, ledger = _open()
    return {"revision": migrations.upgrade(ledger)}


@_told
def starter():
    """Add the starter commands and runbooks that are missing; what exists is left as it is.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.starter
    """
    _, ledger = _open()
    with ledger.transaction() as session:
        return starter_.load(session=session, created_by="starter", now=clock.now())


def _actor():
    """The person at the command line, as far as the machine knows."""
    return f"salt-run:{os.environ.get('SUDO_USER') or os.environ.get('USER', 'root')}"


def _settings():
    return settings.load(block=__opts__.get("rescue"), environ=os.environ)


def _open():
    """The settings and the ledger, which the library keeps: Salt re-executes this file."""
    config = _settings()
    return config, database.shared(config.database)


def _listed(noun, *, limit, **wanted):
    most = min(_number("limit", limit), MOST_ROWS)
    return _table(lambda session: plain.rows(noun.list_(session=session, limit=most, **wanted)))


def _table(read):
    _, ledger = _open()
    with ledger.reading() as session:
        return _shown(read(session))


def _shown(value):
    """Let the outputter of Rescue Bot draw it, unless ``--out`` says otherwise."""
    return {"outputter": "rescue", "data": value}


def _execution(session, execution_id):
    found = executions_.get(session=session, execution_id=execution_id)
    return history.with_logs(session=session, runs=[found])[0]


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
    probe = uuid.uuid4().hex
    return doctor_.MasterFacts(
        reactor=__opts__.get("reactor") or [],
        on_demand_pillars=__opts__.get("on_demand_ext_pillar") or [],
        engines=[name for entry in __opts__.get("engines") or [] for name in entry],
        probe=probe,
        self_tests=_self_tests(probe),
    )


def _self_tests(probe):
    """Each accepted minion's answer to the self test, None where it gave none in time.

    None for all when the master itself does not answer.
    """
    accepted = salt.utils.minions.CkMinions(__opts__).check_minions("*")["minions"]
    if not accepted:
        return {}
    try:
        answers = _ask_minions(accepted, "rescue.self_test", probe)
    except salt.exceptions.SaltException:
        return None
    # For a minion that is away Salt makes up an answer and marks it so.
    away = {"out": "no_return"}
    found = {name: answers.get(name) or away for name in accepted}
    return {
        name: None if data.get("out") == away["out"] else data.get("ret")
        for name, data in found.items()
    }


def _ask_minions(names, function, *arguments):
    with salt.client.LocalClient(mopts=dict(__opts__)) as client:
        return client.cmd(
            names,
            function,
            arguments,
            timeout=SELF_TEST_SECONDS,
            tgt_type="list",
            full_return=True,
        )


def _number(name, value):
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise Invalid([Problem(name, "must be a whole number, 0 or more")])


def _member(kind, name, value):
    if value is None or value in list(kind):
        return None if value is None else kind(value)
    raise Invalid([Problem(name, "must be one of " + ", ".join(kind))])
