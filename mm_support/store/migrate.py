"""Brings a database's tables up to date when it is opened, by the steps in migrations/versions."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

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
    current, steps = revision_of(connection), revisions()
    if current == steps[-1]:
        return
    if current is not None and current not in steps:
        raise StoreError(
            "The database was made by a newer version of this program: update the program, "
            "or set MM_SUPPORT_DATA or MM_SUPPORT_DATABASE_URL to another place."
        )
    _migrate(connection, stamp=current is None and inspect(connection).has_table("turns"))


def revisions() -> list[str]:
    """Of the steps, oldest first; their files begin with them."""
    files = (MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def revision_of(connection: Connection) -> str | None:
    """Up to which step a database is; None where none was ever done."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(text("SELECT version_num FROM alembic_version"))


def _migrate(connection: Connection, stamp: bool) -> None:
    """stamp: whether the first step was done before steps were counted."""
    from alembic import command  # most starts need none of it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    if stamp:
        command.stamp(config, FIRST)
    command.upgrade(config, "head")
