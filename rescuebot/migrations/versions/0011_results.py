"""How large the result of a step is, how long it took, and what a run of states came to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NEW = (
    ("saltstack_event_log", "result_bytes"),
    ("saltstack_event_log", "took_ms"),
    ("execution", "states_succeeded"),
    ("execution", "states_changed"),
    ("execution", "states_failed"),
)


def upgrade() -> None:
    for table, column in _NEW:
        op.add_column(table, sa.Column(column, sa.Integer(), nullable=True))
    # The latest change of a server is looked for every second while somebody watches.
    op.create_index("ix_server_seen_at", "server", ["seen_at"])


def downgrade() -> None:
    op.drop_index("ix_server_seen_at", "server")
    for table, column in reversed(_NEW):
        op.drop_column(table, column)
