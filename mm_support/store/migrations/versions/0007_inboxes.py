"""A team's own inbox: where a conversation is there, and which message came from it."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0007", "0006"


def upgrade() -> None:
    op.add_column("messages", sa.Column("origin", sa.String(64)))
    op.create_index("messages_by_origin", "messages", ["origin"], unique=True)
    op.create_table(
        "inbox_conversations",
        sa.Column(
            "conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), primary_key=True
        ),
        sa.Column("contact", sa.String(255), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("last_message", sa.Integer, nullable=False),
    )
    op.create_index("inbox_conversations_by_number", "inbox_conversations", ["number"], unique=True)
