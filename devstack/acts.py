"""The acts of the demo that begin at the queue. Each tells what must be so at its end.

Invariant: every fact comes from the queue, from ``salt-run rescue.* --out=json``, from the ledger
or from /proc; none is taken from what was meant to happen.
"""

from __future__ import annotations

import json
import shlex
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from devstack import advice, alarms, ports, procfs, walk
from devstack.advice import Orders
from devstack.model import Rule
from devstack.narration import Narrator
from devstack.services import Service
from devstack.walk import Story
from devstack.world import QUEUE, World
from rescuebot import clock
from rescuebot.database import Database

_PATIENCE = 120.0
_STRANGER = "i-0fffffffffffffff0"
_PERSON = "kim"
# Of what a state says about itself in a trial run.
_TOLD = ("Function:", "Name:", "Comment:")

Body = dict[str, Any]


class Stage:
    """Where the acts are played: the world, its ledger, and who tells the story."""

    def __init__(self, *, world: World, ledger: Database, narrator: Narrator) -> None:
        self.world = world
        self.narrator = narrator
        self._ledger = ledger
        self._good = True
        self.summary: list[str] = []

    def play(self, acts: Sequence[Callable[[Stage], None]]) -> bool:
        """These acts; whether everything ended as it must."""
        for act in acts:
            act(self)
        return self._good

    def expect(self, holds: bool, words: str) -> None:
        """Say whether something that must be so is so."""
        self.narrator.fact(holds, words)
        self._good = self._good and holds

    def follow(self, body: Body) -> Story:
        """Send an alarm and tell its walk as it happens, until it has ended."""
        telling = self.send(body)
        telling.until(walk.has_ended, what="the event ends")
        return telling.end()

    def send(self, body: Body) -> Telling:
        """Send an alarm, to tell its walk step by step."""
        return Telling(self, self._ledger, body)

    def retold(self, event_id: int) -> Story:
        """The same event as an operator gets it."""
        story: Story = self.world.run("rescue.event", event_id)
        return story

    def as_person(self, function: str, *arguments: Any, **named: Any) -> Any:
        """Show a command line, and do by it what only a person may do."""
        words = [str(one) for one in (function, *arguments)]
        words += [shlex.quote(f"{name}={value}") for name, value in named.items()]
        self.narrator.lines(f"$ SUDO_USER={_PERSON} salt-run {' '.join(words)}")
        return self.world.run_as(_PERSON, function, *arguments, **named)


class Telling:
    """The walk of one event, told as it happens."""

    def __init__(self, stage: Stage, ledger: Database, body: Body) -> None:
        self._stage = stage
        self._narrator = stage.narrator
        self._ledger = ledger
        self._message_id = body["id"]
        self._told: set[tuple[str, str]] = set()
        self._since = clock.now()
        queue_id = stage.world.queue.send(body)
        name = body["detail"]["alarmName"]
        words = f"{name} into the queue {QUEUE}, SQS message {queue_id}"
        self._narrator.moment(0, "alarm sent", words)

    def until(self, condition: Callable[[Story], bool], *, what: str) -> Story:
        """Tell what happens until the event's story is as wanted."""

        def seen() -> Story:
            story = walk.story_of(self._ledger, self._message_id)
            if story is None:
                return {}
            self._tell_news(story)
            return story if condition(story) else {}

        return self._narrator.while_waiting(
            seen,
            seconds=_PATIENCE,
            what=what,
            explain=self._stage.world.master.daemon.tail,
        )

    def end(self) -> Story:
        """Tell how the event has ended; the event as an operator gets it."""
        event = self.until(walk.has_ended, what="the event ends")["event"]
        seconds = _seconds(event["resolved_at"], since=self._since)
        words = f"event {event['id']} has status {event['status']}, outcome {event['outcome']}"
        self._narrator.moment(seconds, "end", words)
        self._narrator.blank()
        summary = f"{event['alarm_name']}: {event['outcome']} after {seconds:.2f} s"
        self._stage.summary.append(summary)
        return self._stage.retold(event["id"])

    def _tell_news(self, story: Story) -> None:
        for moment in walk.moments(story):
            if (moment.label, moment.words) not in self._told:
                self._told.add((moment.label, moment.words))
                seconds = (moment.at - self._since).total_seconds()
                self._narrator.moment(seconds, moment.label, moment.words)


