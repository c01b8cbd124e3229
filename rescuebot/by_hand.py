"""What a person at the console asks for: one command on one server."""

from __future__ import annotations

from sqlalchemy.orm import Session

from rescuebot import clock
from rescuebot.commands import service as commands
from rescuebot.commands.model import CommandType, SaltStackCommand
from rescuebot.database import Database
from rescuebot.errors import Halted, Invalid, Problem
from rescuebot.executions import service as executions
from rescuebot.executions.model import Step
from rescuebot.executions.pin import Fix, pin
from rescuebot.guard import halts
from rescuebot.runbooks.model import SolutionKind
from rescuebot.servers import service as servers
from rescuebot.settings import Settings


def run_command(
    *,
    command_name: str,
    server_id: str,
    requested_by: str,
    database: Database,
    settings: Settings,
    now: clock.Clock = clock.now,
) -> int:
    """Plan a command that a person asked for on one server; returns the execution's id.

    A restart is verified by the service's status command where it has one.
    """
    with database.transaction() as session:
        command = commands.require(session=session, command_name=command_name)
        minion_id = servers.minion_of(session=session, server_id=server_id)
        if minion_id is None:
            words = "is not the id of a server with a minion; salt-run rescue.servers lists them"
            raise Invalid([Problem("server", words)])
        steps, check, fix = _steps_of(session, command)
        _refuse_if_halted(session, command.target_service, server_id, minion_id)
        return executions.plan(
            session=session,
            pinned=pin(service=command.target_service, steps=steps, check=check, fix=fix),
            fix=fix,
            name=f"{command.command_type} command {command.command_name}",
            service_type=command.target_service,
            server_id=server_id,
            minion_id=minion_id,
            requested_by=requested_by,
            settings=settings.execution,
            now=now(),
        ).id


def _refuse_if_halted(session: Session, service: str, server_id: str, minion_id: str) -> None:
    stop = halts.on(session=session, service_type=service, server_id=server_id, minion_id=minion_id)
    if stop is not None:
        reason = f" ({stop.reason})" if stop.reason else ""
        raise Halted(
            f"{stop.called_by} has halted {stop.target}{reason}; nothing was planned.",
            remedy=f"salt-run rescue.resume '{stop.target}' lifts it.",
        )


def _steps_of(
    session: Session, command: SaltStackCommand
) -> tuple[tuple[Step, ...], SaltStackCommand | None, Fix | None]:
    if command.command_type is CommandType.STATUS:
        return (Step.CHECK,), command, None
    fix = Fix(
        kind=SolutionKind.SHELL,
        solution=command.command_script,
        name=command.command_name,
        command_id=command.id,
    )
    check = commands.for_service(
        session=session, service_type=command.target_service, command_type=CommandType.STATUS
    )
    if command.command_type is CommandType.LOG_CHECK or check is None:
        return (Step.FIX,), None, fix
    return (Step.FIX, Step.VERIFY), check, fix
