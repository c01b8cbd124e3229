"""The settings as people may see them: what holds, where it comes from, and no secret.

Invariant: of a secret only is told whether it is set, and an address is told without what may be
in it beside the place: no password, no query. What looks like either by its name counts as one,
so that a setting which is added later is safe before anybody thinks of it.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from rescuebot.settings.loading import ENVIRONMENT_PREFIX, NESTING
from rescuebot.settings.section import Section, Source
from rescuebot.settings.sections import Settings

_SECRET_NAME = re.compile(r"(^|_)(password|passphrase|secret|token|credentials?|key)(_|$)")
_ADDRESS_NAME = re.compile(r"(^|_)(url|uri|issuer)(_|$)")
_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# Secret as a whole because a password may stand in them; their place is worth knowing.
_ADDRESSES = frozenset({"database.url", "database.replica_url"})
_HIDDEN = "…"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One setting. Of a secret there is no value, only whether it `is_set`."""

    name: str
    # What one would set in the environment.
    variable: str
    secret: bool
    is_set: bool
    value: Any
    default: Any
    source: Source


def shown(settings: Settings) -> list[tuple[str, list[Shown]]]:
    """Every setting there is, section by section."""
    return [
        (name, list(_of(getattr(settings, name), f"{name}.", settings)))
        for name in type(settings).model_fields
    ]


def _of(section: Section, prefix: str, settings: Settings) -> Iterator[Shown]:
    for name, field in type(section).model_fields.items():
        value, path = getattr(section, name), prefix + name
        inner = _section_of(field.annotation)
        if isinstance(value, Section):
            yield from _of(value, f"{path}.", settings)
        elif inner is not None:
            yield _setting(path, field, None, settings)
        else:
            yield _setting(path, field, value, settings)


def _setting(path: str, field: FieldInfo, value: Any, settings: Settings) -> Shown:
    secret = _is_secret(path, field.annotation) and path not in _ADDRESSES
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    return Shown(
        name=path,
        variable=ENVIRONMENT_PREFIX + path.upper().replace(".", NESTING),
        secret=secret,
        is_set=value is not None,
        value=None if secret else _told(path, value),
        default=None if secret else _told(path, default),
        source=settings.source_of(path),
    )


def _told(path: str, value: Any) -> Any:
    if path in _ADDRESSES and isinstance(value, SecretStr):
        return bare(value.get_secret_value())
    return _inner(path.rpartition(".")[2], value)


def plain(value: Any) -> Any:
    """The value as JSON has it, without anything secret."""
    if isinstance(value, SecretStr):
        return _HIDDEN
    if isinstance(value, BaseModel):
        kind = type(value)
        return {name: _inner(name, getattr(value, name)) for name in kind.model_fields}
    if isinstance(value, Mapping):
        return {str(name): _inner(str(name), one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return bare(value) if isinstance(value, str) and _URL.match(value) else value


def bare(address: str) -> str:
    """An address without user, password, query and fragment; of what is none, nothing."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return _HIDDEN
    # A password with a slash in it would end up in the path.
    if not _URL.match(address) or "@" in parts.path:
        return _HIDDEN
    place = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{place}{f':{port}' if port else ''}{parts.path}"


def _inner(name: str, value: Any) -> Any:
    """The value of that name; an address is one by its name also where it does not look so."""
    if isinstance(value, str) and _SECRET_NAME.search(name):
        return _HIDDEN
    if isinstance(value, str) and _ADDRESS_NAME.search(name):
        return bare(value)
    return plain(value)


def _is_secret(path: str, annotation: Any) -> bool:
    kinds = set(_kinds(annotation))
    named = _SECRET_NAME.search(path.rpartition(".")[2]) is not None
    return SecretStr in kinds or (named and str in kinds)


def _section_of(annotation: Any) -> type[Section] | None:
    return next(
        (
            one
            for one in _alternatives(annotation)
            if isinstance(one, type) and issubclass(one, Section)
        ),
        None,
    )


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    return typing.get_args(annotation) if union else (annotation,)


def _kinds(annotation: Any) -> Iterator[Any]:
    """An annotation and all that it is made of."""
    yield annotation
    for inner in typing.get_args(annotation):
        yield from _kinds(inner)
