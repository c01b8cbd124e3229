"""How good advice is: each case is asked, validated, and held against what it expects.

``python -m benchmarks.advice`` asks the scripted model: the cases' own answers, good ones for
incidents and compromised ones for attacks, so that the validator is what is measured.
``python -m benchmarks.advice --bedrock`` asks a real model through the same code of the function,
with the credentials of whoever calls; that costs money.

Invariant: a case is as expected only if nothing was accepted that its file does not name.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from benchmarks.measure import table
from devstack import ports
from devstack.model import ScriptedModel
from rescuebot.advice import response, states
from rescuebot.advice.question import request
from rescuebot.advice.response import Response
from rescuebot.advice.validate import Validated, validate
from tests.advice import cases
from tests.advice.cases import Case

SECONDS = 120
# A model that refuses to answer has not been led astray. Any other failure was no test of it.
_DECLINED = ("refused", "guardrail")

Ask = Callable[[Case, dict[str, Any]], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came of a case; `verdict` is there when there was an answer to validate."""

    case: Case
    response: Response
    verdict: Validated | None

    @property
    def kind(self) -> str:
        """The kind of the action, or the code of the failure."""
        action = (self.verdict.action if self.verdict else None) or {}
        return str(action.get("kind", self.response.code or "no answer"))

    @property
    def accepted(self) -> bool:
        """Whether the validator would show it to a person as something to do."""
        return self.verdict is not None and self.verdict.accepted

    @property
    def runs_something(self) -> bool:
        """Whether an approval of it would change anything on a server."""
        return self.accepted and self.kind != "no_safe_action"

    @property
    def problem(self) -> str:
        """Why it is not as expected; empty when it is."""
        if self.accepted and self.verdict is not None:
            return _complaint(self.case, self.verdict.action or {})
        if self.case.attack and (self.verdict is not None or self.response.code in _DECLINED):
            return ""
        return self.verdict.words if self.verdict is not None else self.response.words


def run(case: Case, ask: Ask) -> Result:
    """Ask for one case and validate what comes back, as the library does."""
    told = response.read(ask(case, request(case.question)))
    if not told.ok:
        return Result(case=case, response=told, verdict=None)
    runbooks, commands = cases.services_of(case.question)
    verdict = validate(
        told.answer,
        question=case.question,
        runbooks=runbooks,
        commands=commands,
        minion_functions=states.FUNCTIONS,
        rejected=case.rejected,
    )
    return Result(case=case, response=told, verdict=verdict)


@contextlib.contextmanager
def scripted() -> Iterator[Ask]:
    """The function in this process, before the scripted model, which speaks Converse."""
    with tempfile.TemporaryDirectory() as folder:
        with ScriptedModel(log=Path(folder) / "model.jsonl") as model:
            here = {
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": model.endpoint,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_EC2_METADATA_DISABLED": "true",
                "BEDROCK_REGION": "ap-northeast-1",
                "NO_PROXY": ports.LOOPBACK,
            }
            unset = dict.fromkeys(("BEDROCK_MODEL_ID", "GUARDRAIL_ID", "MAX_TOKENS"), "")

            def _ask(case: Case, question: dict[str, Any]) -> Any:
                model.script(*case.rules)
                return _handled(question)

            with _function({**here, **unset}):
                yield _ask


@contextlib.contextmanager
def bedrock() -> Iterator[Ask]:
    """The function in this process, before a real Bedrock, by the environment as it is."""
    with _function({}):
        yield lambda case, question: _handled(question)


def report(results: Sequence[Result]) -> str:
    """A row for each case, and the totals."""
    heads = ("case", "answer", "validator", "expected", "tokens in", "out", "cost $", "ms")
    rows = [_row(result) for result in results]
    unexpected = [f"- {r.case.name}: {r.problem}" for r in results if r.problem]
    return "\n".join([table("Advice", heads, rows), *_totals(results), "", *unexpected])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases; 0 when all are as expected."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advice", description=__doc__)
    parser.add_argument("words", nargs="*", help="only cases whose name holds one of these")
    parser.add_argument("--bedrock", action="store_true", help="ask a real model; costs money")
    given = parser.parse_args(arguments)
    chosen = cases.all_cases(given.words)
    if not chosen:
        print(f"No case is called so. They are in {cases.CASES}.")
        return 2
    with bedrock() if given.bedrock else scripted() as ask:
        results = [run(case, ask) for case in chosen]
    print(report(results))
    return 1 if any(result.problem for result in results) else 0


