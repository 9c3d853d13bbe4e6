"""A bridge to Chatwoot, so that a team answers in its own inbox: conversations that wait for a
person appear there, with what their customers go on to write, and what agents write comes back.

It needs an inbox of the kind "API" there. Where to: Chatwoot's client API, as a channel of
desk/notices.py. Back: two of the events that Chatwoot posts to the inbox's webhook address.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mm_support.config import Settings
from mm_support.desk.conversations import MAX_AGENT, MAX_MESSAGE
from mm_support.desk.notices import (
    CHATWOOT,
    SHORTEST_SECRET,
    TIMEOUT,
    WORDS,
    DeliveryError,
    Notice,
)
from mm_support.desk.ownership import AT_THE_DESK, chain_of, hand, known
from mm_support.errors import InputError
from mm_support.store.database import Store
from mm_support.store.models import (
    ConversationRow,
    InboxRow,
    MessageRow,
    NoticeRow,
    add_unless_there,
    now,
)

FRESH = 300  # s for which a signature holds
NAMELESS = "Chatwoot"  # who did it, where Chatwoot does not say
NO_WORDS = "(a photo or a recording without words)"
SPOKEN = ("outgoing", "template")  # kinds of messages that are for the customer
INCOMING = (0, "incoming")  # the kind of those that the customer wrote
Values = Mapping[str, Any]


class Chatwoot:
    """url: of the installation; inbox: the identifier of its API inbox."""

    def __init__(self, store: Store, url: str, inbox: str) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise InputError("MM_SUPPORT_CHATWOOT_URL must be an address on the web.")
        if not inbox:
            raise InputError("MM_SUPPORT_CHATWOOT_INBOX must be the identifier of an API inbox.")
        self._store = store
        self._contacts = f"{url.rstrip('/')}/public/api/v1/inboxes/{quote(inbox, safe='')}/contacts"

    def __call__(self, notice: Notice) -> None:
        """Sends a notice. Raises DeliveryError."""
        conversation, event = notice.event["conversation"], notice.event["event"].partition(".")[2]
        with self._store.reading() as session:
            place = session.get(InboxRow, conversation)
        try:
            if event in WORDS:
                said = notice.event.get("summary") or notice.event.get("text") or NO_WORDS
                self._write(place or self._begin(conversation), said)
            elif place:
                self._ask(f"{_path(place)}/toggle_status", {}, place)
        except (KeyError, TypeError) as exc:
            raise DeliveryError("what Chatwoot answered is not what its API promises") from exc

    def _begin(self, conversation: str) -> InboxRow:
        """A new conversation there, with a contact of its own."""
        known_as = {"name": f"Visitor {conversation[:6]}"}
        contact = str(self._ask("", known_as)["source_id"])
        number = self._ask(f"/{quote(contact, safe='')}/conversations", {})["id"]
        row = InboxRow(conversation_id=conversation, contact=contact, number=number, last_message=0)
        with self._store.writing() as session:
            if session.get(ConversationRow, conversation, with_for_update=True):  # not erased
                session.execute(delete(InboxRow).where(InboxRow.number == number))
                session.add(row)
        return row

    def _write(self, place: InboxRow, text: str) -> None:
        """Writes as the customer, unless an earlier attempt did without being told so: nobody else
        writes as this contact.
        """
        path = f"{_path(place)}/messages"
        there = self._ask(path, None, place)
        own = [said["id"] for said in there if said["message_type"] in INCOMING]
        written = max(own, default=0)
        if written <= place.last_message:
            written = self._ask(path, {"content": text}, place)["id"]
        with self._store.writing() as session:
            row = session.get(InboxRow, place.conversation_id, with_for_update=True)
            if row is not None:
                row.last_message = written

    def _ask(self, path: str, values: Values | None, place: InboxRow | None = None) -> Any:
        """What a call is answered with. values: what is posted; None: it only reads. place: is
        forgotten where it is gone there, so that the next attempt begins a new one.
        """
        import httpx

        method = "GET" if values is None else "POST"
        try:
            answer = httpx.request(method, self._contacts + path, json=values, timeout=TIMEOUT)
            if answer.status_code == 404 and place is not None:
                self._forget(place)
            if not answer.is_success:
                raise DeliveryError(f"Chatwoot answered with status {answer.status_code}")
            return answer.json() if answer.content else {}
        except (httpx.HTTPError, ValueError) as exc:
            raise DeliveryError(f"Chatwoot cannot be asked ({type(exc).__name__})") from exc

    def _forget(self, place: InboxRow) -> None:
        with self._store.writing() as session:
            row = session.get(InboxRow, place.conversation_id)
            if row is not None:
                session.delete(row)

    def received(self, values: Values) -> None:
        """Takes in an event of Chatwoot's; those that do not matter here change nothing."""
        if values.get("event") == "message_created":
            self._hear(values)
        closed = values.get("event") == "conversation_status_changed"
        if closed and values.get("status") == "resolved":
            self._give_back(values)

    def _hear(self, values: Values) -> None:
        """An agent's message goes to the customer, once, and the conversation is the agent's."""
        text, kind = _words(values), values.get("message_type")
        if kind not in SPOKEN or values.get("private") or not text:
            return
        sender = _part(values, "sender")
        agent = str(sender.get("name") or NAMELESS)[:MAX_AGENT]
        with self._store.writing() as session:
            row = _conversation(session, _part(values, "conversation").get("id"))
            if row is None:
                return
            row = _read_by_customer(session, row)
            origin = f"{CHATWOOT} {values.get('id')}"
            if not _add(session, row, agent, text, origin):
                return
            row.agent_typed = None
            if kind == "outgoing" and (row.owner != "person" or row.agent != agent):
                hand(session, row, "person", agent, "answered in Chatwoot")

    def _give_back(self, values: Values) -> None:
        """Unless the customer has written something that is not there yet."""
        with self._store.writing() as session:
            row = _conversation(session, values.get("id"))
            if row is None or row.owner not in AT_THE_DESK or _on_its_way(session, row.id):
                return
            assignee = _part(_part(values, "meta"), "assignee")
            who = str(assignee.get("name") or row.agent or NAMELESS)[:MAX_AGENT]
            hand(session, row, "assistant", who, "resolved in Chatwoot")


