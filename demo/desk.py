"""The desk: the page for people who take over what the assistant hands to them, at /desk.

Agents sign in, or open it by a link with a key, which makes them an admin. Key or token travel
with every call, and the server looks what they allow before anything is read or changed; without
them the page is a form. An agent's name is that of the account; only who has the key types one.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import gradio as gr

from demo.accounts import AccountsPage, accounts_part
from demo.bubbles import bubbles
from demo.convert import QUIET, WordedError, plain_errors, said_problem
from demo.desk_cases import Seen, about, case_list, closing, found_list, is_unread, suggestion
from demo.door import Door
from demo.header import staff_title
from demo.insights import InsightsPage, insights_part
from demo.page_parts import POLL, Outputs
from demo.replay import conversation_of, with_photos
from demo.service import Service
from demo.sign_in import Reception, SignIn, connect_sign_in, leave_button, sign_in_part
from demo.theme import CONVERSATION, script
from demo.words import bases_called, label, said
from mm_support.desk.conversations import MAX_MESSAGE
from mm_support.desk.ownership import checked
from mm_support.desk.search import LONGEST
from mm_support.errors import InputError
from mm_support.types import Case

PATH = "/desk"
SHORTEST_KEY = 16  # characters
SNOOZES = [("0 min", 0), ("15 min", 15), ("1 h", 60), ("4 h", 240), ("24 h", 1440)]
# a press on an outcome says which one
PICK_OUTCOME = """element.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-outcome]");
  if (pressed) trigger("pick", { outcome: pressed.dataset.outcome });
});"""
KEPT_SOUND = """try {
  const kept = localStorage.getItem("mm-support-desk-sound");
  element.querySelector("input").checked = kept === "1";
} catch { /* a browser that keeps nothing */ }"""
# what stood in a box when it was sent leaves it once the server has it, see desk.js
SENDS = "(...given) => {{ window.msSends('{}'); return given; }}"
SENT = "() => window.msSent('{}')"
# beside what the page knows: whether the agent types, see page.js
TYPING = "(...given) => [...given.slice(0, -1), window.msTyping()]"


def desk_key(setting: str, environ: Mapping[str, str]) -> str:
    """What opens the desk: the setting, otherwise a new random key. "", no desk, on a public Space
    without the setting. Raises InputError for a setting that could be guessed.
    """
    if setting and len(setting) < SHORTEST_KEY:
        raise InputError(f"MM_SUPPORT_DESK_KEY needs at least {SHORTEST_KEY} characters.")
    return setting or ("" if environ.get("SPACE_ID") else secrets.token_urlsafe(24))


def desk_link(address: str, key: str, page: str = PATH) -> str:
    """key: that of the settings, or a one-time code; page: another one for those who work here."""
    return f"{address.rstrip('/')}{page}?key={key}"


@dataclass(frozen=True, eq=False)
class Parts(Outputs):
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
    search: gr.Textbox
    found: gr.HTML
    cases: gr.HTML
    about: gr.HTML
    chat: gr.Chatbot
    take: gr.Button
    give_back: gr.Button
    close: gr.HTML
    open_again: gr.Button
    reply: gr.Textbox
    note: gr.Textbox
    snooze: gr.Dropdown
    suggest: gr.Button


class DeskPage:
    """The page's handlers, bound to a service, the key and the parts of the page."""

    def __init__(self, service: Service, door: Door, parts: Parts, form: SignIn) -> None:
        self.service, self.door, self.parts = service, door, parts
        self.reception = Reception(door, "desk", form)

    def enter(self, key: str, name: str) -> dict:
        """The page as it opens: the conversations for those who may, otherwise the form."""
        parts = self.parts
        with plain_errors(said_problem):
            shown, opens = self.reception.shown(key), self.door.may(key, "desk")
            shown |= {parts.room: gr.Column(visible=opens), parts.timer: gr.Timer(active=opens)}
            if not opens:  # what was on the page goes too
                emptied = {parts.cases: "", parts.chat: [], parts.about: "", parts.reply: ""}
                emptied |= {parts.note: "", parts.search: "", parts.found: ""}
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

    def look(
        self, key: str, picked: str, seen: Seen, agent: str = "", typing: bool = False
    ) -> dict:
        """What changed since the page was drawn last. typing: whether the agent writes."""
        with plain_errors(said_problem):
            self.door.check(key, "desk")
            cases, closed = self.service.desk.open(), self.service.desk.closed()
            listed = case_list(cases, picked, datetime.now(UTC), closed)
            shown: dict = {} if listed == seen.listed else {self.parts.cases: listed}
            if typing and picked:
                with suppress(InputError):  # not theirs yet: the customer is told nothing
                    self.service.desk.agent_types(picked, self.door.agent(key, agent))
            now = self.read(listed, picked)
        if now.of_conversation() != seen.of_conversation():
            listed_ = (case for case in (*cases, *closed) if case.conversation == picked)
            case = next(listed_, None) or self.service.desk.case(picked)
            shown |= self.show_conversation(now, case)
        return {self.parts.seen: now, **shown}

    def pick(self, event: gr.EventData, key: str, seen: Seen) -> dict:
        """Opens a conversation of the list; what was begun there the browser keeps, see desk.js."""
        picked = str(event.conversation)
        return {**self.look(key, picked, seen), self.parts.picked: picked}

    def search(self, key: str, picked: str, words: str) -> dict:
        """The conversations that have all of these words; nothing is shown for none."""
        with plain_errors(said_problem):
            self.door.check(key, "desk")
            if not words.strip():
                return {self.parts.found: ""}
            found = self.service.desk.search(words, self.also)
        return {self.parts.found: found_list(found, picked)}

    def also(self, word: str) -> list[str]:
        """What a word of a search may stand for: bases that the page calls so, and the customer
        whom the company's own system calls so.
        """
        return [*bases_called(word), self.service.visit_of(word).visitor]

    def take(self, key: str, picked: str, agent: str, seen: Seen) -> dict:
        return self.act(self.service.desk.take, key, picked, agent, seen)

    def give_back(self, key: str, picked: str, agent: str, seen: Seen) -> dict:
        return self.act(self.service.desk.give_back, key, picked, agent, seen)

    def close(self, event: gr.EventData, key: str, picked: str, agent: str, seen: Seen) -> dict:
        """Closes it with the outcome that was chosen."""
        outcome: Any = event.outcome

        def close(conversation: str, agent: str) -> None:
            self.service.desk.close(conversation, agent, outcome)

        return self.act(close, key, picked, agent, seen)

    def open_again(self, key: str, picked: str, agent: str, seen: Seen) -> dict:
        return self.act(self.service.desk.open_again, key, picked, agent, seen)

    def say(self, key: str, picked: str, agent: str, seen: Seen, text: str) -> dict:
        """Answers the customer. The first answer takes a conversation that waits."""
        desk = self.service.desk

        def answer(conversation: str, agent: str) -> None:
            if desk.holder(conversation).owner == "waiting":
                checked(text, MAX_MESSAGE, "message")
                desk.take(conversation, agent)
            desk.say(conversation, agent, text)

        return self.act(answer, key, picked, agent, seen)

    def note(self, key: str, picked: str, agent: str, seen: Seen, text: str) -> dict:
        """Notes something for the other agents."""

        def write(conversation: str, agent: str) -> None:
            self.service.desk.note(conversation, agent, text)

        return self.act(write, key, picked, agent, seen)

    def snooze(self, key: str, picked: str, agent: str, seen: Seen, span: float | None) -> dict:
        """Puts the conversation off for so many minutes; None: nothing was chosen."""
        if span is None:
            return self.look(key, picked, seen)

        def put_off(conversation: str, agent: str) -> None:
            self.service.desk.snooze(conversation, agent, span)

        return {**self.act(put_off, key, picked, agent, seen), self.parts.snooze: None}

    def suggest(self, key: str, picked: str, written: str) -> dict:
        """The evidence that was found, behind what is in the box already; what the assistant would
        answer, where it has not looked for what the customer wrote last.
        """
        with plain_errors(said_problem):
            self.door.check(key, "desk")
            said = self.service.desk.transcript(picked, reveal=True)
            found = self.service.draft(picked) if is_unread(said) else ""
            found = found or suggestion(said)
            if not found:
                raise WordedError("nothing_fits")
        whole = "\n\n".join(filter(None, (written.strip(), found)))
        return {self.parts.reply: whole}

    def act(
        self, act: Callable[[str, str], object], key: str, picked: str, agent: str, seen: Seen
    ) -> dict:
        """agent: as it was typed, which counts only for who has no account."""
        with plain_errors(said_problem):
            act(picked, self.door.agent(key, agent))
        return {**self.look(key, picked, seen), self.parts.name: agent}

    def read(self, listed: str, picked: str) -> Seen:
        desk = self.service.desk
        if not picked:
            return Seen(listed)
        holder = replace(desk.holder(picked), typing=False, minutes=None, turns=0)  # not shown
        spoken = tuple(desk.transcript(picked, reveal=True))
        noted, history = tuple(desk.notes(picked)), tuple(desk.history(picked))
        return Seen(listed, holder, spoken, picked, noted, history)

    def show_conversation(self, now: Seen, case: Case | None) -> dict:
        parts, owner = self.parts, now.holder.owner
        shown = conversation_of(now.said, now.holder)
        taken, open_ = owner == "person", owner in ("waiting", "person")
        return {
            parts.about: about(now, case),
            parts.chat: bubbles(with_photos(shown, self.service.archive.photo)),
            parts.take: gr.Button(interactive=owner == "waiting", visible=owner != "closed"),
            parts.open_again: gr.Button(visible=owner == "closed"),
            parts.give_back: gr.Button(interactive=taken),
            parts.close: closing(taken),
            parts.reply: gr.Textbox(interactive=open_),
            parts.note: gr.Textbox(interactive=True),
            parts.snooze: gr.Dropdown(interactive=open_),
            parts.suggest: gr.Button(interactive=open_ and bool(now.said)),
        }


