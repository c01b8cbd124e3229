"""What a person may change: events taken back, results corrected, requests answered once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from rescuebot.database import UtcTimestamp

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")
_OUTCOMES = (
    "fixed",
    "nothing_to_fix",
    "changed_not_fixed",
    "no_runbook",
    "held",
    "rejected",
    "suppressed",
    "no_minion",
    "timeout",
    "lost",
    "recovered",
)


def upgrade() -> None:
    _set_outcomes(_OUTCOMES, (*_OUTCOMES, "by_hand"))
    op.add_column("cloudwatch_event", sa.Column("deleted_at", UtcTimestamp(), nullable=True))
    op.add_column("cloudwatch_event", sa.Column("deleted_by", sa.String(100), nullable=True))
    op.add_column("execution", sa.Column("retry_of", sa.Integer(), nullable=True))
    op.create_index("ix_execution_retry_of", "execution", ["retry_of"], unique=True)
    op.add_column("saltstack_event_log", sa.Column("corrected_at", UtcTimestamp(), nullable=True))
    op.add_column("saltstack_event_log", sa.Column("corrected_by", sa.String(100), nullable=True))
    op.add_column("saltstack_event_log", sa.Column("correction", sa.Text(), nullable=True))
    _make_original()
    _make_request_key()


def downgrade() -> None:
    op.drop_table("request_key")
    op.drop_table("saltstack_event_log_original")
    for name in ("correction", "corrected_by", "corrected_at"):
        op.drop_column("saltstack_event_log", name)
    op.drop_index("ix_execution_retry_of", "execution")
    op.drop_column("execution", "retry_of")
    for name in ("deleted_by", "deleted_at"):
        op.drop_column("cloudwatch_event", name)
    op.execute("UPDATE cloudwatch_event SET outcome = NULL WHERE outcome = 'by_hand'")
    _set_outcomes((*_OUTCOMES, "by_hand"), _OUTCOMES)


def _set_outcomes(was: tuple[str, ...], outcomes: tuple[str, ...]) -> None:
    """Give `cloudwatch_event.outcome` these values: an ENUM in MySQL, a CHECK in SQLite."""
    with op.batch_alter_table("cloudwatch_event") as batch:
        if op.get_bind().dialect.name == "sqlite":
            batch.drop_constraint("event_outcome", type_="check")
        batch.alter_column(
            "outcome",
            existing_type=sa.Enum(*was, name="event_outcome"),
            type_=sa.Enum(*outcomes, name="event_outcome", create_constraint=True),
            existing_nullable=True,
        )


def _make_original() -> None:
    op.create_table(
        "saltstack_event_log_original",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("execution_result", _LONG_TEXT, nullable=False),
        sa.Column(
            "execution_status",
            sa.Enum("success", "failed", "timeout", name="original_status", create_constraint=True),
            nullable=False,
        ),
        sa.Column("kept_at", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id"],
            ["saltstack_event_log.id"],
            name=op.f("fk_saltstack_event_log_original_log_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saltstack_event_log_original")),
        sa.UniqueConstraint("log_id", name=op.f("uq_saltstack_event_log_original_log_id")),
    )


def _make_request_key() -> None:
    op.create_table(
        "request_key",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("noted_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_request_key_key_hash")),
    )
    op.create_index("ix_request_key_noted_at", "request_key", ["noted_at"], unique=False)
