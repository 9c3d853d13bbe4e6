"""Tells others what happens at the desk: a signed webhook, mail, and an inbox (desk/chatwoot.py).

A notice is a row that is written in the transaction of what it tells, and deleted once it was
delivered: none is lost by a crash or a restart, however often sending fails meanwhile. Of several
processes one sends it. Where a process dies between the delivery and the deletion it is sent again
under the same id, by which receivers know it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import smtplib
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from threading import Event
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import aliased

from mm_support.config import Settings
from mm_support.errors import InputError
from mm_support.store.database import Store
from mm_support.store.models import NoticeRow, now

log = logging.getLogger(__name__)

TIMEOUT = 10.0  # s for a delivery
LEASE = timedelta(seconds=120)  # of who sends a notice, several TIMEOUTs; then another may
FIRST_WAIT, LONGEST_WAIT = 5.0, 3_600.0  # s between attempts; each is twice the one before
ATTEMPTS = 40  # about 31 hours
AT_ONCE = 20  # notices a round
SHORTEST_SECRET = 16  # characters
ENCODED = "whsec_"  # what a secret in base64 begins with
WEBHOOK, MAIL, CHATWOOT = "webhook", "mail", "chatwoot"
WORDS = ("waiting", "message")  # events in which something is said
OPENED_AGAIN = "opened_again"  # the event that a person has a conversation which was closed
# events that a channel is told of; a webhook, of all
TOLD_OF = {MAIL: ("waiting",), CHATWOOT: (*WORDS, "assistant", "closed")}


@dataclass(frozen=True)
class Notice:
    """key: the same whenever it is sent; event: plain values for JSON."""

    key: str
    created: datetime
    channel: str
    event: dict[str, Any]


Send = Callable[[Notice], None]  # raises DeliveryError, or whatever goes wrong


class DeliveryError(Exception):
    """A receiver did not take a notice; the message says why, for the log."""


class Notices:
    """channels: name -> what sends there. closing: set where nothing more is to be begun, for a
    receiver may be slow and who ends waits for it.
    """

    def __init__(
        self, store: Store, channels: Mapping[str, Send], closing: Event | None = None
    ) -> None:
        self._store, self._channels, self._closing = store, channels, closing or Event()

    def send_due(self) -> int:
        """Sends what is due; returns how many were delivered. Raises StoreError where the database
        does not answer.
        """
        delivered = 0
        for _ in range(AT_ONCE):
            if self._closing.is_set() or (notice := self._claim()) is None:
                break
            delivered += self._send(notice)
        return delivered

    def _claim(self) -> Notice | None:
        """A notice that no other process sends while the lease lasts; those of a conversation in
        the order in which they came. One that is due later than any may be is due: the clock was
        set back.
        """
        earlier = aliased(NoticeRow)
        own = earlier.conversation_id == NoticeRow.conversation_id, earlier.id < NoticeRow.id
        same = earlier.channel == NoticeRow.channel
        waits = select(earlier.id).where(*own, same, ~earlier.failed).exists()
        last = now() + timedelta(seconds=LONGEST_WAIT)
        later = (NoticeRow.due > now()) & (NoticeRow.due <= last)
        due = NoticeRow.channel.in_(self._channels), ~NoticeRow.failed, ~later
        query = select(NoticeRow).where(*due, ~waits).order_by(NoticeRow.due, NoticeRow.id)
        with self._store.writing() as session:
            row = session.scalars(query.limit(1).with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            row.due = now() + LEASE
            return Notice(row.key, row.created, row.channel, row.event)

    def _send(self, notice: Notice) -> bool:
        try:
            self._channels[notice.channel](notice)
        except Exception as exc:  # whatever it is: the notices behind it are sent all the same
            self._put_off(notice, exc)
            return False
        with self._store.writing() as session:
            session.execute(delete(NoticeRow).where(NoticeRow.key == notice.key))
        return True

    def _put_off(self, notice: Notice, exc: Exception) -> None:
        with self._store.writing() as session:
            own = select(NoticeRow).where(NoticeRow.key == notice.key)
            row = session.scalars(own.with_for_update()).first()
            if row is None:  # it was erased meanwhile
                return
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2**row.attempts)
            row.attempts += 1
            row.due, row.failed = now() + timedelta(seconds=wait), row.attempts >= ATTEMPTS
        if row.failed:
            log.error("a notice by %s is given up: %s", notice.channel, exc)
        else:
            log.warning("a notice by %s is sent later: %s", notice.channel, exc)


def channels_of(settings: Settings) -> dict[str, Send]:
    """What the settings name. Raises InputError for settings that cannot be used."""
    channels: dict[str, Send] = {}
    if settings.webhook_url:
        channels[WEBHOOK] = Webhook(settings.webhook_url, settings.webhook_secret)
    if settings.mail_server:
        channels[MAIL] = Mail(settings.mail_server, settings.mail_to, settings.mail_from)
    return channels


class Webhook:
    """Posts JSON, signed as the Standard Webhooks say: HMAC-SHA256 over id, time and body."""

    def __init__(self, url: str, secret: str) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise InputError("MM_SUPPORT_WEBHOOK_URL must be an address on the web.")
        if len(secret) < SHORTEST_SECRET:
            raise InputError(f"MM_SUPPORT_WEBHOOK_SECRET needs {SHORTEST_SECRET} characters.")
        self._url, self._secret = url, _key(secret)

    def __call__(self, notice: Notice) -> None:
        import httpx

        body = json.dumps({"id": notice.key, **notice.event}, ensure_ascii=False).encode()
        headers = signed(self._secret, notice.key, int(time.time()), body)
        headers["content-type"] = "application/json"
        try:
            answer = httpx.post(self._url, content=body, headers=headers, timeout=TIMEOUT)
        except httpx.HTTPError as exc:
            raise DeliveryError(f"the receiver cannot be reached ({type(exc).__name__})") from exc
        if not answer.is_success:
            raise DeliveryError(f"the receiver answered with status {answer.status_code}")


def _key(secret: str) -> bytes:
    """The bytes to sign with. Raises InputError."""
    if not secret.startswith(ENCODED):
        return secret.encode()
    try:
        return base64.b64decode(secret[len(ENCODED) :], validate=True)
    except ValueError as exc:
        raise InputError(
            f"MM_SUPPORT_WEBHOOK_SECRET begins with {ENCODED}, so base64 has to follow; copy the "
            "secret as a whole."
        ) from exc


def signed(secret: bytes, key: str, seconds: int, body: bytes) -> dict[str, str]:
    """The headers that say who sent a body, and when."""
    digest = hmac.digest(secret, f"{key}.{seconds}.".encode() + body, hashlib.sha256)
    signature = base64.b64encode(digest).decode()
    return {
        "webhook-id": key,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{signature}",
    }


class Mail:
    """Sends plain text to the team. server: smtp://user:password@host:587, or smtps:// where it is
    encrypted from the beginning.
    """

    def __init__(self, server: str, to: str, sender: str = "") -> None:
        self._server, self._to, self._from = urlsplit(server), to, sender or to.split(",")[0]
        if self._server.scheme not in ("smtp", "smtps") or not self._server.hostname:
            raise InputError("MM_SUPPORT_MAIL_SERVER must be like smtp://user:password@host:587.")
        if "@" not in to:
            raise InputError("MM_SUPPORT_MAIL_TO must be one or more e-mail addresses.")

    def __call__(self, notice: Notice) -> None:
        with _connected(self._server) as server:
            server.send_message(self._mail(notice))

    def _mail(self, notice: Notice) -> EmailMessage:
        event, mail = notice.event, EmailMessage()
        mail["Message-ID"] = f"<{notice.key}@mm-support>"
        mail["Date"], mail["From"], mail["To"] = notice.created, self._from, self._to
        mail["Subject"] = f"A conversation waits for a person ({event.get('code', 'other')})"
        lines = (event.get("summary", ""), f"Conversation: {event['conversation']}")
        mail.set_content("\n\n".join(filter(None, lines)))
        return mail


def _connected(server: SplitResult) -> smtplib.SMTP:
    """Encrypted where the server offers it; a password is sent in no other way."""
    host, context = server.hostname or "", ssl.create_default_context()
    if server.scheme == "smtps":
        smtp = smtplib.SMTP_SSL(host, server.port or 465, timeout=TIMEOUT, context=context)
    else:
        smtp = smtplib.SMTP(host, server.port or 587, timeout=TIMEOUT)
    try:
        if server.scheme == "smtp":
            _encrypt(smtp, context, bool(server.password))
        if server.password:
            smtp.login(unquote(server.username or ""), unquote(server.password))
    except Exception:
        smtp.close()
        raise
    return smtp


def _encrypt(smtp: smtplib.SMTP, context: ssl.SSLContext, needed: bool) -> None:
    smtp.ehlo()
    if smtp.has_extn("starttls"):
        smtp.starttls(context=context)
    elif needed:
        raise DeliveryError("the mail server offers no encryption, so no password is sent")
