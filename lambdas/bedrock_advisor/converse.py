"""One call of Bedrock's Converse.

Invariant: one question is one call. Nothing is tried again in here, because whoever asks counts
calls and money and decides whether to ask again.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from . import failure
from .answer import SCHEMA
from .pricing import Usage
from .prompt import Prompt
from .settings import Settings

# botocore would write whole requests, evidence and all, into a log of level DEBUG.
for _name in ("botocore", "boto3", "urllib3"):
    logging.getLogger(_name).setLevel(logging.INFO)

_CONNECT_SECONDS = 5
# Bedrock compiles a schema when it first sees it and keeps it for a day: always the same text.
_SCHEMA_TEXT = json.dumps({key: SCHEMA[key] for key in SCHEMA if key != "$schema"})
_IN_WORDS = "\n# The agreed shape, as a JSON schema\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, not judged yet."""

    text: str
    stop_reason: str
    usage: Usage


def ask(prompt: Prompt, *, settings: Settings, seconds: int) -> Reply:
    """Ask the model and wait for at most `seconds` of silence; Failure when nothing came back."""
    try:
        client = client_for(settings.region, seconds)
        structured = knows_structured_output(client)
        answer = client.converse(**request(prompt, settings=settings, structured=structured))
    except (BotoCoreError, ClientError) as error:
        raise failure.of(error) from None
    return _reply(answer)


def request(prompt: Prompt, *, settings: Settings, structured: bool) -> dict[str, Any]:
    """The arguments of Converse.

    No temperature and no tool choice: current Claude models refuse both beside their thinking.
    """
    stable = prompt.stable if structured else prompt.stable + _IN_WORDS + _SCHEMA_TEXT
    made: dict[str, Any] = {
        "modelId": settings.model_id,
        "system": [{"text": stable}, {"cachePoint": {"type": "default"}}],
        "messages": [{"role": "user", "content": [{"text": prompt.varying}]}],
        "inferenceConfig": {"maxTokens": settings.max_tokens},
        "requestMetadata": {"question_id": prompt.question_id},
    }
    if structured:
        made["outputConfig"] = {"textFormat": _text_format()}
    if settings.guardrail_id:
        made["guardrailConfig"] = {
            "guardrailIdentifier": settings.guardrail_id,
            "guardrailVersion": settings.guardrail_version,
            "trace": "disabled",
        }
    return made


def knows_structured_output(client: Any) -> bool:
    """Whether this botocore knows `outputConfig`; the runtime's may be older than the model.

    Where it does not, the schema goes into the instructions, and the check of the answer decides.
    """
    operation = client.meta.service_model.operation_model("Converse")
    return "outputConfig" in operation.input_shape.members


@lru_cache(maxsize=4)
def client_for(region: str, seconds: int) -> Any:
    """A client that lives as long as the function stays warm."""
    return boto3.client(
        "bedrock-runtime",
        region_name=region,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=seconds,
            retries={"mode": "standard", "total_max_attempts": 1},
            tcp_keepalive=True,
        ),
    )


def _text_format() -> dict[str, Any]:
    schema = {"name": "advice", "description": SCHEMA["title"], "schema": _SCHEMA_TEXT}
    return {"type": "json_schema", "structure": {"jsonSchema": schema}}


def _reply(answer: dict[str, Any]) -> Reply:
    """Text alone: a block of the model's reasoning is no part of its answer."""
    message = answer.get("output", {}).get("message", {})
    counted = answer.get("usage", {})
    return Reply(
        text="".join(block.get("text", "") for block in message.get("content", [])),
        stop_reason=str(answer.get("stopReason", "")),
        usage=Usage(
            input_tokens=counted.get("inputTokens", 0),
            output_tokens=counted.get("outputTokens", 0),
            cache_read_tokens=counted.get("cacheReadInputTokens", 0),
            cache_write_tokens=counted.get("cacheWriteInputTokens", 0),
        ),
    )
