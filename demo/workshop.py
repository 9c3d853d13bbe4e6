"""The workshop: the page for those who look after the assistant, at /workshop.

They try it with all that it understood beside each reply, see, add and edit knowledge, and read how
well it works. Editors and admins sign in, and the desk's key opens it, unless whoever runs the
service opens it to everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from demo.branding import BrandDesk, BrandTab, brand_tab, connect_brand
from demo.convert import QUIET, plain_errors, said_problem
from demo.evaluation import evaluation_tab
from demo.knowledge_tab import KnowledgeDesk, KnowledgeTab, knowledge_tab
from demo.panels import status_line
from demo.sign_in import Reception, connect_sign_in, sign_in_part
from demo.words import DEFAULT, label

if TYPE_CHECKING:
    from demo.opening import Opening

# the base of a draft, which the address names behind #, and the page's language
NAMED = """(...given) => [
  ...given.slice(0, -2), new URLSearchParams(location.hash.slice(1)).get("knowledge") ?? "",
  window.msWhere().language,
]"""


def workshop_page(
    demo: gr.Blocks,
    knowledge: KnowledgeDesk,
    branding: BrandDesk,
    assets: Path,
    leave: gr.Button,
    assistant: Callable[[], Opening],
) -> None:
    """Lays the page out and connects it. leave: signs out; assistant: lays out the conversation."""
    opened = "workshop" in knowledge.door.visitors
    if not opened:
        form = sign_in_part(leave, knowledge.door.elsewhere("workshop"))
    with gr.Column(visible=opened, elem_id="room") as room:
        with gr.Tabs() as tabs:
            with gr.Tab(label("tab_try"), id="try"):
                opening = assistant()
            with gr.Tab(label("knowledge"), id="knowledge"):
                tab = knowledge_tab(knowledge)
            with gr.Tab(label("tab_evaluation"), id="evaluation"):
                evaluation_tab(assets / "evaluation")
            look = brand_tab(branding)
    if opened:  # whoever has more to do than everybody signs in below
        form = sign_in_part(leave, knowledge.door.elsewhere("workshop"))
    tab.connect(knowledge, opening.desk.picker, form.key)
    connect_brand(branding, look, form.key)
    reception = Reception(knowledge.door, "workshop", form)
    entered = enter(demo, knowledge, reception, room, tab, look)
    follow_status(entered, form.key, knowledge, opening, tab, tabs)


def enter(
    demo: gr.Blocks,
    knowledge: KnowledgeDesk,
    reception: Reception,
    room: gr.Column,
    tab: KnowledgeTab,
    look: BrandTab,
) -> list[Any]:
    """Shows the room to those who may enter, to others the form. Returns the events."""

    def open_door(given: str) -> dict:
        with plain_errors(said_problem):
            shown, door = reception.shown(given), knowledge.door
            opens = {room: gr.Column(visible=door.may(given, "workshop"))}
            return {**shown, **opens, **tab.shown(door, given), **look.shown(door, given)}

    outputs = [*reception.form.outputs(), room, *tab.guarded(), look.tab]
    return connect_sign_in(demo, reception, open_door, [], outputs)


def follow_status(
    entered: list[Any],
    key: gr.BrowserState,
    desk: KnowledgeDesk,
    opening: Opening,
    tab: KnowledgeTab,
    tabs: gr.Tabs,
) -> None:
    """Polls until the models have loaded, then fills the pickers and the list of knowledge; for
    those who entered.
    """
    timer = gr.Timer(2, active=False)
    status, picker = opening.desk.status, opening.desk.picker

    def look(picked: str | None, given: str = "", named: str = "", language: str = DEFAULT) -> dict:
        """named: the base of a draft that the page was opened with, see demo/editor.py."""
        if not desk.door.may(given, "workshop"):
            return {timer: gr.Timer(active=False)}
        now = desk.service.status()
        shown = {status: status_line(now), timer: gr.Timer(active=not (now.ready or now.failed))}
        if now.ready:
            choices = desk.choices(language)
            names = [name for _, name in choices]
            first: dict[str, Any] = {"value": names[0] if names else None}
            shown |= opening.cards(language)
            shown[tab.table] = desk.table(given)
            # what is picked stays: it may have changed while this was on its way
            shown[picker] = gr.update(choices=choices, **({} if picked in names else first))
            draft: dict[str, Any] = {"value": named} if named in names else first
            shown[tab.bases] = gr.update(choices=choices, **draft)
            if named:
                shown[tabs] = gr.Tabs(selected="knowledge")
        return shown

    shown = [status, timer, tab.table, picker, tab.bases, tabs, opening.desk.chat]
    asked = [picker, key, *(gr.Textbox(visible=False) for _ in range(2))]
    quick: dict[str, Any] = {"js": NAMED, "queue": False, **QUIET}
    for event in entered:
        event.then(look, asked, shown, **quick)
    timer.tick(look, asked, shown, **quick)
