"""The addresses of the webhooks: one secret, kept in memory for a while.

Invariant: an address is in no message of an error and in no log; it is all that one needs to post.
"""

from __future__ import annotations

import re
from typing import Any

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import (
    GetParameterError,
    TransformParameterError,
)
from botocore.config import Config

from .failure import SecretInvalid, SecretUnavailable
from .report import logger
from .settings import Settings

_ADDRESS = re.compile(r"(https://[^\s/@?#]+|http://127\.0\.0\.1:[0-9]{1,5})/[^\s@#]*")
_CONNECT_SECONDS = 2
_READ_SECONDS = 3


class Webhooks:
    """What the secret says. An old answer is better than none while AWS cannot be asked."""

    def __init__(self) -> None:
        self._provider: SecretsProvider | None = None
        self._last: dict[str, Any] | None = None

    def of(self, severity: str, settings: Settings, *, fresh: bool = False) -> str:
        """The address for this severity, else the default; `fresh` reads the secret anew."""
        known = self._read(settings, fresh=fresh)
        address = known.get(severity) or known.get("default")
        if not address:
            words = f"The secret names no webhook for {severity} and no default."
            raise SecretInvalid("no_webhook", words)
        # TLS always, but for a double of Slack on the same machine.
        if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
            raise SecretInvalid("bad_webhook", f"The webhook for {severity} is no https address.")
        return address

    def forget(self) -> None:
        """Begin anew, as a cold start does."""
        self._provider = self._last = None

    def _read(self, settings: Settings, *, fresh: bool) -> dict[str, Any]:
        try:
            told = self._client().get(
                settings.secret,
                max_age=settings.secret_seconds,
                transform="json",
                force_fetch=fresh,
            )
        except TransformParameterError:
            told = None
        except GetParameterError:
            if self._last is None:
                words = "Secrets Manager did not give the secret. Check its name and the role."
                raise SecretUnavailable("secret_unavailable", words) from None
            logger.warning("secret_stale")
            return self._last
        if not isinstance(told, dict):
            words = 'The secret must be JSON: {"critical": "https://…", "default": "https://…"}.'
            raise SecretInvalid("bad_secret", words)
        self._last = told
        return told

    def _client(self) -> SecretsProvider:
        if self._provider is None:
            config = Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": 2},
            )
            self._provider = SecretsProvider(boto_config=config)
        return self._provider


WEBHOOKS = Webhooks()
