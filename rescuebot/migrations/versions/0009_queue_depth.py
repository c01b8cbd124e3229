"""How long the queue is, as the engine that empties it says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("engine_heartbeat", sa.Column("queue_depth", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("engine_heartbeat", "queue_depth")
