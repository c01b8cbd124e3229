"""What can be done with commands: create, change, find the one for a purpose, list, take back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from rescuebot.commands import validation
from rescuebot.commands.model import CommandType, SaltStackCommand
from rescuebot.errors import Conflict, Invalid, NotFound, Problem
from rescuebot.versions import service as kept
from rescuebot.versions.model import Change, Kind, Version

NOUN = kept.Noun(
    kind=Kind.COMMAND,
    table=SaltStackCommand,
    name="command_name",
    fields=validation.FIELDS,
)
_LIST = "salt-run rescue.commands lists them."


def create(
    *,
    session: Session,
    now: datetime,
    actor: str = "rescuebot",
    via: str = "",
    **fields: Any,
) -> SaltStackCommand:
    """Register a command; Invalid names every bad field, Conflict a name that is taken."""
    _require_valid(fields)
    name = fields["command_name"]
    if get_by_name(session=session, command_name=name) is not None:
        raise _taken(session, name)
    by = kept.By(actor=actor, now=now, via=via)
    try:
        command: SaltStackCommand = kept.create(session=session, noun=NOUN, values=fields, by=by)
    except IntegrityError:
        if get_by_name(session=session, command_name=name) is None:
            raise
        raise _taken(session, name) from None
    return command


def get(*, session: Session, which: int | str) -> SaltStackCommand:
    """The command of that id or name, deleted or not, or NotFound."""
    command = (
        get_by_name(session=session, command_name=which)
        if isinstance(which, str)
        else session.get(SaltStackCommand, which)
    )
    if command is None and isinstance(which, str) and which.isdecimal() and len(which) < 10:
        command = session.get(SaltStackCommand, int(which))
    if command is None:
        raise NotFound(f"There is no command {which}.", remedy=_LIST)
    return command


def get_by_name(*, session: Session, command_name: str) -> SaltStackCommand | None:
    """The command of that name, also a deleted one: names are not used twice, in no case."""
    query = select(SaltStackCommand)
    if session.get_bind().dialect.name == "sqlite":
        query = query.where(func.lower(SaltStackCommand.command_name) == command_name.lower())
    else:
        query = query.where(SaltStackCommand.command_name == command_name)
    return session.scalars(query).one_or_none()


def require(*, session: Session, command_name: str) -> SaltStackCommand:
    """The command of that name that can be run, or NotFound."""
    command = get_by_name(session=session, command_name=command_name)
    if command is None or command.deleted_at is not None:
        raise NotFound(f"There is no command {command_name}.", remedy=_LIST)
    return command


def update(
    *,
    session: Session,
    which: int | str,
    changes: Mapping[str, Any],
    expected_version: int,
    actor: str,
    now: datetime,
    via: str = "",
) -> SaltStackCommand:
    """Change some fields; without a real change it stays as it is, without a new version."""
    command = get(session=session, which=which)
    by = kept.By(actor=actor, now=now, via=via)
    _put(session, command, {**changes}, expected_version, by, action="updated")
    return command


def delete(
    *,
    session: Session,
    which: int | str,
    expected_version: int,
    actor: str,
    now: datetime,
    via: str = "",
) -> SaltStackCommand:
    """Take a command out of use. Its row stays, and what was planned with it still runs."""
    command = get(session=session, which=which)
    kept.change(
        session=session,
        noun=NOUN,
        row=command,
        values={"deleted_at": now},
        expected_version=expected_version,
        by=kept.By(actor=actor, now=now, via=via),
        kind=Change.DELETED,
    )
    return command


def restore(
    *, session: Session, which: int | str, actor: str, now: datetime, via: str = ""
) -> SaltStackCommand:
    """Bring a deleted command back as it was."""
    command = get(session=session, which=which)
    kept.change(
        session=session,
        noun=NOUN,
        row=command,
        values={"deleted_at": None},
        expected_version=command.version,
        by=kept.By(actor=actor, now=now, via=via),
        kind=Change.RESTORED,
    )
    return command


def revert(
    *,
    session: Session,
    which: int | str,
    to: int,
    expected_version: int,
    actor: str,
    now: datetime,
) -> SaltStackCommand:
    """Make a new version with the content of an old one, if that is still valid."""
    command = get(session=session, which=which)
    content = kept.content(session=session, noun=NOUN, row=command, number=to)
    by = kept.By(actor=actor, now=now)
    _put(session, command, content, expected_version, by, action="reverted")
    return command


def versions(*, session: Session, which: int | str) -> Sequence[Version]:
    """What was made of a command, by whom and when, newest first."""
    command = get(session=session, which=which)
    return kept.list_(session=session, noun=NOUN, row=command)


def diff(
    *, session: Session, which: int | str, before: int | None = None, after: int | None = None
) -> str:
    """What differs between two versions; the newest and the one before it unless said."""
    command = get(session=session, which=which)
    return kept.diff(session=session, noun=NOUN, row=command, before=before, after=after)


def for_service(
    *, session: Session, service_type: str, command_type: CommandType
) -> SaltStackCommand | None:
    """The newest command of that kind for a service, or None."""
    query = (
        select(SaltStackCommand)
        .where(
            SaltStackCommand.target_service == service_type,
            SaltStackCommand.command_type == command_type,
            SaltStackCommand.deleted_at.is_(None),
        )
        .order_by(SaltStackCommand.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def list_(
    *,
    session: Session,
    service: str | None = None,
    text: str | None = None,
    kind: str | None = None,
    deleted: bool = False,
    limit: int | None = 50,
) -> Sequence[SaltStackCommand]:
    """The commands, or with `deleted` only those that are deleted, by service and name."""
    table = SaltStackCommand
    query = select(table).where(
        table.deleted_at.is_not(None) if deleted else table.deleted_at.is_(None)
    )
    if service is not None:
        query = query.where(table.target_service == service)
    if text:
        columns = (table.command_name, table.command_script)
        query = query.where(or_(*(c.icontains(text, autoescape=True) for c in columns)))
    if kind is not None:
        if problems := validation.choice_problems("kind", kind, CommandType):
            raise Invalid(problems, what="The filter is not valid")
        query = query.where(table.command_type == kind)
    query = query.order_by(table.target_service, table.command_name, table.id)
    return session.scalars(query.limit(limit)).all()


def _put(
    session: Session,
    command: SaltStackCommand,
    changes: dict[str, Any],
    expected_version: int,
    by: kept.By,
    *,
    action: str,
) -> None:
    content = NOUN.content(command)
    _require_valid({**content, **changes})
    if changes.get("command_name", command.command_name) != command.command_name:
        words = "cannot be changed, it names one command for ever; create another one"
        raise Invalid([Problem("command_name", words)], what="The change is not valid")
    changed = {field: value for field, value in changes.items() if content[field] != value}
    kept.change(
        session=session,
        noun=NOUN,
        row=command,
        values=changed,
        expected_version=expected_version,
        by=by,
        action=action,
    )


def _require_valid(fields: Mapping[str, Any]) -> None:
    if problems := validation.problems_of(fields):
        raise Invalid(problems, what="The command is not valid")


def _taken(session: Session, name: str) -> Conflict:
    found = get_by_name(session=session, command_name=name)
    if found is not None and found.deleted_at is not None:
        return Conflict(
            f"A command named {found.command_name} existed and was deleted.",
            remedy="Restore and change it; a name is not used for two.",
        )
    return Conflict(
        f"A command named {name} exists already.", remedy="Change that one, or take another name."
    )
