"""slack_notifier's zip as it is deployed: called by SNS in the emulator, posting to Slack's double.

The emulator carries a publication to the function once and does not try again after an error. So
retries and the dead-letter queue are tried by calling it as SNS does, and each trouble with Slack
under AWS's own runtime client.
"""

from __future__ import annotations

import json
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devstack import slack_rules, slack_samples
from devstack.emulator import Emulator
from devstack.lambdas import DeployedLambda, LambdaRuntime, runtime_libraries
from devstack.slack import Kept, SlackDouble
from devstack.topics import SEVERITIES, Topics, arn_of
from devstack.waiting import until
from lambdas import build
from rescuebot.notices import cards, ways
from rescuebot.settings import Settings

HANDLER = "slack_notifier.handler.handle"
SECRET = "rescue/slack-webhooks"
TEXT = "a-text-that-no-log-may-hold"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def ours(**changed: Any) -> dict[str, Any]:
    text = {"type": "mrkdwn", "text": f"*mysql* {TEXT}", "verbatim": True}
    block = {"type": "section", "text": text}
    return {
        "version": 1,
        "notice": str(uuid.uuid4()),
        "severity": "critical",
        "language": "ko",
        "text": f"mysql {TEXT}",
        "blocks": [block],
        "thread_key": "event:1",
        "state": "opened",
    } | changed


def called_by_sns(message: Any, *, topic: str = "rescue-fatal") -> dict[str, Any]:
    """The event that SNS calls a function with."""
    told = {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": f"arn:aws:sns:ap-northeast-1:123456789012:{topic}",
        "Subject": None,
        "Message": message if isinstance(message, str) else json.dumps(message),
        "MessageAttributes": {},
    }
    return {"Records": [{"EventVersion": "1.0", "EventSource": "aws:sns", "Sns": told}]}


class Workspace:
    """Slack's double with a channel for each severity, and the secret that names its webhooks."""

    def __init__(self, slack: SlackDouble, emulator: Emulator) -> None:
        self.slack = slack
        self._secrets = emulator.client("secretsmanager")
        self.hooks: dict[str, str] = {}
        for severity in SEVERITIES:
            slack.add_channel(self.channel(severity))
        self._secrets.create_secret(Name=SECRET, SecretString="{}")
        self.new_webhooks()

    def channel(self, severity: str) -> str:
        return f"C0{severity.upper()}"

    def new_webhooks(self) -> None:
        """Webhooks that nobody knows yet; the old ones are gone."""
        self.slack._hooks.clear()
        self.hooks = {one: self.slack.add_webhook(self.channel(one)) for one in SEVERITIES}
        self.tell(self.hooks)

    def tell(self, content: Any) -> None:
        """Make this the secret."""
        text = content if isinstance(content, str) else json.dumps(content)
        self._secrets.put_secret_value(SecretId=SECRET, SecretString=text)

    def seen(self, severity: str, word: str) -> list[Kept]:
        """What stands in a channel and holds this word."""
        found = self.slack.messages(self.channel(severity))
        return [one for one in found if word in one.text or word in json.dumps(one.blocks)]

    def wait_for(self, severity: str, word: str) -> Kept:
        until(lambda: self.seen(severity, word), seconds=30, what=f"{word} is in {severity}")
        (kept,) = self.seen(severity, word)
        return kept


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> build.Built:
    return build.build("slack_notifier", into=tmp_path_factory.mktemp("zip"))


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    started = Emulator(tmp_path_factory.mktemp("emulator"))
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def _workspace(emulator: Emulator) -> Iterator[Workspace]:
    with SlackDouble() as slack:
        yield Workspace(slack, emulator)


@pytest.fixture
def workspace(_workspace: Workspace) -> Workspace:
    """The workspace in a good mood, with webhooks that work."""
    _workspace.slack.be_kind()
    _workspace.tell(_workspace.hooks)
    return _workspace


