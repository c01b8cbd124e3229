"""Who somebody is in Slack."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("user") as table:
        table.add_column(sa.Column("slack_id", sa.String(20), nullable=True))
        table.create_unique_constraint(op.f("uq_user_slack_id"), ["slack_id"])


def downgrade() -> None:
    with op.batch_alter_table("user") as table:
        table.drop_constraint("uq_user_slack_id", type_="unique")
        table.drop_column("slack_id")
