"""The key of the API: one secret, kept in memory for a while.

Invariant: the key is in no message of an error and in no log.
"""

from __future__ import annotations

import json
import re

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.config import Config

from .failure import SecretInvalid, SecretUnavailable
from .report import logger
from .settings import Settings

_KEY = re.compile(r"[\x21-\x7e]{16,500}")
_CONNECT_SECONDS = 2
_READ_SECONDS = 3


class ApiKey:
    """What the secret says. An old answer is better than none while AWS cannot be asked."""

    def __init__(self) -> None:
        self._provider: SecretsProvider | None = None
        self._last = ""

    def read(self, settings: Settings, *, fresh: bool = False) -> str:
        """The key; `fresh` reads the secret anew."""
        try:
            told = self._client().get(
                settings.secret, max_age=settings.secret_seconds, force_fetch=fresh
            )
        except GetParameterError:
            if not self._last:
                words = "Secrets Manager did not give the secret. Check its name and the role."
                raise SecretUnavailable("secret_unavailable", words) from None
            logger.warning("secret_stale")
            return self._last
        self._last = _key_in(told)
        return self._last

    def forget(self) -> None:
        """Begin anew, as a cold start does."""
        self._provider, self._last = None, ""

    def _client(self) -> SecretsProvider:
        if self._provider is None:
            config = Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": 2},
            )
            self._provider = SecretsProvider(boto_config=config)
        return self._provider


def _key_in(told: object) -> str:
    """The secret is the key itself, or ``{"api_key": "…"}``."""
    text = told.strip() if isinstance(told, str) else ""
    if text.startswith("{"):
        try:
            text = json.loads(text).get("api_key")
        except ValueError:
            text = ""
    if isinstance(text, str) and _KEY.fullmatch(text):
        return text
    raise SecretInvalid("bad_secret", 'The secret must be the key, or JSON: {"api_key": "…"}.')


API_KEY = ApiKey()