@pytest.fixture(scope="module")
def deployed(
    built: build.Built,
    emulator: Emulator,
    _workspace: Workspace,
    tmp_path_factory: pytest.TempPathFactory,
) -> DeployedLambda:
    return DeployedLambda.deploy(
        emulator,
        name="rescue-slack-notifier",
        archive=built.path,
        handler=HANDLER,
        libraries=runtime_libraries(tmp_path_factory.mktemp("libraries")),
        environment={"WEBHOOK_SECRET": SECRET, "TIMEOUT": "10"},
    )


@pytest.fixture(scope="module")
def topics(emulator: Emulator, deployed: DeployedLambda) -> Topics:
    made = Topics(emulator)
    made.subscribe(deployed)
    return made


@pytest.fixture(scope="module")
def _runtime(
    built: build.Built, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LambdaRuntime]:
    environment = CREDENTIALS | {
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "WEBHOOK_SECRET": SECRET,
        "TIMEOUT": "5",
        # At this level botocore and urllib3 would write out secrets and addresses.
        "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "POWERTOOLS_LOGGER_LOG_EVENT": "true",
    }
    folder = tmp_path_factory.mktemp("runtime")
    with LambdaRuntime(folder, archive=built.path, handler=HANDLER, environment=environment) as one:
        yield one


@pytest.fixture
def runtime(_runtime: LambdaRuntime, workspace: Workspace) -> LambdaRuntime:
    return _runtime


def test_the_zip_is_the_same_when_built_twice_and_small(
    built: build.Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = build.build("slack_notifier", into=tmp_path)
    assert again.path.read_bytes() == built.path.read_bytes()
    with capsys.disabled():
        print(f"\nslack_notifier.zip: {built.size:,} bytes, {built.unpacked:,} unpacked")
    assert built.size < 3 * 2**20
    schema = build.HERE.parent / "rescuebot/notices/message.schema.json"
    with zipfile.ZipFile(built.path) as archive:
        assert archive.read("slack_notifier/message.schema.json") == schema.read_bytes()
        names = archive.namelist()
    assert not [name for name in names if name.startswith(("boto3/", "botocore/", "urllib3/"))]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_what_the_outbox_publishes_is_posted_into_the_channel_of_its_severity(
    emulator: Emulator,
    topics: Topics,
    workspace: Workspace,
    severity: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    settings = Settings.model_validate(
        {
            "aws": {"region": "ap-northeast-1", "endpoint_url": emulator.endpoint},
            "notices": {"channels": {"ops": {"ways": ["sns"]}}, "topics": topics.arns},
        }
    )
    facts = replace(slack_samples.OPENED, severity=severity, what=f"alarm-{severity}")
    made = cards.render(facts, language="ja")
    letter = ways.Letter(
        notice=str(uuid.uuid4()),
        thread_key="event:123",
        state="opened",
        severity=severity,
        language="ja",
        channel=settings.notices.channels["ops"],
        card=made,
        head=made,
        since=slack_samples.AT,
    )
    assert ways.build(settings)["sns"](letter).code == "posted"
    kept = workspace.wait_for(severity, f"alarm-{severity}")
    assert kept.way == "webhook" and kept.text == made.text
    assert kept.blocks == [dict(block) for block in made.blocks]


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        (
            "ALARM: x",
            {"AlarmName": "rescue-<!here>", "NewStateValue": "ALARM", "NewStateReason": "why-1"},
            "why-1",
        ),
        ("AWS Budgets: rescue", "Your budget of 100 USD is used up. why-2", "why-2"),
        ("", {"Event Source": "db-instance", "Event Message": "why-3 shutdown"}, "why-3"),
        ("", "just words why-4", "why-4"),
    ],
    ids=["alarm", "budget", "rds", "words"],
)
def test_what_others_publish_is_a_plain_card_in_the_channel_of_the_topic(
    topics: Topics, workspace: Workspace, subject: str, text: Any, expected: str
) -> None:
    message = text if isinstance(text, str) else json.dumps(text)
    topics.publish("warning", message, subject=subject)
    kept = workspace.wait_for("warning", expected)
    assert "<" not in kept.text
    assert {one["type"] for one in slack_rules.objects(kept.blocks)} <= {
        "header",
        "section",
        "context",
        "plain_text",
    }


