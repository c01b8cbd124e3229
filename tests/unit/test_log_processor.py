"""log_processor: what it unpacks, takes out, reads and counts; and what no payload can do to it."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas import build
from lambdas.log_processor import lines, objects, payload, sources
from lambdas.log_processor.failure import EventRefused, Failure, Poison, SettingInvalid
from lambdas.log_processor.redact import Redactor
from lambdas.log_processor.settings import Settings
from lambdas.log_processor.tally import Tally
from tests.unit.test_advice_redact import ORDINARY, PLANTED

MIB = 2**20
AT = 1795309481000  # 2026-11-22T01:04:41Z
CALL = (
    "2026-11-22 01:04:41,123 INFO webui.api.watch event='api_call' method='GET' "
    "route='/api/v1/events/<int:event_id>' status=200 ms=3.2 user='hong' address='10.0.1.2'"
)
SALT = (
    "2026-11-22 01:04:41,123 [rescuebot.receiver:114 ][INFO    ][4711] event='batch_recorded' "
    "received=10 new=7 buried=1 kept_by_queue=0"
)


def told(*texts: str, **changed: Any) -> dict[str, Any]:
    """What CloudWatch packs."""
    return {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "/rescue/dev/back",
        "logStream": "back/app/0123",
        "subscriptionFilters": ["rescue"],
        "logEvents": [
            {"id": f"3{number:055}", "timestamp": AT + number, "message": text}
            for number, text in enumerate(texts)
        ],
    } | changed


def pack(value: Any) -> bytes:
    return gzip.compress(json.dumps(value).encode(), mtime=0)


def read(value: Any) -> payload.Batch:
    batch = payload.read(pack(value), most_bytes=32 * MIB)
    assert batch is not None
    return batch


def kept(*texts: str) -> list[dict[str, Any]]:
    content, _ = objects.packed(read(told(*texts)))
    # By this character alone: texts may hold others that end a line elsewhere.
    return [json.loads(line) for line in gzip.decompress(content).split(b"\n")[:-1]]


# --- unpacking


def test_a_payload_is_its_lines_in_their_order() -> None:
    batch = read(told("first", "second"))
    assert (batch.group, batch.stream) == ("/rescue/dev/back", "back/app/0123")
    assert [line.text for line in batch.lines] == ["first", "second"]


def test_a_control_message_is_no_batch() -> None:
    control = told(messageType="CONTROL_MESSAGE", logEvents=[])
    assert payload.read(pack(control), most_bytes=MIB) is None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_gzip"),
        (b"plain words", "not_gzip"),
        (pack(told("x"))[:-9], "not_gzip"),
        (pack(told("x")) + b"more", "not_gzip"),
        (gzip.compress(b"not json"), "not_json"),
        (gzip.compress(b"[" * 100_000), "not_json"),
        (gzip.compress(b"\xff\xfe"), "not_json"),
        (pack([1]), "not_of_cloudwatch"),
        (pack({}), "not_of_cloudwatch"),
        (pack(told()), "not_of_cloudwatch"),
        (pack(told("x", messageType="OTHER")), "not_of_cloudwatch"),
        (pack(told("x", logGroup="")), "not_of_cloudwatch"),
        (pack(told("x", logStream=None)), "not_of_cloudwatch"),
        (pack(told("x", logEvents=[1])), "not_of_cloudwatch"),
        (pack(told(logEvents=[{"id": "1", "timestamp": AT}])), "not_of_cloudwatch"),
        *(
            (
                pack(told(logEvents=[{"id": "1", "timestamp": at, "message": "x"}])),
                "not_of_cloudwatch",
            )
            for at in (True, -1, 1.5, "1", 10**15, None)
        ),
    ],
    # Bytes that were packed now would be another name in each process.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_payload_is_poison(content: bytes, code: str) -> None:
    with pytest.raises(Poison) as found:
        payload.read(content, most_bytes=MIB)
    assert found.value.code == code


def test_a_bomb_is_refused_and_never_comes_to_be_in_memory() -> None:
    bomb = gzip.compress(b"0" * (256 * MIB), compresslevel=9)
    assert len(bomb) < MIB
    tracemalloc.start()
    try:
        with pytest.raises(Poison) as found:
            payload.read(bomb, most_bytes=4 * MIB)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.value.code == "too_large" and peak < 16 * MIB


def test_the_limit_is_of_what_comes_out() -> None:
    value = told("x" * 1000)
    size = len(json.dumps(value))
    assert payload.read(pack(value), most_bytes=size) is not None
    with pytest.raises(Poison):
        payload.read(pack(value), most_bytes=size - 1)


@pytest.mark.parametrize("data", ["", "a", "%%%", "한글", "ab=c"])
def test_what_is_not_base64_is_poison(data: str) -> None:
    if data == "":
        assert payload.packed(data) == b""
        return
    with pytest.raises(Poison) as found:
        payload.packed(data)
    assert found.value.code == "not_base64"


@given(st.binary(max_size=300))
def test_no_bytes_make_anything_but_a_batch_or_poison(content: bytes) -> None:
    for given_bytes in (content, gzip.compress(content)):
        with pytest.raises(Poison):
            payload.read(given_bytes, most_bytes=MIB)


# --- where payloads come from


def direct(data: str) -> dict[str, Any]:
    return {"awslogs": {"data": data}}


@pytest.mark.parametrize(
    ("event", "source"),
    [
        (direct("x"), "aws:logs"),
        ({"Records": [{"eventSource": "aws:sqs", "body": "x"}]}, "aws:sqs"),
        ({"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": "x"}}]}, "aws:kinesis"),
    ],
)
def test_the_source_of_a_call_is_known(event: dict[str, Any], source: str) -> None:
    assert sources.of(event) == source
    assert sources.data_of(event.get("Records", [event])[0]) == "x"


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        {"awslogs": {}},
        {"awslogs": {"data": 1}},
        {"Records": []},
        {"Records": [{"eventSource": "aws:s3"}]},
        {"Records": [{"eventSource": "aws:sqs"}, {"eventSource": "aws:kinesis"}]},
        {"Records": [1]},
    ],
)
def test_who_else_calls_is_refused(event: Any) -> None:
    with pytest.raises(EventRefused):
        sources.of(event)


@pytest.mark.parametrize(
    "body",
    ["eA==", " eA==\n", json.dumps(direct("eA==")), json.dumps({"requestPayload": direct("eA==")})],
    ids=["data", "with spaces", "of a dead-letter queue", "of a destination"],
)
def test_a_message_of_a_queue_is_the_payload_or_a_call_that_has_failed(body: str) -> None:
    assert sources.data_of({"body": body}) == "eA=="


@pytest.mark.parametrize(
    "record", [{}, {"body": 1}, {"kinesis": {}}, {"body": "{"}, {"body": "{}"}]
)
def test_a_record_without_data_has_some_nonsense_that_becomes_poison(record: Any) -> None:
    data = sources.data_of(record)
    with pytest.raises(Poison):
        payload.read(payload.packed(data), most_bytes=MIB)


# --- redaction


@pytest.mark.parametrize(("before", "secret", "after", "kind"), PLANTED)
def test_what_the_library_takes_out_of_questions_is_taken_out_of_lines(
    before: str, secret: str, after: str, kind: str
) -> None:
    clean, found = Redactor().redacted(f"{before}{secret}{after}")
    assert secret not in clean and found >= 1 and "<" in clean


@pytest.mark.parametrize("line", [*ORDINARY.strip().splitlines(), CALL, SALT])
def test_what_tells_the_trouble_stays(line: str) -> None:
    assert Redactor().redacted(line) == (line, 0)


def test_a_key_over_several_lines_goes_whole_and_what_follows_stays() -> None:
    redactor = Redactor()
    key = [
        "-----BEGIN RSA PRIVATE KEY-----",
        "MIIEpAIBAAKCAQEA75GTvhqk",
        "c2hvcnQ=",
        "-----END RSA PRIVATE KEY----- the end",
        "an ordinary line",
    ]
    clean = [redactor.redacted(line)[0] for line in key]
    mark = "<private-key>"
    assert clean == [mark, mark, mark, f"{mark} the end", "an ordinary line"]


def test_a_secret_in_json_is_taken_out_and_the_line_can_still_be_read() -> None:
    line = json.dumps({"level": "error", "event": "refused", "password": "hunter22x", "n": 1})
    (found,) = kept(line)
    assert "hunter22x" not in json.dumps(found)
    assert (found["level"], found["event"], found["fields"]["n"]) == ("ERROR", "refused", 1)


SEEDS = [
    *("a", "A1b", "0", "1 ", "+1 ", "-", "a@", "a.", "a@a.", "mysql ", "curl ", "redis-cli "),
    *("a://a:", "a:a", "password", 'password="', "pass=", "bearer ", "authorization: a "),
    *("cookie", "eyJaaaaa.", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "A" * 25 + " "),
    *("https://hooks.slack.com/a/", "https://a.b.", "DE89 ", "4111 ", "010-", "0120-123-", "'\\"),
    *("password='\\", "sk-", "--token ", "identified by ", "event='", "event='\\", "a=", "=", "["),
]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_line_keeps_it_waiting(seed: str) -> None:
    """Twice the length must take about twice the time; a square would take four times."""
    took = []
    for size in (16_384, 65_536):
        line = CALL.partition("event=")[0] + (seed * size)[:size]
        began = time.process_time()
        lines.parse(Redactor().redacted(line)[0])
        took.append(time.process_time() - began)
    assert took[1] < max(0.4, took[0] * 8)


# --- what is kept


def test_a_line_of_the_api_is_kept_with_its_fields() -> None:
    (found,) = kept(CALL)
    assert found == {
        "time": "2026-11-22T01:04:41.000+00:00",
        "group": "/rescue/dev/back",
        "stream": "back/app/0123",
        "id": f"3{0:055}",
        "level": "INFO",
        "logger": "webui.api.watch",
        "event": "api_call",
        "fields": {
            "method": "GET",
            "route": "/api/v1/events/<int:event_id>",
            "status": 200,
            "ms": 3.2,
            "user": "hong",
            "address": "10.0.1.2",
        },
        "message": CALL,
    }


@pytest.mark.parametrize(
    ("line", "level", "logger", "event"),
    [
        (SALT, "INFO", "rescuebot.receiver", "batch_recorded"),
        (
            "2026-11-22 01:04:41,123 [salt.minion      :3120][ERROR   ][12] Boom",
            "ERROR",
            "salt.minion",
            "",
        ),
        (
            "2026-11-22T08:04:55.123456Z 0 [ERROR] [MY-012595] [InnoDB] Operating system error 28",
            "ERROR",
            "MY-012595",
            "",
        ),
        ("2026-11-22T08:04:55.123456Z 12 [Note] Access denied", "INFO", "", ""),
        ('{"level": "warn", "logger": "a.b", "msg": "slow", "ms": 3}', "WARNING", "a.b", "slow"),
        ('{"level": 7, "event": ["x"]}', "", "", ""),
        ('{"broken', "", "", ""),
        ("[1]", "", "", ""),
        ("2 123456789012 eni-0a 10.0.1.2 10.0.3.4 443 5000 6 20 4249 1 2 ACCEPT OK", "", "", ""),
        ("", "", "", ""),
        ("event='api_call' status=500", "", "", ""),
    ],
)
def test_lines_of_all_kinds_are_read_as_far_as_they_are_known(
    line: str, level: str, logger: str, event: str
) -> None:
    found = lines.parse(line)
    assert (found.level, found.logger, found.event) == (level, logger, event)


@pytest.mark.parametrize(
    ("shown", "value"),
    [
        ("'it\\'s'", "it's"),
        ('"it\'s"', "it's"),
        ("'a\\nb\\\\n'", "a\nb\\n"),
        ("'\\x1b[2J'", "\\x1b[2J"),
        ("-12", -12),
        ("3.25", 3.25),
        ("True", True),
        ("None", None),
        ("[1,2]", "[1,2]"),
        ("9" * 30, "9" * 30),
    ],
)
def test_a_field_is_read_as_it_was_before_it_was_shown(shown: str, value: Any) -> None:
    head = CALL.partition("event=")[0]
    assert lines.parse(f"{head}event='x' a={shown} b=1").fields == {"a": value, "b": 1}


@given(st.text(max_size=300))
def test_every_line_is_kept_whatever_it_says(text: str) -> None:
    for line in (text, "{" + text, CALL.partition("event=")[0] + "event='x' a=" + text):
        (found,) = kept(line)
        assert found["stream"] == "back/app/0123" and isinstance(found["message"], str)


def test_half_a_character_does_not_stop_the_rest() -> None:
    content = gzip.compress(json.dumps(told("\ud800 half", "whole")).encode())
    batch = payload.read(content, most_bytes=MIB)
    assert batch is not None
    found = gzip.decompress(objects.packed(batch)[0]).decode().splitlines()
    assert [json.loads(line)["message"] for line in found] == ["? half", "whole"]


def test_the_same_lines_make_the_same_object_under_the_same_key() -> None:
    first, again = read(told("a", "b")), payload.read(
        gzip.compress(json.dumps(told("a", "b"), indent=1).encode(), compresslevel=1),
        most_bytes=MIB,
    )
    assert again is not None
    assert objects.packed(first)[0] == objects.packed(again)[0]
    assert objects.key(first, "logs") == objects.key(again, "logs")


@pytest.mark.parametrize("changed", [{"logGroup": "/x"}, {"logStream": "x"}, {"owner": "1"}])
def test_other_lines_have_another_key(changed: dict[str, Any]) -> None:
    assert objects.key(read(told("a", **changed)), "logs") != objects.key(read(told("a")), "logs")
    assert objects.key(read(told("a", "b")), "logs") != objects.key(read(told("a")), "logs")


def test_a_key_cannot_be_used_to_try_out_what_was_taken_out() -> None:
    one, other = read(told("password=hunter22x")), read(told("password=hunter23x"))
    assert objects.key(one, "logs") == objects.key(other, "logs")


@pytest.mark.parametrize(
    ("group", "folder"),
    [
        ("/rescue/dev/back", "rescue-dev-back"),
        ("../../etc", "etc"),
        ("한글", "group"),
        ("a" * 500, "a" * 120),
    ],
)
def test_a_key_has_the_group_and_the_hour_and_no_way_out(group: str, folder: str) -> None:
    key = objects.key(read(told("x", logGroup=group)), "logs")
    assert key.startswith(f"logs/{folder}/2026/11/22/01/") and key.endswith(".ndjson.gz")
    assert ".." not in key


# --- counting


def tally_of(*texts: str) -> Tally:
    return objects.packed(read(told(*texts)))[1]


def call(status: Any, *, ms: Any = 3, route: str = "/api/v1/events") -> str:
    head = CALL.partition("event=")[0]
    return f"{head}event='api_call' method='GET' route='{route}' status={status} ms={ms}"


def test_calls_of_the_api_are_counted_by_how_they_ended_and_health_is_left_out() -> None:
    found = tally_of(call(200), call(404, ms=5), call(503, ms=7), call(200, route="/health"))
    assert found.lines == 4
    assert {name: number for name, number in found.counts.items() if number} == {
        "Requests": 3,
        "ClientErrors": 1,
        "ServerErrors": 1,
    }
    assert found.response_times() == [3.0, 5.0, 7.0]


def test_what_engines_and_model_did_is_counted() -> None:
    head = SALT.partition("event=")[0]
    asked = f"{head}event='advice_asked' advice_id=1 ok={{}} code='x' cost_micros=1500"
    found = tally_of(SALT, SALT, asked.format("True"), asked.format("False"))
    assert found.counts["Received"] == 20 and found.counts["NewEvents"] == 14
    assert found.counts["Buried"] == 2
    assert (found.counts["AdviceAsked"], found.counts["AdviceFailed"]) == (2, 1)
    assert found.counts["AdviceCostMicros"] == 3000


@pytest.mark.parametrize("value", ["1e999", "-5", "'x'", "nan", "None", "True", "10**9", "9" * 400])
def test_no_line_can_spoil_a_sum(value: str) -> None:
    found = tally_of(call(200, ms=value), SALT.replace("received=10", f"received={value}"))
    assert found.response_times() == [0.0] and found.counts["Received"] == 0


def test_a_line_of_somebody_else_counts_as_a_line_and_by_its_level() -> None:
    found = tally_of("event='api_call' status=500", "2026-11-22T08:04:55.123456Z 0 [ERROR] x")
    assert dict(found.counts) == {"ErrorLines": 1}


def test_very_many_times_are_told_by_some_that_have_their_shape() -> None:
    times = tally_of(*(call(200, ms=number) for number in range(5000))).response_times()
    assert len(times) == 200 and times[0] == 0 and times[-1] == 4999
    assert abs(times[100] - 2500) < 30


# --- settings


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"BUCKET": "Not a bucket"},
        {"BUCKET": "b.example", "PREFIX": "../up"},
        {"BUCKET": "b.example", "PREFIX": "poison"},
        {"BUCKET": "b.example", "KMS_KEY": "alias/x"},
        {"BUCKET": "b.example", "MAX_MIB": "0"},
        {"BUCKET": "b.example", "MAX_MIB": "129"},
        {"BUCKET": "b.example", "ATTEMPTS": "many"},
    ],
)
def test_a_setting_that_is_wrong_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(SettingInvalid) as refused:
        Settings.read(environment)
    assert refused.value.code == "bad_setting"


def test_settings_have_defaults() -> None:
    assert Settings.read({"BUCKET": "rescue-logs"}) == Settings(bucket="rescue-logs")


def test_base64_of_a_payload_is_read() -> None:
    assert payload.packed(base64.b64encode(pack(told("x"))).decode()) == pack(told("x"))


def test_the_readme_names_every_variable_and_every_error() -> None:
    folder = build.HERE / "log_processor"
    readme = (folder / "README.md").read_text()
    variables = set(re.findall(r'"([A-Z][A-Z_]{2,})"', (folder / "settings.py").read_text()))
    assert variables and all(f"`{name}`" in readme for name in variables)
    errors = {one.__name__ for one in Failure.__subclasses__()}
    assert errors and all(f"`{name}`" in readme for name in errors)
    codes = set(re.findall(r'Poison\("([a-z_0-9]+)"\)', (folder / "payload.py").read_text()))
    assert codes == {"not_base64", "not_gzip", "not_json", "not_of_cloudwatch", "too_large"}
