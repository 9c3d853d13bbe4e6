"""Figures of days that are over."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0009", "0008"


def upgrade() -> None:
    op.create_table(
        "days", sa.Column("day", sa.String(10), primary_key=True), sa.Column("figures", sa.JSON)
    )
