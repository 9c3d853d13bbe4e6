"""Accounts, their sign-ins, and tries to sign in."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0004", "0003"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("created", TIME, nullable=False),
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("account", sa.String(64), sa.ForeignKey("accounts.key"), nullable=False),
        sa.Column("created", TIME, nullable=False),
    )
    op.create_index("ix_sign_ins_account", "sign_ins", ["account"])
    op.create_table(
        "tries",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("latest", TIME, nullable=False),
    )
