"""What was archived: one row for each file, one for each item in it, and who is at work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rescuebot.database import UtcTimestamp

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "archive",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "written",
                "verified",
                "done",
                name="archive_state",
                create_constraint=True,
            ),
            nullable=False,
        ),
        sa.Column("place", sa.String(length=1000), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("begun_by", sa.String(length=255), nullable=False),
        sa.Column("begun_at", UtcTimestamp(), nullable=False),
        sa.Column("first_at", UtcTimestamp(), nullable=False),
        sa.Column("last_at", UtcTimestamp(), nullable=False),
        sa.Column("first_event_id", sa.Integer(), nullable=True),
        sa.Column("last_event_id", sa.Integer(), nullable=True),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("plain_size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("plain_sha256", sa.String(length=64), nullable=False),
        sa.Column("written_at", UtcTimestamp(), nullable=True),
        sa.Column("verified_at", UtcTimestamp(), nullable=True),
        sa.Column("done_at", UtcTimestamp(), nullable=True),
        sa.Column("items_left", sa.Integer(), nullable=False),
        sa.Column("restored_at", UtcTimestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive")),
    )
    op.create_index("ix_archive_state", "archive", ["state", "id"], unique=False)
    op.create_table(
        "archived_item",
        sa.Column("archive_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("event", "execution", "decision", name="item_kind", create_constraint=True),
            nullable=False,
        ),
        sa.Column("item_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("needs_event_id", sa.Integer(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("removed_at", UtcTimestamp(), nullable=True),
        sa.Column("restored_at", UtcTimestamp(), nullable=True),
        sa.ForeignKeyConstraint(
            ["archive_id"], ["archive.id"], name=op.f("fk_archived_item_archive_id")
        ),
        sa.PrimaryKeyConstraint("archive_id", "kind", "item_id", name=op.f("pk_archived_item")),
    )
    op.create_index("ix_archived_item_kind", "archived_item", ["kind", "item_id"], unique=False)
    op.create_table(
        "archive_lease",
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=True),
        sa.Column("held_by", sa.String(length=255), nullable=False),
        sa.Column("held_until", UtcTimestamp(), nullable=True),
        sa.Column("due_at", UtcTimestamp(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_archive_lease")),
    )


def downgrade() -> None:
    for table in ("archive_lease", "archived_item", "archive"):
        op.drop_table(table)
