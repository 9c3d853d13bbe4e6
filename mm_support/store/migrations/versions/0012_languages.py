"""The language of each turn, by which figures are split; those of days that are over are added up
anew.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0012", "0011"

COLUMNS = ["created", "session_id", "knowledge", "language", "action", "reason"]


def upgrade() -> None:
    language = sa.Column("language", sa.String(8), nullable=False, server_default="")
    op.add_column("turns", language)
    op.drop_index("turns_by_time", "turns")
    op.create_index("turns_by_time", "turns", COLUMNS)
    op.execute("UPDATE days SET figures = NULL")
