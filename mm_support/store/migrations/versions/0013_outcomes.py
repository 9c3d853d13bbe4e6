"""How a conversation ended, as the person says who closes it."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0013", "0012"


def upgrade() -> None:
    outcome = sa.Column("outcome", sa.String(16), nullable=False, server_default="")
    op.add_column("conversations", outcome)
