"""The ways beside Slack's own: SNS and SES, on the emulator of AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from devstack import ports
from devstack import slack_samples as samples
from devstack.emulator import Emulator
from rescuebot.adapters.ses import Mail
from rescuebot.adapters.sns import Topics
from rescuebot.errors import DeliveryRefused, DeliveryUnavailable
from rescuebot.notices import cards
from rescuebot.settings import AwsSettings

SENDER = "rescue@example.com"
NOWHERE = "arn:aws:sns:ap-northeast-1:000000000000:not-there"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    started = Emulator(tmp_path_factory.mktemp("emulator"))
    started.start()
    started.client("ses").verify_email_identity(EmailAddress=SENDER)
    yield started
    started.stop()


@pytest.fixture
def aws(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> AwsSettings:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    return AwsSettings(endpoint_url=emulator.endpoint)


@pytest.fixture
def nobody(aws: AwsSettings) -> AwsSettings:
    return AwsSettings(endpoint_url=f"http://{ports.LOOPBACK}:{ports.free(1)[0]}")


def subscribed(emulator: Emulator) -> tuple[str, str]:
    """A topic, and a queue in which what is published arrives."""
    sns, sqs = emulator.client("sns"), emulator.client("sqs")
    topic = sns.create_topic(Name="rescue-critical")["TopicArn"]
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
    return topic, queue


def test_a_notice_arrives_at_who_has_subscribed_to_its_topic(
    emulator: Emulator, aws: AwsSettings
) -> None:
    topic, queue = subscribed(emulator)
    card = cards.render(samples.OPENED, language="ko")
    told = {"version": 1, "text": card.text, "blocks": list(card.blocks)}
    subject = "\n" + card.subject
    attributes = {"severity": "critical", "nothing": ""}
    number = Topics(aws).publish(
        arn=topic, subject=subject, message=told, lines=card.plain, attributes=attributes
    )
    sqs = emulator.client("sqs")
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    heard: dict[str, Any] = json.loads(message["Body"])
    assert heard["MessageId"] == number
    assert heard["Message"] == card.plain, "only functions are given the object"
    assert heard["Subject"] == "mysql db-1"
    assert heard["MessageAttributes"]["severity"]["Value"] == "critical"
    assert list(heard["MessageAttributes"]) == ["severity"]


def test_a_topic_that_is_not_there_is_refused_and_a_silent_one_waited_for(
    aws: AwsSettings, nobody: AwsSettings
) -> None:
    with pytest.raises(DeliveryRefused) as refused:
        Topics(aws).publish(arn=NOWHERE, subject="x", message={}, lines="x", attributes={})
    assert refused.value.reason == "NotFound"
    with pytest.raises(DeliveryUnavailable) as told:
        Topics(nobody).publish(arn=NOWHERE, subject="x", message={}, lines="x", attributes={})
    assert told.value.reason == "EndpointConnectionError" and not told.value.uncertain


def test_what_is_too_large_for_sns_is_refused_before_it_is_sent(nobody: AwsSettings) -> None:
    with pytest.raises(DeliveryRefused, match="too large"):
        Topics(nobody).publish(
            arn=NOWHERE, subject="x", message={"text": "한" * 100_000}, lines="x", attributes={}
        )


def test_a_letter_has_the_card_as_its_text_and_nothing_but_one_recipient(
    emulator: Emulator, aws: AwsSettings
) -> None:
    card = cards.render(samples.FAILED, language="ja")
    number = Mail(aws).send(
        sender=SENDER,
        to="ops@example.com",
        subject=card.subject + "\r\nBcc: all@example.com\x00",
        text=card.plain,
    )
    told = requests.get(f"{emulator.endpoint}/_ministack/ses/messages", timeout=5).json()
    letters = [letter for of_account in told["messages"].values() for letter in of_account]
    (letter,) = [one for one in letters if one["MessageId"] == number]
    assert (letter["To"], letter["CC"], letter["BCC"]) == (["ops@example.com"], [], [])
    subject = "❌ 復旧失敗: redis · db-1 Bcc: all@example.com"
    assert (letter["Subject"], letter["BodyText"]) == (subject, card.plain)


@pytest.mark.parametrize(
    "address",
    ["", "ops", "a@b\r\nBcc: c@d", "a@b,c@d", "A <a@b>", "a b@c", "a@b\n", "하나@example.com"],
)
def test_an_address_that_could_hold_a_header_is_refused(nobody: AwsSettings, address: str) -> None:
    for sender, to in ((SENDER, address), (address, SENDER)):
        with pytest.raises(DeliveryRefused, match="bad_address"):
            Mail(nobody).send(sender=sender, to=to, subject="x", text="x")


def test_without_credentials_nothing_will_ever_be_sent(
    aws: AwsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(DeliveryRefused) as told:
        Topics(aws).publish(arn=NOWHERE, subject="x", message={}, lines="x", attributes={})
    assert told.value.reason == "NoCredentialsError"