def a_service_dies(stage: Stage) -> None:
    """The service is killed; the alarm brings it back."""
    say = stage.narrator
    minion = stage.world.minions[0]
    mysql = minion.services["mysql"]
    say.title("Act 1: a service dies, and runs again")
    say.say(described(mysql, server_id=minion.server_id))
    starts = mysql.starts()
    killed = mysql.kill()
    say.say(f"SIGKILL to pid {killed}. {remains(mysql, killed)}")
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
    say.say(described(mysql, server_id=minion.server_id))
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


def an_unknown_failure(stage: Stage) -> None:
    """No runbook fits: the model drafts one, a person approves it, and it is kept."""
    say = stage.narrator
    world, minion = stage.world, stage.world.minions[0]
    orders = minion.services[advice.SERVICE]
    assert isinstance(orders, Orders)
    say.title("Act 4: a failure that no runbook knows")
    say.say(described(orders, server_id=minion.server_id))
    _break(stage, orders)
    pid, starts = orders.pid, orders.starts()
    telling = stage.send(advice.alarm(minion.server_id))
    story = telling.until(_is_settled, what="the model's draft waits for a person")
    if walk.has_ended(story):
        stage.expect(False, f"the model's draft waits for a person: {_last_words(story)}")
        return
    number = _show_draft(stage, story)
    stage.expect(orders.lock.exists(), f"nothing was changed yet: {orders.lock} is there")
    _approve(stage, story)
    _expect_fixed(stage, _shown(stage, telling.end()))
    stage.expect(orders.is_up() and not orders.lock.exists(), "orders are taken, the lock is gone")
    words = f"the daemon was left alone: pid {pid} before, {orders.pid} now"
    stage.expect(orders.pid == pid and orders.starts() == starts, words)
    asked = len(world.model.requests())
    stage.expect(asked == 1, f"the model was asked once: {asked} requests in its own log")
    _promote(stage, number)


def _break(stage: Stage, orders: Orders) -> None:
    """Put `orders` out of work and give the model its script."""
    say, world = stage.narrator, stage.world
    world.run("rescue.command_create", **advice.log_check(world.place))
    world.model.script(Rule(pattern=advice.REFUSES, answer=advice.remedy(orders.lock)))
    orders.break_off_a_deploy()
    say.say(
        f"A deploy is killed in its midst. The daemon still runs, with pid {orders.pid}, but its "
        f"health check says: {orders.refusal()}."
    )
    say.say(
        "There is no runbook for orders, so a model is asked. It is a scripted one; the way to it "
        "is the real one, by a Lambda and by Converse of Bedrock."
    )
    say.blank()


def _is_settled(story: Story) -> bool:
    """Whether an answer of a person is waited for, or nothing at all."""
    waits = any(approval["state"] == "pending" for approval in story["approvals"])
    return waits or walk.has_ended(story)


def _last_words(story: Story) -> str:
    return str(story["decisions"][-1]["words"])


def _show_draft(stage: Stage, story: Story) -> int:
    """What an approver sees before the answer; the number of the draft."""
    say, world = stage.narrator, stage.world
    answer = json.loads(story["advice"]["answer"])
    event_id = story["event"]["id"]
    (draft,) = [row for row in world.run("rescue.drafts") if row["cloudwatch_event_id"] == event_id]
    action = json.loads(draft["content"])
    say.blank()
    say.say(f"Diagnosis, confidence {answer['confidence']}: {answer['diagnosis']}")
    for cited in answer["evidence"]:
        say.lines(f"{cited['id']}: {cited['quote']!r}")
    say.say(f"Draft {draft['id']} '{draft['title']}', risk {draft['risk']}: {action['risk_words']}")
    say.lines(action["solution"])
    preview = _preview(stage, story)
    say.say(f"The minion has tried it with test=True. {preview['message']}")
    told = [line.strip() for line in preview["output"].splitlines()]
    say.lines("\n".join(line for line in told if line.startswith(_TOLD)))
    stage.expect(preview["verdict"] == "previewed", "the minion knows what the draft would change")
    return int(draft["id"])


