"""The page: layout, then events. build_demo(service) is all that app.py needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from demo.api import REPLIES_AT_ONCE, add_endpoints
from demo.chat import FORGET, Chat, Desk
from demo.conversation_state import Conversation
from demo.desk import POLL, desk_page
from demo.examples import Example, available, bases, card
from demo.live import Ears
from demo.panels import panel, status_line, title_of
from demo.service import Service
from demo.tabs import QUIET, KnowledgeDesk, evaluation_tab, knowledge_tab
from demo.theme import css, head, script, theme
from mm_support.paths import ASSETS

NAME = "Multimodal Support"
HOUR = 3600  # s
PILL = """\
<div class="ms-voice" data-state="off">
  <i class="ms-voice-level" aria-hidden="true"></i>
  <span class="ms-voice-state" role="status"></span>
  <span class="ms-voice-words"></span>
  <button type="button" class="ms-voice-stop" hidden>Stop speaking</button>
</div>"""
SESSION = "mm-support-session"  # under which the browser keeps it
TAB_LIFETIME = 6 * HOUR  # s, how long a browser tab's conversation is kept


def build_demo(
    service: Service, assets: Path = ASSETS, may_add: bool = False, desk_key: str = ""
) -> gr.Blocks:
    """The page and its endpoints for a service; launch it with `launch_options()`.

    assets: folder with examples/ and evaluation/; what is missing there is left out.
    may_add: whether visitors may add knowledge of their own. desk_key: opens the desk, the page for
    people who take over; without one there is none.
    """
    served: list[str | Path] = [assets / "examples", assets / "evaluation"]
    gr.set_static_paths(served)  # from where they are, never cleaned up
    with gr.Blocks(
        title=NAME, analytics_enabled=False, delete_cache=(HOUR, 24 * HOUR), fill_width=True
    ) as demo:
        with gr.Row(elem_id="ms-header", equal_height=True):
            gr.HTML(f"<h1>{NAME}</h1>", elem_id="ms-brand")
            status = gr.HTML(status_line(service.status()), elem_id="ms-status")
        with gr.Tabs():
            with gr.Tab("Assistant"):
                picker = assistant_tab(demo, service, assets / "examples")
            with gr.Tab("Evaluation"):
                evaluation_tab(assets / "evaluation")
            with gr.Tab("Knowledge"):
                knowledge = KnowledgeDesk(service)
                table, browsed = knowledge_tab(knowledge, picker, may_add)
        follow_status(demo, knowledge, status, picker, browsed, table)
        add_endpoints(service)
    if desk_key:
        desk_page(demo, service, desk_key, NAME)
    return demo.queue(max_size=64, default_concurrency_limit=4)


def launch_options() -> dict:
    """What gr.Blocks.launch needs for this page; addresses and ports come from Gradio's own
    variables.
    """
    return {
        "theme": theme(),
        "css": css(),
        "head": head(),
        "show_error": True,
        "max_file_size": "50mb",
        "state_session_capacity": 1000,
        "run_history": False,
        "enable_monitoring": False,
        "footer_links": ["api", "settings"],
        "pwa": False,
        "ssr_mode": False,
    }


def assistant_tab(demo: gr.Blocks, service: Service, folder: Path) -> gr.Radio:
    """Lays out the conversation and connects it; returns the knowledge picker.

    folder: the examples' files.
    """
    examples = available(folder)
    picker = knowledge_picker()
    ears = Ears(service)
    with gr.Row(elem_classes="ms-desk"):
        with gr.Column(scale=7, min_width=320, elem_id="ms-talk"):
            chat = chatbot(examples, folder)
            people = gr.HTML(elem_id="people", padding=False)
            voice = voice_pill(ears)
            comment = gr.Textbox(
                visible=False,
                label="What was wrong?",
                placeholder="A word or two, then Enter",
                elem_id="comment",
            )
            box = message_box()
            with gr.Row(elem_id="ms-actions"):
                switch("Hands-free", "hands-free", 110)
                speak = switch("Voice reply", "speak", 120)
                person = gr.Button("Talk to a person", size="sm", elem_id="person", min_width=140)
                restart = gr.Button("New conversation", size="sm", elem_id="restart", min_width=140)
                forget = gr.Button(FORGET, size="sm", elem_id="forget", min_width=110)
        with gr.Column(scale=4, min_width=300, elem_id="ms-side"):
            with gr.Group(visible=False, elem_id="heard") as heard:
                transcript = gr.Textbox(
                    label="Heard", lines=1, max_lines=4, interactive=True, elem_id="transcript"
                )
                again = gr.Button(
                    "Not what you said? Correct it and ask again", size="sm", elem_id="again"
                )
            side = gr.HTML(panel(Conversation()), elem_id="panel")
    desk = Desk(
        conversation=gr.State(Conversation(), time_to_live=TAB_LIFETIME),
        session=gr.BrowserState(None, storage_key=SESSION, secret=SESSION),
        timer=gr.Timer(POLL, active=False),
        people=people,
        picker=picker,
        chat=chat,
        voice=voice,
        box=box,
        heard=heard,
        transcript=transcript,
        panel=side,
        comment=comment,
        again=again,
        person=person,
        restart=restart,
        forget=forget,
    )
    chat_handlers = Chat(service, desk, ears, examples, folder)
    connect(demo, chat_handlers, speak)
    return picker


def knowledge_picker() -> gr.Radio:
    """Which base is asked; filled once the service can tell which there are."""
    first = bases()
    return gr.Radio(
        [(title_of(name), name) for name in first],
        value=first[0],
        label="Knowledge",
        elem_id="picker",
        container=False,
    )


def chatbot(examples: list[Example], folder: Path) -> gr.Chatbot:
    """The conversation; while it is empty, the example cards."""
    cards: Any = [card(example, folder) for example in examples]
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
        examples=cards,
        placeholder="## How can I help?\nAsk in your own words, say it, or show it.",
        allow_file_downloads=False,
    )


def message_box() -> gr.MultimodalTextbox:
    return gr.MultimodalTextbox(
        sources=["upload", "microphone"],
        file_types=["image", "audio"],
        file_count="multiple",
        elem_id="box",
        show_label=False,
        label="Your message",
        placeholder="Ask anything…",
        lines=1,
        max_lines=6,
    )


def switch(label: str, elem_id: str, width: int) -> gr.Checkbox:
    return gr.Checkbox(False, label=label, container=False, elem_id=elem_id, min_width=width)


def voice_pill(ears: Ears) -> gr.HTML:
    """Where voice.js shows what it hears, and stops speaking. Its value is the spoken reply, see
    Desk.show_sounds.
    """

    def hear(piece: dict) -> dict:
        return ears.hear(piece)

    return gr.HTML(
        {"turn": 0, "sounds": [], "over": True},
        html_template=PILL,
        js_on_load=script("voice.js"),
        server_functions=[hear],
        elem_id="voice",
        apply_default_css=False,
    )


def connect(demo: gr.Blocks, chat: Chat, speak: gr.Checkbox) -> None:
    """Connects the conversation's events. Replies share a limit with /chat; all can be stopped."""
    desk, shown = chat.desk, chat.desk.outputs()
    reply: dict[str, Any] = {
        "concurrency_id": "reply",
        "concurrency_limit": REPLIES_AT_ONCE,
        "trigger_mode": "once",
        **QUIET,
    }
    picked, asked = [desk.picker, desk.conversation], [speak, desk.conversation]
    replies = [
        desk.voice.spoken(chat.send_spoken, [desk.box, *picked], shown, **reply),
        desk.box.submit(chat.send, [desk.box, desk.picker, *asked], shown, **reply),
        desk.chat.example_select(chat.send_example, asked, shown, **reply),
        desk.person.click(chat.ask_for_person, [desk.picker, *asked], shown, **reply),
    ]
    edited = gr.on(
        [desk.again.click, desk.transcript.submit],
        chat.send_edited,
        [desk.transcript, desk.conversation],
        shown,
        cancels=replies,
        **reply,
    )
    desk.timer.tick(chat.follow, desk.conversation, shown, queue=False, **QUIET)
    demo.load(chat.resume, [desk.session, desk.conversation], shown, queue=False, **QUIET)
    desk.box.stop(
        chat.stop, desk.conversation, shown, cancels=[*replies, edited], queue=False, **QUIET
    )
    desk.restart.click(chat.restart, desk.conversation, shown, queue=False, **QUIET)
    desk.forget.click(chat.forget_me, [desk.forget, desk.conversation], shown, queue=False, **QUIET)
    desk.chat.like(chat.rate, desk.conversation, [desk.conversation, desk.comment], **QUIET)
    desk.comment.submit(chat.comment, [desk.comment, desk.conversation], desk.comment, **QUIET)


def follow_status(
    demo: gr.Blocks,
    desk: KnowledgeDesk,
    status: gr.HTML,
    picker: gr.Radio,
    browsed: gr.Dropdown,
    table: gr.HTML,
) -> None:
    """Polls until the models have loaded, then fills the pickers and the list of knowledge."""
    timer = gr.Timer(2)

    def look(picked: str | None) -> dict:
        now = desk.service.status()
        shown = {status: status_line(now), timer: gr.Timer(active=not (now.ready or now.failed))}
        if now.ready:
            choices = desk.choices()
            names = [name for _, name in choices]
            first: dict[str, Any] = {"value": names[0] if names else None}
            shown[table] = desk.table()
            # what is picked stays: it may have changed while this was on its way
            shown[picker] = gr.update(choices=choices, **({} if picked in names else first))
            shown[browsed] = gr.update(choices=choices, **first)
        return shown

    gr.on(
        [demo.load, timer.tick],
        look,
        picker,
        [status, timer, table, picker, browsed],
        queue=False,
        **QUIET,
    )
