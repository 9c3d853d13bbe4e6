"""What a version of a base shall hold, where sources, edits and removals come together.

Knows no vector and no file: entries go in, entries come out, in an order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mm_support.knowledge.entries import remark
from mm_support.knowledge.index.version import Version
from mm_support.knowledge.sources import Recipe
from mm_support.types import Entry, Remark

BY_HAND = ""  # origin of entries that people wrote
REMOVED = "it was removed by hand and stays out; edit it to bring it back"


@dataclass(frozen=True)
class Wanted:
    """An entry that a version shall hold. origin: names its source. digest: of what its vectors are
    made of, "" where that is not known yet.
    """

    entry: Entry
    origin: str
    digest: str = ""


def held(version: Version) -> list[Wanted]:
    """What a version holds, in its order. Digests of other models' versions hold as well."""
    records = version.entries.records(range(len(version)))
    return [Wanted(record.entry, record.origin, record.digest) for record in records]


def with_pictures(read: Sequence[Wanted], before: Sequence[Wanted]) -> list[Wanted]:
    """The entries of a source that is read again, those without pictures with the ones that they
    had: of a single file these were not kept beside it in releases before.
    """
    shown = {(own.entry.id, own.origin): own.entry.pictures for own in before}
    had = ((own, shown.get((own.entry.id, own.origin), ())) for own in read)
    return [
        own if own.entry.pictures else replace(own, entry=replace(own.entry, pictures=pictures))
        for own, pictures in had
    ]


def merged(
    present: Sequence[Wanted], read: Sequence[Wanted], recipe: Recipe, remarks: list[Remark]
) -> list[Wanted]:
    """What a base holds after a source was read: its entries in place of those that it gave before.

    read: one entry at least, all of one origin. Edited entries stay as they are, removed ones stay
    out, and an id stays with the source that used it first: the last two are reported.
    """
    origin = read[0].origin
    others = [own for own in present if own.origin != origin]
    edited = [own for own in present if own.origin == origin and own.entry.id in recipe.edited]
    by_id = {own.entry.id: own for own in edited}
    taken = {own.entry.id for own in others}
    kept = [by_id.pop(own.entry.id, own) for own in read if _stays(own, taken, recipe, remarks)]
    first = next((n for n, own in enumerate(present) if own.origin == origin), len(present))
    before = sum(own.origin != origin for own in present[:first])
    return [*others[:before], *kept, *by_id.values(), *others[before:]]


def _stays(own: Wanted, taken: set[str], recipe: Recipe, remarks: list[Remark]) -> bool:
    """Whether an entry that was read belongs to the base; if not, that is reported, but for what
    people wrote before a source had it.
    """
    entry_id = own.entry.id
    if entry_id in recipe.removed:
        remarks.append(remark(own.entry, REMOVED))
        return False
    if entry_id in taken and entry_id not in recipe.edited:
        told = f"the id {entry_id!r} is used by another source; give it another id or file name"
        remarks.append(remark(own.entry, told))
    return entry_id not in taken