# -- layout and events ----------------------------------------------------------------------


def desk_page(demo: gr.Blocks, service: Service, door: Door, title: str) -> None:
    """Lays the page out and connects it."""
    with gr.Row(elem_id="ms-header", equal_height=True):
        shown = staff_title(title, "page_desk")
        gr.HTML(f"<h1><span>{shown}</span></h1>", elem_id="ms-brand")
        leave = leave_button()
    form = sign_in_part(leave, door.elsewhere("desk"))
    with gr.Column(visible=False, elem_id="room") as room:
        with gr.Row(elem_classes="ms-desk"):
            waiting = waiting_part()
            case = case_part()
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
        **waiting,
        **case,
    )
    connect(demo, DeskPage(service, door, parts, form))


def waiting_part() -> dict[str, Any]:
    """The name of who answers, the search, and the conversations that wait or were found, by the
    names of Parts.
    """
    with gr.Column(scale=4, min_width=300, elem_id="ms-waiting"):
        name = label("desk_name")
        parts: dict[str, Any] = {
            "agent": gr.Textbox(label=name, max_lines=1, max_length=64, elem_id="agent"),
            "search": search_box(),
        }
        parts["found"] = gr.HTML(
            "", js_on_load=script("desk_found.js"), elem_id="found", padding=False
        )
        parts["cases"] = gr.HTML(
            case_list((), "", datetime.now(UTC)),
            js_on_load=script("desk.js"),
            elem_id="cases",
            padding=False,
        )
        gr.HTML(below_the_list(), js_on_load=KEPT_SOUND, padding=False)
    return parts


