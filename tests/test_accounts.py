"""Accounts: hashes, sign-ins that survive a restart and end when they shall, and the lock."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from clock import cpu_seconds
from conftest import on_sqlite
from sqlalchemy import select, update

from mm_support.__main__ import main
from mm_support.desk import accounts as module
from mm_support.desk.accounts import (
    LASTS,
    LOCK,
    TAKEN,
    TRIES,
    TRIES_OF_ALL,
    VISITOR,
    Accounts,
    Person,
)
from mm_support.desk.audit import audited
from mm_support.desk.visits import signatures_in
from mm_support.errors import InputError
from mm_support.store.database import Store
from mm_support.store.models import SignInRow, TriesRow, now

GOOD = "a long enough password"


def test_a_name_of_accents_takes_no_time(accounts):
    """They are put into order, which takes four times as long for twice as many."""
    name = "a" + "\u0301\u0316" * 100_000

    def sign_in():
        with pytest.raises(InputError, match="wrong"):
            accounts.sign_in(name, "")

    assert not accounts.knows(name) and cpu_seconds(sign_in) < 2


@pytest.fixture
def open_accounts(tmp_path, database_url):
    """open_accounts() -> the accounts as another process, or a later one, has them."""
    stores = []

    def opened():
        stores.append(Store(database_url))
        return Accounts(stores[-1], signatures_in(tmp_path))

    yield opened
    for store in stores:
        store.close()


@pytest.fixture
def accounts(open_accounts):
    made = open_accounts()
    made.add("Ada", "agent", GOOD, "test")
    return made


def older(accounts, table, age):
    column = table.created if table is SignInRow else table.latest
    with accounts._store.writing() as session:
        session.execute(update(table).values({column.key: now() - age}))


def done(accounts):
    return [(row.who, row.what, row.subject, row.detail) for row in audited(accounts._store)]


def test_a_sign_in_holds_after_a_restart_and_ends_everywhere(accounts, open_accounts):
    token, elsewhere = accounts.sign_in("Ada", GOOD), accounts.sign_in(" ada ", GOOD)
    restarted = open_accounts()
    assert restarted.who(token) == restarted.who(elsewhere) == Person("Ada", "agent")
    restarted.sign_out(token)
    assert accounts.who(token) == VISITOR and accounts.who(elsewhere).name == "Ada"
    accounts.set_password("Ada", GOOD + "!", "test")
    assert restarted.who(elsewhere) == VISITOR
    last = accounts.sign_in("Ada", GOOD + "!")
    accounts.remove("Ada", "test")
    assert restarted.who(last) == VISITOR and restarted.list() == ()


def test_a_sign_in_ends_by_itself(accounts):
    token = accounts.sign_in("Ada", GOOD)
    older(accounts, SignInRow, LASTS - timedelta(minutes=1))
    assert accounts.who(token).name == "Ada"
    older(accounts, SignInRow, LASTS + timedelta(minutes=1))
    assert accounts.who(token) == VISITOR


@on_sqlite
def test_no_other_token_is_a_sign_in(accounts, tmp_path):
    token = accounts.sign_in("Ada", GOOD)
    ident, signature = token.split(".")
    visitor = signatures_in(tmp_path).token(ident)  # the same secret, another purpose
    for made in ("", ident, token[:-1], token + "x", f"x{token}", f".{signature}", visitor, "ключ"):
        assert accounts.who(made) == VISITOR
    with pytest.raises(InputError):
        signatures_in(tmp_path).visitor(token)
    other = signatures_in(tmp_path / "other").derived("sign-ins").token(ident)
    assert accounts.who(other) == VISITOR


@on_sqlite
def test_passwords_are_on_the_disk_as_argon2_hashes_only(accounts, tmp_path):
    with pytest.raises(InputError):
        accounts.sign_in("Ada", "a wrong password")
    token = accounts.sign_in("Ada", GOOD)
    accounts._store.checkpoint()
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"$argon2id$" in held and token.encode() not in held
    assert GOOD.encode() not in held and b"a wrong password" not in held


def test_wrong_passwords_lock_a_name_for_a_while_also_one_that_is_no_accounts(accounts):
    told = {}
    for name in ("Ada", "Nobody"):
        for _ in range(TRIES):
            with pytest.raises(InputError, match="wrong") as refused:
                accounts.sign_in(name, "a wrong password")
        with pytest.raises(InputError, match="try again in 15 min") as locked:
            accounts.sign_in(name, GOOD)
        told[name] = str(refused.value), str(locked.value)
    assert told["Ada"] == told["Nobody"]  # nothing tells which of them exists
    older(accounts, TriesRow, LOCK - timedelta(minutes=1))
    with pytest.raises(InputError, match="in 1 min"):
        accounts.sign_in("Ada", GOOD)
    older(accounts, TriesRow, LOCK)
    assert accounts.who(accounts.sign_in("Ada", GOOD)).name == "Ada"


def test_a_name_is_not_locked_for_hours_because_the_clock_was_set_back(accounts):
    for _ in range(TRIES):
        with pytest.raises(InputError, match="wrong"):
            accounts.sign_in("Ada", "a wrong password")
    older(accounts, TriesRow, -timedelta(hours=6))
    assert accounts.who(accounts.sign_in("Ada", GOOD)).name == "Ada"


def test_who_fails_from_elsewhere_keeps_nobody_out_until_many_do(accounts, monkeypatch):
    monkeypatch.setattr(module, "_fits", lambda hashed, password: password == GOOD)
    for _ in range(TRIES + 2):
        with pytest.raises(InputError):
            accounts.sign_in("Ada", "a wrong password", "203.0.113.7")
    assert accounts.who(accounts.sign_in("Ada", GOOD, "198.51.100.2")).name == "Ada"
    for number in range(TRIES_OF_ALL):
        with pytest.raises(InputError, match="wrong"):
            accounts.sign_in("Ada", "a wrong password", f"2001:db8::{number}")
    with pytest.raises(InputError, match="try again in"):
        accounts.sign_in("Ada", GOOD, "198.51.100.2")
    with accounts._store.reading() as session:
        kept = [row.key for row in session.scalars(select(TriesRow))]
    assert len(kept) > TRIES_OF_ALL and all(len(bytes.fromhex(key)) == 32 for key in kept)


def test_a_right_password_starts_the_count_anew_and_a_new_one_ends_the_lock(accounts):
    for _ in range(3):
        for _ in range(TRIES - 1):
            with pytest.raises(InputError, match="wrong"):
                accounts.sign_in("Ada", "a wrong password")
        accounts.sign_in("Ada", GOOD)
    for _ in range(TRIES):
        with pytest.raises(InputError):
            accounts.sign_in("Ada", "a wrong password")
    accounts.set_password("Ada", GOOD, "test")
    assert accounts.sign_in("Ada", GOOD)


def test_many_tries_at_once_are_no_more_tries(accounts, monkeypatch):
    looked = []
    monkeypatch.setattr(module, "_fits", lambda hashed, password: looked.append(password))

    def attempt(number):
        with pytest.raises(InputError):
            accounts.sign_in("Ada", f"guess {number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(attempt, range(20)))
    assert len(looked) == TRIES


@on_sqlite
@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\u202eb", "a\x00b", *TAKEN, "Command  LINE"])
def test_names_that_mislead_are_refused(accounts, name):
    with pytest.raises(InputError):
        accounts.add(name, "agent", GOOD, "test")


@on_sqlite
@pytest.mark.parametrize("name", ["ada", "ADA", " Ａｄａ "])
def test_names_that_look_the_same_are_the_same(accounts, name):
    assert accounts.knows(name)
    with pytest.raises(InputError, match="already"):
        accounts.add(name, "agent", GOOD, "test")


@on_sqlite
def test_bad_roles_passwords_and_names_are_refused_in_a_sentence(accounts):
    for call in (
        lambda: accounts.add("Bo", "visitor", GOOD, "test"),
        lambda: accounts.add("Bo", "agent", "short", "test"),
        lambda: accounts.add("Bo", "agent", "x" * 201, "test"),
        lambda: accounts.set_password("Ada", "short", "test"),
        lambda: accounts.set_password("Bo", GOOD, "test"),
        lambda: accounts.remove("Bo", "test"),
    ):
        with pytest.raises(InputError):
            call()
    assert [account.name for account in accounts.list()] == ["Ada"]


def test_everything_is_in_the_audit_log_but_no_password(accounts):
    mistaken = "my password in the wrong field"
    for name in ("Ada", mistaken):
        with pytest.raises(InputError):
            accounts.sign_in(name, mistaken)
    accounts.sign_out(accounts.sign_in("Ada", GOOD))
    accounts.set_password("Ada", GOOD, "Cy")
    accounts.remove("Ada", "Cy")
    rows = done(accounts)
    assert rows == [
        ("Cy", "removed account", "Ada", ""),
        ("Cy", "changed password", "Ada", ""),
        ("Ada", "signed out", "Ada", ""),
        ("Ada", "signed in", "Ada", ""),
        ("nobody", "refused sign-in", "unknown name", "wrong password"),
        ("Ada", "refused sign-in", "Ada", "wrong password"),
        ("test", "added account", "Ada", "agent"),
    ]
    assert mistaken not in str(rows)


@on_sqlite
def test_accounts_are_kept_on_the_command_line(tmp_path, monkeypatch, capsys, open_accounts):
    def run(*words, piped=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(piped))
        return main(["--data", str(tmp_path), "user", *words])

    assert run("add", "Ada", "--role", "editor", piped=f"{GOOD}\n") == 0
    assert run("add", "Ada", piped=f"{GOOD}\n") == 2
    assert run("add", "Bo", piped="short\n") == 2
    assert run("passwd") == 2 and run("remove", "Bo") == 2
    accounts = open_accounts()
    token = accounts.sign_in("Ada", GOOD)
    capsys.readouterr()
    assert run("list") == 0
    assert re.fullmatch(r"Ada\teditor\tsigned in: \S+ \S+ UTC\n", capsys.readouterr().out)
    assert run("passwd", "Ada", piped=f"{GOOD}!\n") == 0
    assert accounts.who(token) == VISITOR and accounts.sign_in("Ada", GOOD + "!")
    assert run("remove", "Ada") == 0 and accounts.list() == ()
    assert {row[0] for row in done(accounts)} == {"command line", "Ada"}
