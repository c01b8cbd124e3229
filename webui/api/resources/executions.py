"""Executions: list, look at, run a command, run again what failed, take back."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from rescuebot import approving, by_hand, history, retrying
from rescuebot.errors import Invalid, Problem
from rescuebot.executions import facts, search, service
from webui.api import context, listing, once, who
from webui.api.door import OPERATOR, VIEWER, Door
from webui.api.schemas import executions as schemas
from webui.api.schemas.base import BecameAll

door = Door("executions", path="/executions", words="What was run, where, and how it ended.")

ONE = "/<int(min=1, max=2147483647):execution_id>"


@door.operation("GET", "", allow=VIEWER, query=schemas.RunQuery, returns=schemas.RunPage)
def list_executions(query: dict[str, Any]) -> Any:
    """Executions, the latest first."""
    return listing.page(search, query)


@door.operation("GET", ONE, allow=VIEWER, returns=schemas.RunWhole)
def get_execution(execution_id: int) -> Any:
    """One execution with its steps, and with what exactly was or will be run."""
    return context.read(
        lambda session: history.execution(session=session, execution_id=execution_id)
    )


@door.operation("GET", ONE + "/previous", allow=VIEWER, returns=schemas.RunBefore)
def get_previous_execution(execution_id: int) -> Any:
    """The run of the same remedy on the same server before this one that came to an output."""
    return {"previous": context.read(lambda session: _previous(session, execution_id))}


@door.operation(
    "POST",
    "",
    allow=OPERATOR,
    body=schemas.RunIn,
    headers=once.Header,
    returns=schemas.RunsMade,
    status=202,
    fails=(404, 409),
)
def run_command(body: dict[str, Any], headers: dict[str, str]) -> Any:
    """Run a registered command on servers: on all of them, or on none.

    It is planned here; the tracker on a master sends it out within a second.
    """
    try:
        ids = by_hand.run_commands(
            command_name=body["command_name"],
            server_ids=body["server_ids"],
            requested_by=who.actor(),
            database=context.ledger(),
            settings=context.settings(),
            once=once.of(headers),
        )
    except Invalid as error:
        # By its name here; on the command line it is another.
        named = {"server": "server_ids"}
        problems = [Problem(named.get(one.field, one.field), one.message) for one in error.problems]
        raise Invalid(problems) from None
    return {"execution_ids": ids}


@door.operation(
    "POST",
    "/retry",
    allow=OPERATOR,
    body=schemas.RetryIn,
    headers=once.Header,
    returns=BecameAll,
    status=202,
)
def retry_executions(body: dict[str, Any], headers: dict[str, str]) -> Any:
    """Run again what failed, with the same input; tells what became of each.

    What succeeded or is under way is refused, and so is what its runbook no longer says.
    """
    became = retrying.retry(
        body["ids"],
        actor=who.actor(),
        database=context.ledger(),
        settings=context.settings(),
        once=once.of(headers),
    )
    return {"items": became}


@door.operation("POST", ONE + "/cancel", allow=OPERATOR, returns=schemas.RunWhole, fails=(409,))
def cancel_execution(execution_id: int) -> Any:
    """Take back what has not been sent yet, whatever holds it."""
    approving.cancel(execution_id, actor=who.actor(), database=context.ledger())
    return context.read(
        lambda session: history.execution(session=session, execution_id=execution_id)
    )


def _previous(session: Session, execution_id: int) -> Any:
    execution = service.get(session=session, execution_id=execution_id)
    found = facts.before(session=session, execution=execution)
    return found and history.execution(session=session, execution_id=found.id)
