"""What the doctor found last on each master, and who asked for another look."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rescuebot.database import UtcTimestamp

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "doctor_look",
        sa.Column("master", sa.String(length=255), nullable=False),
        sa.Column("looked_by", sa.String(length=100), nullable=False),
        sa.Column("looked_at", UtcTimestamp(), nullable=False),
        sa.Column("due_at", UtcTimestamp(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("master", name=op.f("pk_doctor_look")),
    )
    op.create_table(
        "finding",
        sa.Column("master", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("since", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(["master"], ["doctor_look.master"], name=op.f("fk_finding_master")),
        sa.PrimaryKeyConstraint("master", "name", name=op.f("pk_finding")),
    )
    op.create_table(
        "doctor_request",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("asked_by", sa.String(length=255), nullable=False),
        sa.Column("asked_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctor_request")),
    )
    op.create_index(
        op.f("ix_doctor_request_asked_at"), "doctor_request", ["asked_at"], unique=False
    )


def downgrade() -> None:
    for table in ("doctor_request", "finding", "doctor_look"):
        op.drop_table(table)
