"""An event comes by EventBridge's two ways into a real world: the queue, and the router's zip.

The emulator takes no event from anybody who calls himself aws.*, as AWS does. So a rule with a
source of our own carries the event to both, and what AWS itself would send the router is called
with. The emulator calls a target once; that AWS calls it again is played by calling it again. It
tells no type of an error, so here its code is looked at.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from devstack import alarms, process
from devstack.lambdas import DeployedLambda, runtime_libraries
from devstack.slack import Kept, SlackDouble
from devstack.topics import SEVERITIES, Topics, arn_of, put_event, route
from devstack.world import World
from lambdas import build
from rescuebot import clock
from rescuebot.database import Database
from rescuebot.events.model import CloudWatchEvent, DeadLetter, EventOccurrence
from tests.thorough import WORLDS

pytestmark = pytest.mark.salt

SOURCE = "rescue.monitor"
KEY, WEBHOOKS = "rescue/api-key", "rescue/slack-webhooks"
SHAPES = Path(__file__).parents[1] / "shapes"


class Account:
    """A world, and both functions in its AWS: EventBridge → router → SNS → notifier → Slack."""

    def __init__(self, world: World, slack: SlackDouble, folder: Path) -> None:
        self.world, self.slack = world, slack
        self.ledger: Database = world.ledger()
        self.topics = Topics(world.emulator)
        for severity in SEVERITIES:
            slack.add_channel(f"C0{severity.upper()}")
        hooks = {one: slack.add_webhook(f"C0{one.upper()}") for one in SEVERITIES}
        secrets = world.emulator.client("secretsmanager")
        secrets.create_secret(Name=WEBHOOKS, SecretString=json.dumps(hooks))
        secrets.create_secret(Name=KEY, SecretString=world.api.access.key)
        self._folder = folder
        self.notifier = self._deploy(
            "slack_notifier", {"WEBHOOK_SECRET": WEBHOOKS, "TIMEOUT": "10"}
        )
        self.topics.subscribe(self.notifier)
        self.router = self._deploy(
            "event_router",
            {
                "API_URL": world.api.url,
                "API_KEY_SECRET": KEY,
                "TOPICS_JSON": json.dumps(self.topics.arns),
                "LANGUAGE": "ko",
                "TIMEOUT": "8",
            },
        )
        queue = arn_of(world.emulator, world.queue)
        pattern = {"source": [SOURCE]}
        route(world.emulator, name="both", pattern=pattern, targets=[self.router.arn, queue])

    def _deploy(self, name: str, environment: dict[str, str]) -> DeployedLambda:
        return DeployedLambda.deploy(
            self.world.emulator,
            name=f"rescue-{name.replace('_', '-')}",
            archive=build.build(name, into=self._folder).path,
            handler=f"{name}.handler.handle",
            libraries=runtime_libraries(self._folder / "libraries"),
            environment=environment,
        )

    def rows(self, alarm_name: str) -> int:
        """How many events the ledger holds of an alarm."""
        query = select(func.count()).where(CloudWatchEvent.alarm_name == alarm_name)
        return int(self._read(query))

    def occurrences(self, message_id: str) -> int:
        """How often a report was taken in; what a composite alarm stands for has a number more."""
        query = select(func.count()).where(EventOccurrence.message_id.startswith(message_id))
        return int(self._read(query))

    def posts(self, word: str) -> list[Kept]:
        """What people see in Slack with this word."""
        return [one for one in self.slack.messages() if word in json.dumps(one.blocks)]

    def wait_until_all_is_read(self) -> None:
        """Until the queue is empty, so that nothing more can come of it."""
        self.world.wait_for(lambda: self.world.queue.depth() == 0, what="the queue is empty")

    def _read(self, query: Any) -> Any:
        with self.ledger.reading() as session:
            return session.scalar(query)


@pytest.fixture(scope="module", params=WORLDS)
def account(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("world")
    with (
        SlackDouble() as slack,
        World(
            folder, database=request.param, minions=0, engines=("rescue_sqs",), web=True
        ) as world,
    ):
        found = Account(world, slack, tmp_path_factory.mktemp("functions"))
        yield found
        found.ledger.dispose()
    assert process.leftovers(world.place) == []


def alarm(**named: Any) -> dict[str, Any]:
    """An alarm of its own: another server, so that none is a repeat of another's."""
    name = f"rescue-{uuid.uuid4().hex[:12]}-down"
    return alarms.process_down(f"i-{uuid.uuid4().hex[:17]}", alarm_name=name, **named)


def test_an_event_that_comes_both_ways_is_one_event_and_is_told_once(account: Account) -> None:
    given = alarm()
    name = given["detail"]["alarmName"]
    message_id = put_event(account.world.emulator, given, source=SOURCE)
    account.world.wait_for(lambda: account.posts(name), what="Slack has it")
    account.world.wait_for(lambda: account.rows(name), what="the ledger has it")
    account.wait_until_all_is_read()
    assert account.rows(name) == 1 and account.occurrences(message_id) == 1
    (post,) = account.posts(name)
    assert post.channel == "C0CRITICAL" and "접수했습니다" in post.text


