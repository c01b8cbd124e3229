"""Events: list, look at, hand in, close, take back, look at again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from rescuebot import closing, history, intake, rehearsal
from rescuebot.errors import Conflict, Forbidden, NotFound
from rescuebot.events import search
from rescuebot.events import service as events
from rescuebot.events.model import CloudWatchEvent, EventStatus
from rescuebot.events.parse import own
from rescuebot.people.roles import Role
from webui.api import context, listing, once, who
from webui.api.door import ADMIN, INGEST, LOCATION, OPERATOR, VIEWER, Door
from webui.api.schemas import events as schemas
from webui.api.schemas import histories, rehearsals
from webui.api.schemas.base import BecameAll, Reason

door = Door("events", path="/events", words="What was reported, and what became of it.")

ONE = "/<int(min=1, max=2147483647):event_id>"


@door.operation("GET", "", allow=VIEWER, query=schemas.EventQuery, returns=schemas.EventPage)
def list_events(query: dict[str, Any]) -> Any:
    """Events, the latest first."""
    if query["deleted"]:
        _require_admin()
    return listing.page(search, query)


@door.operation("GET", ONE, allow=VIEWER, returns=schemas.Event)
def get_event(event_id: int) -> Any:
    """One event. Admins see deleted ones, too."""
    return context.read(lambda session: _visible(session, event_id))


@door.operation(
    "POST",
    "",
    allow=INGEST,
    body=schemas.EventIn,
    headers=once.Header,
    returns=schemas.HandedIn,
    status=201,
    describe=LOCATION,
)
def create_event(body: dict[str, Any], headers: dict[str, str]) -> Any:
    """Hand in an event; it goes the same way as one from the queue."""
    receipt = intake.hand_in(
        own.written(**body),
        actor=who.actor(),
        database=context.ledger(),
        settings=context.settings().intake,
        once=once.of(headers),
    )
    found = receipt.recorded[0]
    where = {"Location": f"{request.path}/{found.event_id}"}
    return found, 201, where


@door.operation(
    "POST",
    "/ingest",
    allow=INGEST,
    body=schemas.Message,
    headers=once.Header,
    returns=schemas.HandedInAll,
    status=201,
)
def ingest_event(body: dict[str, Any], headers: dict[str, str]) -> Any:
    """Hand in a message as EventBridge, SNS or SQS sends it.

    The same message that also comes by the queue is one event.
    """
    receipt = intake.hand_in(
        request.get_data(as_text=True),
        actor=who.actor(),
        database=context.ledger(),
        settings=context.settings().intake,
        once=once.of(headers),
    )
    return {"events": receipt.recorded}


@door.operation(
    "PATCH", ONE, allow=OPERATOR, body=schemas.StatusChange, returns=schemas.Event, fails=(409,)
)
def update_event(event_id: int, body: dict[str, str]) -> Any:
    """Close an event by hand. What waits for it is withdrawn; with work out it is refused."""
    context.read(lambda session: _visible(session, event_id))
    done = closing.close(
        [event_id],
        status=EventStatus(body["status"]),
        reason=body["reason"],
        actor=who.actor(),
        database=context.ledger(),
    )
    done[0].insist()
    event = context.read(lambda session: _visible(session, event_id))
    if event.status != body["status"]:
        raise Conflict(f"Event {event_id} is {event.status} already.", remedy="Reopen it first.")
    return event


@door.operation("DELETE", ONE, allow=ADMIN, query=Reason, status=204, fails=(409,))
def delete_event(event_id: int, query: dict[str, str]) -> Any:
    """Take an event out of all lists. It stays in the ledger, and so do its logs."""
    done = closing.take_back(
        [event_id], reason=query["reason"], actor=who.actor(), database=context.ledger()
    )
    done[0].insist()


@door.operation("POST", ONE + "/restore", allow=ADMIN, returns=schemas.Event, fails=(409,))
def restore_event(event_id: int) -> Any:
    """Bring a deleted event back into the lists."""
    closing.give_back([event_id], actor=who.actor(), database=context.ledger())[0].insist()
    return context.read(lambda session: _visible(session, event_id))


@door.operation(
    "POST", ONE + "/reopen", allow=OPERATOR, body=Reason, returns=schemas.Event, fails=(409,)
)
def reopen_event(event_id: int, body: dict[str, str]) -> Any:
    """Let a failed event be decided anew, under the runbooks as they are now."""
    context.read(lambda session: _visible(session, event_id))
    done = closing.reopen(
        [event_id], reason=body["reason"], actor=who.actor(), database=context.ledger()
    )
    done[0].insist()
    return context.read(lambda session: _visible(session, event_id))


@door.operation(
    "POST",
    ONE + "/acknowledge",
    allow=OPERATOR,
    body=schemas.Acknowledgement,
    returns=schemas.Event,
    fails=(409,),
)
def acknowledge_event(event_id: int, body: dict[str, str]) -> Any:
    """Say that you see to an event, so that nobody else is called for it. Twice does no harm."""
    context.read(lambda session: _visible(session, event_id))
    done = closing.acknowledge(
        [event_id], reason=body["reason"], actor=who.actor(), database=context.ledger()
    )
    done[0].insist()
    return context.read(lambda session: _visible(session, event_id))


@door.operation(
    "POST",
    "/actions",
    allow=OPERATOR,
    body=schemas.EventAction,
    headers=once.Header,
    returns=BecameAll,
)
def act_on_events(body: dict[str, Any], headers: dict[str, str]) -> Any:
    """Do the same to many events; tells what became of each. Deleting is for admins."""
    action = body["action"]
    if action in ("delete", "restore"):
        _require_admin()
    asked: dict[str, Any] = {
        "actor": who.actor(),
        "database": context.ledger(),
        "once": once.of(headers),
        **({} if action == "restore" else {"reason": body["reason"]}),
    }
    return {"items": _ACTIONS[action](body["ids"], **asked)}


@door.operation("GET", ONE + "/history", allow=VIEWER, returns=histories.EventHistory)
def get_event_history(event_id: int) -> Any:
    """Everything about one event: reports, decisions, advice, approvals, executions, logs."""

    def _work(session: Session) -> Any:
        _visible(session, event_id)
        return history.collected(session=session, event_id=event_id)

    return context.read(_work)


@door.operation("GET", ONE + "/message", allow=OPERATOR, returns=histories.RawMessage)
def get_event_message(event_id: int) -> Any:
    """The message that the event came from, as it was sent."""
    return context.read(lambda session: {"raw": _visible(session, event_id).raw})


@door.operation("GET", ONE + "/matches", allow=VIEWER, returns=rehearsals.Match)
def get_event_matches(event_id: int) -> Any:
    """Which runbook fits the event now, what else does, what nearly does and why not."""

    def _work(session: Session) -> Any:
        event = _visible(session, event_id)
        return rehearsal.match(
            session=session, service_type=event.service_type, message=event.event_message
        )

    return context.read(_work)


@door.operation("POST", ONE + "/simulate", allow=OPERATOR, returns=rehearsals.Simulated)
def simulate_event(event_id: int) -> Any:
    """The whole decision on the event as if it came in now. Nothing is executed or kept."""
    context.read(lambda session: _visible(session, event_id))
    return rehearsal.simulate_event(
        event_id, state=None, database=context.ledger(), settings=context.settings()
    )


_ACTIONS: dict[str, Callable[..., Any]] = {
    "resolve": partial(closing.close, status=EventStatus.RESOLVED),
    "fail": partial(closing.close, status=EventStatus.FAILED),
    "reopen": closing.reopen,
    "acknowledge": closing.acknowledge,
    "delete": closing.take_back,
    "restore": closing.give_back,
}


def _visible(session: Session, event_id: int) -> CloudWatchEvent:
    event = events.get(session=session, event_id=event_id)
    if event.deleted_at is not None and who.caller().role is not Role.ADMIN:
        raise NotFound(f"There is no event {event_id}.", remedy="An admin has deleted it.")
    return event


def _require_admin() -> None:
    if who.caller().role is not Role.ADMIN:
        raise Forbidden("Your role does not allow this.", remedy="It is for: admin.")