def test_a_call_that_fails_is_made_again_until_slack_has_the_notice_once(
    deployed: DeployedLambda, workspace: Workspace
) -> None:
    workspace.slack.be("http_503")
    workspace.slack.be("ratelimited", seconds=1)
    deployed.start(called_by_sns(ours(text="third-time")))
    workspace.wait_for("critical", "third-time")


def test_a_notice_that_slack_never_takes_ends_in_the_dead_letter_queue(
    emulator: Emulator, deployed: DeployedLambda, workspace: Workspace
) -> None:
    buried = emulator.queue("rescue-slack-notifier-dead")
    deployed.bury_in(arn_of(emulator, buried))
    workspace.slack.be("action_prohibited", times=10)
    event = called_by_sns(ours(text="nobody-will-read-this"))
    deployed.start(event)
    sqs = emulator.client("sqs")

    def dead() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=buried.url, MessageAttributeNames=["All"])
        return list(found.get("Messages", []))

    (letter,) = until(dead, seconds=60, what="the notice is in the dead-letter queue")
    assert "nobody-will-read-this" in letter["Body"]
    assert not workspace.seen("critical", "nobody-will-read-this")


@pytest.mark.parametrize(
    ("mood", "kind", "code"),
    [
        ({"word": "ratelimited", "seconds": 30}, "SlackUnavailable", "throttled"),
        ({"word": "http_500"}, "SlackUnavailable", "unavailable"),
        ({"word": "hang", "seconds": 8}, "SlackUnavailable", "timeout"),
        ({"word": "cut"}, "SlackUnavailable", "unreachable"),
        ({"word": "garbage"}, "SlackRefused", "no_slack"),
        ({"word": "invalid_token", "times": 2}, "SlackRefused", "invalid_token"),
        ({"word": "channel_not_found", "times": 2}, "SlackRefused", "channel_not_found"),
        ({"word": "http_302"}, "SlackRefused", "http_302"),
    ],
    ids=lambda value: value.get("word") if isinstance(value, dict) else str(value),
)
def test_each_trouble_with_slack_is_an_error_of_its_kind_and_the_function_lives_on(
    runtime: LambdaRuntime, workspace: Workspace, mood: dict[str, Any], kind: str, code: str
) -> None:
    event = called_by_sns(ours())
    workspace.slack.be(**mood)
    called = runtime.invoke(event)
    assert called.function_error and called.payload["errorType"] == kind
    assert called.payload["errorMessage"].startswith(f"{code}: ")
    workspace.slack.be_kind()
    assert runtime.invoke(event).payload == {"posted": 1, "repeated": 0}


def test_a_notice_that_comes_again_to_the_same_instance_is_posted_once(
    runtime: LambdaRuntime, workspace: Workspace
) -> None:
    event = called_by_sns(ours(text="only-once"))
    assert runtime.invoke(event).payload == {"posted": 1, "repeated": 0}
    again = runtime.invoke(event)
    assert again.payload == {"posted": 0, "repeated": 1} and '"Repeated":[1' in again.log
    assert len(workspace.seen("critical", "only-once")) == 1


def test_a_webhook_that_was_replaced_is_read_anew_and_only_once(
    runtime: LambdaRuntime, workspace: Workspace
) -> None:
    runtime.invoke(called_by_sns(ours()))
    workspace.new_webhooks()
    assert runtime.invoke(called_by_sns(ours(text="by-the-new-one"))).payload["posted"] == 1
    assert workspace.seen("critical", "by-the-new-one")
    before = len(workspace.slack.called("webhook"))
    workspace.slack._hooks.clear()
    called = runtime.invoke(called_by_sns(ours()))
    assert called.payload["errorType"] == "SlackRefused"
    assert len(workspace.slack.called("webhook")) == before + 1
    workspace.new_webhooks()


