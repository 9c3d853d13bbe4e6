"""The desk: the page for people who take over what the assistant hands to them, at /desk.

Agents sign in, or open it by a link with a key, which makes them an admin. Key or token travel
with every call, and the server looks what they allow before anything is read or changed; without
them the page is a form. An agent's name is that of the account; only who has the key types one.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import gradio as gr

from demo.accounts import AccountsPage, accounts_part
from demo.chat import bubbles
from demo.convert import QUIET, plain_errors
from demo.door import Door
from demo.insights import InsightsPage, insights_part
from demo.panels import esc, title_of
from demo.replay import conversation_of
from demo.service import Service
from demo.sign_in import Reception, SignIn, connect_sign_in, leave_button, sign_in_part
from demo.theme import script
from mm_support.as_json import snippet
from mm_support.errors import InputError
from mm_support.types import Case, Holder, KeptTurn, Message

PATH = "/desk"
SHORTEST_KEY = 16  # characters
POLL = 2  # s between two looks at the conversations
OPENING = 90  # characters of a conversation's first words in the list
NOBODY = '<p class="ms-muted ms-nobody">Nobody is waiting for a person.</p>'
NOTHING_PICKED = '<p class="ms-muted">Choose a conversation from the list.</p>'
REASONS = {
    "asked": "Asked for a person",
    "upset": "Upset",
    "human_only": "Reserved for people",
    "account": "Needs something done",
    "stuck": "The assistant could not help",
    "safety": "Somebody may be in danger",
    "self_harm": "May harm themselves",
    "fraud": "May be fraud",
    "no_evidence": "Not in the knowledge",
    "technical": "Something failed",
    "out_of_hours": "Came outside of hours",
}
STATES = {
    "waiting": "Waiting",
    "person": "With {agent}",
    "assistant": "Back with the assistant",
    "closed": "Closed by {agent}",
}
# the key leaves the address bar and the history once the page has it
READ_KEY = """(kept, name) => {
  const given = new URLSearchParams(location.search).get("key");
  if (given) history.replaceState(null, "", location.pathname);
  return [given ?? kept, name];
}"""


def desk_key(setting: str, environ: Mapping[str, str]) -> str:
    """What opens the desk: the setting, otherwise a new random key. "", no desk, on a public Space
    without the setting. Raises InputError for a setting that could be guessed.
    """
    if setting and len(setting) < SHORTEST_KEY:
        raise InputError(f"MM_SUPPORT_DESK_KEY needs at least {SHORTEST_KEY} characters.")
    return setting or ("" if environ.get("SPACE_ID") else secrets.token_urlsafe(24))


def desk_link(address: str, key: str) -> str:
    return f"{address.rstrip('/')}{PATH}?key={key}"


@dataclass(frozen=True)
class Seen:
    """What the page shows already, so that only what changed is drawn again."""

    listed: str = ""
    holder: Holder = Holder()
    said: tuple[KeptTurn | Message, ...] = ()
    picked: str = ""


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of the page that change. key: what opens it; name: of who has no account, both kept
    in the browser; picked: the conversation that is open; figures, accounts: for those who may.
    """

    key: gr.BrowserState
    name: gr.BrowserState
    picked: gr.State
    seen: gr.State
    timer: gr.Timer
    room: gr.Column
    figures: gr.Column
    accounts: gr.Column
    agent: gr.Textbox
    cases: gr.HTML
    about: gr.HTML
    chat: gr.Chatbot
    take: gr.Button
    give_back: gr.Button
    close: gr.Button
    reply: gr.Textbox

    def outputs(self) -> list:
        return [getattr(self, field.name) for field in fields(self)]


