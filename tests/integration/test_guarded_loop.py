"""The guard in a real world: approvals with real previews, halts that reach minions, waves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from devstack import alarms
from devstack.place import REPOSITORY
from devstack.world import World
from rescuebot import clock
from rescuebot.approvals import service as approvals
from rescuebot.approvals.model import Approval
from rescuebot.events.model import CloudWatchEvent
from rescuebot.executions import service as executions
from rescuebot.executions.model import Execution
from tests.integration.test_rescue_loop import Stage

pytestmark = pytest.mark.salt

SLS = """\
shop_is_marked:
  file.managed:
    - name: {mark}
    - contents: {words}
shop_is_started:
  cmd.run:
    - name: {start}
"""


class Shop(Stage):
    """A world whose service `web` has a runbook with a state of its own, in mode ask."""

    def __init__(self, world: World, states: Path) -> None:
        super().__init__(world)
        self.states = states
        self.mark = states / "mark"

    def write_state(self, words: str) -> None:
        """What the runbook state says."""
        service = self.world.services["web"]
        text = SLS.format(mark=self.mark, words=words, start=json.dumps(service.start_command()))
        (self.states / "shop.sls").write_text(text)

    def run_as(self, person: str, function: str, *arguments: Any, **named: Any) -> Any:
        """What salt-run answers to a person of that name."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SUDO_USER", person)
            return self.world.run(function, *arguments, **named)

    def runs(self, event: CloudWatchEvent) -> list[Execution]:
        with self.ledger.reading() as session:
            return list(executions.list_(session=session, event_id=event.id))

    def held(self, body: dict[str, Any], rule: str) -> CloudWatchEvent:
        """Wait until the event's run is held by the rule."""

        def found() -> CloudWatchEvent | None:
            event = self.event(body)
            runs = [] if event is None else self.runs(event)
            return event if runs and runs[-1].held_by == rule else None

        event = self.world.wait_for(found, what=f"the run is held by {rule}")
        assert event is not None
        return event

    def approval(self) -> dict[str, Any]:
        """The approval that waits, with its preview."""

        def found() -> Approval | None:
            with self.ledger.reading() as session:
                waiting = approvals.list_(session=session, limit=1)
                return waiting[0] if waiting and waiting[0].preview else None

        waiting = self.world.wait_for(found, what="the preview is there")
        assert waiting is not None
        shown: dict[str, Any] = self.world.run("rescue.approval", waiting.id)
        return shown


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    states = tmp_path_factory.mktemp("states")
    with World(
        tmp_path_factory.mktemp("world"),
        minions=3,
        master_options={"file_roots": {"base": [str(REPOSITORY / "salt/states"), str(states)]}},
        settings={"guard": {"cooldown_seconds": 0, "flapping_changes": 0}},
    ) as world:
        world.run("rescue.starter")
        found = Shop(world, states)
        found.write_state("harmless")
        found.mark.write_text("before\n")
        made = found.run_as(
            "kim",
            "rescue.runbook_create",
            title="Start the shop",
            service_type="web",
            error_pattern="webd",
            solution_kind="state",
            solution_script="shop",
            priority=900,
        )
        assert made["item"]["mode"] == "ask"
        yield found
        found.ledger.dispose()


def alarm(shop: Shop, minutes: int, minion: int = 0) -> dict[str, Any]:
    """The alarm of a dead web service; each a while after the one before."""
    server = shop.world.minions[minion].server_id
    at = clock.now() + timedelta(minutes=minutes)
    return alarms.process_down(server, exe="webd", service="web", time=at)


def test_a_person_sees_what_would_change_approves_and_it_runs(shop: Shop) -> None:
    service = shop.world.services["web"]
    service.kill()
    body = alarm(shop, 0)
    shop.send(body)
    shop.held(body, "approval")
    shown = shop.approval()
    preview = json.loads(shown["preview"])
    assert preview["verdict"] == "previewed" and preview["service_up"] is False
    assert "-before" in preview["output"] and "+harmless" in preview["output"]
    assert shop.mark.read_text() == "before\n", "it was only looked at"
    assert shown["fix"]["solution"] == "shop"
    number, digest = shown["approval"]["id"], shown["approval"]["digest"]
    assert [row["id"] for row in shop.world.run("rescue.approvals")] == [number]
    refused = shop.run_as("kim", "rescue.approve", number)
    assert "has proposed this" in refused["message"]
    assert shop.run_as("lee", "rescue.approve", number, digest=digest[:12])
    event = shop.ended(body)
    assert event.outcome == "fixed" and service.is_up()
    assert shop.mark.read_text().strip() == "harmless"
    told = shop.world.run("rescue.event", event.id)
    assert [row["state"] for row in told["approvals"]] == ["spent"]


def test_a_state_that_was_changed_after_the_approval_is_refused_and_audited(shop: Shop) -> None:
    service = shop.world.services["web"]
    starts = service.starts()
    service.kill()
    body = alarm(shop, 10)
    shop.world.run("rescue.halt", "service:web", "hold it until the file is changed")
    shop.send(body)
    shop.held(body, "approval")
    shown = shop.approval()
    assert shop.run_as("lee", "rescue.approve", shown["approval"]["id"])
    shop.held(body, "halt")
    shop.write_state("evil")
    shop.world.run("rescue.resume", "service:web")
    event = shop.ended(body)
    shop.write_state("harmless")
    assert event.outcome == "rejected"
    assert shop.mark.read_text().strip() == "harmless" and service.starts() == starts
    (run,) = shop.runs(event)
    assert (run.verdict, "not what was approved" in (run.message or "")) == ("refused", True)
    audited = shop.world.run("rescue.audit")
    assert audited[0]["action"] == "tampered_execution"
    assert f"execution {run.id}" == audited[0]["subject"]
    service.start()


