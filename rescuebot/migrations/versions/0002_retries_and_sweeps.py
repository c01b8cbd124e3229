"""What retries, sweeps, several masters and the audit need."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rescuebot.database import UtcTimestamp

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_LETTER_STATE = sa.Enum(
    "kept", "requeued", "discarded", name="letter_state", create_constraint=True
)


def _new_columns() -> dict[str, tuple[sa.Column[object], ...]]:
    return {
        "cloudwatch_event": (
            sa.Column("hints", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("hinted_at", UtcTimestamp(), nullable=True),
        ),
        "dead_letter": (
            sa.Column("state", _LETTER_STATE, nullable=False, server_default="kept"),
            sa.Column("handled_at", UtcTimestamp(), nullable=True),
        ),
        "engine_heartbeat": (
            sa.Column("master", sa.String(length=255), nullable=False, server_default=""),
        ),
        "execution": (
            sa.Column("attempts", sa.Integer(), nullable=False, server_default="1"),
            sa.Column("retry_seconds", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("waits", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("waiting_since", UtcTimestamp(), nullable=True),
            sa.Column("first_jid", sa.String(length=40), nullable=True),
            sa.Column("asked_at", UtcTimestamp(), nullable=True),
            sa.Column("master", sa.String(length=255), nullable=True),
        ),
        "runbook_script": (
            sa.Column("attempts", sa.Integer(), nullable=True),
            sa.Column("retry_seconds", sa.Integer(), nullable=True),
        ),
    }


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("action", sa.String(length=50), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("noted_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_action"), "audit_entry", ["action"], unique=False)
    op.create_index(op.f("ix_audit_entry_noted_at"), "audit_entry", ["noted_at"], unique=False)
    for table, columns in _new_columns().items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.add_column(column)


def downgrade() -> None:
    for table, columns in reversed(_new_columns().items()):
        with op.batch_alter_table(table) as batch:
            if table == "dead_letter":
                batch.drop_constraint("letter_state", type_="check") if _is_sqlite() else None
            for column in reversed(columns):
                batch.drop_column(column.name)
    op.drop_table("audit_entry")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
