"""log_processor's zip: called by log groups of the emulator, and with each trouble of S3.

The emulator's log groups call a function as CloudWatch does, once and without a second try; so
batches, troubles and second tries are tried under AWS's own runtime client.
"""

from __future__ import annotations

import base64
import gzip
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from devstack import ports
from devstack.emulator import Emulator
from devstack.lambdas import DeployedLambda, LambdaRuntime, runtime_libraries
from devstack.loopback import Handler, Server
from devstack.place import ACCOUNT, REGION
from devstack.topics import arn_of
from devstack.waiting import until
from lambdas import build

HANDLER = "log_processor.handler.handle"
BUCKET = "rescue-logs"
NAME = "rescue-log-processor"
SECRET = "hunter22-that-no-log-may-hold"
AT = 1795309481000
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def data(*texts: str, group: str = "/rescue/dev/back", stream: str = "s", number: int = 0) -> str:
    """A payload as CloudWatch packs it."""
    told = {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": ["rescue"],
        "logEvents": [
            {"id": f"3{number:04}{place:051}", "timestamp": AT + place, "message": text}
            for place, text in enumerate(texts)
        ],
    }
    return base64.b64encode(gzip.compress(json.dumps(told).encode())).decode()


def direct(payload: str) -> dict[str, Any]:
    return {"awslogs": {"data": payload}}


def of_sqs(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m{place}", "body": body, "eventSource": "aws:sqs"}
            for place, body in enumerate(bodies)
        ]
    }


def of_kinesis(*payloads: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "eventID": f"shardId-0:{place}",
                "eventSource": "aws:kinesis",
                "kinesis": {"sequenceNumber": f"seq{place}", "data": payload},
            }
            for place, payload in enumerate(payloads)
        ]
    }


@dataclass
class Store:
    """S3 as it is told to be: the next answers by status and code, then it takes all."""

    port: int = field(default_factory=lambda: ports.free(1)[0])
    troubles: list[tuple[int, str]] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    puts: int = 0

    @property
    def url(self) -> str:
        return f"http://{ports.LOOPBACK}:{self.port}"

    def be_kind(self) -> None:
        self.troubles, self.objects, self.headers, self.puts = [], {}, {}, 0

    def lines(self) -> list[dict[str, Any]]:
        """All lines of all objects that are not poison."""
        kept = [value for key, value in sorted(self.objects.items()) if "/logs/" in key]
        return [json.loads(line) for one in kept for line in gzip.decompress(one).splitlines()]