def test_what_a_person_has_edited_is_what_runs_on_the_minion(shop: Shop, tmp_path: Path) -> None:
    """First a script, then the arguments of a state; each proposal is seen, tried and approved."""
    service = shop.world.services["web"]
    start = service.start_command()
    texts = {name: tmp_path / f"{name}.sh" for name in ("proposed", "edited")}
    for name, text in texts.items():
        text.write_text(f"echo {name} > {shop.mark}\n{start}\n")
    made = shop.run_as(
        "kim",
        "rescue.runbook_create",
        title="Start the shop by a script",
        service_type="web",
        error_pattern="webd",
        solution_kind="shell",
        file=str(texts["proposed"]),
        priority=950,
    )
    assert "item" in made, made
    service.kill()
    body = alarm(shop, 15)
    shop.send(body)
    shop.held(body, "approval")
    shown = shop.approval()
    number, digest = shown["approval"]["id"], shown["approval"]["digest"]
    told = shop.run_as(
        "sato", "rescue.amend", number, file=str(texts["edited"]), digest=digest[:12]
    )
    assert "may_approve" in told, told
    assert told["may_approve"]["reason"] == "own_edit"
    assert "proposed" in told["amended"]["original"]["solution"]
    shown = shop.approval()
    assert json.loads(shown["preview"])["reason"] == "not_run"
    refused = shop.run_as("sato", "rescue.approve", number)
    assert "has edited this" in refused["message"]
    assert shop.run_as("lee", "rescue.approve", number, digest=shown["approval"]["digest"])
    event = shop.ended(body)
    assert event.outcome == "fixed" and service.is_up()
    assert shop.mark.read_text().strip() == "edited"
    kept = shop.world.run("rescue.runbook", made["item"]["id"])["item"]
    assert "proposed" in kept["solution_script"]
    shop.world.run("rescue.runbook_delete", made["item"]["id"], version=kept["version"])

    shop.write_state("{{ pillar['rescue_run']['arguments'].get('words', 'harmless') }}")
    service.kill()
    body = alarm(shop, 20)
    shop.send(body)
    shop.held(body, "approval")
    number = shop.approval()["approval"]["id"]
    shop.run_as("sato", "rescue.amend", number, arguments={"words": "by argument"})
    shown = shop.approval()
    assert "+by argument" in json.loads(shown["preview"])["output"]
    assert shop.run_as("lee", "rescue.approve", number, digest=shown["approval"]["digest"])
    assert shop.ended(body).outcome == "fixed"
    assert shop.mark.read_text().strip() == "by argument"
    shop.write_state("harmless")
    shop.mark.write_text("harmless\n")


def test_a_halt_reaches_work_that_its_minion_has_fetched_and_not_begun(shop: Shop) -> None:
    """The check of mysql is made to wait; while it runs, everything is halted."""
    service = shop.world.services["mysql"]
    status = shop.world.run("rescue.command", "mysql-status")["item"]
    slow, go_on = shop.states / "slow.sh", shop.states / "go-on"
    slow.write_text(f"until test -e '{go_on}'; do sleep 0.2; done\n{status['command_script']}")
    changed = shop.world.run(
        "rescue.command_update", "mysql-status", version=status["version"], file=str(slow)
    )
    starts = service.starts()
    service.kill()
    minion = shop.world.minions[0]
    body = alarms.process_down(minion.server_id)
    shop.send(body)

    def running() -> bool:
        event = shop.event(body)
        return event is not None and any(run.state == "running" for run in shop.runs(event))

    shop.world.wait_for(running, what="the check runs on the minion")
    shop.world.run("rescue.halt", "*", "stop everything")
    # The tracker tells it to the minion in its next round.
    shop.world.wait_for(lambda: minion.call("rescue.halted")["halted"], what="the halt is there")
    go_on.touch()
    event = shop.held(body, "halt")
    assert service.starts() == starts, "the fix did not begin"
    told = shop.world.run("rescue.held")
    assert [row["held_by"] for row in told if row["cloudwatch_event_id"] == event.id] == ["halt"]
    shop.world.run(
        "rescue.command_revert", "mysql-status", to=1, version=changed["item"]["version"]
    )
    refused = shop.world.run("rescue.run", "web-status", minion.server_id)
    assert "has halted *" in refused["message"]
    shop.world.run("rescue.resume")
    assert shop.ended(body).outcome == "fixed" and service.starts() == starts + 1


def test_servers_of_one_service_are_repaired_one_after_the_other(shop: Shop) -> None:
    bodies = []
    services = [minion.services["mysql"] for minion in shop.world.minions]
    for minion in shop.world.minions:
        minion.services["mysql"].kill()
    for number, minion in enumerate(shop.world.minions):
        at = clock.now() + timedelta(minutes=30 + number)
        bodies.append(alarms.process_down(minion.server_id, time=at))
        shop.send(bodies[-1])
    ended = [shop.ended(body) for body in bodies]
    assert {event.outcome for event in ended} == {"fixed"}
    assert all(service.is_up() for service in services)
    runs = sorted((run for event in ended for run in shop.runs(event)), key=lambda run: run.id)
    assert len(runs) == 3
    times = sorted((run.dispatched_at, run.finished_at) for run in runs)
    for (_, until), (since, _) in zip(times, times[1:], strict=False):
        assert since is not None and until is not None and until <= since, "at most one of three"
