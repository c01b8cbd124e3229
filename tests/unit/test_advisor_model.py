"""The scripted model: the first rule that fits, in two dialects, and a log that can be counted."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from devstack.errors import WorldError
from devstack.model import NO_SAFE_ACTION, ModelProcess, Rule, ScriptedModel, read_log, read_rules
from devstack.place import REPOSITORY, Place

SCHEMA = json.loads((REPOSITORY / "rescuebot/advice/answer.schema.json").read_text())
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def model(tmp_path: Path) -> Iterator[ScriptedModel]:
    with ScriptedModel(log=tmp_path / "model.jsonl") as started:
        yield started


def chat(endpoint: str, text: str) -> dict[str, Any]:
    """Ask as the emulator's proxy does."""
    messages = [{"role": "system", "content": "Advise."}, {"role": "user", "content": text}]
    return post(f"{endpoint}/v1/chat/completions", {"model": "m", "messages": messages})


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    with OPENER.open(urllib.request.Request(url, json.dumps(body).encode()), timeout=10) as answer:
        return dict(json.load(answer))


def text_of(answer: dict[str, Any]) -> str:
    return str(answer["choices"][0]["message"]["content"])


def test_a_question_that_no_rule_fits_gets_no_safe_action(model: ScriptedModel) -> None:
    model.script(Rule(pattern="disk full", text="something else"))
    answer = json.loads(text_of(chat(model.endpoint, "the network is down")))
    assert answer == NO_SAFE_ACTION and Draft202012Validator(SCHEMA).is_valid(answer)


def test_the_first_rule_that_fits_answers_as_often_as_it_may(model: ScriptedModel) -> None:
    model.script(Rule(pattern="DISK", text="a", times=2), Rule(pattern="disk", text="b"))
    assert [text_of(chat(model.endpoint, "disk full")) for _ in range(3)] == ["a", "a", "b"]
    assert [one.rule for one in model.requests()] == [0, 0, 1]


def test_refusal_cut_and_error_are_told_as_openai_does(model: ScriptedModel) -> None:
    model.script(
        Rule(pattern="one", refusal="No."),
        Rule(pattern="two", text="abcdef", cut=True),
        Rule(pattern="three", error="ThrottlingException", retry_after=3),
    )
    refused = chat(model.endpoint, "one")["choices"][0]["message"]
    assert refused["content"] is None and refused["refusal"] == "No."
    cut = chat(model.endpoint, "two")["choices"][0]
    assert cut["message"]["content"] == "abc" and cut["finish_reason"] == "length"
    with pytest.raises(urllib.error.HTTPError) as failed:
        chat(model.endpoint, "three")
    assert failed.value.code == 429 and failed.value.headers["Retry-After"] == "3"
    assert [one.outcome for one in model.requests()] == ["refusal", "cut", "ThrottlingException"]


def test_the_log_counts_each_question_by_its_id_however_many_ask_at_once(
    model: ScriptedModel,
) -> None:
    ids = ["a" * 64, "b" * 64]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: chat(model.endpoint, f"Question {ids[i % 2]}."), range(40)))
    assert [len(model.requests(one)) for one in ids] == [20, 20]


def test_as_a_process_it_goes_by_a_file_of_rules_and_its_log_outlives_a_restart(
    tmp_path: Path,
) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps([{"pattern": "disk", "answer": {"diagnosis": "full"}}]))
    model = ModelProcess(Place(tmp_path / "world"), rules)
    for _ in range(2):
        model.start()
        try:
            assert json.loads(text_of(chat(model.endpoint, "disk"))) == {"diagnosis": "full"}
        finally:
            model.stop()
    assert len(read_log(model.log)) == 2


@pytest.mark.parametrize("text", ["", "{}", '[{"patern": "x"}]', "[1]"])
def test_a_file_that_holds_no_rules_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "rules.json").write_text(text)
    with pytest.raises(WorldError, match="holds no rules"):
        read_rules(tmp_path / "rules.json")
