"""What the guard, approvals, halts, maintenance windows and versions need."""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from rescuebot.database import UtcTimestamp

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")
_STATES = ("held", "planned", "dispatched", "running", "success", "failed", "timeout", "lost")
_APPROVAL_STATES = (
    "pending",
    "approved",
    "rejected",
    "expired",
    "withdrawn",
    "refused",
    "spent",
)
_NEW_TABLES = (
    "approval",
    "halt",
    "latch",
    "maintenance_window",
    "server_service",
    "version",
)


def upgrade() -> None:
    _make_guard()
    _make_server_service()
    _make_version()
    _make_approval()
    _extend_states((*_STATES, "cancelled"))
    with op.batch_alter_table("execution") as batch:
        batch.add_column(
            sa.Column("approval_owed", sa.Boolean(), nullable=False, server_default="0")
        )
        batch.add_column(sa.Column("held_by", sa.String(length=30), nullable=True))
        batch.add_column(sa.Column("held_at", UtcTimestamp(), nullable=True))
    op.execute("UPDATE execution SET approval_owed = 1, held_at = planned_at WHERE state = 'held'")
    with op.batch_alter_table("saltstack_command") as batch:
        batch.add_column(_updated_by())
    with op.batch_alter_table("runbook_script") as batch:
        batch.add_column(_updated_by())
        batch.add_column(sa.Column("live_title", sa.String(length=200), nullable=True))
    _name_runbooks_apart()
    with op.batch_alter_table("runbook_script") as batch:
        batch.create_unique_constraint(op.f("uq_runbook_script_live_title"), ["live_title"])


def downgrade() -> None:
    with op.batch_alter_table("runbook_script") as batch:
        batch.drop_constraint("uq_runbook_script_live_title", type_="unique")
        batch.drop_column("live_title")
        batch.drop_column("updated_by")
    with op.batch_alter_table("saltstack_command") as batch:
        batch.drop_column("updated_by")
    with op.batch_alter_table("execution") as batch:
        for name in ("held_at", "held_by", "approval_owed"):
            batch.drop_column(name)
    op.execute("UPDATE execution SET state = 'failed' WHERE state = 'cancelled'")
    _extend_states(_STATES)
    for table in _NEW_TABLES:
        op.drop_table(table)


def _updated_by() -> sa.Column[str]:
    return sa.Column("updated_by", sa.String(length=100), nullable=False, server_default="")


def _extend_states(states: tuple[str, ...]) -> None:
    """Give `execution.state` these values: an ENUM in MySQL, a CHECK in SQLite."""
    with op.batch_alter_table("execution") as batch:
        if op.get_bind().dialect.name == "sqlite":
            batch.drop_constraint("execution_state", type_="check")
        batch.alter_column(
            "state",
            existing_type=sa.Enum(*_STATES, name="execution_state"),
            type_=sa.Enum(*states, name="execution_state", create_constraint=True),
            existing_nullable=False,
        )


def _name_runbooks_apart() -> None:
    """A title is used once at a time from now on; the oldest keeps it."""
    connection = op.get_bind()
    runbook = sa.table(
        "runbook_script",
        sa.column("id", sa.Integer),
        sa.column("title", sa.String),
        sa.column("live_title", sa.String),
        sa.column("deleted_at"),
    )
    taken: set[str] = set()
    query = sa.select(runbook.c.id, runbook.c.title).where(runbook.c.deleted_at.is_(None))
    for runbook_id, title in connection.execute(query.order_by(runbook.c.id)).all():
        name = title
        if _folded(name) in taken:
            name = f"{title[:180]} ({runbook_id})"
        taken.add(_folded(name))
        renamed = sa.update(runbook).where(runbook.c.id == runbook_id)
        connection.execute(renamed.values(title=name, live_title=name))


def _folded(title: str) -> str:
    """Equal for titles that MySQL takes to be equal: whatever their case and accents."""
    letters = unicodedata.normalize("NFKD", title)
    return "".join(one for one in letters if not unicodedata.combining(one)).casefold().strip()


def _make_guard() -> None:
    op.create_table(
        "halt",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("target", sa.String(length=300), nullable=False),
        sa.Column("live_target", sa.String(length=300), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("called_by", sa.String(length=100), nullable=False),
        sa.Column("called_at", UtcTimestamp(), nullable=False),
        sa.Column("lifted_by", sa.String(length=100), nullable=True),
        sa.Column("lifted_at", UtcTimestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_halt")),
        sa.UniqueConstraint("live_target", name=op.f("uq_halt_live_target")),
    )
    op.create_table(
        "latch",
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_latch")),
    )
    op.create_table(
        "maintenance_window",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("target", sa.String(length=300), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcTimestamp(), nullable=False),
        sa.Column("ends_at", UtcTimestamp(), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("closed_by", sa.String(length=100), nullable=True),
        sa.Column("closed_at", UtcTimestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_window")),
    )
    op.create_index("ix_maintenance_window_ends_at", "maintenance_window", ["ends_at"])


def _make_server_service() -> None:
    op.create_table(
        "server_service",
        sa.Column("server_id", sa.String(length=50), nullable=False),
        sa.Column("service_type", sa.String(length=50), nullable=False),
        sa.Column("seen_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", "service_type", name=op.f("pk_server_service")),
    )
    op.create_index("ix_server_service_service_type", "server_service", ["service_type"])


def _make_version() -> None:
    op.create_table(
        "version",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("command", "runbook", name="version_kind", create_constraint=True),
            nullable=False,
        ),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "change",
            sa.Enum(
                "created",
                "updated",
                "deleted",
                "restored",
                name="version_change",
                create_constraint=True,
            ),
            nullable=False,
        ),
        sa.Column("content", _LONG_TEXT, nullable=False),
        sa.Column("changed_by", sa.String(length=100), nullable=False),
        sa.Column("changed_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version")),
        sa.UniqueConstraint("kind", "subject_id", "number", name="uq_version_kind"),
    )


def _make_approval() -> None:
    state = sa.Enum(*_APPROVAL_STATES, name="approval_state", create_constraint=True)
    op.create_table(
        "approval",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("execution_id", sa.Integer(), nullable=False),
        sa.Column("cloudwatch_event_id", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("servers", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(length=100), nullable=False),
        sa.Column("state", state, nullable=False),
        sa.Column("asked_at", UtcTimestamp(), nullable=False),
        sa.Column("expires_at", UtcTimestamp(), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=True),
        sa.Column("decided_at", UtcTimestamp(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("spent_at", UtcTimestamp(), nullable=True),
        sa.Column("preview_dispatch", sa.String(length=32), nullable=True),
        sa.Column("preview_jid", sa.String(length=40), nullable=True),
        sa.Column("preview_tries", sa.Integer(), nullable=False),
        sa.Column("preview_asked_at", UtcTimestamp(), nullable=True),
        sa.Column("previewed_at", UtcTimestamp(), nullable=True),
        sa.Column("preview", _LONG_TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["cloudwatch_event_id"],
            ["cloudwatch_event.id"],
            name=op.f("fk_approval_cloudwatch_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["execution.id"], name=op.f("fk_approval_execution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sa.UniqueConstraint("execution_id", name=op.f("uq_approval_execution_id")),
    )
    op.create_index(op.f("ix_approval_cloudwatch_event_id"), "approval", ["cloudwatch_event_id"])
    op.create_index(op.f("ix_approval_preview_dispatch"), "approval", ["preview_dispatch"])
    op.create_index(op.f("ix_approval_preview_jid"), "approval", ["preview_jid"])
    op.create_index("ix_approval_state", "approval", ["state", "id"])
