"""The archive: what went to files, what would go, and back again."""

from __future__ import annotations

from typing import Any

from rescuebot import archiving, restoring
from rescuebot.archive import search, service
from webui.api import context, listing, who
from webui.api.door import ADMIN, VIEWER, Door
from webui.api.schemas import archives as schemas

door = Door("archives", path="/archives", words="Old events and their logs, in files.")

ONE = "/<int(min=1, max=2147483647):archive_id>"


@door.operation("GET", "", allow=VIEWER, query=schemas.ArchiveQuery, returns=schemas.ArchivePage)
def list_archives(query: dict[str, Any]) -> Any:
    """Files, the latest first."""
    return listing.page(search, query)


@door.operation("GET", "/preview", allow=VIEWER, returns=schemas.ArchivePreview)
def preview_archive() -> Any:
    """What a run would begin with now."""
    return archiving.preview(settings=context.settings(), database=context.ledger())


@door.operation("GET", ONE, allow=VIEWER, returns=schemas.Archive)
def get_archive(archive_id: int) -> Any:
    """One file: where it is, what it holds, how far it is."""
    return context.read(lambda session: service.get(session=session, archive_id=archive_id))


@door.operation("POST", "", allow=ADMIN, returns=schemas.Archived, status=201, fails=(409, 422))
def archive_now() -> Any:
    """Archive one file's worth of what is old. The tracker does so by itself as well."""
    return archiving.archive(
        settings=context.settings(),
        database=context.ledger(),
        actor=who.actor(),
        most_files=1,
    )


@door.operation("POST", ONE + "/restore", allow=ADMIN, returns=schemas.Restored, fails=(409,))
def restore_archive(archive_id: int) -> Any:
    """Put back all that a file holds, with its ids. What is there already is left."""
    return restoring.restore(
        settings=context.settings(),
        database=context.ledger(),
        actor=who.actor(),
        archive_id=archive_id,
    )