@pytest.fixture(scope="module")
def _store() -> Iterator[Store]:
    store = Store()

    class Request(Handler):
        def handle_expect_100(self) -> bool:
            # botocore waits a second for this before it sends what it puts.
            super().handle_expect_100()
            self.wfile.flush()
            return True

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            store.puts += 1
            status, code = store.troubles.pop(0) if store.troubles else (200, "")
            if code == "hang":
                time.sleep(15)
                return
            if status == 200:
                path = self.path.partition("?")[0]
                store.objects[path] = content
                store.headers[path] = {name.lower(): text for name, text in self.headers.items()}
            words = "words of AWS that nobody may repeat"
            body = f"<Error><Code>{code}</Code><Message>{words}</Message></Error>" if code else ""
            self.send_response_only(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

    server = Server((ports.LOOPBACK, store.port), Request)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield store
    server.shutdown()
    server.server_close()


@pytest.fixture
def store(_store: Store) -> Store:
    """S3, willing and empty."""
    _store.be_kind()
    return _store


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> build.Built:
    return build.build("log_processor", into=tmp_path_factory.mktemp("zip"))


def started(
    folder: Path, built: build.Built, store: Store, *, timeout: int = 120, **environment: str
) -> LambdaRuntime:
    """The function with all of its logging switched on."""
    surroundings = CREDENTIALS | {
        "AWS_ENDPOINT_URL": store.url,
        "BUCKET": BUCKET,
        "MAX_MIB": "8",
        "ATTEMPTS": "2",
        # At this level botocore would write out what it puts.
        "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "POWERTOOLS_LOGGER_LOG_EVENT": "true",
    }
    return LambdaRuntime(
        folder,
        archive=built.path,
        handler=HANDLER,
        environment=surroundings | environment,
        timeout=timeout,
    )


@pytest.fixture(scope="module")
def runtime(
    built: build.Built, _store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LambdaRuntime]:
    with started(tmp_path_factory.mktemp("runtime"), built, _store) as one:
        yield one


# --- one payload a call


def test_a_payload_is_one_object_without_secrets_in_the_bucket_of_this_account(
    runtime: LambdaRuntime, store: Store
) -> None:
    called = runtime.invoke(direct(data("an ordinary line", f"password={SECRET}")))
    (path,) = store.objects
    assert path == f"/{BUCKET}/{called.payload['kept']}"
    assert [line["message"] for line in store.lines()] == [
        "an ordinary line",
        "password=<password>",
    ]
    assert store.headers[path]["x-amz-expected-bucket-owner"] == ACCOUNT
    assert '"Lines":[2' in called.log and '"Redacted":[1' in called.log
    assert SECRET not in called.log and "an ordinary line" not in called.log


def test_a_payload_that_comes_again_replaces_its_own_object(
    runtime: LambdaRuntime, store: Store
) -> None:
    first = runtime.invoke(direct(data("a", "b"))).payload
    before = dict(store.objects)
    assert runtime.invoke(direct(data("a", "b"))).payload == first
    assert store.objects == before and store.puts == 2
    runtime.invoke(direct(data("a", "b", stream="another")))
    assert len(store.objects) == 2


def test_calls_of_the_api_become_metrics_of_their_log_group(
    runtime: LambdaRuntime, store: Store
) -> None:
    line = (
        "2026-11-22 01:04:41,123 INFO webui.api.watch event='api_call' method='GET' "
        "route='/api/v1/events' status={} ms={}"
    )
    called = runtime.invoke(direct(data(line.format(200, 3.5), line.format(503, 9.5))))
    (told,) = [json.loads(row) for row in called.log.splitlines() if '"_aws"' in row]
    assert told["log_group"] == "/rescue/dev/back" and told["service"] == "log_processor"
    assert (told["Requests"], told["ServerErrors"]) == ([2.0], [1.0])
    assert told["ResponseTime"] == [3.5, 9.5]
    assert told["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "RescueBot"


def test_very_many_calls_are_all_told_of_under_their_log_group(
    runtime: LambdaRuntime, store: Store
) -> None:
    line = "2026-11-22 01:04:41,123 INFO webui.api.watch event='api_call' status=200 ms={}"
    called = runtime.invoke(direct(data(*(line.format(number) for number in range(1000)))))
    told = [json.loads(row) for row in called.log.splitlines() if '"_aws"' in row]
    assert {one["log_group"] for one in told} == {"/rescue/dev/back"}
    times = [value for one in told for value in one.get("ResponseTime", [])]
    assert len(times) == 200 and (min(times), max(times)) == (0, 999)
    assert sum(value for one in told for value in one.get("Requests", [])) == 1000


@pytest.mark.parametrize(
    ("trouble", "kind", "code"),
    [
        ((503, "SlowDown"), "BucketUnavailable", "SlowDown"),
        ((500, "InternalError"), "BucketUnavailable", "InternalError"),
        ((403, "AccessDenied"), "BucketRefused", "AccessDenied"),
        ((404, "NoSuchBucket"), "BucketRefused", "NoSuchBucket"),
        ((400, "KMS.DisabledException"), "BucketRefused", "KMS.DisabledException"),
        ((418, "Odd words!"), "BucketRefused", "http_418"),
        # botocore itself breaks on such an answer.
        ((418, "<b>what?</b>"), "Broken", "broke"),
    ],
)
def test_each_trouble_with_s3_is_an_error_of_its_kind_so_that_the_payload_comes_again(
    runtime: LambdaRuntime, store: Store, trouble: tuple[int, str], kind: str, code: str
) -> None:
    store.troubles = [trouble] * 3
    called = runtime.invoke(direct(data(f"password={SECRET}")))
    assert called.function_error and called.payload["errorType"] == kind
    assert called.payload["errorMessage"].startswith(f"{code}: ") and store.objects == {}
    said = called.log + json.dumps(called.payload)
    assert SECRET not in said and "words of AWS" not in said
    store.be_kind()
    assert runtime.invoke(direct(data("x"))).function_error == ""


def test_s3_that_fails_once_is_asked_again_within_the_call(
    runtime: LambdaRuntime, store: Store
) -> None:
    store.troubles = [(503, "SlowDown")]
    called = runtime.invoke(direct(data("x")))
    assert called.function_error == "" and store.puts == 2


def test_s3_that_hangs_is_an_error_and_not_a_time_out(
    built: build.Built, store: Store, tmp_path: Path
) -> None:
    store.troubles = [(0, "hang")]
    with started(tmp_path, built, store, ATTEMPTS="1") as runtime:
        called = runtime.invoke(direct(data("x")))
    assert called.payload["errorType"] == "BucketUnavailable"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ("%%%", "not_base64"),
        (base64.b64encode(b"words").decode(), "not_gzip"),
        (base64.b64encode(gzip.compress(b"[")).decode(), "not_json"),
        (base64.b64encode(gzip.compress(b"{}")).decode(), "not_of_cloudwatch"),
    ],
    # What was packed now would be another name in each process.
    ids=["not_base64", "not_gzip", "not_json", "not_of_cloudwatch"],
)
def test_what_nobody_can_read_is_put_aside_as_it_came_and_the_call_ends_well(
    runtime: LambdaRuntime, store: Store, payload: str, code: str
) -> None:
    called = runtime.invoke(direct(payload))
    (path,) = store.objects
    assert called.function_error == "" and path.startswith(f"/{BUCKET}/poison/{code}/")
    raw = payload.encode() if code == "not_base64" else base64.b64decode(payload)
    assert store.objects[path] == raw and f'"Poisoned_{code}":[1' in called.log


