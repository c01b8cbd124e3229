"""custom_resource: what it reads, what it says, and that it never says too much."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.tasks import CLUSTER, DEFINITION
from lambdas import build
from lambdas.custom_resource import answer, handler, output, request, settings
from lambdas.custom_resource.answer import Reply
from lambdas.custom_resource.failure import PropertyInvalid, RequestRefused
from lambdas.custom_resource.request import Request

URL = "https://cloudformation-custom-resource-response-apnortheast1.s3.amazonaws.com/a?b=c"
PROPERTIES = {
    "ServiceToken": "arn:aws:lambda:ap-northeast-1:123456789012:function:x",
    "Cluster": CLUSTER,
    "TaskDefinition": DEFINITION,
    "Container": "migrations",
    "Subnets": ["subnet-0a1", "subnet-0b2"],
    "SecurityGroups": ["sg-0a1"],
    "LogGroup": "/rescue/dev/migrations",
    "LogStreamPrefix": "migrations",
}


def event(**changed: Any) -> dict[str, Any]:
    """A request as CloudFormation makes it; None takes a field away."""
    told = {
        "RequestType": "Create",
        "RequestId": "11112222-3333-4444-5555-666677778888",
        "StackId": "arn:aws:cloudformation:ap-northeast-1:123456789012:stack/rescue-app/9f2",
        "ResponseURL": URL,
        "ResourceType": "Custom::RescueMigrations",
        "LogicalResourceId": "Migrations",
        "ResourceProperties": PROPERTIES,
    } | changed
    return {name: value for name, value in told.items() if value is not None}


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        7,
        "https://example.com/a",
        "https://amazonaws.com.evil.example/a",
        "http://s3.amazonaws.com/a",
        "https://user@s3.amazonaws.com/a",
        "https://s3.amazonaws.com:8443/a",
        "http://127.0.0.1/a",
        "http://127.0.0.1:80@evil.example/a",
        "ftp://s3.amazonaws.com/a",
    ],
)
def test_who_is_not_cloudformation_is_not_answered(url: Any) -> None:
    with pytest.raises(RequestRefused) as refused:
        request.read(event(ResponseURL=url))
    assert refused.value.code == "no_address"
    for told in (None, [], "x", {}):
        with pytest.raises(RequestRefused):
            request.read(told)


@pytest.mark.parametrize(
    "url", [URL, "https://s3.cn-north-1.amazonaws.com.cn/a?b", "http://127.0.0.1:4566/x"]
)
def test_the_addresses_of_cloudformation_are_answered(url: str) -> None:
    assert request.read(event(ResponseURL=url)).url == url


def test_a_resource_has_one_name_for_all_its_life() -> None:
    first, again = request.read(event()), request.read(event(RequestId="another"))
    assert first.physical == again.physical and first.physical.startswith("rescue-migrations-")
    other = request.read(event(LogicalResourceId="Other"))
    assert other.physical != first.physical
    kept = request.read(event(RequestType="Update", PhysicalResourceId="as-it-was"))
    assert kept.physical == "as-it-was"


def test_a_request_that_comes_again_has_the_same_token_and_another_has_another() -> None:
    tokens = [
        request.read(told).token
        for told in (event(), event(), event(RequestId="2"), event(StackId="x"))
    ]
    assert tokens[0] == tokens[1] and len(set(tokens)) == 3
    # ECS takes 64 characters.
    assert all(len(token) == 64 and token.isalnum() for token in tokens)


@pytest.mark.parametrize(
    ("kind", "before", "after", "back"),
    [
        ("Update", ":8", ":7", True),
        ("Update", ":10", ":9", True),
        ("Update", ":7", ":8", False),
        ("Update", ":7", ":7", False),
        ("Create", ":8", ":7", False),
        ("Update", "-other:8", ":7", False),
        ("Update", None, ":7", False),
        ("Update", ":x", ":7", False),
        ("Update", ":8", ":x", False),
    ],
)
def test_a_roll_back_is_known_by_its_lower_revision(
    kind: str, before: str | None, after: str, back: bool
) -> None:
    family = DEFINITION.rpartition(":")[0]
    old = {} if before is None else {"TaskDefinition": family + before}
    told = event(
        RequestType=kind,
        ResourceProperties=PROPERTIES | {"TaskDefinition": family + after},
        OldResourceProperties=old,
    )
    assert request.read(told).goes_back is back


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"Cluster": "rescue"}, ["Cluster"]),
        ({"TaskDefinition": "rescue-migrations"}, ["TaskDefinition"]),
        ({"TaskDefinition": DEFINITION.rpartition(":")[0]}, ["TaskDefinition"]),
        ({"Container": ""}, ["Container"]),
        ({"Subnets": "subnet-1"}, ["Subnets"]),
        ({"Subnets": []}, ["Subnets"]),
        ({"Subnets": ["subnet-1"] * 17}, ["Subnets"]),
        ({"SecurityGroups": [1]}, ["SecurityGroups"]),
        ({"SecurityGroups": ["vpc-1"]}, ["SecurityGroups"]),
        ({"LogGroup": "a b"}, ["LogGroup"]),
        ({"LogStreamPrefix": 1}, ["LogStreamPrefix"]),
        (
            {"Cluster": None, "Subnets": None, "SecurityGroups": None, "Container": None},
            ["Cluster", "Container", "Subnets", "SecurityGroups"],
        ),
    ],
)
def test_all_properties_that_are_wrong_are_named_and_none_is_repeated(
    changed: dict[str, Any], named: list[str]
) -> None:
    with pytest.raises(PropertyInvalid) as refused:
        request.work(request.read(event(ResourceProperties=PROPERTIES | changed)))
    assert refused.value.words == f"Missing or wrong: {', '.join(named)}."


def test_where_the_log_is_may_be_left_out() -> None:
    kept = {name: value for name, value in PROPERTIES.items() if not name.startswith("Log")}
    assert request.work(request.read(event(ResourceProperties=kept))).log_group == ""


def asked(**changed: Any) -> Request:
    fields = {
        "kind": "Create",
        "url": URL,
        "stack": "s" * 200,
        "name": "r" * 36,
        "logical": "l" * 255,
        "physical": "p" * 1024,
    }
    return Request(**(fields | changed))


@given(reason=st.text(max_size=9000), value=st.text(max_size=9000), ok=st.booleans())
def test_an_answer_is_always_smaller_than_the_limit_and_says_whether_it_went_well(
    reason: str, value: str, ok: bool
) -> None:
    content = answer.body(asked(), Reply(ok=ok, reason=reason, data={"To": value}))
    told = json.loads(content)
    assert len(content) < 4096
    assert told["Status"] == ("SUCCESS" if ok else "FAILED")
    assert told["PhysicalResourceId"] == "p" * 1024 and told["RequestId"] == "r" * 36
    assert told["Reason"].isprintable()


def test_a_short_reason_and_the_attributes_are_sent_as_they_are() -> None:
    told = json.loads(answer.body(asked(), Reply(ok=True, reason="", data={"To": "0014"})))
    assert told["Data"] == {"To": "0014"} and told["Reason"] == ""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("migrations code=done from=none to=0014", {"before": "none", "after": "0014"}),
        ("migrations code=newer from=9999 to=9999\n", {"before": "9999", "after": "9999"}),
        ("migrations code=database_unavailable", {}),
    ],
)
def test_the_line_for_programs_is_read(line: str, found: dict[str, str]) -> None:
    match = output._LINE.fullmatch(line.strip())
    assert match is not None
    assert {n: v for n, v in match.groupdict().items() if v and n != "code"} == found


@pytest.mark.parametrize(
    "line",
    [
        "migrations code=done from=mysql://u:secret@h/d to=1",
        "migrations code=Access denied for user 'rescue'@'10.0.0.1'",
        "migrations code=done from=1 to=2 password=hunter22",
        "xmigrations code=done",
        "sqlalchemy.exc.OperationalError: password=hunter22",
    ],
)
def test_no_other_line_of_a_task_is_repeated(line: str) -> None:
    assert output._LINE.fullmatch(line) is None


@pytest.mark.parametrize(
    ("text", "seconds"), [("", 5), ("1", 1), ("60", 60), ("0", 5), ("61", 5), ("x", 5), ("٣", 5)]
)
def test_a_wrong_setting_keeps_no_stack_waiting(text: str, seconds: int) -> None:
    assert settings.poll_seconds({"POLL_SECONDS": text}) == seconds


def test_a_mistake_of_ours_is_an_answer_and_says_nothing_of_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a-secret-that-nobody-may-read")

    monkeypatch.setattr(handler, "_work", broken)
    ending = handler._ended(request.read(event()), lambda: 10.0, 1.0)
    (record,) = caplog.records
    assert (ending.outcome, ending.code) == ("failed", "broke") and not ending.reply.ok
    assert vars(record)["kind"] == "RuntimeError"
    assert "a-secret" not in str(vars(record)) + ending.reply.reason


def test_what_hangs_without_a_time_out_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "_work", lambda *_: time.sleep(20))
    began = time.monotonic()
    ending = handler._in_time(request.read(event()), lambda: 0.2, grace=0.2)
    assert time.monotonic() - began < 15
    assert ending.code == "hangs" and "deploy again" in ending.reply.reason


def test_the_readme_names_every_variable_and_every_property() -> None:
    folder = build.HERE / "custom_resource"
    readme = (folder / "README.md").read_text()
    variables = set(re.findall(r'"([A-Z][A-Z_]{2,})"', (folder / "settings.py").read_text()))
    assert variables and all(f"`{name}`" in readme for name in variables)
    properties = set(
        re.findall(r'(?:one|several)\("([A-Za-z]+)"', (folder / "request.py").read_text())
    )
    assert len(properties) == 7 and all(f"`{name}`" in readme for name in properties)
