"""The commands erase and export: on the store and the data folder alone, without any model."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from mm_support.config import Settings
from mm_support.desk.archive import Archive
from mm_support.desk.keeper import media_folder, open_keeper
from mm_support.errors import InputError


def run_erase(args: argparse.Namespace, settings: Settings) -> int:
    keeper = open_keeper(settings)
    archive = Archive(keeper, media_folder(settings))
    turns = archive.erase(_sessions(archive, args), "command line")
    keeper.store.vacuum()
    keeper.close()
    print(f"{turns} turns are erased.")
    return 0


def run_export(args: argparse.Namespace, settings: Settings) -> int:
    keeper = open_keeper(settings)
    archive = Archive(keeper, media_folder(settings))
    exported = archive.export(_sessions(archive, args))
    keeper.close()
    text = json.dumps(exported, indent=1, ensure_ascii=False)
    if args.out:
        args.out.write_text(f"{text}\n", encoding="utf-8")
    else:
        print(text)
    return 0


def _sessions(archive: Archive, args: argparse.Namespace) -> Sequence[str]:
    """Raises InputError where nothing is kept of whom the arguments name."""
    found = (args.session,) if args.session else ()
    if args.visitor:
        found = archive.sessions_of(args.visitor.partition(".")[0])
    known = [name for name in found if archive.knows(name)]
    if not known:
        raise InputError("Nothing is kept of that; check the session_id or the token.")
    return known