def test_poison_that_cannot_be_put_aside_comes_again(runtime: LambdaRuntime, store: Store) -> None:
    store.troubles = [(403, "AccessDenied")]
    assert runtime.invoke(direct("%%%")).payload["errorType"] == "BucketRefused"


def test_a_bomb_is_put_aside_and_the_function_stays_small(
    runtime: LambdaRuntime, store: Store
) -> None:
    bomb = base64.b64encode(gzip.compress(b"0" * (400 * 2**20), compresslevel=9)).decode()
    called = runtime.invoke(direct(bomb))
    (path,) = store.objects
    assert called.function_error == "" and "/poison/too_large/" in path
    status = Path(f"/proc/{runtime.daemon.pid}/status").read_text()
    peak = next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmHWM"))
    assert peak < 200 * 1024, f"{peak} KiB"


def test_a_test_of_cloudwatch_and_lines_of_its_own_are_left_out(
    runtime: LambdaRuntime, store: Store
) -> None:
    control = {"messageType": "CONTROL_MESSAGE", "logEvents": []}
    told = base64.b64encode(gzip.compress(json.dumps(control).encode())).decode()
    assert runtime.invoke(direct(told)).payload == {"kept": ""}
    assert runtime.invoke(direct(data("x", group="/aws/lambda/rescue"))).payload == {"kept": ""}
    assert store.puts == 0


# --- batches


def test_of_a_batch_of_sqs_only_what_has_failed_comes_again(
    runtime: LambdaRuntime, store: Store
) -> None:
    event = of_sqs(data("a", number=1), data("b", number=2), "%%%", data("c", number=3))
    store.troubles = [(200, ""), (403, "AccessDenied")]
    called = runtime.invoke(event)
    assert called.payload == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert [line["message"] for line in store.lines()] == ["a", "c"]
    again = of_sqs(event["Records"][1]["body"])
    assert runtime.invoke(again).payload == {"batchItemFailures": []}
    assert sorted(line["message"] for line in store.lines()) == ["a", "b", "c"]


def test_of_a_batch_of_kinesis_what_has_failed_is_named_by_its_sequence_number(
    runtime: LambdaRuntime, store: Store
) -> None:
    store.troubles = [(200, ""), (403, "AccessDenied")]
    event = of_kinesis(*(data(str(number), number=number) for number in range(3)))
    called = runtime.invoke(event)
    assert called.payload == {"batchItemFailures": [{"itemIdentifier": "seq1"}]}
    assert runtime.invoke(event).payload == {"batchItemFailures": []}
    assert sorted(line["message"] for line in store.lines()) == ["0", "1", "2"]


def test_a_batch_that_fails_whole_comes_again_whole_and_is_no_crash(
    runtime: LambdaRuntime, store: Store
) -> None:
    store.troubles = [(403, "AccessDenied")] * 2
    called = runtime.invoke(of_sqs(data("a", number=1), data("b", number=2)))
    assert called.function_error == ""
    failed = [one["itemIdentifier"] for one in called.payload["batchItemFailures"]]
    assert failed == ["m0", "m1"]


def test_a_call_that_has_failed_is_read_out_of_its_dead_letter(
    runtime: LambdaRuntime, store: Store
) -> None:
    buried = json.dumps(direct(data("a", number=1)))
    kept = json.dumps({"requestContext": {}, "requestPayload": direct(data("b", number=2))})
    assert runtime.invoke(of_sqs(buried, kept)).payload == {"batchItemFailures": []}
    assert sorted(line["message"] for line in store.lines()) == ["a", "b"]