def _preview(stage: Stage, story: Story) -> dict[str, Any]:
    """What the minion says that the draft would change."""
    number = story["approvals"][-1]["id"]

    def shown() -> str:
        return stage.world.run("rescue.approval", number)["preview"] or ""

    words = "the minion tells what the draft would change"
    tail = stage.world.master.daemon.tail
    told = stage.narrator.while_waiting(shown, seconds=_PATIENCE, what=words, explain=tail)
    preview: dict[str, Any] = json.loads(told)
    return preview


def _approve(stage: Stage, story: Story) -> None:
    approval = story["approvals"][-1]
    stage.narrator.blank()
    stage.narrator.say(f"{_PERSON} approves exactly that, at the command line of the master:")
    digest = approval["digest"][:12]
    done = stage.as_person(
        "rescue.approve", approval["id"], digest=digest, comment="no deploy runs"
    )
    state = done.get("approval", {}).get("state", done.get("message"))
    # A quick tracker has used it already when it is shown.
    good = state in ("approved", "spent")
    stage.expect(good, f"{state}; proposed by {approval['proposed_by']}")
    stage.narrator.blank()


def _promote(stage: Stage, number: int) -> None:
    """Keep what has helped, and show what it has cost."""
    say, world = stage.narrator, stage.world
    say.blank()
    say.say("It has helped, so it becomes a runbook, with this event as its regression case:")
    draft = stage.as_person("rescue.promote", number).get("item", {})
    runbook = world.run("rescue.runbook", draft.get("runbook_id") or 0).get("item", {})
    words = f"it is runbook {runbook.get('id')} for {runbook.get('service_type')} now, in mode ask"
    stage.expect(draft.get("state") == "promoted" and runbook.get("mode") == "ask", words)
    cases = world.run("rescue.regressions")
    good = [case["regression_of"] for case in cases if case["ok"]]
    words = f"rescue.regressions: its event would find it again: {good}"
    stage.expect(runbook.get("id") in good and all(case["ok"] for case in cases), words)
    say.blank()
    say.say("What the model has cost (salt-run rescue.advice stats):")
    columns = ("model_id", "calls", "input_tokens", "output_tokens", "us_dollars")
    rows = world.run("rescue.advice", "stats")
    say.table([{name: row[name] for name in columns} for row in rows])


def _expect_fixed(stage: Stage, story: Story) -> None:
    outcome = story["event"]["outcome"]
    stage.expect(outcome == "fixed", f"outcome: {outcome}")
    logs = [log for run in story["executions"] for log in run["logs"]]
    steps = [(log["step"], log["execution_status"]) for log in logs]
    wanted = [("check", "failed"), ("fix", "success"), ("verify", "success")]
    words = ", ".join(f"{step} {status}" for step, status in steps) or "no log rows"
    stage.expect(steps == wanted, f"the log tells the steps: {words}")


def _shown(stage: Stage, story: Story) -> Story:
    _show_log_rows(stage, story)
    return story


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


def described(service: Service, *, server_id: str) -> str:
    """A service and its state, in a sentence."""
    state = "is up" if service.is_up() else "is down"
    return (
        f"{service.name} on {service.minion_id}, which is server {server_id}, {state}: "
        f"{service.process} with pid {service.pid} on port {service.port}; "
        f"starts so far: {service.starts()}."
    )


def remains(service: Service, killed: int) -> str:
    """What is left of a service that was killed, looked up and not assumed."""
    gone = "It is gone" if procfs.identify(killed) is None else "It still runs"
    file = "is still there" if service.pid_file.exists() else "is gone too"
    port = "answers" if ports.accepts(service.port) else "refuses connections"
    return f"{gone}; its pid file {file}, and port {service.port} {port}."


def _seconds(text: str, *, since: datetime) -> float:
    return (datetime.fromisoformat(text) - since).total_seconds()


ALL = (a_service_dies, a_false_alarm, an_unknown_server, an_unknown_failure)
