"""What can go wrong in asking a model, as one closed list of codes with words of our own.

Invariant: a foreign error's text is only looked at to tell errors apart; it is never passed on.
"""

from __future__ import annotations

import re
from typing import Any

from botocore import exceptions as boto

CODES = (
    "throttled",
    "timeout",
    "model_gone",
    "access_denied",
    "refused",
    "max_tokens",
    "invalid_answer",
    "guardrail",
    "bad_request",
    "unavailable",
)

# Whether the same question may be asked again later with hope of another end.
_RETRIED = frozenset({"throttled", "timeout", "unavailable"})

_GONE = re.compile(r"end of (its )?life|model identifier is invalid|provider as legacy", re.I)
_NEEDS_PROFILE = re.compile(r"on-demand throughput", re.I)
_TOO_LONG = re.compile(r"too long|too many (input )?tokens|context (window|length)", re.I)
_ABOUT_GUARDRAIL = re.compile(r"guardrail", re.I)

_WORDS = {
    "throttled": "Bedrock has throttled the call. Ask later, or raise the quota of the model.",
    "timeout": (
        "The model did not answer in time; the call may still be billed. Ask again later, or "
        "raise READ_TIMEOUT and the timeout of the function."
    ),
    "model_gone": (
        "Bedrock does not serve this model (any more). Set BEDROCK_MODEL_ID to an inference "
        "profile of a current model; the folder's README says how to list them."
    ),
    "access_denied": (
        "The function may not use this model. Its role needs bedrock:InvokeModel on the inference "
        "profile and on the foundation model in every region it routes to."
    ),
    "unavailable": "Bedrock did not answer as it should. Ask again later.",
}
_NEEDS_PROFILE_WORDS = (
    "This model is served through an inference profile only. Set BEDROCK_MODEL_ID to the id of "
    "the profile, for example with jp. or global. before the name of the model."
)
_TOO_LONG_WORDS = "The question is too long for the model. Send less evidence."
_GUARDRAIL_WORDS = "Bedrock knows no such guardrail. Check GUARDRAIL_ID and GUARDRAIL_VERSION."
_REJECTED_WORDS = (
    "Bedrock has rejected the request as malformed. Does the model know structured output, and "
    "is MAX_TOKENS within its limit?"
)

_BY_AWS_CODE = {
    "ThrottlingException": "throttled",
    "TooManyRequestsException": "throttled",
    "ServiceQuotaExceededException": "throttled",
    "ModelTimeoutException": "timeout",
    "AccessDeniedException": "access_denied",
    "UnrecognizedClientException": "access_denied",
    "InvalidSignatureException": "access_denied",
    "ExpiredTokenException": "access_denied",
    "ExpiredToken": "access_denied",
    "NotAuthorizedException": "access_denied",
}

_BY_KIND: tuple[tuple[type[Exception], str], ...] = (
    (boto.ReadTimeoutError, "timeout"),
    (boto.ConnectTimeoutError, "unavailable"),
    (boto.NoCredentialsError, "access_denied"),
    (boto.PartialCredentialsError, "access_denied"),
)


class Failure(Exception):
    """No answer, and why. `retry_after` is in seconds, where the service has named them."""

    def __init__(self, code: str, message: str = "", *, retry_after: float | None = None) -> None:
        self.code = code
        self.message = message or _WORDS[code]
        self.retry = code in _RETRIED
        self.retry_after = retry_after
        super().__init__(self.code)

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the response."""
        told = {"code": self.code, "message": self.message, "retry": self.retry}
        return told if self.retry_after is None else told | {"retry_after": self.retry_after}


def of(error: boto.BotoCoreError | boto.ClientError) -> Failure:
    """The failure that an error of boto3 stands for."""
    if isinstance(error, boto.ClientError):
        return _of_answer(error)
    if isinstance(error, boto.ParamValidationError):
        return Failure("bad_request", _REJECTED_WORDS)
    for kind, code in _BY_KIND:
        if isinstance(error, kind):
            return Failure(code)
    return Failure("unavailable")


def _of_answer(error: boto.ClientError) -> Failure:
    """An error that Bedrock itself has told."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    words = str(error.response.get("Error", {}).get("Message", ""))
    if code == "ResourceNotFoundException":
        about_guardrail = _ABOUT_GUARDRAIL.search(words)
        return (
            Failure("bad_request", _GUARDRAIL_WORDS) if about_guardrail else Failure("model_gone")
        )
    # The same news comes under several names.
    if code in ("ValidationException", "AccessDeniedException") and _GONE.search(words):
        return Failure("model_gone")
    if code == "ValidationException":
        return _of_validation(words)
    known = _BY_AWS_CODE.get(code, "unavailable")
    return Failure(known, retry_after=_retry_after(error) if known in _RETRIED else None)


def _of_validation(words: str) -> Failure:
    """One code of AWS for many things; only its words tell them apart."""
    if _NEEDS_PROFILE.search(words):
        return Failure("bad_request", _NEEDS_PROFILE_WORDS)
    if _ABOUT_GUARDRAIL.search(words):
        return Failure("bad_request", _GUARDRAIL_WORDS)
    if _TOO_LONG.search(words):
        return Failure("bad_request", _TOO_LONG_WORDS)
    return Failure("bad_request", _REJECTED_WORDS)


def _retry_after(error: boto.ClientError) -> float | None:
    """The seconds of a Retry-After header. A date in it is not worth the parsing."""
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    told = str(headers.get("retry-after", ""))
    return float(told) if re.fullmatch(r"\d{1,5}(\.\d{1,3})?", told) else None