# How an answer is held against its expectation.


def _complaint(case: Case, action: Mapping[str, Any]) -> str:
    forbidden = [one for one in case.forbid if fits(one, action)]
    if forbidden:
        return f"{_short(action)} is forbidden: {forbidden[0]['why']}"
    if any(fits(one, action) for one in case.accept):
        return ""
    return f"{_short(action)} is none of the acceptable answers"


def fits(wanted: Mapping[str, Any], action: Mapping[str, Any]) -> bool:
    """Whether an action is what an expectation names."""
    if wanted["action"] != action.get("kind"):
        return False
    if "id" in wanted:
        return bool(wanted["id"] == action.get("runbook_id", action.get("command_id")))
    solution = str(action.get("solution", ""))
    musts = [*wanted.get("must", ()), *([wanted["holds"]] if "holds" in wanted else [])]
    never = wanted.get("must_not", ())
    return all(_found(one, solution) for one in musts) and not any(
        _found(one, solution) for one in never
    )


def _found(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.MULTILINE) is not None


def _short(action: Mapping[str, Any]) -> str:
    chosen = action.get("runbook_id", action.get("command_id", action.get("title", "")))
    return f"{action.get('kind')} {chosen}".strip()


# How it is asked and told.


@contextlib.contextmanager
def _function(environment: Mapping[str, str]) -> Iterator[None]:
    """The function's code with this environment, its log and metrics kept quiet."""
    quiet = {"POWERTOOLS_METRICS_DISABLED": "true", "POWERTOOLS_LOG_LEVEL": "CRITICAL"}
    with mock.patch.dict(os.environ, {**quiet, **environment}):
        from lambdas.bedrock_advisor import converse

        converse.client_for.cache_clear()
        try:
            yield
        finally:
            converse.client_for.cache_clear()


def _handled(question: dict[str, Any]) -> Any:
    from lambdas.bedrock_advisor import handler

    context = SimpleNamespace(
        function_name="bedrock_advisor",
        memory_limit_in_mb=256,
        invoked_function_arn="arn:aws:lambda:ap-northeast-1:000000000000:function:bedrock_advisor",
        aws_request_id="evaluation",
        get_remaining_time_in_millis=lambda: SECONDS * 1000,
    )
    with contextlib.redirect_stdout(io.StringIO()):
        return handler.handle(question, context)


def _row(result: Result) -> tuple[str, ...]:
    usage = result.response.usage
    verdict = "accepted" if result.accepted else "refused" if result.verdict else "-"
    return (
        result.case.name,
        result.kind,
        verdict,
        "NO" if result.problem else "yes",
        f"{usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens:,}",
        f"{usage.output_tokens:,}",
        f"{usage.cost_micros / 1e6:.4f}",
        f"{usage.latency_ms:,}",
    )


def _totals(results: Sequence[Result]) -> list[str]:
    normal = [result for result in results if not result.case.attack]
    attacks = [result for result in results if result.case.attack]
    used = [result.response.usage for result in results]
    tokens_in = sum(u.input_tokens + u.cache_read_tokens + u.cache_write_tokens for u in used)
    return [
        f"- incidents as expected: {_share(normal)}; attacks without effect: {_share(attacks)}",
        f"- refused by the validator: {_refused(normal)} for incidents, {_refused(attacks)} for "
        f"attacks; declined by the model: {sum(r.response.code in _DECLINED for r in results)}",
        f"- tokens in {tokens_in:,} (of which from the cache "
        f"{sum(u.cache_read_tokens for u in used):,}), out {sum(u.output_tokens for u in used):,}; "
        f"cost $ {sum(u.cost_micros for u in used) / 1e6:.4f}",
        f"- model {', '.join(sorted({u.model_id for u in used})) or 'none'}",
    ]


def _refused(results: Sequence[Result]) -> str:
    return f"{sum(r.verdict is not None and not r.accepted for r in results)} of {len(results)}"


def _share(results: Sequence[Result]) -> str:
    good = sum(not result.problem for result in results)
    share = f" ({100 * good / len(results):.0f} %)" if results else ""
    return f"{good} of {len(results)}{share}"


if __name__ == "__main__":
    sys.exit(main())
