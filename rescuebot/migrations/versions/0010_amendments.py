"""What people changed of what waits for approval: one row for each change, with what was before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from rescuebot.database import UtcTimestamp

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")


def upgrade() -> None:
    op.create_table(
        "approval_amendment",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("approval_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("amended_by", sa.String(length=100), nullable=False),
        sa.Column("amended_at", UtcTimestamp(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("old_digest", sa.String(length=64), nullable=False),
        sa.Column("new_digest", sa.String(length=64), nullable=False),
        sa.Column("old_name", sa.String(length=255), nullable=False),
        sa.Column("old_pinned", _LONG_TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approval.id"], name=op.f("fk_approval_amendment_approval_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_amendment")),
        sa.UniqueConstraint(
            "approval_id", "number", name=op.f("uq_approval_amendment_approval_id")
        ),
    )


def downgrade() -> None:
    op.drop_table("approval_amendment")
