"""What masks stand for, notices, the audit log, kinds of reasons, and indexes for figures."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"

TIME = sa.DateTime(timezone=True)
CODES = {  # the kinds of the reasons that were stored until now
    "asked": "asked",
    "upset": "upset",
    "human_only": "reserved",
    "account": "reserved",
    "stuck": "stuck",
    "safety": "safety",
    "self_harm": "safety",
}


def upgrade() -> None:
    columns = ["created", "session_id", "knowledge", "action", "reason"]
    op.create_index("turns_by_time", "turns", columns)
    op.create_index("ownerships_by_owner", "ownerships", ["owner", "created"])
    op.add_column(
        "handoffs", sa.Column("code", sa.String(16), nullable=False, server_default="other")
    )
    handoffs = sa.table("handoffs", sa.column("reason"), sa.column("code"))
    for reason, code in CODES.items():
        op.execute(sa.update(handoffs).where(handoffs.c.reason == reason).values(code=code))
    op.create_table(
        "originals",
        sa.Column("turn_id", sa.String(32), sa.ForeignKey("turns.id"), primary_key=True),
        sa.Column("mask", sa.String(32), primary_key=True),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_index("ix_originals_session_id", "originals", ["session_id"])
    _notices()
    _audit()


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(32), nullable=False, unique=True),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("event", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due", TIME, nullable=False),
        sa.Column("failed", sa.Boolean, nullable=False),
    )
    op.create_index("ix_notices_conversation_id", "notices", ["conversation_id"])
    op.create_index("notices_by_due", "notices", ["failed", "due"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_audit_created", "audit", ["created"])
    op.create_index("ix_audit_subject", "audit", ["subject"])