def chatwoot_of(settings: Settings, store: Store) -> Chatwoot | None:
    """The bridge that the settings ask for. Raises InputError for what cannot be used."""
    if not settings.chatwoot_url:
        return None
    if len(settings.chatwoot_secret) < SHORTEST_SECRET:
        raise InputError(f"MM_SUPPORT_CHATWOOT_SECRET needs {SHORTEST_SECRET} characters.")
    return Chatwoot(store, settings.chatwoot_url, settings.chatwoot_inbox)


def is_signed(secret: str, body: bytes, seconds: str, signature: str) -> bool:
    """Whether Chatwoot sent a body a moment ago. seconds, signature: as the headers say."""
    if not re.fullmatch(r"[0-9]{1,12}", seconds) or abs(time.time() - int(seconds)) > FRESH:
        return False
    signed = hmac.digest(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256)
    return hmac.compare_digest(f"sha256={signed.hex()}".encode(), signature.encode())


def _path(place: InboxRow) -> str:
    return f"/{quote(place.contact, safe='')}/conversations/{place.number}"


def _part(values: Values, name: str) -> Values:
    part = values.get(name)
    return part if isinstance(part, Mapping) else {}


def _words(values: Values) -> str:
    """What was written, and where the files are that came with it."""
    files = values.get("attachments")
    files = files if isinstance(files, list) else []
    links = [str(file.get("data_url") or "") for file in files if isinstance(file, Mapping)]
    return "\n\n".join(filter(None, (str(values.get("content") or "").strip(), *links)))


def _conversation(session: Session, number: object) -> ConversationRow | None:
    """Our conversation with this number in Chatwoot, locked; None where there is none."""
    if not isinstance(number, int):
        return None
    own = select(InboxRow.conversation_id).where(InboxRow.number == number)
    name = session.scalar(own)
    return known(session, name) if name else None


def _read_by_customer(session: Session, row: ConversationRow) -> ConversationRow:
    """The conversation, or the one in which its customer has gone on since it was closed."""
    last = row.id
    for name in chain_of(session, row.id):
        last = name if session.get(ConversationRow, name) else last
    return known(session, last)


def _add(session: Session, row: ConversationRow, agent: str, text: str, origin: str) -> bool:
    """Adds a message, a long one in pieces, unless it is there; whether it was added."""
    for place in range(0, len(text), MAX_MESSAGE):
        said = {"author": agent, "text": text[place : place + MAX_MESSAGE], "created": now()}
        part = f"{origin} {place}" if place else origin
        if not add_unless_there(
            session, MessageRow, conversation_id=row.id, origin=part[:64], **said
        ):
            return False
    return True


def _on_its_way(session: Session, conversation: str) -> bool:
    own = NoticeRow.conversation_id == conversation, NoticeRow.channel == CHATWOOT
    waiting = session.scalars(select(NoticeRow).where(*own, ~NoticeRow.failed))
    return any(row.event["event"].partition(".")[2] in WORDS for row in waiting)
