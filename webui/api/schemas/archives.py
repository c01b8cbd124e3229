"""Archives as the API shows them. Sizes are bytes."""

from __future__ import annotations

import marshmallow as ma

from rescuebot.archive import search
from rescuebot.archive.model import Archive as ArchiveRow
from rescuebot.archive.model import ArchiveState
from webui.api.schemas.base import ListQuery, Moment, any_of, page_of, rows_of, sorted_by

Archive = rows_of(
    ArchiveRow,
    "Archive",
    "id",
    "state",
    "place",
    "name",
    "begun_by",
    "begun_at",
    "first_at",
    "last_at",
    "first_event_id",
    "last_event_id",
    "events",
    "row_count",
    "revision",
    "size",
    "plain_size",
    "sha256",
    "written_at",
    "verified_at",
    "done_at",
    "items_left",
    "restored_at",
)
ArchivePage = page_of(Archive, "ArchivePage")


class ArchiveQuery(ListQuery):
    """Which files."""

    state = any_of(ArchiveState)
    sort = sorted_by(search)


class ArchivePreview(ma.Schema):
    """What a run would begin with now."""

    place = ma.fields.String(required=True, allow_none=True)
    before = Moment(required=True)
    events = ma.fields.Integer(required=True)
    executions_by_hand = ma.fields.Integer(required=True)
    decisions_without_event = ma.fields.Integer(required=True)
    to_finish = ma.fields.List(ma.fields.Integer(), required=True)


class Archived(ma.Schema):
    """What a run has done."""

    before = Moment(required=True)
    archives = ma.fields.List(ma.fields.Integer(), required=True)
    events = ma.fields.Integer(required=True)
    rows = ma.fields.Integer(required=True)
    items_left = ma.fields.Integer(required=True)


class Restored(ma.Schema):
    """What was put back."""

    archives = ma.fields.List(ma.fields.Integer(), required=True)
    events = ma.fields.Integer(required=True)
    rows = ma.fields.Integer(required=True)
    existing = ma.fields.Integer(
        required=True, metadata={"description": "Rows that were there already."}
    )
    orphans = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Integer(),
        required=True,
        metadata={"description": "Rows whose parent is missing, by the parent's table."},
    )
    taken = ma.fields.Function(
        lambda found: len(found.taken),
        required=True,
        metadata={
            "type": "integer",
            "description": "Items left out: another row has their id by now.",
        },
    )
