"""The tables of the rescue loop: events, executions, decisions, runbooks, commands, servers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from rescuebot.database import UtcTimestamp

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")


def upgrade() -> None:
    op.create_table(
        "cloudwatch_event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("event_source", sa.String(length=100), nullable=False),
        sa.Column("event_type", sa.String(length=50), nullable=False),
        sa.Column(
            "severity",
            sa.Enum(
                "info",
                "warning",
                "critical",
                "fatal",
                name="event_severity",
                create_constraint=True,
            ),
            nullable=False,
        ),
        sa.Column("server_id", sa.String(length=50), nullable=False),
        sa.Column("event_message", sa.Text(), nullable=False),
        sa.Column("event_time", UtcTimestamp(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "new",
                "processing",
                "resolved",
                "failed",
                name="event_status",
                create_constraint=True,
            ),
            nullable=False,
        ),
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("alarm_name", sa.String(length=255), nullable=False),
        sa.Column("service_type", sa.String(length=50), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("last_seen_at", UtcTimestamp(), nullable=False),
        sa.Column("received_at", UtcTimestamp(), nullable=False),
        sa.Column("claimed_by", sa.String(length=100), nullable=True),
        sa.Column("claimed_at", UtcTimestamp(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
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
                name="event_outcome",
                create_constraint=True,
            ),
            nullable=True,
        ),
        sa.Column("resolved_at", UtcTimestamp(), nullable=True),
        sa.Column("recovered_at", UtcTimestamp(), nullable=True),
        sa.Column("raw", LONG_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cloudwatch_event")),
        sa.UniqueConstraint("message_id", name=op.f("uq_cloudwatch_event_message_id")),
    )
    op.create_index(
        "ix_cloudwatch_event_alarm_name",
        "cloudwatch_event",
        ["alarm_name", "event_time"],
        unique=False,
    )
    op.create_index(
        "ix_cloudwatch_event_event_time", "cloudwatch_event", ["event_time", "id"], unique=False
    )
    op.create_index(
        "ix_cloudwatch_event_server_id_type_time",
        "cloudwatch_event",
        ["server_id", "event_type", "event_time"],
        unique=False,
    )
    op.create_index(
        "ix_cloudwatch_event_severity", "cloudwatch_event", ["severity", "event_time"], unique=False
    )
    op.create_index(
        "ix_cloudwatch_event_status", "cloudwatch_event", ["status", "id"], unique=False
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=50), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("body", LONG_TEXT, nullable=False),
        sa.Column("received_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
        sa.UniqueConstraint("message_id", name=op.f("uq_dead_letter_message_id")),
    )
    op.create_index(
        op.f("ix_dead_letter_received_at"), "dead_letter", ["received_at"], unique=False
    )
    op.create_table(
        "engine_heartbeat",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("engine", sa.String(length=50), nullable=False),
        sa.Column("started_at", UtcTimestamp(), nullable=False),
        sa.Column("beaten_at", UtcTimestamp(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engine_heartbeat")),
        sa.UniqueConstraint("owner", name=op.f("uq_engine_heartbeat_owner")),
    )
    op.create_index(
        op.f("ix_engine_heartbeat_beaten_at"), "engine_heartbeat", ["beaten_at"], unique=False
    )
    op.create_table(
        "runbook_script",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("service_type", sa.String(length=50), nullable=False),
        sa.Column("error_pattern", sa.String(length=500), nullable=False),
        sa.Column("solution_script", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=50), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column(
            "solution_kind",
            sa.Enum("state", "sls", "shell", name="solution_kind", create_constraint=True),
            nullable=False,
        ),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("shadow", "ask", "auto", name="runbook_mode", create_constraint=True),
            nullable=False,
        ),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("deleted_at", UtcTimestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runbook_script")),
    )
    op.create_index(
        "ix_runbook_script_service_type",
        "runbook_script",
        ["service_type", "enabled"],
        unique=False,
    )
    op.create_table(
        "saltstack_command",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("command_name", sa.String(length=100), nullable=False),
        sa.Column("command_script", sa.Text(), nullable=False),
        sa.Column("target_service", sa.String(length=50), nullable=False),
        sa.Column(
            "command_type",
            sa.Enum("restart", "status", "log_check", name="command_type", create_constraint=True),
            nullable=False,
        ),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deleted_at", UtcTimestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saltstack_command")),
        sa.UniqueConstraint("command_name", name=op.f("uq_saltstack_command_command_name")),
    )
    op.create_index(
        "ix_saltstack_command_target",
        "saltstack_command",
        ["target_service", "command_type"],
        unique=False,
    )
    op.create_table(
        "server",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("server_id", sa.String(length=50), nullable=False),
        sa.Column("minion_id", sa.String(length=255), nullable=True),
        sa.Column("contested_by", sa.String(length=255), nullable=True),
        sa.Column("os", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("seen_at", UtcTimestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server")),
        sa.UniqueConstraint("server_id", name=op.f("uq_server_server_id")),
    )
    op.create_index(op.f("ix_server_minion_id"), "server", ["minion_id"], unique=False)
    op.create_table(
        "event_occurrence",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("cloudwatch_event_id", sa.Integer(), nullable=False),
        sa.Column("event_time", UtcTimestamp(), nullable=False),
        sa.Column("received_at", UtcTimestamp(), nullable=False),
        sa.Column("recovery", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cloudwatch_event_id"],
            ["cloudwatch_event.id"],
            name=op.f("fk_event_occurrence_cloudwatch_event_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_occurrence")),
        sa.UniqueConstraint("message_id", name=op.f("uq_event_occurrence_message_id")),
    )
    op.create_index(
        op.f("ix_event_occurrence_cloudwatch_event_id"),
        "event_occurrence",
        ["cloudwatch_event_id"],
        unique=False,
    )
    op.create_table(
        "execution",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("cloudwatch_event_id", sa.Integer(), nullable=True),
        sa.Column("runbook_id", sa.Integer(), nullable=True),
        sa.Column("command_id", sa.Integer(), nullable=True),
        sa.Column("server_id", sa.String(length=50), nullable=False),
        sa.Column("minion_id", sa.String(length=255), nullable=False),
        sa.Column("service_type", sa.String(length=50), nullable=False),
        sa.Column("solution_kind", sa.String(length=10), nullable=False),
        sa.Column("solution_name", sa.String(length=255), nullable=False),
        sa.Column("pinned", LONG_TEXT, nullable=False),
        sa.Column("pinned_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "held",
                "planned",
                "dispatched",
                "running",
                "success",
                "failed",
                "timeout",
                "lost",
                name="execution_state",
                create_constraint=True,
            ),
            nullable=False,
        ),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("dispatch", sa.String(length=32), nullable=True),
        sa.Column("jid", sa.String(length=40), nullable=True),
        sa.Column("module_synced", sa.Boolean(), nullable=False),
        sa.Column("limit_seconds", sa.Integer(), nullable=False),
        sa.Column("verify_seconds", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.String(length=100), nullable=False),
        sa.Column("planned_at", UtcTimestamp(), nullable=False),
        sa.Column("not_before", UtcTimestamp(), nullable=False),
        sa.Column("dispatched_at", UtcTimestamp(), nullable=True),
        sa.Column("published_at", UtcTimestamp(), nullable=True),
        sa.Column("started_at", UtcTimestamp(), nullable=True),
        sa.Column("deadline_at", UtcTimestamp(), nullable=True),
        sa.Column("finished_at", UtcTimestamp(), nullable=True),
        sa.Column("verdict", sa.String(length=30), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["cloudwatch_event_id"],
            ["cloudwatch_event.id"],
            name=op.f("fk_execution_cloudwatch_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["command_id"], ["saltstack_command.id"], name=op.f("fk_execution_command_id")
        ),
        sa.ForeignKeyConstraint(
            ["runbook_id"], ["runbook_script.id"], name=op.f("fk_execution_runbook_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_execution")),
    )
    op.create_index(
        op.f("ix_execution_cloudwatch_event_id"), "execution", ["cloudwatch_event_id"], unique=False
    )
    op.create_index(op.f("ix_execution_command_id"), "execution", ["command_id"], unique=False)
    op.create_index("ix_execution_dispatch", "execution", ["dispatch", "minion_id"], unique=False)
    op.create_index("ix_execution_jid", "execution", ["jid"], unique=False)
    op.create_index(op.f("ix_execution_runbook_id"), "execution", ["runbook_id"], unique=False)
    op.create_index("ix_execution_server_id", "execution", ["server_id", "state"], unique=False)
    op.create_index("ix_execution_state", "execution", ["state", "id"], unique=False)
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("cloudwatch_event_id", sa.Integer(), nullable=True),
        sa.Column("execution_id", sa.Integer(), nullable=True),
        sa.Column("runbook_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=30), nullable=False),
        sa.Column("verdict", sa.String(length=30), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cloudwatch_event_id"],
            ["cloudwatch_event.id"],
            name=op.f("fk_decision_cloudwatch_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["execution.id"], name=op.f("fk_decision_execution_id")
        ),
        sa.ForeignKeyConstraint(
            ["runbook_id"], ["runbook_script.id"], name=op.f("fk_decision_runbook_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(
        op.f("ix_decision_cloudwatch_event_id"), "decision", ["cloudwatch_event_id"], unique=False
    )
    op.create_index(op.f("ix_decision_decided_at"), "decision", ["decided_at"], unique=False)
    op.create_index(op.f("ix_decision_execution_id"), "decision", ["execution_id"], unique=False)
    op.create_table(
        "saltstack_event_log",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("cloudwatch_event_id", sa.Integer(), nullable=True),
        sa.Column("command_id", sa.Integer(), nullable=True),
        sa.Column("execution_result", LONG_TEXT, nullable=False),
        sa.Column(
            "execution_status",
            sa.Enum("success", "failed", "timeout", name="log_status", create_constraint=True),
            nullable=False,
        ),
        sa.Column("executed_at", UtcTimestamp(), nullable=False),
        sa.Column("response_time", sa.Integer(), nullable=False),
        sa.Column("execution_id", sa.Integer(), nullable=False),
        sa.Column("minion_id", sa.String(length=255), nullable=False),
        sa.Column(
            "step",
            sa.Enum("check", "fix", "verify", name="log_step", create_constraint=True),
            nullable=False,
        ),
        sa.Column("retcode", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["cloudwatch_event_id"],
            ["cloudwatch_event.id"],
            name=op.f("fk_saltstack_event_log_cloudwatch_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["command_id"], ["saltstack_command.id"], name=op.f("fk_saltstack_event_log_command_id")
        ),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["execution.id"], name=op.f("fk_saltstack_event_log_execution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saltstack_event_log")),
    )
    op.create_index(
        op.f("ix_saltstack_event_log_cloudwatch_event_id"),
        "saltstack_event_log",
        ["cloudwatch_event_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_saltstack_event_log_command_id"),
        "saltstack_event_log",
        ["command_id"],
        unique=False,
    )
    op.create_index(
        "ix_saltstack_event_log_executed_at",
        "saltstack_event_log",
        ["executed_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_saltstack_event_log_execution_id"),
        "saltstack_event_log",
        ["execution_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("saltstack_event_log")
    op.drop_table("decision")
    op.drop_table("execution")
    op.drop_table("event_occurrence")
    op.drop_table("server")
    op.drop_table("saltstack_command")
    op.drop_table("runbook_script")
    op.drop_table("engine_heartbeat")
    op.drop_table("dead_letter")
    op.drop_table("cloudwatch_event")
