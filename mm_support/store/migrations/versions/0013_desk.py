"""What came with the desk, accounts, actions and figures: all that 0.1.0 had not.

Numbered 0013, as the last of the steps that were one after another before they were this one, so
databases that have these tables are up to date.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0013", "0001"

TIME = sa.DateTime(timezone=True)
CODES = {  # reasons of hand-overs that were stored until now -> their kinds
    "asked": "asked",
    "upset": "upset",
    "human_only": "reserved",
    "account": "reserved",
    "stuck": "stuck",
    "safety": "safety",
    "self_harm": "safety",
}


def upgrade() -> None:
    _turns()
    _conversations()
    _inboxes()
    _handoffs()
    _notices()
    _accounts()


def _turns() -> None:
    op.add_column("turns", sa.Column("asked_about", sa.JSON, nullable=False, server_default="[]"))
    for name in ("withheld", "unheard"):
        op.add_column("turns", _filled(name, sa.Text, server_default=""))
    op.add_column("turns", sa.Column("pending", sa.JSON))
    op.add_column("turns", _filled("language", sa.String(8), server_default=""))
    _fill_asked_about()
    columns = ["created", "session_id", "knowledge", "language", "action", "reason"]
    op.create_index("turns_by_time", "turns", columns)
    op.create_table("days", _key("day", 10), sa.Column("figures", sa.JSON))


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


def _conversations() -> None:
    op.create_table(
        "conversations",
        _key("id", 64),
        _filled("owner", sa.String(16)),
        _filled("agent", sa.String(64)),
        _filled("since", TIME),
        *(sa.Column(name, TIME) for name in ("snoozed", "agent_typed", "customer_typed")),
        sa.Column("score", sa.Integer),
        _filled("comment", sa.Text, server_default=""),
        _filled("outcome", sa.String(16), server_default=""),
    )
    op.create_index("conversations_by_owner", "conversations", ["owner", "since"])
    _of_conversations(
        "ownerships",
        _filled("owner", sa.String(16)),
        _filled("who", sa.String(64)),
        _filled("why", sa.Text),
    )
    op.create_index("ownerships_by_owner", "ownerships", ["owner", "created"])
    said = _filled("author", sa.String(64)), _filled("text", sa.Text)
    _of_conversations("messages", *said, sa.Column("origin", sa.String(64)), autoincrement=True)
    op.create_index("messages_by_origin", "messages", ["origin"], unique=True)
    _of_conversations("notes", _filled("author", sa.String(64)), _filled("text", sa.Text))


def _of_conversations(table: str, *columns: sa.Column, autoincrement: bool = False) -> None:
    conversation = sa.ForeignKey("conversations.id")
    op.create_table(
        table,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("conversation_id", sa.String(64), conversation, nullable=False),
        _filled("created", TIME),
        *columns,
        sqlite_autoincrement=autoincrement,
    )
    op.create_index(f"ix_{table}_conversation_id", table, ["conversation_id"])


def _inboxes() -> None:
    conversation = sa.ForeignKey("conversations.id")
    op.create_table(
        "inbox_conversations",
        sa.Column("conversation_id", sa.String(64), conversation, primary_key=True),
        _filled("contact", sa.String(255)),
        _filled("number", sa.Integer),
        _filled("last_message", sa.Integer),
    )
    op.create_index("inbox_conversations_by_number", "inbox_conversations", ["number"], unique=True)


def _handoffs() -> None:
    op.add_column("handoffs", _filled("code", sa.String(16), server_default="other"))
    handoffs = sa.table("handoffs", sa.column("reason"), sa.column("code"))
    for reason, code in CODES.items():
        op.execute(sa.update(handoffs).where(handoffs.c.reason == reason).values(code=code))
    op.create_table(
        "originals",
        sa.Column("turn_id", sa.String(32), sa.ForeignKey("turns.id"), primary_key=True),
        _key("mask", 32),
        _filled("session_id", sa.String(64)),
        _filled("value", sa.Text),
    )
    op.create_index("ix_originals_session_id", "originals", ["session_id"])


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer, primary_key=True),
        _filled("key", sa.String(32), unique=True),
        _filled("conversation_id", sa.String(64)),
        _filled("created", TIME),
        _filled("channel", sa.String(16)),
        sa.Column("event", sa.JSON, nullable=False),
        _filled("attempts", sa.Integer),
        _filled("due", TIME),
        sa.Column("failed", sa.Boolean, nullable=False),
    )
    op.create_index("ix_notices_conversation_id", "notices", ["conversation_id"])
    op.create_index("notices_by_due", "notices", ["failed", "due"])
    subject = _filled("subject", sa.String(128))
    who = (
        sa.Column("id", sa.Integer, primary_key=True),
        _filled("created", TIME),
        _filled("who", sa.String(64)),
    )
    op.create_table(
        "audit", *who, _filled("what", sa.String(32)), subject, _filled("detail", sa.Text)
    )
    for name in ("created", "subject"):
        op.create_index(f"ix_audit_{name}", "audit", [name])


def _accounts() -> None:
    op.create_table(
        "accounts",
        _key("key", 64),
        _filled("name", sa.String(64)),
        _filled("role", sa.String(16)),
        _filled("hash", sa.Text),
        sa.Column("subject", sa.String(512)),
        _filled("created", TIME),
    )
    op.create_index("accounts_by_subject", "accounts", ["subject"], unique=True)
    account = sa.Column("account", sa.String(64), sa.ForeignKey("accounts.key"), nullable=False)
    op.create_table("sign_ins", _key("id", 32), account, _filled("created", TIME))
    op.create_index("ix_sign_ins_account", "sign_ins", ["account"])
    op.create_table("tries", _key("key", 64), _filled("tries", sa.Integer), _filled("latest", TIME))


def _key(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length), primary_key=True)


def _filled(name: str, kind: type | sa.types.TypeEngine, **options) -> sa.Column:
    return sa.Column(name, kind, nullable=False, **options)
