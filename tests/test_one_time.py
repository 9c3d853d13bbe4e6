"""Links that open once: what lets whom in, and what the desk shows to who comes second."""

from __future__ import annotations

import re
from typing import Any

from demo import running
from demo.door import ADMIN, KEY_NAME, Door
from demo.one_time import OneTimeCodes
from demo.sign_in import SPENT
from demo.ui import build_demo
from mm_support.desk.accounts import VISITOR
from mm_support.desk.audit import audited
from tests.fake_service import FakeService

KEY = "a-key-that-nobody-guesses"


def announced():
    """(codes, what was told of them: page and code)."""
    codes, told = OneTimeCodes(), []
    codes.announce(["/desk", "/workshop"], lambda *each: told.append(each))
    return codes, told


def test_a_code_is_good_once_and_another_of_its_page_follows():
    codes, told = announced()
    (page, code), (_, elsewhere) = told
    assert not codes.is_spent(code) and not codes.spend("") and not codes.spend(code[:-1])
    assert codes.spend(code) and not codes.spend(code) and codes.is_spent(code)
    assert [each[0] for each in told] == ["/desk", "/workshop", page]
    assert len({each[1] for each in told}) == 3
    assert codes.spend(elsewhere) and codes.spend(told[2][1])


def test_a_code_hands_the_key_to_one_browser_and_is_noted():
    codes, told = announced()
    service, code = FakeService(), told[0][1]
    door = Door(KEY, service.accounts, codes=codes)
    assert door.who(code) == VISITOR and not audited(service.store)
    kept = door.let_in(code, "")
    assert door.who(kept) == ADMIN and code not in kept
    assert door.let_in(code, "") == "" and door.is_spent(code)
    assert door.let_in(code, kept) == door.let_in("", kept) == door.let_in(None, kept) == kept
    assert [(row.who, row.what) for row in audited(service.store)] == [(KEY_NAME, "signed in")]


def test_a_key_or_token_in_a_link_counts_before_what_is_kept_where_it_is_good():
    service = FakeService()
    service.accounts.add("Ada", "agent", "a long enough password", "test")
    token, door = service.accounts.sign_in("Ada", "a long enough password"), Door(KEY)
    assert door.let_in(KEY, token) == KEY and door.let_in("wrong", token) == token
    assert Door(KEY, service.accounts).let_in(token, KEY) == token


def test_who_comes_second_is_told_so(tmp_path):
    codes, told = announced()
    service: Any = FakeService()
    demo = build_demo(service, tmp_path, desk_key=KEY, codes=codes)
    handlers = (each.fn for each in demo.fns.values() if each.fn)
    arrive = next(each for each in handlers if "sign_in.<locals>.arrive" in str(each))
    code = told[0][1]
    first, second, wrong = (list(arrive("", link, "").values()) for link in (code, code, "x"))
    assert KEY in first and SPENT not in first
    assert SPENT in second and SPENT not in wrong and KEY not in (*second, *wrong)


def test_each_link_is_printed_and_the_next_when_one_was_used(capsys):
    codes = OneTimeCodes()
    running.print_links("http://127.0.0.1:7860/", codes)
    printed = capsys.readouterr().out
    desk, workshop = re.findall(r"http://127\.0\.0\.1:7860/(\w+)\?key=(\S+)", printed)
    assert (desk[0], workshop[0]) == ("desk", "workshop") and "opens once" in printed
    assert codes.spend(desk[1])
    (again,) = re.findall(r"http://127\.0\.0\.1:7860/desk\?key=(\S+)", capsys.readouterr().out)
    assert again not in (desk[1], workshop[1]) and codes.spend(again)
