"""Replies that were interrupted while they were spoken: what was not heard of them."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0010", "0009"


def upgrade() -> None:
    op.add_column("turns", sa.Column("unheard", sa.Text, nullable=False, server_default=""))
