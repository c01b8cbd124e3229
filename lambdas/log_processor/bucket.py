"""Puts objects into the bucket.

Invariant: an object that is put again replaces itself. No error repeats what AWS has said, but by
its code.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .failure import BucketRefused, BucketUnavailable
from .settings import Settings

_CONNECT_SECONDS = 2
_READ_SECONDS = 5
# What S3 says of itself, and not of us; each may be over the next time.
_PASSING = frozenset(
    {
        "InternalError",
        "SlowDown",
        "ServiceUnavailable",
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "OperationAborted",
        "Throttling",
        "ThrottlingException",
        "KMS.ThrottlingException",
    }
)


def put(
    key: str,
    content: bytes,
    *,
    kind: str,
    settings: Settings,
    owner: str,
    marks: dict[str, str] | None = None,
) -> None:
    """Put an object; `owner` is the account that the bucket must belong to.

    Raises BucketUnavailable when a later try may succeed, else BucketRefused.
    """
    sealed = (
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": settings.key} if settings.key else {}
    )
    owned = {"ExpectedBucketOwner": owner} if owner else {}
    try:
        _client(settings.attempts).put_object(
            Bucket=settings.bucket,
            Key=key,
            Body=content,
            ContentType=kind,
            Metadata=marks or {},
            **sealed,
            **owned,
        )
    except ClientError as error:
        raise _failure(error) from None
    except BotoCoreError:
        raise BucketUnavailable("unreachable", "S3 cannot be reached.") from None


def _failure(error: ClientError) -> BucketUnavailable | BucketRefused:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    known = code if code.replace(".", "").isalnum() and code.isascii() and len(code) <= 60 else ""
    told = known or f"http_{status}"
    if status >= 500 or status == 429 or code in _PASSING:
        return BucketUnavailable(told, "S3 has failed or wants fewer requests.")
    return BucketRefused(told, "S3 does not take it. Check the bucket, its key and the role.")


@lru_cache(maxsize=2)
def _client(attempts: int) -> Any:
    """A client that lives as long as the function stays warm."""
    return boto3.client(
        "s3",
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": attempts},
        ),
    )
