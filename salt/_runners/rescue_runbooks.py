"""Write and keep commands and runbooks.

These functions are ``rescue.*`` as well; they stand in a file of their own for its length.

Fields are given by name. A long text may be read from a file on the master: ``file=`` for the
script of a command or the solution of a runbook. What is changed or deleted is named by its id or
name, and by the ``version`` that you have seen, so that nobody's change is lost unseen.
"""

import logging

from rescuebot import clock, console, plain
from rescuebot.commands import service as commands_
from rescuebot.errors import Invalid, Problem
from rescuebot.runbooks import service as runbooks_

log = logging.getLogger(__name__)

__virtualname__ = "rescue"

# What a person cannot say: who it was, and when.
OURS = {"session", "actor", "now", "via", "created_by"}


def __virtual__():
    return __virtualname__


@console.told
def commands(service=None, text=None, kind=None, deleted=False, limit=100):
    """The commands; of a service, of a kind, with a word in them, or those that are deleted.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.commands service=mysql
        salt-run rescue.commands deleted=true
    """
    return console.listed(
        __opts__,
        commands_,
        limit=limit,
        service=service,
        text=text,
        kind=kind,
        deleted=console.switch("deleted", deleted),
    )


@console.told
def command(which):
    """One command, whole, by its id or name.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.command mysql-status
    """
    return _one(commands_, which)


@console.told
def command_create(file=None, **fields):
    """Register a command: ``command_name``, ``target_service``, ``command_type``, and its script.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.command_create command_name=shop-status target_service=shop \\
            command_type=status command_script='curl -fsS http://127.0.0.1:8080/health'
    """
    return _create(commands_, _fields(fields, "command_script", file))


@console.told
def command_update(which, version, file=None, **fields):
    """Change fields of a command that is still at this version.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.command_update shop-status version=1 file=/srv/runbooks/shop-status.sh
    """
    return _update(commands_, which, version, _fields(fields, "command_script", file))


@console.told
def command_delete(which, version):
    """Take a command out of use; `rescue.command_restore` brings it back.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.command_delete shop-status version=2
    """
    return _delete(commands_, which, version)


@console.told
def command_restore(which):
    """Bring a deleted command back as it was.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.command_restore shop-status
    """
    return _restore(commands_, which)


@console.told
def command_versions(which):
    """What was made of a command, by whom and when.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.command_versions shop-status
    """
    return _versions(commands_, which)


@console.told
def command_diff(which, before=None, after=None):
    """What differs between two versions; the newest and the one before it unless said.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.command_diff shop-status before=1 after=3
    """
    return _diff(commands_, which, before, after)


@console.told
def command_revert(which, to, version):
    """Make a new version with the content of an old one.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.command_revert shop-status to=1 version=3
    """
    return _revert(commands_, which, to, version)


@console.told
def runbooks(service=None, text=None, mode=None, kind=None, enabled=None, deleted=False, limit=100):
    """The runbooks; of a service, in a mode, with a word in them, or those that are deleted.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.runbooks service=mysql
        salt-run rescue.runbooks text=connections mode=ask
    """
    return console.listed(
        __opts__,
        runbooks_,
        limit=limit,
        service=service,
        text=text,
        mode=mode,
        kind=kind,
        enabled=None if enabled is None else console.switch("enabled", enabled),
        deleted=console.switch("deleted", deleted),
    )


@console.told
def runbook(which):
    """One runbook, whole, by its id or title.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.runbook 3
    """
    return _one(runbooks_, which)


@console.told
def runbook_create(file=None, **fields):
    """Register a runbook: ``title``, ``service_type``, ``error_pattern``, ``solution_kind``
    (``state``, ``sls`` or ``shell``) and its solution; ``mode`` is ``ask`` unless it is given.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.runbook_create title='Start the shop' service_type=shop \\
            error_pattern='shop.*down' solution_kind=state solution_script=rescue.service \\
            mode=shadow
    """
    return _create(runbooks_, _fields(fields, "solution_script", file), created_by=console.actor())


@console.told
def runbook_update(which, version, file=None, **fields):
    """Change fields of a runbook that is still at this version.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.runbook_update 'Start the shop' version=1 mode=ask
    """
    return _update(runbooks_, which, version, _fields(fields, "solution_script", file))


@console.told
def runbook_delete(which, version):
    """Take a runbook out of use; `rescue.runbook_restore` brings it back.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.runbook_delete 'Start the shop' version=2
    """
    return _delete(runbooks_, which, version)


@console.told
def runbook_restore(which):
    """Bring a deleted runbook back as it was.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.runbook_restore 'Start the shop'
    """
    return _restore(runbooks_, which)


@console.told
def runbook_versions(which):
    """What was made of a runbook, by whom and when.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.runbook_versions 'Start the shop'
    """
    return _versions(runbooks_, which)


@console.told
def runbook_diff(which, before=None, after=None):
    """What differs between two versions; the newest and the one before it unless said.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.runbook_diff 'Start the shop' before=1 after=3
    """
    return _diff(runbooks_, which, before, after)


@console.told
def runbook_revert(which, to, version):
    """Make a new version with the content of an old one.

    CLI Example:

    .. code-block:: bash

        salt-run rescue.runbook_revert 'Start the shop' to=1 version=3
    """
    return _revert(runbooks_, which, to, version)


def _fields(fields, long_field, file):
    """The fields that a person gave; Salt adds some of its own."""
    given = {name: value for name, value in fields.items() if not name.startswith("__")}
    ours = sorted(OURS & set(given))
    if ours:
        raise Invalid([Problem(name, "is set by Rescue Bot itself") for name in ours])
    if file is not None:
        given[long_field] = console.file_text("file", file)
    return given


def _one(noun, which):
    return console.table(
        __opts__, lambda session: {"item": console.item(noun.get(session=session, which=which))}
    )


def _create(noun, fields, **more):
    now, actor = clock.now(), console.actor()
    return console.changed(
        __opts__,
        lambda session: noun.create(session=session, now=now, actor=actor, **more, **fields),
    )


def _update(noun, which, version, changes):
    expected, now = console.number("version", version), clock.now()
    return console.changed(
        __opts__,
        lambda session: noun.update(
            session=session,
            which=which,
            changes=changes,
            expected_version=expected,
            actor=console.actor(),
            now=now,
        ),
    )


def _delete(noun, which, version):
    expected, now = console.number("version", version), clock.now()
    return console.changed(
        __opts__,
        lambda session: noun.delete(
            session=session,
            which=which,
            expected_version=expected,
            actor=console.actor(),
            now=now,
        ),
    )


def _restore(noun, which):
    return console.changed(
        __opts__,
        lambda session: noun.restore(
            session=session, which=which, actor=console.actor(), now=clock.now()
        ),
    )


def _revert(noun, which, to, version):
    expected, number = console.number("version", version), console.number("to", to)
    return console.changed(
        __opts__,
        lambda session: noun.revert(
            session=session,
            which=which,
            to=number,
            expected_version=expected,
            actor=console.actor(),
            now=clock.now(),
        ),
    )


def _versions(noun, which):
    return console.table(
        __opts__,
        lambda session: plain.rows(
            noun.versions(session=session, which=which), without=("content",)
        ),
    )


def _diff(noun, which, before, after):
    numbers = {
        name: None if value is None else console.number(name, value)
        for name, value in (("before", before), ("after", after))
    }
    return console.table(
        __opts__,
        lambda session: {"diff": noun.diff(session=session, which=which, **numbers)},
    )
