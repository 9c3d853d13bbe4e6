"""Actions that wait for the customer's next turn."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0006", "0005"


def upgrade() -> None:
    op.add_column("turns", sa.Column("pending", sa.JSON))