def test_a_card_that_slack_does_not_understand_is_told_by_its_line(
    runtime: LambdaRuntime, workspace: Workspace
) -> None:
    notice = ours(text="the-line-of-it", blocks=[{"type": "of_the_future"}])
    called = runtime.invoke(called_by_sns(notice))
    assert called.payload["posted"] == 1 and '"degraded":true' in called.log
    (kept,) = workspace.seen("critical", "the-line-of-it")
    assert kept.blocks == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("not JSON", "bad_secret"),
        ("[]", "bad_secret"),
        ({"info": "https://hooks.slack.example/services/T/B/X"}, "no_webhook"),
        ({"default": "http://hooks.slack.example/services/T/B/X"}, "bad_webhook"),
        ({"critical": "ftp://hooks.slack.example/"}, "bad_webhook"),
    ],
    ids=["text", "list", "no webhook", "no TLS", "ftp"],
)
def test_a_secret_that_is_wrong_is_told_without_saying_what_is_in_it(
    built: build.Built,
    emulator: Emulator,
    workspace: Workspace,
    tmp_path: Path,
    content: Any,
    code: str,
) -> None:
    workspace.tell(content)
    environment = CREDENTIALS | {"AWS_ENDPOINT_URL": emulator.endpoint, "WEBHOOK_SECRET": SECRET}
    with LambdaRuntime(
        tmp_path, archive=built.path, handler=HANDLER, environment=environment
    ) as runtime:
        called = runtime.invoke(called_by_sns(ours()))
    assert called.payload["errorType"] == "SecretInvalid"
    assert called.payload["errorMessage"].startswith(f"{code}: ")
    assert "slack.example" not in called.log + json.dumps(called.payload)


def test_the_addresses_are_remembered_while_secrets_manager_does_not_answer(
    built: build.Built, workspace: Workspace, tmp_path: Path, tmp_path_factory: Any
) -> None:
    other = Emulator(tmp_path_factory.mktemp("other"))
    other.start()
    try:
        text = json.dumps(workspace.hooks)
        other.client("secretsmanager").create_secret(Name=SECRET, SecretString=text)
        environment = CREDENTIALS | {
            "AWS_ENDPOINT_URL": other.endpoint,
            "WEBHOOK_SECRET": SECRET,
            "SECRET_SECONDS": "1",
        }
        with LambdaRuntime(
            tmp_path, archive=built.path, handler=HANDLER, environment=environment
        ) as runtime:
            assert runtime.invoke(called_by_sns(ours())).payload["posted"] == 1
            other.stop()
            until(
                lambda: "secret_stale" in runtime.invoke(called_by_sns(ours())).log,
                seconds=30,
                what="the secret is too old",
            )
            assert runtime.invoke(called_by_sns(ours())).payload["posted"] == 1
    finally:
        other.stop()


def test_the_secret_that_nobody_gives_is_an_error_that_may_pass(
    built: build.Built, emulator: Emulator, tmp_path: Path
) -> None:
    environment = CREDENTIALS | {"AWS_ENDPOINT_URL": emulator.endpoint, "WEBHOOK_SECRET": "none"}
    with LambdaRuntime(
        tmp_path, archive=built.path, handler=HANDLER, environment=environment
    ) as runtime:
        called = runtime.invoke(called_by_sns(ours()))
    assert called.payload["errorType"] == "SecretUnavailable"


def test_who_else_calls_is_refused_and_told_why(runtime: LambdaRuntime) -> None:
    called = runtime.invoke({"detail-type": "x"})
    assert called.payload["errorType"] == "EventRefused" and "not_sns" in called.log


def test_no_log_level_and_no_switch_makes_a_text_or_an_address_appear_in_the_log(
    runtime: LambdaRuntime, workspace: Workspace
) -> None:
    event = called_by_sns(ours())
    logs = [runtime.invoke(event).log]
    for mood in ("http_500", "cut", "garbage", "invalid_token"):
        workspace.slack.be(mood)
        called = runtime.invoke(called_by_sns(ours()))
        logs += [called.log, json.dumps(called.payload)]
    workspace.slack.be_kind()
    logs.append(runtime.invoke(called_by_sns(TEXT)).log)
    for severity, address in workspace.hooks.items():
        path = address.removeprefix(workspace.slack.url)
        assert path.startswith("/services/"), severity
        assert not [log for log in logs if path in log or path.rpartition("/")[2] in log]
    assert not [log for log in logs if TEXT in log]
    notice = json.loads(event["Records"][0]["Sns"]["Message"])["notice"]
    assert notice in logs[0] and '"Posted":[1' in logs[0]
