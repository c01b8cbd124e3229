"""The act of the demo that is played over HTTP: signed in, with the API's own words only.

Invariant: what is told comes from answers of the API; /proc alone says whether the service is up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

from devstack import acts, alarms
from devstack.acts import Stage
from devstack.errors import WorldError
from devstack.web import MACHINE, Client
from rescuebot import clock

_PERSON = "operator"
_SECONDS = 60
_ENDED = ("resolved", "failed")

Row = dict[str, Any]


def an_alarm_over_http(stage: Stage) -> None:
    """The alarm comes by POST and not by the queue; a person watches over HTTP."""
    say, world = stage.narrator, stage.world
    minion = world.minions[0]
    web = minion.services["web"]
    say.title("Act 5: an alarm over HTTP, and a person who watches")
    say.say(acts.described(web, server_id=minion.server_id))
    person = _signed_in(stage)
    starts, killed = web.starts(), web.kill()
    say.say(f"SIGKILL to pid {killed}. {acts.remains(web, killed)}")
    body = alarms.service_down(minion.server_id, web.name, web.process)
    # Before the alarm is handed in, so that no change is missed.
    with closing(person.changes(seconds=_SECONDS)) as changes:
        next(changes)
        since = clock.now()
        event_id = _handed_in(stage, body)
        event = _watched(stage, person, event_id, changes, since)
    say.blank()
    _retold(stage, person, event)
    stage.expect(event["outcome"] == "fixed", f"outcome: {event['outcome']}")
    words = f"{web.process} runs again with a new pid: {killed} before, {web.pid} now"
    stage.expect(web.pid not in (None, killed) and web.is_up(), words)
    words = f"it was started exactly once: {starts} starts before, {web.starts()} now"
    stage.expect(web.starts() == starts + 1, words)
    _again(stage, body, event_id)


def _signed_in(stage: Stage) -> Client:
    api = stage.world.api
    person = api.anybody()
    answer = person.sign_in(_PERSON, api.access.people[_PERSON])
    words = f"POST /api/v1/auth/sign-in as {_PERSON}: {answer.status_code}"
    stage.expect(answer.status_code == 200, words)
    refused = api.as_machine().get("/api/v1/events")
    words = f"the key of the machine {MACHINE} may hand in alarms and not read them"
    stage.expect(refused.status_code == 403, f"{words}: {refused.status_code}")
    return person


def _handed_in(stage: Stage, body: Row) -> int:
    answer = stage.world.api.as_machine().post("/api/v1/events/ingest", body)
    if answer.status_code != 201:
        raise WorldError("The API does not take the alarm.", remedy=answer.text[:2000])
    stage.narrator.blank()
    words = f"POST /api/v1/events/ingest: 201 {json.dumps(answer.json())}"
    stage.narrator.moment(0, "alarm sent", words)
    (report,) = answer.json()["events"]
    return int(report["event_id"])


def _watched(
    stage: Stage, person: Client, event_id: int, changes: Iterator[str], since: datetime
) -> Row:
    """Ask for the event whenever the stream says that something has changed, until it ended."""
    path = f"/api/v1/events/{event_id}"
    event: Row = {}
    for topic in changes:
        event = person.get(path).json()
        shown = event["status"] + (f", {event['outcome']}" if event["outcome"] else "")
        seconds = (clock.now() - since).total_seconds()
        if topic:
            stage.narrator.moment(seconds, "stream: changed", f"{topic}; GET {path}: {shown}")
        if event["status"] in _ENDED:
            return event
    raise WorldError(f"Event {event_id} has not ended within {_SECONDS} s.", remedy=str(event))


def _retold(stage: Stage, person: Client, event: Row) -> None:
    """The event's history in a few lines, and its place in the summary."""
    say = stage.narrator
    path = f"/api/v1/events/{event['id']}/history"
    history = person.get(path).json()
    say.say(f"GET {path}:")
    for decision in history["decisions"]:
        say.lines(f"{decision['subject']:<8} {decision['verdict']}: {decision['words'][:60]}")
    for run in history["executions"]:
        steps = [f"{log['step']} {log['execution_status']}" for log in run["logs"]]
        say.lines(
            f"execution {run['id']} on {run['minion_id']}: {run['state']}; {', '.join(steps)}"
        )
    told = datetime.fromisoformat(event["resolved_at"]) - datetime.fromisoformat(
        event["received_at"]
    )
    summary = (
        f"{event['alarm_name']}: {event['outcome']} after {told.total_seconds():.2f} s, by HTTP"
    )
    stage.summary.append(summary)


def _again(stage: Stage, body: Row, event_id: int) -> None:
    """The same alarm once more, now by the queue: it is known."""
    world = stage.world
    world.queue.send(body)
    world.wait_for(lambda: world.queue.depth() == 0, what="the queue is empty")
    name = body["detail"]["alarmName"]
    listed = world.api.as_person("viewer").get("/api/v1/events", alarm_name=name).json()
    seen = [row["id"] for row in listed["items"]]
    words = f"the same alarm by the queue is the same event: GET /api/v1/events lists {seen}"
    stage.expect(seen == [event_id], words)
