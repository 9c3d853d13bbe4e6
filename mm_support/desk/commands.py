"""The commands erase, export and user: on the store and the data folder, without any model."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Sequence
from contextlib import closing

from mm_support.config import Settings
from mm_support.desk.accounts import Accounts
from mm_support.desk.archive import Archive
from mm_support.desk.keeper import media_folder, open_keeper, open_store
from mm_support.desk.visits import signatures_in
from mm_support.errors import InputError

COMMAND = "command line"  # who did it, in the audit log


def erase(args: argparse.Namespace, settings: Settings) -> int:
    with closing(open_keeper(settings)) as keeper:
        archive = Archive(keeper, media_folder(settings))
        sessions = _sessions(archive, args)
        if args.visitor:  # what they are being answered is not known yet
            turns = archive.erase_visitor(args.visitor.partition(".")[0], COMMAND)
        else:
            turns = archive.erase(sessions, COMMAND)
        keeper.store.vacuum()
    print(f"{turns} turns are erased.")
    return 0


def export(args: argparse.Namespace, settings: Settings) -> int:
    with closing(open_keeper(settings)) as keeper:
        archive = Archive(keeper, media_folder(settings))
        exported = archive.export(_sessions(archive, args))
    text = json.dumps(exported, indent=1, ensure_ascii=False)
    if args.out:
        args.out.write_text(f"{text}\n", encoding="utf-8")
    else:
        print(text)
    return 0


def user(args: argparse.Namespace, settings: Settings) -> int:
    if args.what != "list" and not args.name:
        raise InputError(f"Say whose account it is: user {args.what} NAME.")
    with closing(open_store(settings)) as store:
        _change_account(Accounts(store, signatures_in(settings.data_dir)), args)
    return 0


def _change_account(accounts: Accounts, args: argparse.Namespace) -> None:
    name, who = args.name, COMMAND
    if args.what == "add":
        accounts.add(name, args.role, _password(), who)
        print(f"{name} is added as {args.role}.")
    elif args.what == "remove":
        accounts.remove(name, who)
        print(f"{name} is removed and signed out everywhere.")
    elif args.what == "passwd":
        accounts.set_password(name, _password(), who)
        print(f"The password of {name} is changed; all sign-ins are ended.")
    else:
        for account in accounts.list():
            last = f"{account.last:%Y-%m-%d %H:%M} UTC" if account.last else "not this week"
            print(f"{account.name}\t{account.role}\tsigned in: {last}")


def _password() -> str:
    """Asked for twice on a terminal; the first line of what is piped in otherwise."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise InputError("The two passwords differ; try again.")
    return password


def _sessions(archive: Archive, args: argparse.Namespace) -> Sequence[str]:
    """Raises InputError where nothing is kept of whom the arguments name."""
    found = (args.session,) if args.session else ()
    if args.visitor:
        found = archive.sessions_of(args.visitor.partition(".")[0])
    known = [name for name in found if archive.knows(name)]
    if not known:
        raise InputError("Nothing is kept of that; check the session_id or the token.")
    return known
