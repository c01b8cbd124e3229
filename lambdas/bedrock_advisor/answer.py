"""From what a model has said to an answer that has the agreed shape, or to a failure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from .failure import Failure

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parent / "answer.schema.json").read_text())
_VALIDATOR = Draft202012Validator(SCHEMA)

# Why a model has stopped, where that means that there is no answer. The names are Bedrock's.
_NO_ANSWER = {
    "refusal": ("refused", "The model has refused to answer."),
    "content_filtered": ("refused", "The filter of the model has held the answer back."),
    "guardrail_intervened": ("guardrail", "The guardrail has stopped the question or the answer."),
    "max_tokens": ("max_tokens", "The answer was cut off at MAX_TOKENS. Raise it."),
    "model_context_window_exceeded": (
        "max_tokens",
        "Question and answer did not fit into the context of the model. Send less evidence.",
    ),
    "malformed_model_output": ("invalid_answer", "The model has broken off its own answer."),
    "malformed_tool_use": ("invalid_answer", "The model has asked for a tool, which it has not."),
    "tool_use": ("invalid_answer", "The model has asked for a tool, which it has not."),
}


def read(text: str, *, stop_reason: str) -> dict[str, Any]:
    """The answer; Failure when it is none: refused, cut off, not JSON, or of another shape."""
    if stop_reason in _NO_ANSWER:
        code, words = _NO_ANSWER[stop_reason]
        raise Failure(code, words)
    answer = _parsed(text)
    problem = next(iter(_VALIDATOR.iter_errors(answer)), None)
    if problem is not None or not isinstance(answer, dict):
        raise Failure("invalid_answer", f"The answer has not the agreed shape{_place(problem)}.")
    return answer


def _parsed(text: str) -> Any:
    if not text.strip():
        raise Failure("invalid_answer", "The model has said nothing.")
    try:
        answer = json.loads(text, parse_constant=_refuse)
        # Half of a surrogate pair is JSON, but no text: the runtime could not hand it on.
        json.dumps(answer, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Failure("invalid_answer", "The answer is not JSON.") from None
    return answer


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _place(problem: Any) -> str:
    """Where the shape is broken: names of the schema only, because the rest is the model's text."""
    if problem is None or not problem.absolute_path:
        return ""
    known = [str(part) for part in problem.absolute_path if part in SCHEMA["properties"]]
    return f", in {known[0]}" if known else ""
