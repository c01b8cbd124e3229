"""AWS Lambda, as far as Rescue Bot uses it: call a function and wait for its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rescuebot.errors import FunctionUnavailable
from rescuebot.settings import AwsSettings

_CONNECT_SECONDS = 5
# The service's own limit for a synchronous call. Source: AWS Lambda quotas.
_MOST_BYTES = 6_000_000


class Function:
    """One Lambda. A client of boto3 may be shared by threads; a session may not."""

    def __init__(self, name: str, *, settings: AwsSettings, timeout_seconds: int) -> None:
        self._name = name
        self._client = boto3.client(
            "lambda",
            region_name=settings.region,
            endpoint_url=settings.endpoint_url,
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=timeout_seconds,
                # Asking twice costs twice; the ledger decides whether to ask again.
                retries={"total_max_attempts": 1},
            ),
        )

    def call(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """What the function returns, a JSON object; FunctionUnavailable for everything else."""
        body = json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")
        if len(body) > _MOST_BYTES:
            raise FunctionUnavailable("What would be sent to the function is too large.")
        try:
            answer = self._client.invoke(FunctionName=self._name, Payload=body)
            text = answer["Payload"].read(_MOST_BYTES)
        except ClientError as error:
            raise FunctionUnavailable(_in_words(error)) from error
        except BotoCoreError as error:
            raise FunctionUnavailable("The function does not answer.") from error
        if answer.get("FunctionError"):
            raise FunctionUnavailable("The function has failed; its log tells why.")
        return _object(text)


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise FunctionUnavailable("The function returned something that is no JSON object.")
    return value


def _in_words(error: ClientError) -> str:
    code = str(error.response.get("Error", {}).get("Code", ""))
    known = {
        "ResourceNotFoundException": "There is no such function; advice.function names it.",
        "AccessDeniedException": "The master may not call the function: lambda:InvokeFunction.",
        "TooManyRequestsException": "AWS limits the calls of the function just now.",
    }
    return known.get(code, "AWS refused the call of the function.")
