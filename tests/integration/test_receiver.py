"""The queue end of intake, against a real SQS endpoint over HTTP."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from devstack import alarms, ports
from devstack.emulator import Emulator
from devstack.queues import Queue as Sender
from rescuebot import intake
from rescuebot.adapters.sqs import Queue
from rescuebot.database import Database
from rescuebot.errors import QueueUnavailable, SettingsInvalid
from rescuebot.events.model import CloudWatchEvent, DeadLetter
from rescuebot.receiver import Receivers
from rescuebot.settings import AwsSettings, QueueSettings, Settings


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    started = Emulator(tmp_path_factory.mktemp("emulator"))
    started.start()
    yield started
    started.stop()


@pytest.fixture
def sender(emulator: Emulator) -> Sender:
    return emulator.queue(f"alarms-{uuid.uuid4().hex}")


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")


def settings_for(emulator: Emulator, sender: Sender, **queue: Any) -> Settings:
    return Settings(
        aws=AwsSettings(endpoint_url=emulator.endpoint),
        queue=QueueSettings(
            url=sender.url, wait_seconds=1, backoff_seconds=0.1, backoff_limit_seconds=1, **queue
        ),
    )


class Running:
    """Receivers at work, and the hints that they gave."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.hints: list[intake.Hint] = []
        self.receivers = Receivers(
            queue=Queue(settings.queue, settings.aws),
            database=database,
            settings=settings,
            announce=self.hints.append,
        )

    def __enter__(self) -> Running:
        self.receivers.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.receivers.stop(seconds=5)


def until(happened: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def count(database: Database, table: Any) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_everything_in_the_queue_is_recorded_hinted_at_and_removed(
    database: Database, emulator: Emulator, sender: Sender
) -> None:
    bodies: list[Any] = [alarms.process_down(f"i-{n:017x}") for n in range(95)]
    sender.send_all([*bodies, *["{not json"] * 5])
    with Running(database, settings_for(emulator, sender)) as running:
        until(lambda: sender.depth() == 0 and running.receivers.counts.received == 100)
        until(lambda: sum(len(hint.event_ids) for hint in running.hints) == 95)
    assert count(database, CloudWatchEvent) == 95
    assert count(database, DeadLetter) == 5
    assert running.receivers.counts.buried == 5
    assert {hint.tag for hint in running.hints} == {"rescue/event/ec2/process_down"}


def test_while_the_ledger_is_away_messages_stay_in_the_queue(
    emulator: Emulator, sender: Sender, sqlite: Database
) -> None:
    sender.send(alarms.process_down("i-0123456789abcdef0"))
    config = settings_for(emulator, sender, visibility_seconds=5)
    with sqlite.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE event_occurrence RENAME TO away")
    with Running(sqlite, config) as running:
        until(lambda: running.receivers.counts.trouble != "")
        assert sender.depth() == 1
        assert running.hints == []
        with sqlite.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO event_occurrence")
        until(lambda: sender.depth() == 0)
    assert count(sqlite, CloudWatchEvent) == 1


def test_a_queue_that_is_away_is_waited_for_and_told_about(
    sqlite: Database, emulator: Emulator, sender: Sender
) -> None:
    gone = Settings(
        aws=AwsSettings(endpoint_url=f"http://{ports.LOOPBACK}:{ports.free(1)[0]}"),
        queue=QueueSettings(
            url=sender.url, wait_seconds=0, backoff_seconds=0.1, backoff_limit_seconds=0.5
        ),
    )
    with Running(sqlite, gone) as running:
        until(lambda: running.receivers.counts.trouble.startswith("SQS did not receive"))
        assert running.receivers.stop(seconds=5), "it can be stopped while it waits"


def test_a_stop_lets_the_batch_in_hand_be_finished(
    sqlite: Database, emulator: Emulator, sender: Sender
) -> None:
    sender.send(alarms.process_down("i-0123456789abcdef0"))
    config = settings_for(emulator, sender, receivers=1)
    in_hand, go_on = threading.Event(), threading.Event()

    running = Running(sqlite, config)
    real = running.receivers._database.transaction

    def slow() -> Any:
        in_hand.set()
        go_on.wait(10)
        return real()

    running.receivers._database.transaction = slow  # type: ignore[method-assign]
    running.receivers.start()
    assert in_hand.wait(10)
    assert not running.receivers.stop(seconds=0.2), "still in hand"
    go_on.set()
    assert running.receivers.stop(seconds=5)
    assert count(sqlite, CloudWatchEvent) == 1
    assert sender.depth() == 0


def test_what_a_stopped_receiver_is_given_goes_back_to_the_queue_at_once(
    sqlite: Database, emulator: Emulator, sender: Sender
) -> None:
    config = settings_for(emulator, sender, receivers=1)
    with Running(sqlite, config) as first:
        time.sleep(0.3)  # it is in its long poll now
        first.receivers._stop.set()
        sender.send(alarms.process_down("i-0123456789abcdef0"))
        with Running(sqlite, config):
            until(lambda: count(sqlite, CloudWatchEvent) == 1, seconds=20)
    until(lambda: sender.depth() == 0)


@pytest.mark.parametrize("url", ["", None])
def test_a_queue_without_a_url_is_refused_by_name(url: str | None) -> None:
    with pytest.raises(SettingsInvalid, match="rescue.queue.url: must name the SQS queue"):
        Queue(QueueSettings(url=url), AwsSettings())


def test_a_queue_that_does_not_exist_is_told_by_the_code_of_aws(emulator: Emulator) -> None:
    settings = QueueSettings(url=f"{emulator.endpoint}/123456789012/none", wait_seconds=0)
    queue = Queue(settings, AwsSettings(endpoint_url=emulator.endpoint))
    with pytest.raises(QueueUnavailable, match=r"SQS did not receive \(.*NonExistentQueue"):
        queue.receive()
    with pytest.raises(QueueUnavailable):
        queue.depth()
    with pytest.raises(QueueUnavailable):
        queue.delete(["handle"])


def test_missing_credentials_are_told_without_a_stack(
    emulator: Emulator, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/none")
    settings = settings_for(emulator, sender)
    with pytest.raises(QueueUnavailable, match="NoCredentialsError"):
        Queue(settings.queue, settings.aws).receive()


def test_the_length_of_the_queue_is_known_and_forgotten_when_it_does_not_answer(
    sqlite: Database, emulator: Emulator, sender: Sender
) -> None:
    settings = settings_for(emulator, sender)
    for _ in range(3):
        sender.send(alarms.process_down(server_id="i-1"))
    receivers = Running(sqlite, settings).receivers
    receivers._measure_once()
    assert receivers.counts.depth == 3
    away = settings.model_copy(
        update={"aws": AwsSettings(endpoint_url=f"http://127.0.0.1:{ports.free(1)[0]}")}
    )
    receivers._queue = Queue(away.queue, away.aws)
    receivers._measure_once()
    assert receivers.counts.depth is None