def test_many_events_at_once_are_as_many_events_and_no_more(account: Account) -> None:
    given = [alarm() for _ in range(12)]
    ids = [put_event(account.world.emulator, one, source=SOURCE) for one in given]
    words = [one["detail"]["alarmName"] for one in given]
    account.world.wait_for(lambda: all(map(account.posts, words)), what="Slack has all of them")
    account.wait_until_all_is_read()
    assert [account.rows(word) for word in words] == [1] * len(words)
    assert [account.occurrences(one) for one in ids] == [1] * len(ids)


@pytest.mark.parametrize("first", ["router", "queue"])
def test_whichever_way_is_first_the_other_adds_nothing(account: Account, first: str) -> None:
    given = alarm()
    name = given["detail"]["alarmName"]
    if first == "router":
        called = account.router.invoke(given)
        account.world.queue.send(given)
    else:
        account.world.queue.send(given)
        account.world.wait_for(lambda: account.rows(name), what="the queue's is in the ledger")
        called = account.router.invoke(given)
    assert not called.function_error and called.payload["told"]
    account.wait_until_all_is_read()
    assert account.rows(name) == 1 and account.occurrences(given["id"]) == 1


def test_an_event_that_the_router_is_called_with_again_and_again_is_one_event(
    account: Account,
) -> None:
    given = alarm()
    answers = [account.router.invoke(given).payload["events"] for _ in range(3)]
    assert answers[0] and answers == [answers[0]] * 3
    assert account.occurrences(given["id"]) == 1


@pytest.mark.parametrize(
    "shape",
    ["alarm_metric", "alarm_contributor", "alarm_composite", "ec2_state_change"]
    + ["rds_instance_event", "custom_source"],
)
def test_what_aws_sends_is_one_event_by_both_ways(account: Account, shape: str) -> None:
    given = json.loads((SHAPES / f"{shape}.json").read_text())
    given["id"] = str(uuid.uuid4())
    account.world.queue.send(given)
    called = account.router.invoke(given)
    assert not called.function_error and called.payload["refused"] == ""
    account.wait_until_all_is_read()
    assert account.occurrences(given["id"]) == 1


def test_a_recovery_is_told_as_one(account: Account) -> None:
    given = alarm()
    detail = given["detail"]
    account.router.invoke(given)
    over = clock.now() + timedelta(minutes=1)
    server = detail["configuration"]["metrics"][0]["metricStat"]["metric"]["dimensions"]
    back = alarms.process_down(
        server["InstanceId"], state="OK", alarm_name=detail["alarmName"], time=over
    )
    called = account.router.invoke(back)
    assert called.payload["severity"] == "info" and called.payload["told"]
    assert account.rows(detail["alarmName"]) == 1
    account.world.wait_for(
        lambda: [one for one in account.posts(detail["alarmName"]) if "복구" in one.text],
        what="Slack tells that it is over",
    )


def test_what_cannot_be_read_is_refused_by_the_api_and_buried_by_the_queue(
    account: Account,
) -> None:
    given = alarm()
    del given["detail"]["state"]
    account.world.queue.send(given)
    called = account.router.invoke(given)
    assert not called.function_error and called.payload["refused"] == "unreadable"
    account.wait_until_all_is_read()
    query = select(func.count()).select_from(DeadLetter)
    account.world.wait_for(lambda: account._read(query) == 1, what="the queue's is buried")


def test_while_the_api_is_down_the_queue_brings_the_event_and_people_hear_of_it(
    account: Account,
) -> None:
    given = alarm()
    name = given["detail"]["alarmName"]
    account.world.api.kill()
    try:
        account.world.queue.send(given)
        called = account.router.invoke(given)
        assert called.function_error and called.payload["errorMessage"].startswith("unreachable: ")
        account.world.wait_for(lambda: account.rows(name), what="the queue's is in the ledger")
        account.world.wait_for(lambda: account.posts(name), what="Slack tells of it")
    finally:
        account.world.api.start()
    again = account.router.invoke(given)
    assert not again.function_error and len(again.payload["events"]) == 1
    assert account.rows(name) == 1 and account.occurrences(given["id"]) == 1
    (post,) = account.posts(name)
    assert "연결하지 못했습니다" in post.text


def test_a_key_that_was_withdrawn_is_an_error_and_the_event_still_comes_by_the_queue(
    account: Account,
) -> None:
    secrets = account.world.emulator.client("secretsmanager")
    secrets.put_secret_value(SecretId=KEY, SecretString="rk_withdrawn_withdrawn_withdrawn")
    account.router.configure({"COLD": uuid.uuid4().hex})
    given = alarm()
    try:
        account.world.queue.send(given)
        called = account.router.invoke(given)
        assert called.function_error and called.payload["errorMessage"].startswith("unauthorized: ")
        name = given["detail"]["alarmName"]
        account.world.wait_for(lambda: account.rows(name), what="the queue's is in the ledger")
    finally:
        secrets.put_secret_value(SecretId=KEY, SecretString=account.world.api.access.key)
        account.router.configure({"COLD": uuid.uuid4().hex})
