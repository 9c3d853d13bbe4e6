"""What one visitor may do: a signed token opens their conversations, and nothing else does.

A token is a visitor's id with a signature. Their conversations are named after the id, so whose a
conversation is shows without a look-up, also while the database does not answer. The secret lies
in the data folder, so that all fronts that share the folder know each other's tokens.

Who is signed in on the company's site, the site itself says, in a value that its server signs
(`signed_customer`): no page and no model can make one.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import tempfile
import time
import uuid
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mm_support.errors import InputError, SupportError
from mm_support.files import private_folder
from mm_support.store.database import check_feedback
from mm_support.types import Event, Holder, KeptTurn, Message, UserTurn

log = logging.getLogger(__name__)

SECRET_BYTES = 32
VISITOR_BYTES = 10  # of a visitor's id; a conversation's name, which holds it, has 64 characters
SECRET_FILE = "visitors.secret"
SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
CUSTOMER = re.compile(r"[^\s\x00-\x1f]{1,128}")
MAX_SIGNED = 1_000  # characters of a signed customer


class Signatures:
    """Makes tokens and reads them."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def derived(self, purpose: str) -> Signatures:
        """Those of another purpose: no token of one is a token of the other."""
        return Signatures(hmac.digest(self._secret, purpose.encode(), hashlib.sha256))

    def digest(self, text: str) -> str:
        """64 hexadecimal digits, from which nobody guesses the text who has not the secret."""
        return hmac.digest(self._secret, text.encode(), hashlib.sha256).hex()

    def token(self, visitor: str) -> str:
        signed = hmac.digest(self._secret, visitor.encode(), hashlib.sha256)
        return f"{visitor}.{base64.urlsafe_b64encode(signed).decode().rstrip('=')}"

    def token_of(self, customer: str) -> str:
        """That of the visitor who is called so elsewhere; the same name gives the same one."""
        named = hmac.digest(self._secret, f"customer {customer}".encode(), hashlib.sha256)
        return self.token(named[:VISITOR_BYTES].hex())

    def visitor(self, token: str) -> str:
        """The visitor's id; a new one where there is no token. Raises InputError for a token that
        was not made with this secret.
        """
        if not token.isascii():  # half a surrogate pair has no bytes that could be compared
            raise InputError.of("bad_token")
        visitor = token.partition(".")[0] if token else secrets.token_hex(VISITOR_BYTES)
        if token and not hmac.compare_digest(self.token(visitor).encode(), token.encode()):
            raise InputError.of("bad_token")
        return visitor

    def sealed(self, values: dict[str, Any], seconds: float) -> str:
        """A token that holds values for JSON, good for some seconds."""
        told = json.dumps({**values, "until": int(time.time() + seconds)}).encode()
        return self.token(base64.urlsafe_b64encode(told).decode().rstrip("="))

    def opened(self, token: str) -> dict[str, Any]:
        """What `sealed` was given; nothing where the token is missing, forged or old."""
        try:
            body = self.visitor(token) if token.isascii() else ""
            values = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
            return values if time.time() < float(values["until"]) else {}
        except (InputError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return {}


def signatures_in(folder: Path) -> Signatures:
    """Those with the folder's secret, which is made where there is none and is read by its owner
    only. Of several processes that make it at once, all get the same. Raises SupportError.
    """
    path = folder / SECRET_FILE
    try:
        if not path.exists():
            private_folder(folder)
            _make(path)
        return Signatures(path.read_bytes())
    except OSError as exc:
        raise SupportError(
            f"The secret {path} can be neither made nor read ({exc}); set MM_SUPPORT_DATA."
        ) from exc


def _make(path: Path) -> None:
    """The file is there as a whole or not at all; one that is there already stays."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
    finally:
        os.unlink(beside)


def signed_customer(secret: str, customer: str, seconds: float) -> str:
    """What a site's server gives its page for the customer who is signed in there, good for some
    seconds. secret: MM_SUPPORT_CUSTOMER_SECRET.
    """
    return Signatures(secret.encode()).sealed({"id": customer}, seconds)


def customer_in(secret: str, signed: str) -> str:
    """Who is signed in; "" where the value is missing, forged or old, or there is no secret."""
    if not (secret and signed and len(signed) <= MAX_SIGNED):
        return ""
    name = Signatures(secret.encode()).opened(signed).get("id")
    if isinstance(name, str) and CUSTOMER.fullmatch(name):
        return name
    log.warning("a signed customer was refused")
    return ""


def checked_session(session_id: str | None) -> str:
    """The session's id, a new one where there is none. Raises InputError for one that cannot be."""
    if not session_id:
        return uuid.uuid4().hex
    if not SESSION_ID.fullmatch(session_id):
        raise InputError.of("bad_session")
    return session_id


class Visit:
    """A service, which itself lets everybody do everything, as one visitor may use it. token: what
    opens it again. customer: who is signed in on the company's site, "" for nobody.

    All calls raise InputError for a conversation or a turn of somebody else.
    """

    def __init__(
        self, service: Any, signatures: Signatures, token: str = "", customer: str = ""
    ) -> None:
        self._service, self.visitor = service, signatures.visitor(token)
        self._customer = customer
        self.token = signatures.token(self.visitor)

    def reply(self, turn: UserTurn) -> Generator[Event, None, None]:
        """Events of the reply, see SupportService.reply; a turn without a session starts one."""
        session = self.own(turn.session_id) if turn.session_id else self.new_session()
        return self._service.reply(replace(turn, session_id=session, customer=self._customer))

    def feedback(self, turn_id: str, rating: str, comment: str = "") -> None:
        """Raises InputError for an unknown turn or rating too."""
        check_feedback(rating, comment)
        self.own(self._service.session_of(turn_id))
        self._service.feedback(turn_id, rating, comment)

    def holder(self, session: str) -> Holder:
        return self._service.holder(self.own(session))

    def messages(self, session: str, since: int = 0) -> Sequence[Message]:
        return self._service.desk.messages(self.own(session), since)

    def conversation(self, session: str) -> Sequence[KeptTurn | Message]:
        return self._service.desk.transcript(self.own(session))

    def chain(self, session: str) -> Sequence[str]:
        """The conversation, and those in which it went on after it was closed; the last is open."""
        return self._service.desk.chain(self.own(session))

    def rate(self, session: str, score: int, comment: str = "") -> None:
        """Stores how well they were helped in a conversation that is closed, from 1 to 5."""
        self._service.desk.rate(self.own(session), score, comment)

    def types(self, session: str) -> None:
        """Tells the person who has the conversation that its customer writes."""
        self._service.desk.customer_types(self.own(session))

    def erase(self, session: str | None = None) -> int:
        """Erases a conversation, or all of this visitor; returns how many turns that were."""
        archive = self._service.archive
        if session:
            return archive.erase([self.own(session)], "visitor")
        return archive.erase_visitor(self.visitor, "visitor")

    def export(self) -> dict[str, Any]:
        """What is kept of this visitor, as plain values for JSON, but for what the people at the
        desk wrote for each other.
        """
        archive = self._service.archive
        return archive.export(archive.sessions_of(self.visitor), whole=False)

    def new_session(self) -> str:
        return f"{self.visitor}-{uuid.uuid4().hex}"

    def session(self, name: str) -> str:
        """The conversation of this visitor that is called so elsewhere."""
        return f"{self.visitor}-{hashlib.sha256(name.encode()).hexdigest()[:32]}"

    def own(self, session: str) -> str:
        """The session, if it is this visitor's."""
        if not session.startswith(f"{self.visitor}-"):
            raise InputError.of("not_yours")
        return checked_session(session)
