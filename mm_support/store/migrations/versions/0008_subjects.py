"""Accounts of people who sign in elsewhere."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0008", "0007"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("subject", sa.String(512)))
    op.create_index("accounts_by_subject", "accounts", ["subject"], unique=True)