class DeskPage:
    """The page's handlers, bound to a service, the key and the parts of the page."""

    def __init__(self, service: Service, door: Door, parts: Parts, form: SignIn) -> None:
        self.service, self.door, self.parts = service, door, parts
        self.reception = Reception(door, "desk", form)

    def enter(self, key: str, name: str) -> dict:
        """The page as it opens: the conversations for those who may, otherwise the form."""
        parts = self.parts
        with plain_errors(esc):
            shown, opens = self.reception.shown(key), self.door.may(key, "desk")
            shown |= {parts.room: gr.Column(visible=opens), parts.timer: gr.Timer(active=opens)}
            if not opens:  # what was on the page goes too
                emptied = {parts.cases: "", parts.chat: [], parts.about: "", parts.reply: ""}
                return {**shown, **emptied, parts.picked: "", parts.seen: Seen()}
            person = self.door.who(key)
        own = gr.Textbox(person.name or name, visible=not person.name)
        return {
            **shown,
            parts.agent: own,
            parts.figures: gr.Column(visible=person.may("figures")),
            parts.accounts: gr.Column(visible=person.may("accounts")),
            **self.look(key, "", Seen()),
        }

    def look(self, key: str, picked: str, seen: Seen) -> dict:
        """What changed since the page was drawn last."""
        with plain_errors(esc):
            self.door.check(key, "desk")
            cases = self.service.desk.open()
            listed = case_list(cases, picked, datetime.now(UTC))
            shown: dict = {} if listed == seen.listed else {self.parts.cases: listed}
            now = self.read(listed, picked)
        if (now.picked, now.holder, now.said) != (seen.picked, seen.holder, seen.said):
            case = next((case for case in cases if case.conversation == picked), None)
            shown |= self.show_conversation(now, case)
        return {self.parts.seen: now, **shown}

    def pick(self, event: gr.EventData, key: str, seen: Seen) -> dict:
        """Opens a conversation of the list."""
        picked = str(event.conversation)
        shown = self.look(key, picked, seen)
        return {**shown, self.parts.picked: picked, self.parts.reply: ""}

    def take(self, key: str, picked: str, agent: str, seen: Seen) -> dict:
        return self.act(self.service.desk.take, key, picked, agent, seen)

    def give_back(self, key: str, picked: str, agent: str, seen: Seen) -> dict:
        return self.act(self.service.desk.give_back, key, picked, agent, seen)

    def close(self, key: str, picked: str, agent: str, seen: Seen) -> dict:
        return self.act(self.service.desk.close, key, picked, agent, seen)

    def say(self, key: str, picked: str, agent: str, seen: Seen, text: str) -> dict:
        """Answers the customer. The first answer takes a conversation that waits."""
        desk = self.service.desk

        def answer(conversation: str, agent: str) -> None:
            if desk.holder(conversation).owner == "waiting" and text.strip():
                desk.take(conversation, agent)
            desk.say(conversation, agent, text)

        return {**self.act(answer, key, picked, agent, seen), self.parts.reply: ""}

    def act(
        self, act: Callable[[str, str], object], key: str, picked: str, agent: str, seen: Seen
    ) -> dict:
        """agent: as it was typed, which counts only for who has no account."""
        with plain_errors(esc):
            act(picked, self.door.agent(key, agent))
        return {**self.look(key, picked, seen), self.parts.name: agent}

    def read(self, listed: str, picked: str) -> Seen:
        desk = self.service.desk
        if not picked:
            return Seen(listed)
        return Seen(
            listed, desk.holder(picked), tuple(desk.transcript(picked, reveal=True)), picked
        )

    def show_conversation(self, now: Seen, case: Case | None) -> dict:
        parts, owner = self.parts, now.holder.owner
        taken, open_ = owner == "person", owner in ("waiting", "person")
        return {
            parts.about: about(now, case),
            parts.chat: bubbles(conversation_of(now.said, now.holder)),
            parts.take: gr.Button(interactive=owner == "waiting"),
            parts.give_back: gr.Button(interactive=taken),
            parts.close: gr.Button(interactive=taken),
            parts.reply: gr.Textbox(interactive=open_),
        }


def case_list(cases: Sequence[Case], picked: str, now: datetime) -> str:
    """Buttons, one a conversation; desk.js says which one was pressed."""
    if not cases:
        return NOBODY
    items = "".join(f"<li>{case_button(case, picked, now)}</li>" for case in cases)
    return f'<ul class="ms-cases">{items}</ul>'


def case_button(case: Case, picked: str, now: datetime) -> str:
    current = ' aria-current="true"' if case.conversation == picked else ""
    state = STATES[case.holder.owner].format(agent=case.holder.agent)
    waits = minutes((now - case.since).total_seconds())
    mark = '<i class="ms-unanswered">Unanswered</i>' if case.unanswered else ""
    return (
        f'<button type="button" class="ms-case ms-{case.holder.owner}"'
        f' data-conversation="{esc(case.conversation)}"{current}>'
        f"<span><b>{esc(state)}</b> {waits}{mark}</span>"
        f"<q>{esc(snippet(case.opening, OPENING))}</q>"
        f"<small>{esc(reason(case))} · {esc(title_of(case.knowledge))}</small></button>"
    )


