"""event_router's zip under AWS's runtime client: an API in every mood, topics in the emulator."""

from __future__ import annotations

import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from devstack import alarms, ports
from devstack.emulator import Emulator
from devstack.lambdas import Invocation, LambdaRuntime
from devstack.loopback import Handler, Server
from devstack.queues import Queue
from devstack.topics import Topics
from lambdas import build

HANDLER = "event_router.handler.handle"
SECRET = "rescue/api-key"
KEY, NEW_KEY = "rk_the_key_of_the_machine_1", "rk_the_key_of_the_machine_2"
TEXT = "a-text-that-no-log-may-hold"
NEW = {"events": [{"event_id": 7, "kind": "new"}]}


@dataclass(slots=True)
class Asked:
    """What the API was asked, and by which key."""

    path: str
    key: str
    idempotency: str
    body: Any


@dataclass
class Api:
    """Answers as it is told, by status and content; what it was asked is kept."""

    port: int = field(default_factory=lambda: ports.free(1)[0])
    answers: list[tuple[int, Any]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    valid: str = KEY
    pause: float = 0.0

    @property
    def url(self) -> str:
        return f"http://{ports.LOOPBACK}:{self.port}"

    def answer(self, key: str) -> tuple[int, Any]:
        if key != f"Bearer {self.valid}":
            return 401, {"code": "unauthorized"}
        return self.answers.pop(0) if self.answers else (201, NEW)


@pytest.fixture(scope="module")
def _api() -> Iterator[Api]:
    api = Api()

    class Request(Handler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers.get("Authorization", "")
            api.asked.append(Asked(self.path, key, self.headers.get("Idempotency-Key", ""), body))
            status, told = api.answer(key)
            time.sleep(api.pause)
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response_only(status)
            if 300 <= status < 400:
                self.send_header("Location", api.url + "/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = Server((ports.LOOPBACK, api.port), Request)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield api
    server.shutdown()
    server.server_close()


@pytest.fixture
def api(_api: Api) -> Api:
    """The API, willing, and with nothing asked."""
    _api.answers, _api.asked, _api.valid, _api.pause = [], [], KEY, 0.0
    return _api


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    started = Emulator(tmp_path_factory.mktemp("emulator"))
    started.start()
    secrets = started.client("secretsmanager")
    secrets.create_secret(Name=SECRET, SecretString=json.dumps({"api_key": KEY}))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def topics(emulator: Emulator) -> Topics:
    return Topics(emulator)


class Inbox:
    """What the topics have published."""

    def __init__(self, emulator: Emulator, topics: Topics) -> None:
        self._sqs = emulator.client("sqs")
        self.queue: Queue = emulator.queue("inbox")
        topics.collect(emulator, self.queue)

    def read(self) -> list[dict[str, Any]]:
        """All that came since it was read last, in the envelopes of SNS."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self._sqs.receive_message(QueueUrl=self.queue.url, MaxNumberOfMessages=10)
            got = answer.get("Messages", [])
            for one in got:
                found.append(json.loads(one["Body"]))
                self._sqs.delete_message(
                    QueueUrl=self.queue.url, ReceiptHandle=one["ReceiptHandle"]
                )
            if not got:
                return found


@pytest.fixture(scope="module")
def _inbox(emulator: Emulator, topics: Topics) -> Inbox:
    return Inbox(emulator, topics)


@pytest.fixture
def inbox(_inbox: Inbox) -> Inbox:
    """The inbox, empty."""
    _inbox.read()
    return _inbox


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> build.Built:
    return build.build("event_router", into=tmp_path_factory.mktemp("zip"))


Start = Callable[..., LambdaRuntime]


@pytest.fixture(scope="module")
def start(
    built: build.Built,
    emulator: Emulator,
    topics: Topics,
    _api: Api,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Start]:
    """Starts the function; the same settings are the same, warm, instance."""
    running: dict[str, LambdaRuntime] = {}

    def started(**changed: str) -> LambdaRuntime:
        name = json.dumps(changed, sort_keys=True)
        if name not in running:
            environment = {
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_ENDPOINT_URL": emulator.endpoint,
                "API_URL": _api.url,
                "API_KEY_SECRET": SECRET,
                "TOPICS_JSON": json.dumps(topics.arns),
                "TIMEOUT": "5",
                "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
                "AWS_LAMBDA_LOG_FORMAT": "JSON",
                "POWERTOOLS_LOG_LEVEL": "DEBUG",
                "POWERTOOLS_LOGGER_LOG_EVENT": "true",
            }
            running[name] = LambdaRuntime(
                tmp_path_factory.mktemp("runtime"),
                archive=built.path,
                handler=HANDLER,
                environment=environment | changed,
            )
            running[name].start()
        return running[name]

    yield started
    for one in running.values():
        one.stop()


def alarm(**named: Any) -> dict[str, Any]:
    return alarms.process_down("i-0123456789abcdef0", **named)


def told(inbox: Inbox) -> list[str]:
    """The states of what people were told."""
    return [one["MessageAttributes"]["state"]["Value"] for one in inbox.read()]


def test_the_zip_is_the_same_when_built_twice_and_small(
    built: build.Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = build.build("event_router", into=tmp_path)
    assert again.path.read_bytes() == built.path.read_bytes()
    with capsys.disabled():
        print(f"\nevent_router.zip: {built.size:,} bytes, {built.unpacked:,} unpacked")
    assert built.size < 3 * 2**20
    with zipfile.ZipFile(built.path) as archive:
        names = archive.namelist()
    assert {"event_router/severities.json", "event_router/message.schema.json"} <= set(names)
    assert not [name for name in names if name.startswith(("boto3/", "urllib3/", "rescuebot/"))]


def test_an_event_is_handed_in_under_its_own_id_and_told_on_the_topic_of_its_severity(
    start: Start, api: Api, inbox: Inbox, topics: Topics
) -> None:
    given = alarm()
    called = start().invoke(given)
    assert called.payload["events"] == [7] and called.payload["told"] is True
    (asked,) = api.asked
    assert asked.path == "/api/v1/events/ingest" and asked.key == f"Bearer {KEY}"
    assert asked.idempotency == given["id"] and asked.body == given
    (message,) = inbox.read()
    assert message["TopicArn"] == topics.arns["critical"]
    assert message["Subject"] == "[Rescue Bot] critical: rescue-demo-mysqld-down"
    assert message["MessageAttributes"]["severity"]["Value"] == "critical"
    assert message["Message"].startswith("critical: rescue-demo-mysqld-down\n"), "for an e-mail"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("new", ["received"]),
        ("known", ["received"]),
        ("recovery", ["recovered"]),
        ("repeat", []),
        ("information", []),
    ],
)
def test_people_are_told_of_what_is_new_and_of_no_repeat(
    start: Start, api: Api, inbox: Inbox, kind: str, expected: list[str]
) -> None:
    api.answers = [(201, {"events": [{"event_id": 9, "kind": kind}]})]
    assert not start().invoke(alarm()).function_error
    assert told(inbox) == expected


def test_where_the_outbox_tells_people_the_router_is_silent_while_the_api_answers(
    start: Start, api: Api, inbox: Inbox
) -> None:
    assert start(TELL="unreached").invoke(alarm()).payload["told"] is False
    assert told(inbox) == []
    api.answers = [(503, {"code": "busy"})] * 2
    assert start(TELL="unreached").invoke(alarm()).payload["errorType"] == "ApiUnavailable"
    assert told(inbox) == ["unreached"]


@pytest.mark.parametrize(
    ("answers", "kind", "asked"),
    [
        ([(503, {"code": "busy"})] * 2, "ApiUnavailable", 2),
        ([(500, b"<html>")] * 2, "ApiUnavailable", 2),
        ([(429, {"code": "too_many_requests"})] * 2, "ApiUnavailable", 2),
        ([(404, b"")], "ApiMisplaced", 1),
        ([(302, b"")], "ApiMisplaced", 1),
        ([(200, {"ok": True})], "ApiMisplaced", 1),
        ([(201, {"ok": True})], "ApiMisplaced", 1),
        ([(400, b"Bad Request")], "ApiMisplaced", 1),
    ],
    ids=["busy", "broken", "limited", "no such path", "moved", "200", "no answer", "proxy"],
)
def test_when_the_api_fails_people_are_told_once_and_the_call_ends_in_an_error(
    start: Start, api: Api, inbox: Inbox, answers: list[Any], kind: str, asked: int
) -> None:
    given = alarm()
    for _ in range(2):
        api.answers = list(answers)
        called = start().invoke(given)
        assert called.function_error and called.payload["errorType"] == kind
    assert len(api.asked) == 2 * asked and {one.idempotency for one in api.asked} == {given["id"]}
    assert [one.path for one in api.asked if one.path != "/api/v1/events/ingest"] == []
    assert told(inbox) == ["unreached"], "AWS calls again, but nobody wants to hear it again"
    assert start().invoke(given).payload["events"] == [7]
    assert told(inbox) == []


def test_an_api_that_does_not_answer_is_given_up_in_time_to_tell_people(
    start: Start, api: Api, inbox: Inbox
) -> None:
    api.pause = 7.0
    called = start().invoke(alarm())
    assert called.payload["errorType"] == "ApiUnavailable"
    assert called.payload["errorMessage"].startswith("timeout: ")
    assert told(inbox) == ["unreached"]


def test_an_api_that_is_not_there_is_unreachable(start: Start, inbox: Inbox) -> None:
    gone = f"http://{ports.LOOPBACK}:{ports.free(1)[0]}"
    called = start(API_URL=gone).invoke(alarm())
    assert called.payload["errorMessage"].startswith("unreachable: ")
    assert told(inbox) == ["unreached"]


def test_an_event_that_the_api_cannot_read_is_told_and_not_tried_again(
    start: Start, api: Api, inbox: Inbox
) -> None:
    api.answers = [(422, {"code": "unreadable"})]
    called = start().invoke(alarm())
    assert not called.function_error and called.payload["refused"] == "unreadable"
    assert len(api.asked) == 1 and told(inbox) == ["refused"]


def test_an_event_that_is_in_the_ledger_with_other_words_is_done(
    start: Start, api: Api, inbox: Inbox
) -> None:
    api.answers = [(422, {"code": "key_reused"})]
    called = start().invoke(alarm())
    assert not called.function_error and called.payload["refused"] == ""
    assert told(inbox) == []


def test_a_key_that_was_replaced_is_read_anew_and_one_that_is_refused_is_an_error(
    start: Start, api: Api, inbox: Inbox, emulator: Emulator
) -> None:
    secrets = emulator.client("secretsmanager")
    start().invoke(alarm())
    api.valid = NEW_KEY
    # It may be the bare key as well.
    secrets.put_secret_value(SecretId=SECRET, SecretString=NEW_KEY)
    try:
        assert start().invoke(alarm()).payload["events"] == [7]
        assert [one.key for one in api.asked[-2:]] == [f"Bearer {KEY}", f"Bearer {NEW_KEY}"]
        api.valid = "another"
        called = start().invoke(alarm())
        assert called.payload["errorType"] == "ApiDenied"
        assert told(inbox)[-1] == "unreached"
    finally:
        secrets.put_secret_value(SecretId=SECRET, SecretString=KEY)


def test_a_topic_that_does_not_take_the_notice_is_an_error_although_the_api_has_the_event(
    start: Start, api: Api, topics: Topics
) -> None:
    missing = {one: arn.replace("rescue-", "gone-") for one, arn in topics.arns.items()}
    called = start(TOPICS_JSON=json.dumps(missing)).invoke(alarm())
    assert called.payload["errorType"] == "TopicUnavailable" and len(api.asked) == 1


def test_a_severity_without_a_topic_is_told_to_nobody(start: Start, api: Api, inbox: Inbox) -> None:
    called = start(TOPICS_JSON="{}").invoke(alarm())
    assert called.payload["told"] is False and called.payload["events"] == [7]
    assert told(inbox) == []


def test_what_is_no_event_is_refused(start: Start, api: Api) -> None:
    for nothing in ([], "x", None):
        assert start().invoke(nothing).payload["errorType"] == "EventRefused"
    assert api.asked == []


def test_no_log_level_and_no_switch_makes_a_text_or_the_key_appear_in_the_log(
    start: Start, api: Api
) -> None:
    given = alarm(alarm_name=f"rescue-{TEXT}")
    calls: list[Invocation] = [start().invoke(given)]
    api.answers = [(500, b"")] * 2
    calls.append(start().invoke(alarm(alarm_name=TEXT)))
    api.valid = "another"
    calls.append(start().invoke(alarm(alarm_name=TEXT)))
    for called in calls:
        assert TEXT not in called.log and KEY not in called.log + json.dumps(called.payload)
    assert calls[0].payload["notice"] in calls[0].log and '"HandedIn":[1' in calls[0].log
