"""How well customers were helped, as they say when their conversation was closed."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0011", "0010"


def upgrade() -> None:
    op.add_column("conversations", sa.Column("score", sa.Integer))
    comment = sa.Column("comment", sa.Text, nullable=False, server_default="")
    op.add_column("conversations", comment)
