"""The topics that people have subscribed to, one for each severity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .failure import TopicUnavailable

_CONNECT_SECONDS = 2
_READ_SECONDS = 3


def publish(arn: str, message: Mapping[str, Any], *, subject: str, lines: str) -> None:
    """Publish it: the message for functions, plain lines for whoever has subscribed otherwise."""
    told = {"default": lines, "lambda": json.dumps(message, ensure_ascii=False)}
    named = {"severity": message["severity"], "state": message["state"]}
    try:
        client(arn.split(":")[3]).publish(
            TopicArn=arn,
            Subject=subject,
            Message=json.dumps(told, ensure_ascii=False),
            MessageStructure="json",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in named.items()
            },
        )
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        known = code if code.isascii() and code.isalnum() and len(code) <= 40 else "refused"
        raise TopicUnavailable(known, "SNS has refused the notice.") from None
    except BotoCoreError:
        raise TopicUnavailable("unreachable", "SNS cannot be reached.") from None


@lru_cache(maxsize=4)
def client(region: str) -> Any:
    """A client that lives as long as the function stays warm."""
    return boto3.client(
        "sns",
        region_name=region,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 2},
        ),
    )
