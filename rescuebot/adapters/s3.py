"""S3: store a file, fetch it, ask for its size. Knows nothing of what is in the files.

Every error of botocore, also those that are no ClientError, comes out as ArchiveUnavailable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rescuebot.errors import ArchiveUnavailable
from rescuebot.settings import AwsSettings

_PIECE = 1 << 20
_MISSING = {"404", "NoSuchKey", "NotFound"}


class Bucket:
    """A bucket and the prefix in it. A client of boto3 may be shared by threads."""

    def __init__(self, bucket: str, *, prefix: str, aws: AwsSettings) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client: Any = boto3.session.Session(region_name=aws.region).client(
            "s3",
            endpoint_url=aws.endpoint_url,
            config=Config(
                connect_timeout=5,
                read_timeout=60,
                retries={"mode": "standard", "total_max_attempts": 3},
                # An endpoint of one's own has no name for each bucket.
                s3={"addressing_style": "path" if aws.endpoint_url else "auto"},
            ),
        )

    def put(self, name: str, source: Path) -> None:
        """Store a file under a name, whole or not at all; what was there is replaced."""
        with _own_errors("take"):
            self._client.upload_file(
                str(source),
                self._bucket,
                self._prefix + name,
                # One after the other: the archive is in no hurry, others of its process are.
                Config=TransferConfig(use_threads=False),
            )

    def get(self, name: str, target: Path, *, most_bytes: int) -> None:
        """Copy what is stored under a name into a file; more than `most_bytes` is refused."""
        with _own_errors("give"), target.open("wb") as file:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
            with closing(answer["Body"]) as content:
                for piece in content.iter_chunks(_PIECE):
                    file.write(piece)
                    if file.tell() > most_bytes:
                        raise ArchiveUnavailable(
                            f"The file {name} is larger than the one that was stored."
                        )

    def size(self, name: str) -> int | None:
        """How many bytes are stored under a name, or None when nothing is."""
        with _own_errors("tell"):
            try:
                found = self._client.head_object(Bucket=self._bucket, Key=self._prefix + name)
            except ClientError as error:
                if _code(error) in _MISSING:
                    return None
                raise
            return int(found["ContentLength"])


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", type(error).__name__))


@contextmanager
def _own_errors(what: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        # The class or AWS's own code says enough; the text may hold addresses and account ids.
        code = _code(error) if isinstance(error, ClientError) else type(error).__name__
        raise ArchiveUnavailable(
            f"S3 did not {what} a file of the archive ({code}).",
            remedy="Check rescue.archive.place, the region, and the permissions of the role.",
        ) from error
