"""SNS: publish to a topic. Knows nothing of notices.

Every error of botocore, also those that are no ClientError, comes out as DeliveryRefused, when the
topic will never take it, or as DeliveryUnavailable.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from rescuebot.errors import DeliveryRefused, DeliveryUnavailable
from rescuebot.settings import AwsSettings

# Of a message with its attributes. Source: Amazon SNS, message size.
_MOST_BYTES = 262_144
_SUBJECT = 100
# What AWS says when the same will not be taken later either.
NEVER = frozenset(
    "AuthorizationError AccessDenied AccessDeniedException InvalidClientTokenId "
    "UnrecognizedClientException SignatureDoesNotMatch NotFound NotFoundException InvalidParameter "
    "InvalidParameterValue InvalidParameterException ValidationError ValidationException "
    "EndpointDisabled KMSAccessDenied KMSDisabled KMSInvalidState KMSNotFound KMSOptInRequired "
    "BadRequestException MessageRejected MailFromDomainNotVerifiedException "
    "AccountSuspendedException InvalidSecurity".split()
)
_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError)


class Topics:
    """The topics of one region. A client of boto3 may be shared by threads."""

    def __init__(self, aws: AwsSettings) -> None:
        self._client = client("sns", aws)

    def publish(
        self,
        *,
        arn: str,
        subject: str,
        message: Mapping[str, Any],
        lines: str,
        attributes: Mapping[str, str],
    ) -> str:
        """Publish a JSON object for functions and `lines` for whoever has subscribed otherwise,
        such as by e-mail; returns the id that SNS gave it.

        `attributes` are what subscriptions can filter by; an empty value is left out.
        """
        told = {"default": lines, "lambda": json.dumps(message, ensure_ascii=False)}
        body = json.dumps(told, ensure_ascii=False)
        size = len(body.encode("utf-8", "replace"))
        if size + sum(len(f"{name}{value}") for name, value in attributes.items()) > _MOST_BYTES:
            raise DeliveryRefused("The notice is too large for SNS.", reason="too_large")
        with own_errors("SNS"):
            answer = self._client.publish(
                TopicArn=arn,
                Subject=_subject(subject),
                Message=body,
                MessageStructure="json",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                    if value
                },
            )
            return str(answer["MessageId"])


def client(name: str, aws: AwsSettings) -> Any:
    """A client that does not try again by itself: who calls keeps the notice."""
    return boto3.session.Session(region_name=aws.region).client(
        name,
        endpoint_url=aws.endpoint_url,
        config=Config(
            connect_timeout=5,
            read_timeout=15,
            retries={"mode": "standard", "total_max_attempts": 1},
        ),
    )


@contextmanager
def own_errors(service: str) -> Iterator[None]:
    """Errors of AWS as those of a delivery, with AWS's own code; its text may hold addresses."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))[:100]
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in NEVER:
            raise refused(service, code) from None
        raise unavailable(service, code, uncertain=status >= 500) from None
    except (NoCredentialsError, ParamValidationError) as error:
        raise refused(service, type(error).__name__) from None
    except BotoCoreError as error:
        uncertain = not isinstance(error, _NOT_SENT)
        raise unavailable(service, type(error).__name__, uncertain=uncertain) from None


def refused(service: str, code: str) -> DeliveryRefused:
    """The notice will never be taken."""
    return DeliveryRefused(
        f"{service} refuses the notice ({code}).",
        reason=code,
        remedy="Check the address, the region, and the permissions of the instance role.",
    )


def unavailable(service: str, code: str, *, uncertain: bool) -> DeliveryUnavailable:
    """The notice was not taken just now."""
    return DeliveryUnavailable(
        f"{service} does not take the notice just now ({code}).", reason=code, uncertain=uncertain
    )


def _subject(text: str) -> str:
    """As SNS wants it: ASCII letters in one line, beginning with a letter or a figure."""
    letters = "".join(letter if " " <= letter <= "~" else " " for letter in text)
    words = " ".join(letters.split())
    while words and not words[0].isalnum():
        words = words[1:]
    return words[:_SUBJECT].rstrip() or "Rescue Bot"
