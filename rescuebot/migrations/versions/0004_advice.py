"""What advice needs: questions with their answers, events that wait for one, drafted runbooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from rescuebot.database import UtcTimestamp

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")


def upgrade() -> None:
    op.create_table(
        "advice",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("question_hash", sa.String(length=64), nullable=False),
        sa.Column("live_hash", sa.String(length=64), nullable=True),
        sa.Column("service_type", sa.String(length=50), nullable=False),
        sa.Column("cloudwatch_event_id", sa.Integer(), nullable=False),
        sa.Column("evidence_execution_id", sa.Integer(), nullable=True),
        sa.Column("question", _LONG_TEXT, nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "gathering",
                "asking",
                "answered",
                "failed",
                "unasked",
                name="advice_state",
                create_constraint=True,
            ),
            nullable=False,
        ),
        sa.Column("begun_at", UtcTimestamp(), nullable=False),
        sa.Column("asked_by", sa.String(length=100), nullable=True),
        sa.Column("asked_at", UtcTimestamp(), nullable=True),
        sa.Column("not_before", UtcTimestamp(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("answered_at", UtcTimestamp(), nullable=True),
        sa.Column("expires_at", UtcTimestamp(), nullable=True),
        sa.Column("answer", _LONG_TEXT, nullable=True),
        sa.Column("error_code", sa.String(length=30), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("model_id", sa.String(length=200), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        sa.Column("cache_read_tokens", sa.Integer(), nullable=False),
        sa.Column("cache_write_tokens", sa.Integer(), nullable=False),
        sa.Column("cost_micros", sa.Integer(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cloudwatch_event_id"],
            ["cloudwatch_event.id"],
            name=op.f("fk_advice_cloudwatch_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["evidence_execution_id"],
            ["execution.id"],
            name=op.f("fk_advice_evidence_execution_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advice")),
        sa.UniqueConstraint("live_hash", name=op.f("uq_advice_live_hash")),
    )
    op.create_index("ix_advice_asked_at", "advice", ["asked_at"], unique=False)
    op.create_index(op.f("ix_advice_question_hash"), "advice", ["question_hash"], unique=False)
    op.create_index("ix_advice_state", "advice", ["state", "id"], unique=False)
    op.create_table(
        "consultation",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("cloudwatch_event_id", sa.Integer(), nullable=False),
        sa.Column("advice_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("waiting", "done", name="consultation_state", create_constraint=True),
            nullable=False,
        ),
        sa.Column("begun_at", UtcTimestamp(), nullable=False),
        sa.Column("done_at", UtcTimestamp(), nullable=True),
        sa.ForeignKeyConstraint(
            ["advice_id"], ["advice.id"], name=op.f("fk_consultation_advice_id")
        ),
        sa.ForeignKeyConstraint(
            ["cloudwatch_event_id"],
            ["cloudwatch_event.id"],
            name=op.f("fk_consultation_cloudwatch_event_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation")),
        sa.UniqueConstraint(
            "cloudwatch_event_id", name=op.f("uq_consultation_cloudwatch_event_id")
        ),
    )
    op.create_index(
        "ix_consultation_advice_id", "consultation", ["advice_id", "state"], unique=False
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("advice_id", sa.Integer(), nullable=False),
        sa.Column("cloudwatch_event_id", sa.Integer(), nullable=False),
        sa.Column("execution_id", sa.Integer(), nullable=True),
        sa.Column("runbook_id", sa.Integer(), nullable=True),
        sa.Column("service_type", sa.String(length=50), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("solution_hash", sa.String(length=64), nullable=False),
        sa.Column("content", _LONG_TEXT, nullable=False),
        sa.Column("risk", sa.String(length=10), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "proposed",
                "rejected",
                "failed",
                "verified",
                "promoted",
                "unused",
                name="draft_state",
                create_constraint=True,
            ),
            nullable=False,
        ),
        sa.Column("made_at", UtcTimestamp(), nullable=False),
        sa.Column("changed_by", sa.String(length=100), nullable=True),
        sa.Column("changed_at", UtcTimestamp(), nullable=True),
        sa.ForeignKeyConstraint(["advice_id"], ["advice.id"], name=op.f("fk_draft_advice_id")),
        sa.ForeignKeyConstraint(
            ["cloudwatch_event_id"],
            ["cloudwatch_event.id"],
            name=op.f("fk_draft_cloudwatch_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["execution.id"], name=op.f("fk_draft_execution_id")
        ),
        sa.ForeignKeyConstraint(
            ["runbook_id"], ["runbook_script.id"], name=op.f("fk_draft_runbook_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint("execution_id", name=op.f("uq_draft_execution_id")),
    )
    op.create_index(op.f("ix_draft_advice_id"), "draft", ["advice_id"], unique=False)
    op.create_index(
        op.f("ix_draft_cloudwatch_event_id"), "draft", ["cloudwatch_event_id"], unique=False
    )
    op.create_index(op.f("ix_draft_solution_hash"), "draft", ["solution_hash"], unique=False)


def downgrade() -> None:
    for table in ("draft", "consultation", "advice"):
        op.drop_table(table)
