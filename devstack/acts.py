"""The three acts of the demo. Each sends a real alarm and says what must be so at its end.

Invariant: every fact comes from the queue, from ``salt-run rescue.* --out=json``, from the ledger
or from /proc; none is taken from what was meant to happen.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from devstack import alarms, ports, procfs, walk
from devstack.narration import Narrator
from devstack.services import Service
from devstack.walk import Story
from devstack.world import QUEUE, World
from rescuebot import clock
from rescuebot.database import Database

_PATIENCE = 120.0
_STRANGER = "i-0fffffffffffffff0"

Body = dict[str, Any]


class Stage:
    """Where the acts are played: the world, its ledger, and who tells the story."""

    def __init__(self, *, world: World, ledger: Database, narrator: Narrator) -> None:
        self.world = world
        self.narrator = narrator
        self._ledger = ledger
        self._good = True
        self.summary: list[str] = []

    def play(self) -> bool:
        """All acts; whether everything ended as it must."""
        for act in (a_service_dies, a_false_alarm, an_unknown_server):
            act(self)
        return self._good

    def expect(self, holds: bool, words: str) -> None:
        """Say whether something that must be so is so."""
        self.narrator.fact(holds, words)
        self._good = self._good and holds

    def follow(self, body: Body) -> Story:
        """Send an alarm and tell its walk as it happens, until it has ended."""
        sent = clock.now()
        queue_id = self.world.queue.send(body)
        name = body["detail"]["alarmName"]
        words = f"{name} into the queue {QUEUE}, SQS message {queue_id}"
        self.narrator.moment(0, "alarm sent", words)
        told: set[tuple[str, str]] = set()

        def ended() -> Story | None:
            story = walk.story_of(self._ledger, body["id"])
            if story is None:
                return None
            self._tell_news(story, since=sent, told=told)
            return story if walk.has_ended(story) else None

        story = self.narrator.while_waiting(
            lambda: ended() or {},
            seconds=_PATIENCE,
            what="the event ends",
            explain=self.world.master.daemon.tail,
        )
        self._tell_end(story, since=sent)
        return self.retold(story["event"]["id"])

    def retold(self, event_id: int) -> Story:
        """The same event as an operator gets it."""
        story: Story = self.world.run("rescue.event", event_id)
        return story

    def _tell_news(self, story: Story, *, since: datetime, told: set[tuple[str, str]]) -> None:
        for moment in walk.moments(story):
            if (moment.label, moment.words) not in told:
                told.add((moment.label, moment.words))
                seconds = (moment.at - since).total_seconds()
                self.narrator.moment(seconds, moment.label, moment.words)

    def _tell_end(self, story: Story, *, since: datetime) -> None:
        event = story["event"]
        seconds = _seconds(event["resolved_at"], since=since)
        words = f"event {event['id']} has status {event['status']}, outcome {event['outcome']}"
        self.narrator.moment(seconds, "end", words)
        self.narrator.blank()
        self.summary.append(f"{event['alarm_name']}: {event['outcome']} after {seconds:.2f} s")


def a_service_dies(stage: Stage) -> None:
    """The service is killed; the alarm brings it back."""
    say = stage.narrator
    minion = stage.world.minions[0]
    mysql = minion.services["mysql"]
    say.title("Act 1: a service dies, and runs again")
    say.say(_described(mysql, server_id=minion.server_id))
    starts = mysql.starts()
    killed = mysql.kill()
    say.say(f"SIGKILL to pid {killed}. {_remains(mysql, killed)}")
    say.blank()
    story = stage.follow(alarms.service_down(minion.server_id, mysql.name, mysql.process))
    _show_log_rows(stage, story)
    _expect_fixed(stage, story)
    words = f"{mysql.process} runs again with a new pid: {killed} before, {mysql.pid} now"
    stage.expect(mysql.pid not in (None, killed) and mysql.is_up(), words)
    words = f"it was started exactly once: {starts} starts before, {mysql.starts()} now"
    stage.expect(mysql.starts() == starts + 1, words)
    depth = stage.world.queue.depth()
    stage.expect(depth == 0, f"the message has left the queue: {depth} in it")


def a_false_alarm(stage: Stage) -> None:
    """The service is up: nothing may be touched."""
    say = stage.narrator
    minion = stage.world.minions[0]
    mysql = minion.services["mysql"]
    say.title("Act 2: an alarm for a service that is up")
    say.say(_described(mysql, server_id=minion.server_id))
    say.blank()
    pid, starts = mysql.pid, mysql.starts()
    story = stage.follow(alarms.service_down(minion.server_id, mysql.name, mysql.process))
    _show_log_rows(stage, story)
    outcome = story["event"]["outcome"]
    stage.expect(outcome == "nothing_to_fix", f"outcome: {outcome}")
    steps = [log["step"] for run in story["executions"] for log in run["logs"]]
    stage.expect(steps == ["check"], f"only the check was run: {', '.join(steps)}")
    stage.expect(
        pid is not None and mysql.pid == pid, f"the pid is the same: {pid} before, {mysql.pid} now"
    )
    words = f"nothing was started: {starts} starts before, {mysql.starts()} now"
    stage.expect(mysql.starts() == starts, words)


def an_unknown_server(stage: Stage) -> None:
    """The alarm names a server that no minion runs on."""
    say = stage.narrator
    say.title("Act 3: an alarm for a server that nobody knows")
    say.say(f"No minion says that it runs on {_STRANGER}.")
    say.blank()
    story = stage.follow(alarms.process_down(_STRANGER, "mysqld", event_id=str(uuid.uuid4())))
    event = story["event"]
    outcome = f"{event['status']}, {event['outcome']}"
    stage.expect(outcome == "failed, no_minion", f"outcome: {outcome}")
    stage.expect(story["executions"] == [], "nothing was run anywhere")
    listed = stage.world.run("rescue.events", server=_STRANGER)
    seen = [(row["id"], row["outcome"]) for row in listed]
    words = f"an operator sees it: rescue.events server={_STRANGER} lists event {event['id']}"
    stage.expect(seen == [(event["id"], "no_minion")], words)
    reasons = [row["words"] for row in story["decisions"] if row["verdict"] == "no_minion"]
    stage.expect(bool(reasons), f"and why: {' '.join(reasons) or 'no decision says so'}")


def _expect_fixed(stage: Stage, story: Story) -> None:
    outcome = story["event"]["outcome"]
    stage.expect(outcome == "fixed", f"outcome: {outcome}")
    logs = [log for run in story["executions"] for log in run["logs"]]
    steps = [(log["step"], log["execution_status"]) for log in logs]
    wanted = [("check", "failed"), ("fix", "success"), ("verify", "success")]
    words = ", ".join(f"{step} {status}" for step, status in steps) or "no log rows"
    stage.expect(steps == wanted, f"the log tells the steps: {words}")


def _show_log_rows(stage: Stage, story: Story) -> None:
    """The rows of the execution log, as ``rescue.event`` gives them."""
    rows = [
        {
            "log": log["id"],
            "step": log["step"],
            "status": log["execution_status"],
            "ret": "" if log["retcode"] is None else log["retcode"],
            "minion": log["minion_id"],
            "resp. (s)": log["response_time"],
            "result": _gist(log["execution_result"]),
        }
        for run in story["executions"]
        for log in run["logs"]
    ]
    if rows:
        stage.narrator.say(f"The log rows (salt-run rescue.event {story['event']['id']}):")
        stage.narrator.table(rows)
        stage.narrator.blank()


def _gist(result: str) -> str:
    """The summary of a state run, else the first line."""
    lines = [line.strip() for line in result.splitlines() if line.strip()]
    summary = [line for line in lines if line.startswith(("Succeeded:", "Failed:"))]
    return ", ".join(" ".join(line.split()) for line in summary or lines[:1])


def _described(service: Service, *, server_id: str) -> str:
    state = "is up" if service.is_up() else "is down"
    return (
        f"{service.name} on {service.minion_id}, which is server {server_id}, {state}: "
        f"{service.process} with pid {service.pid} on port {service.port}; "
        f"starts so far: {service.starts()}."
    )


def _remains(service: Service, killed: int) -> str:
    """What is left of a service that was killed, looked up and not assumed."""
    gone = "It is gone" if procfs.identify(killed) is None else "It still runs"
    file = "is still there" if service.pid_file.exists() else "is gone too"
    port = "answers" if ports.accepts(service.port) else "refuses connections"
    return f"{gone}; its pid file {file}, and port {service.port} {port}."


def _seconds(text: str, *, since: datetime) -> float:
    return (datetime.fromisoformat(text) - since).total_seconds()