def minutes(seconds: float) -> str:
    """A time span as people say it."""
    whole = int(seconds // 60)
    if whole < 1:
        return "under 1 min"
    if whole < 120:
        return f"{whole} min"
    return f"{whole // 60} h"


def reason(case: Case) -> str:
    return REASONS.get(case.reason, title_of(case.reason))


def about(now: Seen, case: Case | None) -> str:
    """Whose the conversation is, why it was handed over, and the summary."""
    if not now.picked:
        return f'<section class="ms-card">{NOTHING_PICKED}</section>'
    state = esc(STATES[now.holder.owner].format(agent=now.holder.agent))
    if case is None:
        return f'<section class="ms-card"><h2>{state}</h2></section>'
    lines = "".join(f"<p>{esc(line)}</p>" for line in case.summary.splitlines())
    facts = f"{esc(reason(case))} · {esc(title_of(case.knowledge))}"
    return (
        f'<section class="ms-card"><h2>{state} · {facts}</h2>'
        f"<details open><summary>Summary</summary>{lines}</details></section>"
    )


# -- layout and events ----------------------------------------------------------------------


def desk_page(demo: gr.Blocks, service: Service, door: Door, title: str) -> None:
    """Adds the page to the Blocks, outside of its navigation."""
    with demo.route("Desk", PATH, show_in_navbar=False):
        with gr.Row(elem_id="ms-header", equal_height=True):
            gr.HTML(f"<h1>{title} · Desk</h1>", elem_id="ms-brand")
            leave = leave_button()
        form = sign_in_part(leave)
        with gr.Column(visible=False, elem_id="room") as room:
            with gr.Row(elem_classes="ms-desk"):
                with gr.Column(scale=4, min_width=300, elem_id="ms-waiting"):
                    agent = name_box()
                    cases = gr.HTML(
                        NOBODY, js_on_load=script("desk.js"), elem_id="cases", padding=False
                    )
                with gr.Column(scale=7, min_width=320, elem_id="ms-case"):
                    summary = gr.HTML(about(Seen(), None), elem_id="about", padding=False)
                    with gr.Row(elem_id="ms-actions"):
                        take, give_back, close = buttons()
                    chat = desk_chat()
                    reply = reply_box()
            with gr.Column(visible=False) as figures:
                insights_part(InsightsPage(service, door.check), form.key)
            with gr.Column(visible=False) as accounts:
                accounts_part(AccountsPage(service.accounts, door), form.key)
        parts = Parts(
            key=form.key,
            name=gr.BrowserState("", storage_key="mm-support-agent", secret="mm-support-agent"),
            picked=gr.State(""),
            seen=gr.State(Seen()),
            timer=gr.Timer(POLL, active=False),
            room=room,
            figures=figures,
            accounts=accounts,
            agent=agent,
            cases=cases,
            about=summary,
            chat=chat,
            take=take,
            give_back=give_back,
            close=close,
            reply=reply,
        )
        connect(demo, DeskPage(service, door, parts, form))


def name_box() -> gr.Textbox:
    return gr.Textbox(
        label="Your name, as customers read it", max_lines=1, max_length=64, elem_id="agent"
    )


def desk_chat() -> gr.Chatbot:
    return gr.Chatbot(
        show_label=False,
        label="Conversation",
        elem_id="chat",
        height=None,
        layout="bubble",
        allow_tags=False,
        sanitize_html=True,
        latex_delimiters=[],
        buttons=["copy"],
        allow_file_downloads=False,
        placeholder="",
    )


def reply_box() -> gr.Textbox:
    return gr.Textbox(
        show_label=False,
        label="Your answer",
        placeholder="Write to the customer…",
        lines=1,
        max_lines=6,
        submit_btn=True,
        interactive=False,
        elem_id="reply",
    )


def buttons() -> list[gr.Button]:
    names = ("Take", "Give back", "Close")
    variants = ("primary", "secondary", "secondary")
    return [
        gr.Button(name, size="sm", variant=variant, interactive=False)
        for name, variant in zip(names, variants, strict=True)
    ]


def connect(demo: gr.Blocks, page: DeskPage) -> None:
    parts, shown = page.parts, page.parts.outputs()
    quick: dict[str, Any] = {"queue": False, **QUIET}
    where = [parts.key, parts.picked, parts.agent, parts.seen]
    entered = [*shown, *page.reception.form.outputs()[1:]]
    connect_sign_in(demo, page.reception, page.enter, [parts.name], entered, READ_KEY)
    parts.timer.tick(page.look, [parts.key, parts.picked, parts.seen], shown, **quick)
    parts.cases.pick(page.pick, [parts.key, parts.seen], shown, **quick)
    # in the queue, since Gradio shows no errors of what passes it by
    parts.take.click(page.take, where, shown, **QUIET)
    parts.give_back.click(page.give_back, where, shown, **QUIET)
    parts.close.click(page.close, where, shown, **QUIET)
    parts.reply.submit(page.say, [*where, parts.reply], shown, **QUIET)
