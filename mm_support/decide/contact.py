"""Which entries tell the telephone number or the e-mail address that alone is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from mm_support.language.contacts import contact_asked, contacts_in, names_contact
from mm_support.language.sentences import COLON
from mm_support.types import Entry, Hit


def contact_first(words: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits, in front those that state the contact that alone is asked for, if one is."""
    kind = contact_asked(words)
    told = telling(kind, hits) if kind else ()
    return (*told, *(hit for hit in hits if hit not in told))


def telling(kind: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits that state a contact: those that are titled so, or else all of them, but for those
    whose contacts another one states too.
    """
    found = [hit for hit in hits if contacts_in(kind, hit.entry.answer)]
    found = [hit for hit in found if _titled(hit.entry)] or found
    stated = [contacts_in(kind, hit.entry.answer) for hit in found]
    return tuple(
        hit
        for at, (hit, own) in enumerate(zip(found, stated))
        if own not in stated[:at] and not any(own < other for other in stated)
    )


def _titled(entry: Entry) -> bool:
    """Whether a part of a title, between colons, is nothing but words for a contact."""
    return any(map(names_contact, COLON.split(entry.title)))
