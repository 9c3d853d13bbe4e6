"""Accounts at the desk, for admins: who there is, and adding, removing and new passwords."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import gradio as gr

from demo.convert import QUIET, plain_errors, said_problem
from demo.door import Door
from demo.markup import esc
from demo.service import Accounts
from demo.sign_in import field
from demo.tables import table_card
from demo.words import label, said_or
from mm_support.desk.accounts import Account, Role


class AccountsPage:
    """The handlers. Each returns the list of accounts, and empties the field of the password."""

    def __init__(self, accounts: Accounts, door: Door) -> None:
        self.accounts, self.door = accounts, door

    def show(self, key: str) -> str:
        with plain_errors(said_problem):
            self.door.check(key, "accounts")
            return account_list(self.accounts.list())

    def add(self, key: str, name: str, role: str, password: str) -> tuple[str, str]:
        with plain_errors(said_problem):
            self.accounts.add(name, role, password, self.who(key))
        return self.show(key), ""

    def set_password(self, key: str, name: str, password: str) -> tuple[str, str]:
        with plain_errors(said_problem):
            self.accounts.set_password(name, password, self.who(key))
        return self.show(key), ""

    def remove(self, key: str, name: str) -> tuple[str, str]:
        with plain_errors(said_problem):
            self.accounts.remove(name, self.who(key))
        return self.show(key), ""

    def who(self, key: str) -> str:
        """Who does it. Raises InputError for who may not."""
        return self.door.named(self.door.check(key, "accounts"))


def account_list(accounts: Sequence[Account]) -> str:
    rows = [
        [esc(each.name), said_or(each.role), f"{each.last:%m-%d %H:%M}" if each.last else "–"]
        for each in accounts
    ]
    heads = list(map(said_or, ("Name", "Role", "Signed in (UTC)")))
    return table_card("Accounts", heads, rows, (), "no_accounts")


def accounts_part(page: AccountsPage, key: gr.BrowserState) -> None:
    with gr.Accordion(label("accounts"), open=False, elem_id="accounts"):
        shown = gr.HTML(padding=False, elem_id="account-list")
        with gr.Row():
            name = field("user_name", "account-name", autocomplete="off")
            role = gr.Dropdown(
                list(get_args(Role)), value="agent", label=label("role"), elem_id="account-role"
            )
            password = field("password", "account-password", "new-password", secret=True)
        with gr.Row():
            look = gr.Button(label("show"), size="sm", elem_id="show-accounts")
            add = gr.Button(label("add"), size="sm", variant="primary", elem_id="add-account")
            change = gr.Button(label("change_password"), size="sm")
            remove = gr.Button(label("remove"), size="sm", variant="stop")
    changed = [shown, password]
    look.click(page.show, key, shown, **QUIET)
    add.click(page.add, [key, name, role, password], changed, **QUIET)
    change.click(page.set_password, [key, name, password], changed, **QUIET)
    remove.click(page.remove, [key, name], changed, **QUIET)
