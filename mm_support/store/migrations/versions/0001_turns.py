"""Turns, feedback and hand-offs."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "turns",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("knowledge", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("transcript", sa.JSON),
        sa.Column("image", sa.JSON),
        sa.Column("hits", sa.JSON, nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("confidence", sa.Double, nullable=False),
        sa.Column("citations", sa.JSON, nullable=False),
        sa.Column("intent", sa.String(64), nullable=False),
        sa.Column("fusion", sa.JSON),
        sa.Column("timings", sa.JSON, nullable=False),
    )
    op.create_index("turns_by_session", "turns", ["session_id", "created"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("turn_id", sa.String(32), sa.ForeignKey("turns.id"), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("rating", sa.String(8), nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
    )
    op.create_index("ix_feedback_turn_id", "feedback", ["turn_id"])
    op.create_table(
        "handoffs",
        sa.Column("turn_id", sa.String(32), sa.ForeignKey("turns.id"), primary_key=True),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
    )
    op.create_index("ix_handoffs_session_id", "handoffs", ["session_id"])
    op.create_index("ix_handoffs_created", "handoffs", ["created"])
