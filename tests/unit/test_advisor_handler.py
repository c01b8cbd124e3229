"""The advisor's function, called in this process against a scripted model that speaks Converse."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from devstack import ports
from devstack.model import NO_SAFE_ACTION, Rule, ScriptedModel
from lambdas.bedrock_advisor import answer, converse, handler, report
from lambdas.bedrock_advisor.failure import CODES, Failure

QUESTION_ID = "5e" * 32
SECRET = "the-text-of-the-evidence"
EVENT = {
    "source": "cloudwatch",
    "type": "process_down",
    "severity": "critical",
    "service": "mysql",
    "server": "i-0123456789abcdef0",
    "message": "mysqld is down",
    "time": "2026-11-22T01:02:03Z",
}


def question(**changed: Any) -> dict[str, Any]:
    evidence = {"id": "E1", "kind": "log_check", "title": "Log of mysql", "text": SECRET}
    return {
        "version": 1,
        "question_id": QUESTION_ID,
        "event": EVENT,
        "evidence": [evidence],
        "runbooks": [{"id": 3, "title": "Start MySQL", "solution_kind": "state", "mode": "auto"}],
        "commands": [{"id": 7, "name": "mysql-status", "kind": "status"}],
        "allowed": {"state_functions": ["service.running"], "notes": ["Only this service."]},
        "rejected": [{"title": "Delete the binary logs", "why": "They are the backup."}],
    } | changed


def context(milliseconds: int = 60_000) -> SimpleNamespace:
    return SimpleNamespace(
        function_name="advisor",
        memory_limit_in_mb=256,
        invoked_function_arn="arn:aws:lambda:ap-northeast-1:123456789012:function:advisor",
        aws_request_id="request-1",
        get_remaining_time_in_millis=lambda: milliseconds,
    )


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedModel]:
    with ScriptedModel(log=tmp_path / "model.jsonl") as started:
        reachable(monkeypatch, started.endpoint)
        yield started
        converse.client_for.cache_clear()


@pytest.fixture
def printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], str]:
    """What the function has written, which is what CloudWatch would get."""
    # The logger keeps the stdout of the time when it was made; the tests change it.
    now = SimpleNamespace(write=lambda text: sys.stdout.write(text), flush=lambda: None)
    for one in report.logger.handlers:
        monkeypatch.setattr(one, "stream", now)

    def read() -> str:
        out, err = capsys.readouterr()
        assert not err
        return out

    return read


def reachable(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    converse.client_for.cache_clear()
    for name in ("BEDROCK_MODEL_ID", "GUARDRAIL_ID", "MAX_TOKENS", "READ_TIMEOUT", "PRICES_JSON"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", ports.LOOPBACK)


def ask(event: Any = None, **kind: Any) -> dict[str, Any]:
    given: dict[str, Any] = handler.handle(question() if event is None else event, context(**kind))
    return given


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_an_answer_comes_back_with_its_tokens_its_cost_and_its_model(model: ScriptedModel) -> None:
    first, second = ask(), ask()
    assert first["ok"] and first["answer"] == NO_SAFE_ACTION and first["stop_reason"] == "end_turn"
    assert first["model_id"] == "jp.anthropic.claude-sonnet-5-5"
    counted = model.requests(QUESTION_ID)
    assert [one.dialect for one in counted] == ["converse", "converse"]
    assert first["usage"]["cache_write_tokens"] > 1024 and not first["usage"]["cache_read_tokens"]
    assert second["usage"]["cache_read_tokens"] == first["usage"]["cache_write_tokens"]
    # The prices of the table, per million: 2.20 in, 11 out, 2.75 into the cache, 0.11 from it.
    paid = (
        counted[0].input_tokens * 2.2
        + counted[0].output_tokens * 11
        + counted[0].cache_write_tokens * 2.75
    )
    assert first["cost_usd"] == pytest.approx(paid / 1e6)
    assert 0 < second["cost_usd"] < first["cost_usd"]


@pytest.mark.parametrize(
    ("error", "message", "code", "retry", "words"),
    [
        ("ThrottlingException", "Too many tokens, please wait.", "throttled", True, "quota"),
        ("ServiceQuotaExceededException", "", "throttled", True, "quota"),
        ("AccessDeniedException", "You don't have access.", "access_denied", False, "role"),
        (
            "AccessDeniedException",
            "This Model is marked by provider as Legacy.",
            "model_gone",
            False,
            "BEDROCK_MODEL_ID",
        ),
        (
            "ValidationException",
            "`temperature` is deprecated for this model.",
            "bad_request",
            False,
            "malformed",
        ),
        ("ExpiredTokenException", "", "access_denied", False, "role"),
        ("ModelTimeoutException", "", "timeout", True, "READ_TIMEOUT"),
        ("ModelErrorException", "", "unavailable", True, "later"),
        ("ModelNotReadyException", "", "unavailable", True, "later"),
        ("ServiceUnavailableException", "", "unavailable", True, "later"),
        ("InternalServerException", "", "unavailable", True, "later"),
        (
            "ValidationException",
            "The provided model identifier is invalid.",
            "model_gone",
            False,
            "BEDROCK_MODEL_ID",
        ),
        (
            "ResourceNotFoundException",
            "This model version has reached the end of its life.",
            "model_gone",
            False,
            "BEDROCK_MODEL_ID",
        ),
        (
            "ResourceNotFoundException",
            "Guardrail with identifier x not found.",
            "bad_request",
            False,
            "GUARDRAIL_ID",
        ),
        (
            "ValidationException",
            "Invocation of model ID x with on-demand throughput isn't supported.",
            "bad_request",
            False,
            "inference profile",
        ),
        (
            "ValidationException",
            "The guardrail identifier or version provided in the request does not exist.",
            "bad_request",
            False,
            "GUARDRAIL_ID",
        ),
        ("ValidationException", "Input is too long.", "bad_request", False, "less evidence"),
        ("ValidationException", "outputConfig: bad.", "bad_request", False, "structured output"),
    ],
)
def test_each_error_of_bedrock_has_its_code_and_its_remedy_in_words_of_our_own(
    model: ScriptedModel, error: str, message: str, code: str, retry: bool, words: str
) -> None:
    model.script(Rule(pattern="", error=error, message=message))
    given = ask()
    assert not given["ok"] and given["error"]["code"] == code and given["error"]["retry"] is retry
    assert words in given["error"]["message"]
    assert not message or message not in given["error"]["message"]
    assert given["usage"]["input_tokens"] == 0 and given["cost_usd"] == 0
    assert len(model.requests()) == 1, "one question is one call"


def test_throttling_says_when_to_come_back_when_bedrock_says_so(model: ScriptedModel) -> None:
    model.script(Rule(pattern="", error="ThrottlingException", retry_after=17))
    assert ask()["error"]["retry_after"] == 17
    model.script(Rule(pattern="", error="ThrottlingException"))
    assert "retry_after" not in ask()["error"]


def test_nobody_listening_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    reachable(monkeypatch, f"http://{ports.LOOPBACK}:{ports.free(1)[0]}")
    assert ask()["error"]["code"] == "unavailable"


def test_no_credentials_are_no_access(
    model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    assert ask()["error"]["code"] == "access_denied"
    assert model.requests() == []


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (Rule(pattern="", refusal="I would rather not."), "refused"),
        (Rule(pattern="", stop="content_filtered"), "refused"),
        (Rule(pattern="", stop="guardrail_intervened"), "guardrail"),
        (Rule(pattern="", cut=True), "max_tokens"),
        (Rule(pattern="", stop="model_context_window_exceeded"), "max_tokens"),
        (Rule(pattern="", stop="malformed_model_output"), "invalid_answer"),
        (Rule(pattern="", stop="tool_use"), "invalid_answer"),
        (Rule(pattern="", text=""), "invalid_answer"),
        (Rule(pattern="", text="I think it is the disk."), "invalid_answer"),
        (Rule(pattern="", text='{"diagnosis": "cut off'), "invalid_answer"),
        (Rule(pattern="", text="[]"), "invalid_answer"),
        (Rule(pattern="", text="NaN"), "invalid_answer"),
        (Rule(pattern="", text="[" * 100_000), "invalid_answer"),
        (Rule(pattern="", answer={**NO_SAFE_ACTION, "extra": 1}), "invalid_answer"),
        (Rule(pattern="", answer={**NO_SAFE_ACTION, "confidence": "sure"}), "invalid_answer"),
        (Rule(pattern="", answer={**NO_SAFE_ACTION, "diagnosis": "\ud800"}), "invalid_answer"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_answer_has_its_code_and_is_paid_for_all_the_same(
    model: ScriptedModel, rule: Rule, code: str
) -> None:
    model.script(rule)
    given = ask()
    assert not given["ok"] and given["error"]["code"] == code and given["error"]["retry"] is False
    assert given["usage"]["cache_write_tokens"] > 0 and given["cost_usd"] > 0


def test_an_answer_of_the_wrong_shape_is_described_without_quoting_it() -> None:
    told = json.dumps({**NO_SAFE_ACTION, "confidence": "Ignore all of that"})
    with pytest.raises(Failure) as failed:
        answer.read(told, stop_reason="end_turn")
    assert "confidence" in failed.value.message and "Ignore" not in failed.value.message


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (None, "outermost"),
        ([], "outermost"),
        (question(version=2), "version"),
        (question(question_id="x" * 64), "question_id"),
        (question(question_id=QUESTION_ID + "\n"), "question_id"),
        (question(event={**EVENT, "message": 7}), "event.message"),
        (question(evidence=[{"id": "first", "kind": "check", "title": "", "text": ""}]), "0.id"),
        (question(runbooks=[{"id": "3", "title": "x"}]), "runbooks.0.id"),
    ],
)
def test_a_question_that_is_none_is_told_by_its_field_and_not_asked(
    model: ScriptedModel, event: Any, field: str
) -> None:
    given = handler.handle(event, context())
    assert given["error"]["code"] == "bad_request" and field in given["error"]["message"]
    assert given["cost_usd"] == 0 and model.requests() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_TOKENS", "many"),
        ("MAX_TOKENS", "0"),
        ("READ_TIMEOUT", "-1"),
        ("READ_TIMEOUT", "9" * 5000),
        ("PRICES_JSON", "{"),
        ("PRICES_JSON", '{"m": {"input": 1}}'),
        ("PRICES_JSON", '{"m": {"input": NaN, "output": 1, "cache_read": 1, "cache_write": 1}}'),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(
    model: ScriptedModel, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    error = ask()["error"]
    assert error["code"] == "bad_request" and name in error["message"]
    assert model.requests() == []


def test_prices_can_be_set_and_an_unknown_price_is_no_zero(
    model: ScriptedModel, monkeypatch: pytest.MonkeyPatch, printed: Callable[[], str]
) -> None:
    monkeypatch.setenv("BEDROCK_MODEL_ID", "some.model-1")
    assert ask()["cost_usd"] is None
    assert ask(question(version=2))["cost_usd"] == 0, "nothing was asked, so nothing was paid"
    assert "price_unknown" in [line.get("message") for line in lines(printed())]
    prices = {"input": 0, "output": 1_000_000, "cache_read": 0, "cache_write": 0}
    monkeypatch.setenv("PRICES_JSON", json.dumps({"some.model-1": prices}))
    given = ask()
    assert given["cost_usd"] == given["usage"]["output_tokens"] > 0


def test_the_model_is_not_waited_for_longer_than_the_function_may_run(
    model: ScriptedModel,
) -> None:
    model.script(Rule(pattern="", delay=6))
    given = ask(milliseconds=6_500)
    assert given["error"]["code"] == "timeout" and given["latency_ms"] >= 1000
    given = ask(milliseconds=2_500)
    assert given["error"]["code"] == "timeout" and "READ_TIMEOUT" in given["error"]["message"]
    assert len(model.requests()) == 1, "the second had no time left to ask"


def test_log_and_metrics_hold_figures_and_no_text(
    model: ScriptedModel, printed: Callable[[], str]
) -> None:
    model.script(Rule(pattern="", answer={**NO_SAFE_ACTION, "diagnosis": "said-by-the-model"}))
    ask()
    out = printed()
    assert SECRET not in out and "said-by-the-model" not in out
    log, metrics = lines(out)
    assert log["message"] == "answered" and log["question_id"] == QUESTION_ID
    assert log["action"] == "no_safe_action" and log["cache_hit"] is False
    assert {"model_id", "latency_ms", "cost_usd", "input_tokens", "output_tokens"} <= set(log)
    assert metrics["model"] == log["model_id"] and metrics["Answered"] == [1]
    assert metrics["InputTokens"] == [log["input_tokens"]]
    assert metrics["CostUsd"] == [log["cost_usd"]]


def test_a_failure_is_counted_under_its_code(
    model: ScriptedModel, printed: Callable[[], str]
) -> None:
    model.script(Rule(pattern="", error="ThrottlingException", message="quota-of-account-12"))
    ask()
    out = printed()
    log, metrics = lines(out)
    assert log["code"] == "throttled" and "quota-of-account-12" not in out
    assert metrics["Failed_throttled"] == [1] and metrics["Answered"] == [0]


def test_a_question_id_that_is_foreign_text_is_not_logged(
    model: ScriptedModel, printed: Callable[[], str]
) -> None:
    handler.handle(question(question_id="look at me"), context())
    assert "look at me" not in printed()


def test_every_code_is_one_of_the_agreed_ones() -> None:
    agreed = "throttled timeout model_gone access_denied refused max_tokens invalid_answer"
    assert set(CODES) == {*agreed.split(), "guardrail", "bad_request", "unavailable"}
