"""Who may do what on the pages, checked on the server with every call that reads or changes
something. What is not allowed to somebody by name is refused.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from demo.convert import WordedError
from demo.one_time import OneTimeCodes
from demo.service import Accounts
from mm_support.desk.accounts import TAKEN, VISITOR, Area, Person
from mm_support.errors import InputError

KEY_NAME = "desk key"  # who did it, in the audit log, where that is all that is known
PAGE_NAME = "page"  # of visitors, for the audit log
ADMIN = Person(role="admin")  # whoever has the key


@dataclass(frozen=True)
class Door:
    """key: makes whoever has it an admin; "", nobody. accounts: of those who sign in. visitors:
    what everybody may do. provider: whether people sign in with the company's accounts. codes:
    those of links, each of which hands the key to one browser.
    """

    key: str = ""
    accounts: Accounts | None = None
    visitors: frozenset[str] = frozenset()
    provider: bool = False
    codes: OneTimeCodes | None = None

    def leads_somewhere(self, area: Area) -> bool:
        """Whether there is anybody who could enter."""
        known = self.accounts.list() if self.accounts and not self.key else ()
        return bool(self.key or known) or self.provider or area in self.visitors

    def elsewhere(self, page: str) -> str:
        """The page, where people sign in for it with the company's accounts; otherwise ""."""
        return page if self.provider else ""

    def let_in(self, link: object, kept: object) -> str:
        """The key or token with which somebody goes on who opens the page. link: the key, token or
        one-time code that its address has; kept: what the browser had before.
        """
        given = str(link or "")
        if self.codes and self.codes.spend(given):
            if self.accounts:
                self.accounts.note_link(KEY_NAME)
            return self.key
        return str((given if self.who(given) != VISITOR else kept) or "")

    def is_spent(self, link: object) -> bool:
        return self.codes is not None and self.codes.is_spent(str(link or ""))

    def who(self, token: object) -> Person:
        """token: the key or the token of a sign-in, as the browser sent it."""
        given = str(token or "")
        if self.key and secrets.compare_digest(_bytes(given), _bytes(self.key)):
            return ADMIN
        return self.accounts.who(given) if self.accounts and given.isascii() else VISITOR

    def may(self, token: object, area: Area) -> bool:
        return area in self.visitors or self.who(token).may(area)

    def check(self, token: object, area: Area) -> Person:
        """Who it is. Raises InputError for who may not, also where no page was asked at all."""
        person = self.who(token)
        if area not in self.visitors and not person.may(area):
            raise WordedError("door_closed" if person.role == "visitor" else "door_not_yours")
        return person

    def agent(self, token: object, typed: str) -> str:
        """The name that customers read: the account's; what was typed only for who has the key,
        unless it is the name of an account or stands for something else: what the assistant does
        is not noted in the audit log. Raises InputError.
        """
        person = self.check(token, "desk")
        if not person.name and " ".join(typed.casefold().split()) in TAKEN:
            raise InputError.of("account_name_reserved", name=typed.strip())
        if not person.name and self.accounts and self.accounts.knows(typed):
            raise WordedError("door_account")
        return person.name or typed

    def named(self, person: Person) -> str:
        """Who it is, for the audit log."""
        unnamed = KEY_NAME if person.role == "admin" else PAGE_NAME
        return person.name or unnamed


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
