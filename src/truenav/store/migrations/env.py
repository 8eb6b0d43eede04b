"""Alembic's entry: runs the versions on the connection that `truenav.store.migrate` hands over."""

from alembic import context

from truenav.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
