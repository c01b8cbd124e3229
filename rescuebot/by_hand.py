"""What a person asks for: one command, on one server or on several."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from rescuebot import clock
from rescuebot.audit import service as audit
from rescuebot.commands import service as commands
from rescuebot.commands.model import CommandType, SaltStackCommand
from rescuebot.database import Database, repeat_on_contention
from rescuebot.errors import Halted, Invalid, Problem
from rescuebot.executions import service as executions
from rescuebot.executions.model import Step
from rescuebot.executions.pin import Fix, pin
from rescuebot.guard import halts
from rescuebot.requests import service as requests
from rescuebot.requests.service import Once
from rescuebot.runbooks.model import SolutionKind
from rescuebot.servers import service as servers
from rescuebot.settings import Settings

MOST_SERVERS = 100


def run_command(
    *,
    command_name: str,
    server_id: str,
    requested_by: str,
    database: Database,
    settings: Settings,
    once: Once | None = None,
    now: clock.Clock = clock.now,
) -> int:
    """Plan a command that a person asked for on one server; returns the execution's id."""
    planned = run_commands(
        command_name=command_name,
        server_ids=[server_id],
        requested_by=requested_by,
        database=database,
        settings=settings,
        once=once,
        now=now,
    )
    return planned[0]


@repeat_on_contention
def run_commands(
    *,
    command_name: str,
    server_ids: Sequence[str],
    requested_by: str,
    database: Database,
    settings: Settings,
    once: Once | None = None,
    now: clock.Clock = clock.now,
) -> list[int]:
    """Plan a command on several servers, on all or on none; returns the executions' ids in order.

    A restart is verified by the service's status command where it has one.
    """
    with database.transaction() as session:
        at = now()
        before = requests.begin(session=session, once=once, now=at)
        if before is not None:
            return [int(execution_id) for execution_id in before["execution_ids"]]
        command = commands.require(session=session, command_name=command_name)
        minions = _minions_of(session, server_ids)
        steps, check, fix = _steps_of(session, command)
        pinned = pin(service=command.target_service, steps=steps, check=check, fix=fix)
        planned = []
        for server_id, minion_id in minions.items():
            refuse_if_halted(
                session=session,
                service=command.target_service,
                server_id=server_id,
                minion_id=minion_id,
            )
            execution = executions.plan(
                session=session,
                pinned=pinned,
                fix=fix,
                name=f"{command.command_type} command {command.command_name}",
                service_type=command.target_service,
                server_id=server_id,
                minion_id=minion_id,
                requested_by=requested_by,
                settings=settings.execution,
                now=at,
            )
            planned.append(execution.id)
        audit.note(
            session=session,
            actor=requested_by,
            action="command_run",
            subject=f"command {command.id} {command.command_name!r}",
            detail="executions " + ", ".join(map(str, planned)),
            now=at,
        )
        requests.note(session=session, once=once, answer={"execution_ids": planned}, now=at)
    return planned


def refuse_if_halted(*, session: Session, service: str, server_id: str, minion_id: str) -> None:
    """Raise Halted when nothing may start there now: who asks should hear it at once."""
    stop = halts.on(session=session, service_type=service, server_id=server_id, minion_id=minion_id)
    if stop is not None:
        reason = f" ({stop.reason})" if stop.reason else ""
        raise Halted(
            f"{stop.called_by} has halted {stop.target}{reason}; nothing was planned.",
            remedy=f"Lift it first, in the console or by: salt-run rescue.resume '{stop.target}'",
        )


def _minions_of(session: Session, server_ids: Sequence[str]) -> dict[str, str]:
    """The minion of each server, in the order given; Invalid names each server that has none."""
    wanted = list(dict.fromkeys(server_ids))
    if not 1 <= len(wanted) <= MOST_SERVERS:
        words = f"must be 1 to {MOST_SERVERS} servers, not {len(wanted)}"
        raise Invalid([Problem("server", words)])
    found = servers.minions_of(session=session, server_ids=wanted)
    words = "is not the id of a server with a minion: {!r:.60}; salt-run rescue.servers lists them"
    without = [Problem("server", words.format(name)) for name in wanted if name not in found]
    if without:
        raise Invalid(without)
    return {name: found[name] for name in wanted}


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
