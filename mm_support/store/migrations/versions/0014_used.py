"""How often entries were cited, by day; days that were added up before are added up again."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0014", "0013"


def upgrade() -> None:
    op.add_column("days", sa.Column("used", sa.JSON))
    op.execute("UPDATE days SET figures = NULL")