def test_what_a_call_has_no_time_for_comes_again(
    built: build.Built, store: Store, tmp_path: Path
) -> None:
    event = of_sqs(*(data(str(number), number=number) for number in range(3)))
    with started(tmp_path, built, store, timeout=10) as runtime:
        called = runtime.invoke(event)
    failed = [one["itemIdentifier"] for one in called.payload["batchItemFailures"]]
    # Less is left from the beginning than a payload may take: one is tried nevertheless.
    assert failed == ["m1", "m2"] and len(store.objects) == 1


@pytest.mark.parametrize(
    ("event", "environment", "kind"),
    [
        ({"Records": [{"eventSource": "aws:s3"}]}, {}, "EventRefused"),
        (direct("x"), {"BUCKET": ""}, "SettingInvalid"),
        (direct("x"), {"KMS_KEY": "alias/x"}, "SettingInvalid"),
    ],
)
def test_a_wrong_caller_and_a_wrong_setting_are_told(
    built: build.Built,
    store: Store,
    tmp_path: Path,
    event: dict[str, Any],
    environment: dict[str, str],
    kind: str,
) -> None:
    with started(tmp_path, built, store, **environment) as runtime:
        called = runtime.invoke(event)
    assert called.payload["errorType"] == kind and store.puts == 0


def test_with_a_key_of_ones_own_objects_are_sealed_by_it(
    built: build.Built, store: Store, tmp_path: Path
) -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11112222-3333-4444-5555-666677778888"
    with started(tmp_path, built, store, KMS_KEY=key) as runtime:
        runtime.invoke(direct(data("x")))
    ((path, headers),) = store.headers.items()
    assert headers["x-amz-server-side-encryption"] == "aws:kms", path
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == key


# --- as it is deployed


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    one = Emulator(tmp_path_factory.mktemp("emulator"))
    one.start()
    one.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    yield one
    one.stop()


@pytest.fixture(scope="module")
def deployed(
    built: build.Built, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> DeployedLambda:
    return DeployedLambda.deploy(
        emulator,
        name=NAME,
        archive=built.path,
        handler=HANDLER,
        libraries=runtime_libraries(tmp_path_factory.mktemp("libraries")),
        environment={"BUCKET": BUCKET},
    )


def found_in(emulator: Emulator, prefix: str) -> list[dict[str, Any]]:
    """All lines that lie under a prefix of the bucket."""
    s3 = emulator.client("s3")
    keys = [
        one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    ]
    bodies = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys]
    return [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]


def test_what_is_written_to_a_log_group_lies_in_s3_a_moment_later(
    emulator: Emulator, deployed: DeployedLambda
) -> None:
    logs, group = emulator.client("logs"), "/rescue/dev/front"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    logs.put_subscription_filter(
        logGroupName=group, filterName="rescue", filterPattern="", destinationArn=deployed.arn
    )
    now = int(time.time() * 1000)
    texts = ["an ordinary line", f"mysql -uroot -p{SECRET} shop"]
    logs.put_log_events(
        logGroupName=group,
        logStreamName="s",
        logEvents=[{"timestamp": now, "message": text} for text in texts],
    )
    found = until(
        lambda: found_in(emulator, "logs/rescue-dev-front/"), seconds=30, what="the lines are in S3"
    )
    assert [line["message"] for line in found] == [texts[0], "mysql -uroot -p<password> shop"]
    assert found[0]["group"] == group and found[0]["stream"] == "s"
    assert not [line for line in deployed.logs() if SECRET in line]


def test_a_queue_gives_back_only_what_has_failed(
    emulator: Emulator, deployed: DeployedLambda
) -> None:
    queue = emulator.queue("rescue-log-payloads")
    emulator.client("lambda").create_event_source_mapping(
        EventSourceArn=arn_of(emulator, queue),
        FunctionName=NAME,
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    sqs = emulator.client("sqs")
    for number in range(3):
        body = data(f"by queue {number}", group="/by/queue", number=number)
        sqs.send_message(QueueUrl=queue.url, MessageBody=body)
    until(
        lambda: len(found_in(emulator, "logs/by-queue/")) == 3,
        seconds=30,
        what="all three are kept",
    )
    waiting = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")

    def is_empty() -> bool:
        found = sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=list(waiting))
        return all(found["Attributes"][name] == "0" for name in waiting)

    until(is_empty, seconds=30, what="the queue is empty")


def test_the_zip_is_the_same_when_built_twice_and_small(built: build.Built, tmp_path: Path) -> None:
    again = build.build("log_processor", into=tmp_path)
    assert again.path.read_bytes() == built.path.read_bytes()
    assert built.size < 3 * 2**20
