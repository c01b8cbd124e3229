"""What lists and the dashboard need: indexes."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# `id` stands before `deleted_at`, so that the order of a list is that of the index.
_LISTED = ["event_time", "id", "deleted_at"]
_NEW = (
    ("ix_cloudwatch_event_server_id_time", ["server_id", *_LISTED, "severity"]),
    ("ix_cloudwatch_event_service_type", ["service_type", *_LISTED, "severity"]),
    ("ix_cloudwatch_event_event_type", ["event_type", *_LISTED, "severity"]),
    ("ix_cloudwatch_event_event_source", ["event_source", *_LISTED, "severity"]),
    ("ix_cloudwatch_event_status_time", ["status", *_LISTED, "severity"]),
    ("ix_cloudwatch_event_outcome", ["outcome", *_LISTED, "received_at", "resolved_at"]),
    ("ix_cloudwatch_event_deleted_at", ["deleted_at"]),
)
_WIDER = (
    (
        "ix_cloudwatch_event_event_time",
        ["event_time", "id"],
        [*_LISTED, "severity", "service_type", "server_id"],
    ),
    (
        "ix_cloudwatch_event_severity",
        ["severity", "event_time"],
        ["severity", *_LISTED],
    ),
)
_OTHERS = (
    ("ix_dead_letter_state", "dead_letter", ["state", "received_at"]),
    ("ix_execution_planned_at", "execution", ["planned_at"]),
    ("ix_execution_state_planned", "execution", ["state", "planned_at"]),
    ("ix_execution_server_planned", "execution", ["server_id", "planned_at"]),
    ("ix_execution_service_planned", "execution", ["service_type", "planned_at"]),
    ("ix_execution_runbook_planned", "execution", ["runbook_id", "planned_at"]),
    ("ix_execution_requested_by", "execution", ["requested_by", "planned_at"]),
    ("ix_decision_runbook_id", "decision", ["runbook_id", "decided_at"]),
    ("ix_decision_verdict", "decision", ["verdict", "decided_at"]),
    ("ix_approval_asked_at", "approval", ["asked_at"]),
    ("ix_approval_state_asked", "approval", ["state", "asked_at"]),
    ("ix_advice_begun_at", "advice", ["begun_at"]),
    ("ix_audit_entry_actor", "audit_entry", ["actor", "noted_at"]),
    ("ix_audit_entry_action_noted", "audit_entry", ["action", "noted_at"]),
    ("ix_audit_entry_subject", "audit_entry", ["subject", "noted_at"]),
)


def upgrade() -> None:
    for name, _, after in _WIDER:
        _replace(name, after)
    for name, columns in _NEW:
        op.create_index(name, "cloudwatch_event", columns)
    for name, table, columns in _OTHERS:
        op.create_index(name, table, columns)


def downgrade() -> None:
    key = ("fk_decision_runbook_id", "decision")
    # InnoDB gave up the index that it had made for this foreign key when ours came.
    by_server = op.get_bind().dialect.name != "sqlite"
    if by_server:
        op.drop_constraint(*key, type_="foreignkey")
    for name, table, _ in reversed(_OTHERS):
        op.drop_index(name, table)
    if by_server:
        op.create_foreign_key(*key, "runbook_script", ["runbook_id"], ["id"])
    for name, _ in reversed(_NEW):
        op.drop_index(name, "cloudwatch_event")
    for name, before, _ in _WIDER:
        _replace(name, before)


def _replace(name: str, columns: list[str]) -> None:
    op.drop_index(name, "cloudwatch_event")
    op.create_index(name, "cloudwatch_event", columns)
