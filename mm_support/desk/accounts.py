"""Accounts of the people who work with the assistant: what each role may do, and who is signed in.

Passwords are kept as argon2 hashes. A sign-in is a row in the database and a token that is signed
with the secret of the data folder: it holds after a restart and on every front that shares both,
and ends everywhere when the row is deleted. Wrong passwords are counted by name and address,
whether or not there is such an account, so that a refusal does not tell which names exist, and
nobody who reads an agent's name in the chat keeps that agent out. Knows no page.
"""

from __future__ import annotations

import functools
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast, get_args

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mm_support.desk.audit import note
from mm_support.desk.visits import Signatures
from mm_support.errors import InputError
from mm_support.store.database import Store
from mm_support.store.models import AccountRow, SignInRow, TriesRow, add_unless_there, now
from mm_support.store.records import in_utc

Area = Literal["desk", "workshop", "add", "edit", "figures", "audit", "accounts"]
Role = Literal["agent", "editor", "admin"]
EVERYTHING: frozenset[str] = frozenset(get_args(Area))
MAY: dict[str, frozenset[str]] = {  # what is not named here is not allowed
    "agent": frozenset({"desk"}),
    "editor": frozenset({"workshop", "add", "edit"}),
    "admin": EVERYTHING,
}
MAX_NAME = 64  # characters, as of an agent's name
LONGEST_TYPED = 1_000  # characters of what is looked at of a name
SHORTEST, LONGEST = 10, 200  # characters of a password
TRIES, LOCK = 5, timedelta(minutes=15)  # wrong passwords before a name is locked, and how long
TRIES_OF_ALL = 50  # the same from all addresses together
LASTS = timedelta(days=7)  # a sign-in
# who is named in the audit log without being a person
TAKEN = ("assistant", "visitor", "retention", "command line", "page", "desk key", "nobody")


@dataclass(frozen=True)
class Person:
    """Who calls. name: of the account; "" for visitors and for whoever has the desk's key."""

    name: str = ""
    role: str = "visitor"

    def may(self, area: Area) -> bool:
        return area in MAY.get(self.role, frozenset())


VISITOR = Person()


@dataclass(frozen=True)
class Account:
    """last: when the person signed in last; None: never, or too long ago to be kept."""

    name: str
    role: Role
    created: datetime
    last: datetime | None = None


@dataclass(frozen=True)
class Identity:
    """Somebody for whom another system vouches. subject: never another one's; role: None: none."""

    subject: str
    name: str
    role: Role | None


