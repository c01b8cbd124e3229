"""Whom to tell and what each way answered; who has acknowledged an event."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rescuebot.database import UtcTimestamp

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_channel",
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("severities", sa.Text(), nullable=False),
        sa.Column("services", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_notice_channel")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=50), nullable=False),
        sa.Column("thread_key", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column(
            "severity",
            sa.Enum(
                "info",
                "warning",
                "critical",
                "fatal",
                name="notice_severity",
                create_constraint=True,
            ),
            nullable=False,
        ),
        sa.Column("service_type", sa.String(length=50), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("not_before", UtcTimestamp(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "sent",
                "given_up",
                "merged",
                name="notice_status",
                create_constraint=True,
            ),
            nullable=False,
        ),
        sa.Column("merged_into", sa.Integer(), nullable=True),
        sa.Column("hop", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTimestamp(), nullable=False),
        sa.Column("claimed_by", sa.String(length=100), nullable=True),
        sa.Column("claimed_at", UtcTimestamp(), nullable=True),
        sa.Column("ended_at", UtcTimestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("uuid", name=op.f("uq_notice_uuid")),
        sa.UniqueConstraint(
            "channel", "thread_key", "state", "number", name="uq_notice_channel_thread_state"
        ),
    )
    op.create_index("ix_notice_due", "notice", ["channel", "status", "thread_key", "id"])
    op.create_index("ix_notice_status", "notice", ["status", "created_at", "id"])
    op.create_index("ix_notice_event_id", "notice", ["event_id", "id"])
    op.create_index("ix_notice_merged_into", "notice", ["merged_into"])
    op.create_index("ix_notice_created_at", "notice", ["created_at", "id"])
    op.create_table(
        "notice_receipt",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("tried_at", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_notice_receipt_notice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_receipt")),
    )
    op.create_index("ix_notice_receipt_notice_id", "notice_receipt", ["notice_id"])
    op.create_index("ix_notice_receipt_tried_at", "notice_receipt", ["tried_at", "id"])
    op.create_table(
        "notice_thread",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(length=50), nullable=False),
        sa.Column("thread_key", sa.String(length=80), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("made_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_thread")),
        sa.UniqueConstraint("channel", "thread_key", name="uq_notice_thread_channel_key"),
    )
    op.create_table(
        "notice_storm",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(length=50), nullable=False),
        sa.Column("service_type", sa.String(length=50), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("live_key", sa.String(length=140), nullable=True),
        sa.Column("since", UtcTimestamp(), nullable=False),
        sa.Column("last_at", UtcTimestamp(), nullable=False),
        sa.Column("told", sa.String(length=100), nullable=False),
        sa.Column("told_at", UtcTimestamp(), nullable=False),
        sa.Column("updates", sa.Integer(), nullable=False),
        sa.Column("ended_at", UtcTimestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_storm")),
        sa.UniqueConstraint("live_key", name=op.f("uq_notice_storm_live_key")),
    )
    op.create_index("ix_notice_storm_channel", "notice_storm", ["channel", "ended_at"])
    op.add_column("cloudwatch_event", sa.Column("acknowledged_at", UtcTimestamp(), nullable=True))
    op.add_column(
        "cloudwatch_event", sa.Column("acknowledged_by", sa.String(length=100), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("cloudwatch_event", "acknowledged_by")
    op.drop_column("cloudwatch_event", "acknowledged_at")
    for table in ("notice_storm", "notice_thread", "notice_receipt", "notice", "notice_channel"):
        op.drop_table(table)
