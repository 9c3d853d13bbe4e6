"""The desk: the page for people who take over what the assistant hands to them, at /desk.

A link with a key opens it. The key travels with every call and is compared on the server before
anything is read or changed; without it the page is one sentence. Names of agents are not checked:
whoever has the key may use any.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import gradio as gr

from demo.chat import bubbles
from demo.convert import plain_errors
from demo.insights import InsightsPage, insights_part
from demo.panels import esc, title_of
from demo.replay import conversation_of
from demo.service import Service
from demo.tabs import QUIET
from demo.theme import script
from mm_support.as_json import snippet
from mm_support.errors import InputError
from mm_support.types import Case, Holder, KeptTurn, Message

PATH = "/desk"
SHORTEST_KEY = 16  # characters
POLL = 2  # s between two looks at the conversations
OPENING = 90  # characters of a conversation's first words in the list
CLOSED_DOOR = (
    "This page is for people who answer customers. Open it with the link that was printed when the "
    "service started."
)
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
    """The parts of the page that change. key: what opens it; name: the agent's, both kept in the
    browser; picked: the conversation that is open.
    """

    key: gr.BrowserState
    name: gr.BrowserState
    picked: gr.State
    seen: gr.State
    timer: gr.Timer
    door: gr.HTML
    room: gr.Column
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

    def __init__(self, service: Service, key: str, parts: Parts) -> None:
        self.service, self.key, self.parts = service, key, parts

    def enter(self, key: str, name: str) -> dict:
        """The page as it opens: with the right key the conversations, otherwise one sentence."""
        parts, opens = self.parts, self.fits(key)
        shown: dict = {
            parts.key: key if opens else "",
            parts.door: gr.HTML(visible=not opens),
            parts.room: gr.Column(visible=opens),
            parts.timer: gr.Timer(active=opens),
        }
        return {**shown, parts.agent: name, **self.look(key, "", Seen())} if opens else shown

    def look(self, key: str, picked: str, seen: Seen) -> dict:
        """What changed since the page was drawn last."""
        with plain_errors(esc):
            self.check(key)
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
        with plain_errors(esc):
            self.check(key)
            act(picked, agent)
        return {**self.look(key, picked, seen), self.parts.name: agent}

    def fits(self, key: str) -> bool:
        return secrets.compare_digest(str(key or "").encode(), self.key.encode())

    def check(self, key: str) -> None:
        if not self.fits(key):
            raise InputError(CLOSED_DOOR)

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


def desk_page(demo: gr.Blocks, service: Service, key: str, title: str) -> None:
    """Adds the page to the Blocks, outside of its navigation."""
    with demo.route("Desk", PATH, show_in_navbar=False):
        with gr.Row(elem_id="ms-header", equal_height=True):
            gr.HTML(f"<h1>{title} · Desk</h1>", elem_id="ms-brand")
        door = gr.HTML(f"<p>{CLOSED_DOOR}</p>", visible=False, elem_id="door")
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
        page = DeskPage(
            service,
            key,
            Parts(
                key=gr.BrowserState("", storage_key="mm-support-desk", secret="mm-support-desk"),
                name=gr.BrowserState("", storage_key="mm-support-agent", secret="mm-support-agent"),
                picked=gr.State(""),
                seen=gr.State(Seen()),
                timer=gr.Timer(POLL, active=False),
                door=door,
                room=room,
                agent=agent,
                cases=cases,
                about=summary,
                chat=chat,
                take=take,
                give_back=give_back,
                close=close,
                reply=reply,
            ),
        )
        connect(demo, page)
        with room:
            insights_part(InsightsPage(service, page.check), page.parts.key)


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
    demo.load(page.enter, [parts.key, parts.name], shown, js=READ_KEY, **quick)
    parts.timer.tick(page.look, [parts.key, parts.picked, parts.seen], shown, **quick)
    parts.cases.pick(page.pick, [parts.key, parts.seen], shown, **quick)
    # in the queue, since Gradio shows no errors of what passes it by
    parts.take.click(page.take, where, shown, **QUIET)
    parts.give_back.click(page.give_back, where, shown, **QUIET)
    parts.close.click(page.close, where, shown, **QUIET)
    parts.reply.submit(page.say, [*where, parts.reply], shown, **QUIET)
