"""Alembic's entry: runs the migrations on the connection that `rescuebot.migrations` opened."""

from __future__ import annotations

from alembic import context

from rescuebot import tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=tables.metadata,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
