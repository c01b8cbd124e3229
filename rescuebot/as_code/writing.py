"""The ledger's commands and runbooks as files: one a service, byte for byte the same each time."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.orm import Session

from rescuebot import yaml_text
from rescuebot.as_code.content import (
    BASED_ON,
    HEADER,
    LISTS,
    NOUNS,
    SERVICE,
    fingerprint,
    told,
)
from rescuebot.as_code.reading import Document, Documents
from rescuebot.commands import service as commands
from rescuebot.commands.validation import SERVICE as SERVICE_NAME
from rescuebot.errors import Conflict, Invalid, Problem
from rescuebot.runbooks import service as runbooks
from rescuebot.versions.model import Kind

_FIRST_LINES = (
    f"{HEADER}: commands and runbooks of {{service}}, written by salt-run rescue.export.\n"
    f"# `{BASED_ON}` names what an item was when it was exported; leave it when you edit one.\n"
)


def of_runbook(content: Mapping[str, Any]) -> Documents:
    """One runbook as documents to import, to replay history with it."""
    text = yaml.safe_dump({LISTS[Kind.RUNBOOK]: [dict(content)]}, allow_unicode=True)
    return Documents(files=(Document(name="runbook", text=text),))


def export(*, session: Session) -> dict[str, str]:
    """The text of each file by its name."""
    services: dict[str, dict[Kind, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    rows: dict[Kind, Sequence[Any]] = {
        Kind.COMMAND: commands.list_(session=session, limit=None),
        Kind.RUNBOOK: runbooks.list_(session=session, limit=None),
    }
    for kind, noun in NOUNS.items():
        for row in rows[kind]:
            content = noun.content(row)
            services[content[SERVICE[kind]]][kind].append(content)
    return {f"{service}.yaml": _text(service, services[service]) for service in sorted(services)}


def write(*, directory: Path, files: Mapping[str, str]) -> dict[str, list[str]]:
    """Bring a directory to these files; tells which were written, left and removed.

    Only files with our first line are replaced or removed.
    """
    _require_names(files)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        foreign = [name for name in files if _is_foreign(directory / name)]
        if foreign:
            raise Conflict(
                f"{', '.join(foreign)} in {directory} does not begin with {HEADER!r}.",
                remedy="It may be somebody's own: move it away, or export somewhere else.",
            )
        done: dict[str, list[str]] = {"written": [], "unchanged": [], "removed": []}
        for name, text in files.items():
            changed = _put(directory / name, text)
            done["written" if changed else "unchanged"].append(name)
        done["removed"] = _remove_others(directory, files)
    except OSError as error:
        words = f"{directory} cannot be written: {error.strerror}"
        raise Invalid([Problem("directory", words)], what="Nothing more was written") from None
    return done


def _text(service: str, kinds: Mapping[Kind, list[dict[str, Any]]]) -> str:
    parts = [_FIRST_LINES.format(service=service)]
    for kind in Kind:
        if kinds[kind]:
            name = NOUNS[kind].name
            parts.append(f"{LISTS[kind]}:\n")
            ordered = sorted(kinds[kind], key=lambda content: str(content[name]))
            parts += [_item(kind, content) for content in ordered]
    # An item ends with a short line, so the empty one between two belongs to no text.
    return "\n".join(parts)


def _item(kind: Kind, content: Mapping[str, Any]) -> str:
    return yaml_text.dump([told(kind, content) | {BASED_ON: fingerprint(kind, content)}])


def _require_names(names: Iterable[str]) -> None:
    odd = [name for name in names if not SERVICE_NAME.fullmatch(name.removesuffix(".yaml"))]
    if odd:
        words = f"{odd[0]!r} cannot be a file; change the service of what is in it"
        raise Invalid([Problem("service", words)], what="Nothing was written")


def _is_foreign(path: Path) -> bool:
    return os.path.lexists(path) and not _is_ours(path)


def _is_ours(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.readline(200).startswith(HEADER.encode())


def _put(path: Path, text: str) -> bool:
    """Replace the file at once, if it differs at all."""
    raw = text.encode("utf-8")
    if path.exists() and path.read_bytes() == raw:
        return False
    handle, temporary = tempfile.mkstemp(prefix=".rescue-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
    return True


def _remove_others(directory: Path, files: Mapping[str, str]) -> list[str]:
    gone = [
        path
        for path in sorted(directory.glob("*.yaml"))
        if path.name not in files and _is_ours(path)
    ]
    for path in gone:
        path.unlink()
    return [path.name for path in gone]
