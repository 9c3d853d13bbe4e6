"""Signing in at the desk and in the workshop. The browser keeps a token; whether it still holds is
asked of the server with every call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.convert import QUIET, said_problem
from demo.door import Door
from demo.markup import html_notice
from demo.page_parts import Outputs
from demo.words import label, said
from mm_support.desk.accounts import Area
from mm_support.errors import SupportError

# the desk's and the workshop's: whichever page is opened first keeps it
KEPT: dict[str, Any] = {"storage_key": "mm-support-desk", "secret": "mm-support-desk"}
# the key leaves the address bar and the history once the page has it
READ_KEY = """(kept, link, ...more) => {
  const given = [location.search, location.hash.replace("#", "?")]
    .map((part) => new URLSearchParams(part).get("key")).find(Boolean);
  if (given) history.replaceState(null, "", location.pathname);
  return [kept, given ?? "", ...more];
}"""
STRANGER = f"<p>{said('door_closed')}</p>"
NOT_ALLOWED = f"<p>{said('door_not_yours')}</p>"
SPENT = f"<p>{said('door_spent')}</p>"


@dataclass(frozen=True, eq=False)
class SignIn(Outputs):
    """The parts with which one enters. key: what the browser keeps; box: with all of the form."""

    key: gr.BrowserState
    box: gr.Column
    told: gr.HTML
    name: gr.Textbox
    password: gr.Textbox
    send: gr.Button
    leave: gr.Button


def sign_in_part(leave: gr.Button, page: str) -> SignIn:
    """Lays the form out. leave: signs out; page: of which it is, where the team signs in with the
    company's accounts.
    """
    with gr.Column(visible=False, elem_id="door") as box:
        told = gr.HTML(STRANGER, elem_id="door-told", padding=False)
        name = field("user_name", "sign-in-name", autocomplete="username")
        password = field("password", "password", autocomplete="current-password", secret=True)
        send = gr.Button(label("sign_in"), variant="primary", elem_id="sign-in")
        if page:
            link = f'<p><a href="sign-in?to={page}">{said("sign_in_elsewhere")}</a></p>'
            gr.HTML(link, padding=False, elem_id="sign-in-elsewhere")
    return SignIn(gr.BrowserState("", **KEPT), box, told, name, password, send, leave)


def field(key: str, elem_id: str, autocomplete: Any, secret: bool = False) -> gr.Textbox:
    """key: of its label; autocomplete: what browsers fill in; secret: typed letters are hidden."""
    return gr.Textbox(
        label=label(key),
        type="password" if secret else "text",
        elem_id=elem_id,
        max_lines=1,
        max_length=200,
        html_attributes=gr.InputHTMLAttributes(autocomplete=autocomplete, spellcheck=False),
    )


def leave_button() -> gr.Button:
    return gr.Button(
        label("sign_out"), size="sm", visible=False, elem_id="sign-out", scale=0, min_width=90
    )


class Reception:
    """The form's handlers."""

    def __init__(self, door: Door, area: Area, form: SignIn) -> None:
        self.door, self.form = door, form
        self.area: Area = area

    def shown(self, key: str) -> dict:
        """The form for those who are not signed in, and for others the way out."""
        person, enters = self.door.who(key), self.door.may(key, self.area)
        known, form = person.role != "visitor", self.form
        told = "" if enters else NOT_ALLOWED if known else STRANGER
        return {
            form.key: key if known else "",
            form.box: gr.Column(visible=not (known and enters)),
            form.told: told,
            form.name: gr.Textbox(visible=not known),
            form.password: gr.Textbox(visible=not known),
            form.send: gr.Button(visible=not known),
            form.leave: gr.Button(visible=known),
        }

    def sign_in(self, name: str, password: str, address: str = "") -> dict:
        """A token for what was typed; the password leaves the page either way."""
        form, accounts = self.form, self.door.accounts
        try:
            token = accounts.sign_in(name, password, address) if accounts else ""
            return {form.key: token, form.password: ""}
        except SupportError as problem:
            return {form.told: html_notice(said_problem(problem)), form.password: ""}

    def sign_out(self, key: str) -> dict:
        if self.door.accounts is not None:
            self.door.accounts.sign_out(str(key or ""))
        return {self.form.key: "", self.form.name: ""}


def connect_sign_in(
    demo: gr.Blocks, reception: Reception, enter: Callable, inputs: list, outputs: list
) -> list[Any]:
    """Enters when the page opens, after signing in and after signing out; returns these events.

    enter: what the page shows to whom its first input says. inputs: the others. outputs: with the
    form's.
    """
    form, quick = reception.form, {"queue": False, **QUIET}

    def sign_in(request: gr.Request, name: str, password: str, *given: Any) -> dict:
        shown = reception.sign_in(name, password, request.client.host if request.client else "")
        return {**enter(shown[form.key], *given), **shown} if form.key in shown else shown

    def sign_out(key: str, *given: Any) -> dict:
        return {**reception.sign_out(key), **enter("", *given)}

    def arrive(kept: str, link: str, *given: Any) -> dict:
        """link: the key or code that the page's address has, if any."""
        door = reception.door
        used = door.is_spent(link)
        shown = enter(door.let_in(link, kept), *given)
        return {**shown, form.told: SPENT} if used and not shown[form.key] else shown

    arriving = [form.key, gr.Textbox(visible=False), *inputs]
    typed = [form.name, form.password, *inputs]
    return [
        demo.load(arrive, arriving, outputs, js=READ_KEY, **quick),
        gr.on([form.send.click, form.password.submit], sign_in, typed, outputs, **QUIET),
        form.leave.click(sign_out, [form.key, *inputs], outputs, **quick),
    ]