def below_the_list() -> str:
    """Whether new conversations sound, which the browser keeps (desk.js), and the keys."""
    sound = f'<input type="checkbox" id="desk-sound"> {said("desk_sound")}'
    keys = f'<p class="ms-muted ms-keys">{said("desk_keys")}</p>'
    return f'<label class="ms-muted">{sound}</label>{keys}'


def search_box() -> gr.Textbox:
    return gr.Textbox(
        show_label=False,
        label=label("desk_search"),
        placeholder=label("desk_search_how"),  # type: ignore[arg-type]
        max_lines=1,
        max_length=LONGEST,
        submit_btn=True,
        elem_id="search",
        html_attributes=gr.InputHTMLAttributes(
            autocomplete="off", spellcheck=False, enterkeyhint="search"
        ),
    )


def case_part() -> dict[str, Any]:
    """The conversation that is open and what is done with it, by the names of Parts."""
    with gr.Column(scale=7, min_width=320, elem_id="ms-case"):
        parts: dict[str, Any] = {
            "about": gr.HTML(about(Seen(), None), elem_id="about", padding=False)
        }
        with gr.Row(elem_id="ms-actions"):
            parts["open_again"] = open_again_button()
            parts["take"] = button("do-take", "desk_do_take", "primary")
            parts["give_back"] = button("do-give_back", "desk_do_give_back")
            parts["close"] = gr.HTML(
                closing(False), js_on_load=PICK_OUTCOME, padding=False, elem_id="do-close"
            )
            with gr.Row(elem_id="ms-snooze"):
                word = f"<span>{said('desk_snooze')}</span>"
                gr.HTML(word, padding=False, elem_id="snooze-word")
                parts["snooze"] = snooze_box()
        parts["chat"] = gr.Chatbot(label=label("conversation"), placeholder="", **CONVERSATION)
        parts["reply"] = line_box("reply", "desk_answer", "desk_write", 6)
        with gr.Row(elem_id="ms-beside"):
            parts["suggest"] = button("suggest", "desk_suggest")
            parts["note"] = line_box("note", "desk_note", "desk_note", 4)
    return parts


