"""Which knowledge bases there are, as far as the data folder and the packs tell it: no model is
loaded, so that a wrong name is answered at once.
"""

from __future__ import annotations

from collections.abc import Collection

from mm_support.config import Settings
from mm_support.errors import InputError, no_such_base
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.paths import PACKS
from mm_support.types import UserTurn


def check_base(settings: Settings, name: str, removed: bool = False) -> None:
    """Raises KnowledgeError for a base that is neither in the data folder nor a pack, which will be
    there once a service has started. Loads no model; a shared index is asked by the service alone.
    removed: whether one counts that was removed.
    """
    if settings.index_url:
        return
    index = FolderIndex(settings.data_dir, "", 0, 0)
    names = (pack_names() if settings.packs else set()) | set(index.names())
    if name not in names and not (removed and name in index.removed()):
        raise no_such_base(name, names)


def meant_base(settings: Settings) -> str:
    """See meant_among, of the bases in the data folder; a shared index is asked by the service
    alone. Raises InputError."""
    names = () if settings.index_url else FolderIndex(settings.data_dir, "", 0, 0).names()
    return meant_among({*names} - pack_names())


def meant_among(own: Collection[str]) -> str:
    """The base that is meant where none is named: the only one of one's own, or the first pack
    where there is none. Raises InputError where there are several.
    """
    if len(own) > 1:
        raise InputError(f"There are several knowledge bases; name one: {', '.join(sorted(own))}.")
    return next(iter(own), UserTurn().knowledge)


def only_for(settings: Settings, name: str) -> Settings:
    """For work with one base: the packs are made only where it is one of them."""
    return settings.with_changes(packs=settings.packs and name in pack_names())


def pack_names() -> set[str]:
    return {pack.parent.name for pack in PACKS.glob("*/entries.jsonl")}
