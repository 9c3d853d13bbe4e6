"""Brings a database's tables up to date when it is opened, by the steps in migrations/versions."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from mm_support.errors import StoreError

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
LOCK = 7_236_781_125_013_411  # of PostgreSQL; any number that no other program uses
PATIENCE = 600_000  # ms to wait for who migrates
FIRST = "0001"  # the tables of databases that were made before migrations were counted


def upgrade(connection: Connection) -> None:
    """Does all steps within the connection's transaction, or none; of several processes one does
    them and the others wait. Raises StoreError for a database that a newer version made.
    """
    if connection.dialect.name == "postgresql":  # SQLite's transaction is the only one anyway
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {PATIENCE}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return
    if current is None and inspect(connection).has_table("turns"):
        command.stamp(config, FIRST)
    elif current not in (None, *(step.revision for step in scripts.walk_revisions())):
        raise StoreError(
            "The database was made by a newer version of this program: update the program, "
            "or set MM_SUPPORT_DATA or MM_SUPPORT_DATABASE_URL to another place."
        )
    command.upgrade(config, "head")
