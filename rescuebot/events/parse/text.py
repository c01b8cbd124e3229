"""Foreign text made safe to store and to show.

Invariant: what these functions return is valid UTF-8, bounded, and holds no control that a
terminal, a log or a database would act on.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

MESSAGE_BYTES = 60_000
ID_LENGTH = 100
NAME_LENGTH = 255
VALUE_LENGTH = 1024
QUOTE_LENGTH = 120
PAIRS = 200

# C0 but for tab and newline, DEL, C1, bidirectional overrides and isolates, lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_SERVER_ID = re.compile(r"[A-Za-z0-9._:-]{1,50}")
_SOURCE = re.compile(r"[^A-Za-z0-9._-]+")


def block(text: str) -> str:
    """`text` with its lines kept, cut at MESSAGE_BYTES with a marker that tells the full size."""
    # The cut comes first so that a huge text costs little; no character is shorter than a byte.
    head = text[:MESSAGE_BYTES].replace("\r\n", "\n").replace("\r", "\n")
    clean = _UNSAFE.sub(_REPLACEMENT, head).encode()
    if len(text) <= MESSAGE_BYTES and len(clean) <= MESSAGE_BYTES:
        return clean.decode()
    marker = f"\n[... cut: {len(text)} characters in all]"
    return clean[: MESSAGE_BYTES - len(marker)].decode(errors="ignore") + marker


def line(value: Any, limit: int = NAME_LENGTH) -> str:
    """`value` as one line of at most `limit` characters; "" when it is no text."""
    if not isinstance(value, str):
        return ""
    return _UNSAFE.sub(_REPLACEMENT, value[:limit].replace("\n", " ").replace("\t", " "))


def quote(value: Any) -> str:
    """A foreign word inside a sentence of ours."""
    return f"'{line(value, QUOTE_LENGTH)}'"


def without_surrogates(text: str) -> str:
    """JSON escapes can spell half a character, which no database takes."""
    return _SURROGATES.sub(_REPLACEMENT, text)


def identity(*candidates: Any, content: str) -> str:
    """The first candidate that is a usable id, else a digest of `content`.

    An id that is too long or unclean is told by its digest: cutting it could make two the same.
    """
    for candidate in candidates:
        if isinstance(candidate, str) and candidate.strip():
            clean = len(candidate) <= ID_LENGTH and line(candidate, ID_LENGTH) == candidate
            return candidate if clean else _digest(candidate)
    return _digest(content)


def _digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def server_id(value: str) -> str:
    """`value` if it can name a server, else ""."""
    return value if _SERVER_ID.fullmatch(value) else ""


def source(value: Any) -> str:
    """The name of an event source, fit to be a part of an event tag."""
    return _SOURCE.sub("-", line(value, ID_LENGTH)).strip("-") or "unknown"


def mapping(value: Any) -> dict[str, Any]:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """`value` if it is a JSON list, else an empty one."""
    return value if isinstance(value, list) else []


def pairs(value: Any) -> dict[str, str]:
    """Names and values out of either form of AWS: ``{n: v}`` or ``[{"name": n, "value": v}]``."""
    if isinstance(value, list):
        entries = [_pair(mapping(entry)) for entry in value[:PAIRS]]
    else:
        entries = list(mapping(value).items())[:PAIRS]
    return {
        line(name): line(text, VALUE_LENGTH)
        for name, text in entries
        if isinstance(name, str) and isinstance(text, str)
    }


def _pair(entry: dict[str, Any]) -> tuple[Any, Any]:
    folded = {key.lower(): value for key, value in entry.items()}
    return folded.get("name", folded.get("key")), folded.get("value")
