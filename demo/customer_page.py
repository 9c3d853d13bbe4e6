"""The customers' page, and the one on which another look of it is tried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from demo.brand import Brand, greeting
from demo.branding import BrandDesk
from demo.conversation import SESSION, assistant
from demo.conversation_layout import conversation_column, legal_line, sources_of
from demo.conversation_state import Conversation
from demo.convert import QUIET
from demo.examples import available, card
from demo.header import header, title_line
from demo.knowledge_tab import KnowledgeDesk
from demo.live import Ears
from demo.panels import customer_status
from demo.service import Service
from demo.theme import theme
from demo.words import DEFAULT, spoken

DRAFT = "() => [{ ...msWhere(), draft: new URLSearchParams(location.search).get('draft') }]"


def customer_page(demo: gr.Blocks, service: Service, folder: Path, brand: Brand) -> None:
    """What customers see: the conversation, and nothing of how it is made."""
    header(brand)
    opening = assistant(demo, service, folder, brand)
    desk, picker = opening.desk, opening.desk.picker

    def look(picked: str | None, conversation: Conversation) -> dict:
        now = service.status()
        told = customer_status(now, conversation.language)
        shown: dict = {desk.status: told, timer: gr.Timer(active=not (now.ready or now.failed))}
        shown |= opening.pick(picked, conversation) | opening.cards(conversation.language)
        if now.ready and not brand.knowledge:
            choices = KnowledgeDesk(service).choices()
            shown[picker] = picker_update(choices, picked, conversation.knowledge)
        return shown

    timer = gr.Timer(2)
    asked = [picker, desk.conversation]
    shown = [desk.status, timer, picker, desk.notice, desk.chat]
    for event in (opening.opened.then, timer.tick):
        event(look, asked, shown, queue=False, **QUIET)


def preview_page(
    demo: gr.Blocks, branding: BrandDesk, service: Service, folder: Path, brand: Brand
) -> None:
    """The customers' page in a look that is being tried; it is only looked at."""
    title = header(brand)
    shown, ears = available(folder, brand.examples), Ears(service)
    with gr.Row(elem_classes=["ms-desk", "ms-customer"]):
        with gr.Column(scale=7, min_width=300, elem_id="ms-talk"):
            parts = conversation_column(ears, shown, folder, brand)
    style = gr.HTML(padding=False)

    def look(where: dict) -> dict:
        language = spoken(str(where.get("language") or DEFAULT), brand.languages)
        tried = branding.drafts.get(where.get("draft"))
        cards: Any = [card(each, folder, language) for each in available(folder, tried.examples)]
        return {
            title: title_line(tried),
            style: f"<style>{theme(tried)._get_theme_css()}</style>",
            parts["legal"]: legal_line(tried),
            parts["chat"]: gr.Chatbot(examples=cards, placeholder=greeting(tried, language)),
            parts["box"]: gr.MultimodalTextbox(sources=sources_of(tried)),
            parts["hands_free"]: gr.Checkbox(visible="hands-free" in tried.inputs),
            parts["speak"]: gr.Checkbox(visible="spoken reply" in tried.inputs),
            parts["picker"]: tried_picker(tried),
        }

    def tried_picker(tried: Brand) -> dict:
        ready = service.status().ready and not tried.knowledge
        return picker_update(KnowledgeDesk(service).choices(), None) if ready else gr.skip()

    asked = gr.BrowserState({}, storage_key="mm-support-draft", secret=SESSION)
    names = ("legal", "chat", "box", "hands_free", "speak", "picker")
    outputs = [title, style, *(parts[name] for name in names)]
    demo.load(look, asked, outputs, js=DRAFT, queue=False, **QUIET)


def picker_update(choices: list[tuple[str, str]], picked: str | None, named: str = "") -> dict:
    """What is picked stays: it may have changed while this was on its way. named: a base by the
    page's address.
    """
    names = [name for _, name in choices]
    first: dict[str, Any] = {} if picked in names else {"value": names[0] if names else None}
    first = {"value": named} if named in names else first
    return gr.update(choices=choices, visible=len(names) > 1, **first)