def button(name: str, key: str, variant: Any = "secondary") -> gr.Button:
    """Disabled until a conversation is open. key: of its words."""
    return gr.Button(label(key), size="sm", variant=variant, interactive=False, elem_id=name)


def open_again_button() -> gr.Button:
    """Takes the place of "Take" where a conversation is closed."""
    name = label("desk_do_open_again")
    return gr.Button(name, size="sm", variant="primary", visible=False, elem_id="do-open-again")


def line_box(name: str, title: str, hint: str, lines: int) -> gr.Textbox:
    """Sent with Enter; it grows to so many lines. title, hint: keys of words."""
    return gr.Textbox(
        show_label=False,
        label=label(title),
        placeholder=label(hint),  # type: ignore[arg-type]
        lines=1,
        max_lines=lines,
        submit_btn=True,
        interactive=False,
        elem_id=name,
    )


def snooze_box() -> gr.Dropdown:
    return gr.Dropdown(
        SNOOZES,
        value=None,
        label=label("desk_snooze"),
        interactive=False,
        container=False,
        elem_id="snooze",
        min_width=120,
        scale=0,
    )


def connect(demo: gr.Blocks, page: DeskPage) -> None:
    parts, shown = page.parts, page.parts.outputs()
    quick: dict[str, Any] = {"queue": False, **QUIET}
    where = [parts.key, parts.picked, parts.agent, parts.seen]
    entered = [*shown, *page.reception.form.outputs()[1:]]
    connect_sign_in(demo, page.reception, page.enter, [parts.name], entered)
    typing = gr.Checkbox(False, visible=False)
    looked = [parts.key, parts.picked, parts.seen, parts.agent, typing]
    parts.timer.tick(page.look, looked, shown, js=TYPING, **quick)
    picking = [parts.key, parts.seen]
    parts.cases.pick(page.pick, picking, shown, **quick)
    parts.found.pick(page.pick, picking, shown, **quick)
    parts.found.clear(None, None, parts.found, js="() => ''", **quick)
    # in the queue, since Gradio shows no errors of what passes it by
    parts.search.submit(page.search, [parts.key, parts.picked, parts.search], parts.found, **QUIET)
    parts.take.click(page.take, where, shown, **QUIET)
    parts.give_back.click(page.give_back, where, shown, **QUIET)
    parts.close.pick(page.close, where, shown, **QUIET)
    parts.open_again.click(page.open_again, where, shown, **QUIET)
    for box, send in ((parts.reply, page.say), (parts.note, page.note)):
        sent = box.submit(send, [*where, box], shown, js=SENDS.format(box.elem_id), **QUIET)
        sent.success(None, None, None, js=SENT.format(box.elem_id), **quick)
    parts.snooze.select(page.snooze, [*where, parts.snooze], shown, **QUIET)
    parts.suggest.click(page.suggest, [parts.key, parts.picked, parts.reply], parts.reply, **QUIET)
