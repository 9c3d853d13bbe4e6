"""Conversations with their owners, agents' messages, and what a question back named as ids."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("turns", sa.Column("asked_about", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("turns", sa.Column("withheld", sa.Text, nullable=False, server_default=""))
    _fill_asked_about()
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String(16), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("since", TIME, nullable=False),
    )
    op.create_index("conversations_by_owner", "conversations", ["owner", "since"])
    op.create_table(
        "ownerships",
        *_of_a_conversation(),
        sa.Column("owner", sa.String(16), nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_index("ix_ownerships_conversation_id", "ownerships", ["conversation_id"])
    op.create_table(
        "messages",
        *_of_a_conversation(),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_conversation_id", "messages", ["conversation_id"])


def _of_a_conversation() -> tuple[sa.Column, ...]:
    conversation = sa.ForeignKey("conversations.id")
    return (
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("conversation_id", sa.String(64), conversation, nullable=False),
        sa.Column("created", TIME, nullable=False),
    )


def _fill_asked_about() -> None:
    """Until now titles between quotation marks in the reply said what was asked about."""
    columns = ("id", "action", "reply", "hits", "asked_about")
    kinds = {"hits": sa.JSON, "asked_about": sa.JSON}
    turns = sa.table("turns", *(sa.column(name, kinds.get(name, sa.Text)) for name in columns))
    connection = op.get_bind()
    rows = connection.execute(sa.select(turns).where(turns.c.action == "clarify")).all()
    for row in rows:
        named = [hit["id"] for hit in row.hits if f"“{hit['title']}”" in row.reply]
        if named:
            own = sa.update(turns).where(turns.c.id == row.id)
            connection.execute(own.values(asked_about=named))
