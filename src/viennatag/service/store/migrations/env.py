"""Run migrations on the connection that `Database` hands over, within its transaction."""

from alembic import context

from viennatag.service.store.tables import StoreTable

context.configure(connection=context.config.attributes["connection"], target_metadata=StoreTable.metadata)
context.run_migrations()