class Accounts:
    """The accounts in a store. who: the name of who does something, for the audit log.

    All calls raise StoreError where the database does not answer.
    """

    def __init__(self, store: Store, signatures: Signatures) -> None:
        self._store, self._signatures = store, signatures.derived("sign-ins")

    def list(self) -> tuple[Account, ...]:
        """All of them, by name."""
        latest = select(SignInRow).order_by(SignInRow.created)
        with self._store.reading() as session:
            seen = {row.account: in_utc(row.created) for row in session.scalars(latest)}
            rows = list(session.scalars(select(AccountRow).order_by(AccountRow.key)))
        return tuple(
            Account(row.name, cast(Role, row.role), in_utc(row.created), seen.get(row.key))
            for row in rows
        )

    def knows(self, name: str) -> bool:
        with self._store.reading() as session:
            return session.get(AccountRow, _key(name)) is not None

    def add(self, name: str, role: str, password: str, who: str) -> None:
        """Raises InputError for a name that is taken, a role that does not exist and a password
        that is too short.
        """
        name, hashed = _checked_name(name), _hashed(password)
        if role not in get_args(Role):
            raise InputError(f"The role must be one of {', '.join(get_args(Role))}.")
        with self._store.writing() as session:
            own = {"key": _key(name), "name": name, "created": now()}
            if not add_unless_there(session, AccountRow, **own, role=role, hash=hashed):
                raise InputError.of("account_exists", name=name)
            note(session, who, "added account", name, role)

    def remove(self, name: str, who: str) -> None:
        """The account and its sign-ins. Raises InputError for an unknown name."""
        with self._store.writing() as session:
            row = _account(session, name)
            self._end_sign_ins(session, row.key)
            session.delete(row)
            note(session, who, "removed account", row.name)

    def set_password(self, name: str, password: str, who: str) -> None:
        """Ends all sign-ins of the account, and its lock. Raises InputError for an unknown name."""
        hashed = _hashed(password)
        with self._store.writing() as session:
            row = _account(session, name)
            if row.subject:
                raise InputError.of("account_elsewhere", name=row.name)
            row.hash = hashed
            self._end_sign_ins(session, row.key)
            note(session, who, "changed password", row.name)

    def sign_in(self, name: str, password: str, address: str = "") -> str:
        """The token of a new sign-in. Raises InputError where name and password do not fit, and,
        for a while, after too many that did not. address: from where somebody tries, if known.
        """
        key = _key(name)
        with self._store.writing() as session:
            row = session.get(AccountRow, key)
            known, hashed = (row.name, row.hash or _nobody()) if row else ("", _nobody())
            tries = _tries(session, [self._counted(key), self._counted(key, address)])
            locked = max(map(_locked, tries, (TRIES_OF_ALL, TRIES)))
            if locked:
                _refuse(session, known, "locked")
            else:  # counted before it is looked at: many at once are no more tries
                for count in tries:
                    count.tries, count.latest = count.tries + 1, now()
        if locked:
            raise InputError.of("sign_in_locked", minutes=locked)
        fits = _fits(hashed, password)
        with self._store.writing() as session:
            row = session.get(AccountRow, key, with_for_update=True)
            if fits and row is not None and row.hash == hashed:  # not changed meanwhile
                return self._signed_in(session, row)
            _refuse(session, known, "wrong password")
        raise InputError.of("sign_in_wrong")

    def sign_in_as(self, identity: Identity) -> str:
        """The token of a new sign-in of somebody who has signed in elsewhere. Their account is
        made with the first one, and has the role that they have now. Raises InputError for who has
        no role, which ends earlier sign-ins, and where somebody else has the name.
        """
        with self._store.writing() as session:
            own = select(AccountRow).where(AccountRow.subject == identity.subject)
            row = session.scalars(own.with_for_update()).first()
            if identity.role is not None:
                row = row or _added(session, identity)
                if row.role != identity.role:
                    row.role = identity.role
                    note(session, row.name, "changed role", row.name, identity.role)
                return self._signed_in(session, row)
            if row is not None:
                self._end_sign_ins(session, row.key)
            _refuse(session, row.name if row else "", "no role")
        raise InputError.of("no_role")

    def _signed_in(self, session: Session, row: AccountRow) -> str:
        made = SignInRow(id=secrets.token_hex(16), account=row.key, created=now())
        session.execute(delete(SignInRow).where(SignInRow.created < now() - LASTS))
        self._forget_tries(session, row.key)
        session.add(made)
        note(session, row.name, "signed in", row.name)
        return self._signatures.token(made.id)

    def _end_sign_ins(self, session: Session, key: str) -> None:
        session.execute(delete(SignInRow).where(SignInRow.account == key))
        self._forget_tries(session, key)

    def _forget_tries(self, session: Session, key: str) -> None:
        session.execute(delete(TriesRow).where(TriesRow.key.startswith(self._counted(key)[:32])))

    def _counted(self, key: str, address: str | None = None) -> str:
        """What counts the tries of a name from an address, or from all. A digest, since an unknown
        name may be a password; those of a name begin alike.
        """
        parts = (f"name {key}", "" if address is None else f"from {address}")
        return "".join(self._signatures.digest(part)[:32] for part in parts)

    def note_link(self, who: str) -> None:
        """Notes that somebody without an account came in by a link that is good once."""
        with self._store.writing() as session:
            note(session, who, "signed in", who)

    def sign_out(self, token: str) -> None:
        """Ends a sign-in on the server; an invalid token does nothing."""
        person, sign_in = self.who(token), self._sign_in(token)
        if sign_in and person.name:
            with self._store.writing() as session:
                session.execute(delete(SignInRow).where(SignInRow.id == sign_in))
                note(session, person.name, "signed out", person.name)

    def who(self, token: str) -> Person:
        """Whose sign-in a token stands for; a visitor where it is none, or no longer one."""
        sign_in = self._sign_in(token)
        if not sign_in:
            return VISITOR
        with self._store.reading() as session:
            row = session.get(SignInRow, sign_in)
            if row is None or in_utc(row.created) < now() - LASTS:
                return VISITOR
            account = session.get(AccountRow, row.account)
        return Person(account.name, account.role) if account else VISITOR

    def _sign_in(self, token: str) -> str:
        """The id in a token; "" where this service did not sign it."""
        try:
            return self._signatures.visitor(token) if token else ""
        except (InputError, UnicodeError):
            return ""


