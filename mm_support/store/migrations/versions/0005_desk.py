"""Internal notes, conversations that are put off, and who is typing."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0005", "0004"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    for name in ("snoozed", "agent_typed", "customer_typed"):
        op.add_column("conversations", sa.Column(name, TIME))
    conversation = sa.ForeignKey("conversations.id")
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("conversation_id", sa.String(64), conversation, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("ix_notes_conversation_id", "notes", ["conversation_id"])
