"""Settings out of a file, the master's ``rescue:`` block and ``RESCUE_*``.

Later sources win: defaults < file < block < environment. Unknown keys and bad values are refused
by name, all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from rescuebot.errors import Problem, SettingsInvalid
from rescuebot.settings.section import Source
from rescuebot.settings.sections import Settings

ENVIRONMENT_PREFIX = "RESCUE_"
NESTING = "__"
# Named like settings, and read by gunicorn before there are any: webui/api/gunicorn.py.
_NO_SETTINGS = frozenset({"RESCUE_BIND", "RESCUE_THREADS"})


def load(
    *,
    block: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Merge the sources and check the result.

    `block` is the master's ``rescue:`` value; its key ``file`` (or ``RESCUE_FILE``) names a YAML
    file of the same shape. Raises SettingsInvalid that lists every problem by its path.
    """
    block = _mapping(block, where="rescue")
    given = _from_environment(environ or {})
    path = given.pop("file", None) or block.pop("file", None)
    layers = {
        Source.FILE: _from_file(path) if path else {},
        Source.MASTER: block,
        Source.ENVIRONMENT: given,
    }
    merged: dict[str, Any] = {}
    sources: dict[str, Source] = {}
    for source, layer in layers.items():
        merged = laid_over(merged, layer)
        sources |= dict.fromkeys(_paths(layer), source)
    made = check(merged)
    made.come_from(sources)
    return made


def check(values: Mapping[str, Any]) -> Settings:
    """Settings out of plain values, or SettingsInvalid."""
    try:
        return Settings.model_validate(dict(values))
    except ValidationError as error:
        # The input is left out on purpose: a mistyped password must not reach a log.
        problems = [
            Problem(
                field="rescue." + ".".join(str(part) for part in item["loc"]),
                message=_in_words(item["type"], item["msg"]),
            )
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsInvalid(problems, what="The settings are not valid") from None


def _in_words(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "unknown key; see docs/settings.md for those that exist"
    return message.removeprefix("Value error, ").removeprefix("Input ")


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """``RESCUE_QUEUE__URL=…`` becomes ``{"queue": {"url": …}}``; lists and blocks are YAML."""
    found: dict[str, Any] = {}
    for name in sorted(environ):
        if not name.startswith(ENVIRONMENT_PREFIX) or name in _NO_SETTINGS:
            continue
        *parents, leaf = name.removeprefix(ENVIRONMENT_PREFIX).lower().split(NESTING)
        place = found
        for parent in parents:
            nested = place.setdefault(parent, {})
            if not isinstance(nested, dict):
                raise SettingsInvalid([Problem(name, f"{parent} is set twice, as value and block")])
            place = nested
        place[leaf] = _value(environ[name])
    return found


def _value(text: str) -> Any:
    """A list or a mapping is read as YAML; other text is left to pydantic."""
    if not text.startswith(("[", "{")):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _from_file(path: Any) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(Path(str(path)).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsInvalid(
            [Problem("rescue.file", f"cannot be read: {error.strerror}")]
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise SettingsInvalid([Problem("rescue.file", "is not valid YAML in UTF-8")]) from None
    return _mapping(loaded, where="rescue.file")


def _mapping(value: Any, *, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise SettingsInvalid([Problem(where, "must be a mapping of keys to values")])
    return dict(value)


def _paths(layer: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Every value of a layer by its dotted name; a block is no value, nor is a list taken apart."""
    for key, value in layer.items():
        yield f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _paths(value, f"{prefix}{key}.")


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`, block by block; lists are replaced whole."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(under, Mapping) and isinstance(value, Mapping):
            merged[key] = laid_over(under, value)
        else:
            merged[key] = value
    return merged
