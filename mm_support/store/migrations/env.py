"""Run by alembic for every command; store/migrate.py hands it the connection."""

from alembic import context

from mm_support.store.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # SQLite's too, since the transaction is begun by hand
)
with context.begin_transaction():
    context.run_migrations()
