"""An alarm travels through the planned account: EventBridge, queue, engine, SNS, function, Slack.

The account is made in the emulator from the plan of dev, and a real master with the engine, the
tracker and the API works on it. The emulator sends no alarm of its own to EventBridge and takes
none from a source that begins with aws., as AWS does; so the event is put by the source for drills
that dev's rules admit, and everything else of the pattern is the one that AWS's event has to fit.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import func, select

from devstack import alarms, process
from devstack.slack import Kept, SlackDouble
from devstack.world import World
from rescuebot import clock
from rescuebot.database import Database
from rescuebot.events.model import CloudWatchEvent, EventOccurrence
from rescuebot.events.parse import own
from rescuebot.events.reported import Severity
from rescuebot.requests.model import RequestKey
from rescuebot.requests.service import Once
from tests.infra.terraform import runs
from tests.infra.terraform.account import Account
from tests.infra.terraform.plan import Plan, files
from tests.infra.terraform.rows import patterns, queries
from tests.infra.terraform.rows_events import CONTRIBUTOR, SEVERITIES, mysql_down

pytestmark = pytest.mark.salt

SETTINGS = "/etc/rescuebot/rescue.yaml"
SHAPES = Path(__file__).parents[2] / "shapes"
CHANNEL = {severity: f"C0{severity.upper()}" for severity in SEVERITIES}


class PlannedWorld(World):
    """A world whose queue, topics, functions and rules are those of a plan."""

    def __init__(self, folder: Path, *, plan: Plan, zips: Path) -> None:
        self._plan, self._zips = plan, zips
        # Who is told what is the plan's, too. It has no token of Slack's bot, since nobody has
        # filled the secret: so the way `slack` is passed by, and the next one is `sns`.
        planned = yaml.safe_load(files(plan.one("aws_launch_template", module="master"))[SETTINGS])
        super().__init__(folder, minions=0, web=True, settings={"notices": planned["notices"]})

    def _start_backing(self) -> None:
        super()._start_backing()
        self.account = Account(self.emulator, self._plan, self._zips)
        self.queue = self.account.queue


class Stage:
    """The world, Slack, and what can be asked of both."""

    def __init__(self, world: PlannedWorld, slack: SlackDouble, plan: Plan) -> None:
        self.world, self.slack, self.plan = world, slack, plan
        self.ledger: Database = world.ledger()
        self.alarm = str(next(iter(mysql_down(plan)))[0]["alarm_name"])
        for channel in CHANNEL.values():
            slack.add_channel(channel)
        hooks = {one: slack.add_webhook(CHANNEL[one]) for one in SEVERITIES}
        world.account.tell_secret("webhooks", hooks)
        world.account.tell_secret("router-api-key", world.api.access.key)
        world.account.functions["event_router"].configure({"API_URL": world.api.url})

    def put(self, event: dict[str, Any], *, source: str = "") -> str:
        """Put an event on the bus, by the source for drills; its id there."""
        return self.world.account.put(event, source=source or self.sources(CONTRIBUTOR)[0])

    def sources(self, kind: str) -> list[str]:
        """From whom a rule takes events of this kind, AWS itself apart."""
        (pattern,) = [one for _, one in patterns(self.plan) if kind in one["detail-type"]]
        return [one for one in pattern["source"] if not one.startswith("aws.")]

    def events(self, server: str) -> int:
        query = select(func.count()).where(CloudWatchEvent.server_id == server)
        return int(self._read(query))

    def reports(self, message_id: str) -> int:
        query = select(func.count()).where(EventOccurrence.message_id.startswith(message_id))
        return int(self._read(query))

    def handed_in(self, message_id: str) -> bool:
        """Whether the API was given the event, with its id as the key of the request."""
        with self.ledger.reading() as session:
            rows = session.execute(select(RequestKey.actor, RequestKey.key_hash)).all()
        return any(
            Once(actor=row.actor, key=message_id, fingerprint="").key_hash == row.key_hash
            for row in rows
        )

    def posts(self, word: str) -> list[Kept]:
        return [one for one in self.slack.messages() if word in json.dumps([one.text, one.blocks])]

    def _read(self, query: Any) -> Any:
        with self.ledger.reading() as session:
            return session.scalar(query)


@pytest.fixture(scope="module")
def stage(
    planner: runs.Terraform, dev: Plan, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    if planner.kind != "standin":
        pytest.skip("the account is made from what is known after apply, which the stand-in knows")
    zips = tmp_path_factory.mktemp("zips")
    with (
        SlackDouble() as slack,
        PlannedWorld(tmp_path_factory.mktemp("world"), plan=dev, zips=zips) as world,
    ):
        found = Stage(world, slack, dev)
        yield found
        found.ledger.dispose()
    assert process.leftovers(world.place) == []


def server() -> str:
    """An instance that no other test knows."""
    return f"i-{uuid.uuid4().hex[:17]}"


def test_an_alarm_of_one_instance_reaches_the_ledger_once_and_slack(stage: Stage) -> None:
    found = server()
    event = alarms.contributor(found, alarm_name=stage.alarm)
    message_id = stage.put(event)
    stage.world.wait_for(lambda: stage.events(found), what="the ledger has the event")
    stage.world.wait_for(lambda: stage.posts(found), what="Slack has it")
    stage.world.wait_for(lambda: stage.world.queue.depth() == 0, what="the queue is empty")
    # Queue and router have both brought it, under one id.
    assert stage.events(found) == 1 and stage.reports(message_id) == 1
    posts = stage.posts(found)
    assert {one.channel for one in posts} <= {CHANNEL["critical"], CHANNEL["fatal"]}


def test_the_router_has_handed_it_in_as_well(stage: Stage) -> None:
    found = server()
    message_id = stage.put(alarms.contributor(found, alarm_name=stage.alarm))
    stage.world.wait_for(lambda: stage.handed_in(message_id), what="the API was given the event")
    stage.world.wait_for(lambda: stage.world.queue.depth() == 0, what="the queue is empty")
    assert stage.events(found) == 1 and stage.reports(message_id) == 1


def test_the_queue_brings_it_alone_while_the_api_is_away(stage: Stage) -> None:
    stage.world.api.kill()
    try:
        found = server()
        stage.put(alarms.contributor(found, alarm_name=stage.alarm))
        stage.world.wait_for(lambda: stage.events(found), what="the ledger has the event")
        stage.world.wait_for(lambda: stage.posts(found), what="Slack has it")
    finally:
        stage.world.api.start()


def test_an_alarm_of_somebody_else_comes_neither_way(stage: Stage) -> None:
    stranger, ours = server(), server()
    stage.put(alarms.contributor(stranger, alarm_name="shop-orders-slow"))
    stage.put(alarms.contributor(stranger, alarm_name=stage.alarm), source="somebody.else")
    stage.put(alarms.contributor(ours, alarm_name=stage.alarm))
    stage.world.wait_for(lambda: stage.events(ours), what="the ledger has ours")
    stage.world.wait_for(lambda: stage.world.queue.depth() == 0, what="the queue is empty")
    assert stage.events(stranger) == 0


@pytest.mark.parametrize("shape", ["ec2_state_change", "rds_instance_event"])
def test_what_else_aws_tells_comes_in_by_its_own_rule(stage: Stage, shape: str) -> None:
    given = json.loads((SHAPES / f"{shape}.json").read_text())
    message_id = stage.put(given)
    stage.world.wait_for(lambda: stage.reports(message_id), what="the ledger has the event")


def test_an_event_in_our_own_words_comes_in(stage: Stage) -> None:
    found = server()
    (source,) = stage.sources("Rescue Event")
    words = own.written(
        event_source=source,
        event_type="process_down",
        severity=Severity.CRITICAL,
        server_id=found,
        event_message="mysqld has no process",
        event_time=clock.now(),
        service_type="mysql",
        message_id=None,
    )
    stage.put(json.loads(words), source=source)
    stage.world.wait_for(lambda: stage.events(found), what="the ledger has the event")


@pytest.mark.parametrize("shape", ["rds_backup", "alarm_metric_insufficient"])
def test_what_is_no_trouble_does_not_come_in(stage: Stage, shape: str) -> None:
    given = json.loads((SHAPES / f"{shape}.json").read_text())
    message_id, ours = stage.put(given), server()
    stage.put(alarms.contributor(ours, alarm_name=stage.alarm))
    stage.world.wait_for(lambda: stage.events(ours), what="the ledger has ours")
    stage.world.wait_for(lambda: stage.world.queue.depth() == 0, what="the queue is empty")
    assert stage.reports(message_id) == 0


def test_an_alarm_about_rescue_bot_itself_reaches_slack(stage: Stage) -> None:
    """CloudWatch → topic of operations → function → Slack; neither queue nor engine is asked."""
    alarm = next(
        one
        for one in stage.plan.all("aws_cloudwatch_metric_alarm", module="alarms")
        if "ApproximateNumberOfMessagesVisible" in queries(one) and "-ops-" in one["alarm_name"]
    )
    cloudwatch = stage.world.emulator.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=alarm["alarm_name"],
        AlarmDescription=alarm["alarm_description"],
        AlarmActions=alarm.whole("alarm_actions"),
        Namespace=alarm["namespace"],
        MetricName=alarm["metric_name"],
        Dimensions=[{"Name": key, "Value": one} for key, one in alarm["dimensions"].items()],
        Statistic=alarm["statistic"],
        Period=60,
        EvaluationPeriods=1,
        Threshold=alarm["threshold"],
        ComparisonOperator=alarm["comparison_operator"],
    )
    cloudwatch.set_alarm_state(
        AlarmName=alarm["alarm_name"], StateValue="ALARM", StateReason="a message is there"
    )
    stage.world.wait_for(lambda: stage.posts(alarm["alarm_name"]), what="Slack has it")


def test_what_the_engine_cannot_take_ends_in_the_planned_dead_letter_queue(stage: Stage) -> None:
    """The redrive policy of the plan, tried on a queue that nobody else reads."""
    sqs = stage.world.emulator.client("sqs")
    told = sqs.get_queue_attributes(
        QueueUrl=stage.world.queue.url, AttributeNames=["RedrivePolicy"]
    )
    redrive = json.loads(told["Attributes"]["RedrivePolicy"])
    url = sqs.create_queue(QueueName="stuck", Attributes={"RedrivePolicy": json.dumps(redrive)})[
        "QueueUrl"
    ]
    sqs.send_message(QueueUrl=url, MessageBody="stuck")
    for _ in range(int(redrive["maxReceiveCount"]) + 1):
        sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)
    dead = {queue.url.rsplit("/", 1)[1]: queue for queue in stage.world.account.queues.values()}
    assert dead[redrive["deadLetterTargetArn"].rsplit(":", 1)[1]].depth() == 1