def _key(name: str) -> str:
    """Names that look the same are the same."""
    return " ".join(_plain(name).casefold().split())[:MAX_NAME]


def _plain(name: str) -> str:
    """In plain letters. Cut before: accents in a row take time by the square of their number, in
    which no other thread runs.
    """
    return unicodedata.normalize("NFKC", name[:LONGEST_TYPED])


def _checked_name(name: str) -> str:
    name = " ".join(_plain(name).split())
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise InputError.of("account_name_length", limit=MAX_NAME)
    if _key(name) in TAKEN:
        raise InputError.of("account_name_reserved", name=name)
    return name


def _hashed(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError.of("password_length", least=SHORTEST, most=LONGEST)
    return _hasher().hash(password)


@functools.cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@functools.cache
def _nobody() -> str:
    """A hash that no password fits, so that unknown names take as long as known ones."""
    return _hasher().hash(secrets.token_hex(LONGEST))


def _fits(hashed: str, password: str) -> bool:
    try:
        return len(password) <= LONGEST and _hasher().verify(hashed, password)
    except (Argon2Error, UnicodeError):
        return False


def _added(session: Session, identity: Identity) -> AccountRow:
    """A new account without a password."""
    name = _checked_name(identity.name[:MAX_NAME])
    own = {"key": _key(name), "name": name, "created": now(), "hash": ""}
    values = {**own, "role": identity.role, "subject": identity.subject}
    if not add_unless_there(session, AccountRow, **values):
        raise InputError.of("account_exists", name=name)
    note(session, name, "added account", name, f"{identity.role}, by signing in")
    return _account(session, name)


def _account(session: Session, name: str) -> AccountRow:
    row = session.get(AccountRow, _key(name), with_for_update=True)
    if row is None:
        raise InputError.of("account_unknown", name=name)
    return row


def _tries(session: Session, keys: Sequence[str]) -> list[TriesRow]:
    """The rows that count tries, locked; rows of tries long ago are deleted, and of those that are
    still to come, since the clock was set back.
    """
    near = TriesRow.latest.between(now() - LOCK, now() + LOCK)
    session.execute(delete(TriesRow).where(~near))
    rows = []
    for key in keys:
        while (row := session.get(TriesRow, key, with_for_update=True)) is None:
            add_unless_there(session, TriesRow, key=key, tries=0, latest=now())
        rows.append(row)
    return rows


def _locked(row: TriesRow, most: int) -> int:
    """For how many minutes a name is still locked after so many tries; 0: it is not."""
    if row.tries < most:
        return 0
    left = in_utc(row.latest) + LOCK - now()
    return max(0, -(-int(left.total_seconds()) // 60))


def _refuse(session: Session, name: str, why: str) -> None:
    """Notes a refused sign-in; an unknown name is not written down: it may be a password."""
    note(session, name or "nobody", "refused sign-in", name or "unknown name", why)
