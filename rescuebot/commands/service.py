"""What can be done with commands: register, find the one for a purpose, list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from rescuebot.commands.model import CommandType, SaltStackCommand
from rescuebot.errors import Conflict, Invalid, NotFound, Problem

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
SERVICE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,49}")
_SCRIPT_BYTES = 65_000  # what a MySQL TEXT holds, with some room


def create(
    *,
    session: Session,
    command_name: str,
    command_script: str,
    target_service: str,
    command_type: str,
    now: datetime,
) -> SaltStackCommand:
    """Register a command; Invalid names every bad field, Conflict a name that is taken."""
    problems = problems_of(
        command_name=command_name,
        command_script=command_script,
        target_service=target_service,
        command_type=command_type,
    )
    if problems:
        raise Invalid(problems, what="The command is not valid")
    if get_by_name(session=session, command_name=command_name) is not None:
        raise Conflict(f"A command named {command_name} exists already.")
    command = SaltStackCommand(
        command_name=command_name,
        command_script=command_script,
        target_service=target_service,
        command_type=CommandType(command_type),
        created_at=now,
        updated_at=now,
    )
    session.add(command)
    session.flush()
    return command


def problems_of(
    *, command_name: str, command_script: str, target_service: str, command_type: str
) -> list[Problem]:
    """Everything that is wrong with these fields."""
    problems = []
    if not NAME.fullmatch(command_name):
        problems.append(
            Problem("command_name", "must be 1 to 100 letters, digits, dots, dashes, underscores")
        )
    if not SERVICE.fullmatch(target_service):
        problems.append(
            Problem("target_service", "must be 1 to 50 lower-case letters, digits, . _ or -")
        )
    if command_type not in list(CommandType):
        problems.append(Problem("command_type", "must be restart, status or log_check"))
    problems += script_problems(field="command_script", script=command_script)
    return problems


def script_problems(*, field: str, script: str) -> list[Problem]:
    """What keeps a script from being stored and run as it is."""
    if not script.strip():
        return [Problem(field, "must not be empty")]
    if len(script.encode("utf-8", errors="replace")) > _SCRIPT_BYTES:
        return [Problem(field, f"must be at most {_SCRIPT_BYTES} bytes")]
    if "\0" in script:
        return [Problem(field, "must not hold a NUL byte")]
    return []


def get_by_name(*, session: Session, command_name: str) -> SaltStackCommand | None:
    """The command of that name, also a deleted one: names are not used twice."""
    query = select(SaltStackCommand).where(SaltStackCommand.command_name == command_name)
    return session.scalars(query).one_or_none()


def require(*, session: Session, command_name: str) -> SaltStackCommand:
    """The command of that name that can be run, or NotFound."""
    command = get_by_name(session=session, command_name=command_name)
    if command is None or command.deleted_at is not None:
        raise NotFound(
            f"There is no command {command_name}.", remedy="salt-run rescue.commands lists them."
        )
    return command


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
    *, session: Session, service: str | None = None, limit: int = 50
) -> Sequence[SaltStackCommand]:
    """The commands that are not deleted, by service and name."""
    query = select(SaltStackCommand).where(SaltStackCommand.deleted_at.is_(None))
    if service is not None:
        query = query.where(SaltStackCommand.target_service == service)
    query = query.order_by(SaltStackCommand.target_service, SaltStackCommand.command_name)
    return session.scalars(query.limit(limit)).all()
