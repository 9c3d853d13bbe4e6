"""What one talks with, from top to bottom: the parts of a conversation, laid out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from demo.brand import Brand
from demo.examples import Example, bases, card
from demo.form import FILLED_IN
from demo.live import Ears
from demo.markup import esc
from demo.panels import title_of
from demo.theme import CONVERSATION, script
from demo.words import DEFAULT, label, languages, word

LONGEST_PASTE = 100_000  # characters that stay text in the box; the limit is told when it is sent
PILL = """\
<div class="ms-voice" data-state="off">
  <i class="ms-voice-level" aria-hidden="true"></i>
  <span class="ms-voice-state" role="status"></span>
  <span class="ms-voice-words"></span>
  <button type="button" class="ms-voice-stop" data-word="stop_speaking" hidden></button>
</div>"""


def conversation_column(
    ears: Ears, examples: list[Example], folder: Path, brand: Brand
) -> dict[str, Any]:
    """From top to bottom what one talks with: the fields of Desk, by name, and the legal line."""
    above = {
        "status": gr.HTML(elem_id="ms-status", padding=False),
        "picker": knowledge_picker(brand),
        "chat": chatbot(examples, folder),
        "form": gr.HTML(js_on_load=FILLED_IN, elem_id="ms-form", padding=False),
        "voice": voice_pill(ears),  # lies over what stands above it
        "people": gr.HTML(elem_id="people", padding=False),
    }
    rows = {**heard_row(), **comment_row()}
    notice = gr.HTML(elem_id="ms-notice", padding=False)
    parts = {**above, **rows, "notice": notice, "box": message_box(brand), **actions(brand)}
    with gr.Row(elem_id="ms-foot"):
        legal = gr.HTML(legal_line(brand), elem_id="ms-legal", padding=False)
        forget = gr.Button(label("forget_me"), size="sm", elem_id="forget", min_width=80)
    return {**parts, "forget": forget, "legal": legal}


def heard_row() -> dict[str, Any]:
    """What was heard in a recording, to be corrected.

    page.css shows it where the panel tells what was heard (data-heard): a label set for a part that
    Gradio has not drawn yet is lost, and so may be a value that comes together with its row.
    """
    with gr.Row(elem_id="heard"):
        transcript = gr.Textbox(
            label=label("heard"),
            lines=1,
            max_lines=3,
            interactive=True,
            elem_id="transcript",
            scale=3,
        )
        again = gr.Button(
            label("correct_and_ask"), size="sm", elem_id="again", min_width=120, scale=1
        )
    return {"transcript": transcript, "again": again}


def comment_row() -> dict[str, Any]:
    """What was wrong with a reply that was rated down."""
    with gr.Row(visible=False, elem_id="comment-row") as row:
        comment = gr.Textbox(
            label=label("what_was_wrong"),
            placeholder=label("a_word_or_two"),
            elem_id="comment",
            max_length=2_000,
            scale=3,
        )
        send = gr.Button(label("comment_send"), size="sm", min_width=80, scale=0)
        cancel = gr.Button(label("comment_cancel"), size="sm", min_width=80, scale=0)
    return {"comment": comment, "comment_row": row, "send_comment": send, "no_comment": cancel}


def actions(brand: Brand) -> dict[str, Any]:
    """What stands below the box."""
    with gr.Row(elem_id="ms-actions"):
        talk, reads_aloud = "hands-free" in brand.inputs, "spoken reply" in brand.inputs
        hands_free = switch("hands_free", "hands-free", 110, talk)
        speak = switch("voice_reply", "speak", 120, reads_aloud)
        person = gr.Button(label("talk_to_person"), size="sm", elem_id="person", min_width=100)
        restart = gr.Button(label("new_conversation"), size="sm", elem_id="restart", min_width=100)
    return {"hands_free": hands_free, "speak": speak, "person": person, "restart": restart}


def knowledge_picker(brand: Brand) -> gr.Radio:
    """Which base is asked; filled once the service can tell which there are."""
    first = [brand.knowledge] if brand.knowledge else bases(brand.examples)
    return gr.Radio(
        [(title_of(name), name) for name in first],
        value=first[0],
        label=label("knowledge"),
        elem_id="picker",
        container=False,
        visible=len(first) > 1,
    )


def chatbot(examples: list[Example], folder: Path) -> gr.Chatbot:
    """The conversation; while it is empty, the greeting and the example cards."""
    cards: Any = [card(example, folder) for example in examples]
    return gr.Chatbot(
        label=label("conversation"),
        autoscroll=False,  # page.js keeps the question in sight
        examples=cards,
        placeholder=str(label("greeting")),
        **CONVERSATION,
    )


def message_box(brand: Brand) -> gr.MultimodalTextbox:
    """Any file is taken: what cannot be used is told in a sentence of ours."""
    return gr.MultimodalTextbox(
        sources=sources_of(brand),
        file_count="multiple",
        elem_id="box",
        show_label=False,
        label=label("your_message"),
        placeholder=label("ask_anything"),  # type: ignore[arg-type]
        lines=1,
        max_lines=6,
        max_plain_text_length=LONGEST_PASTE,
        html_attributes=gr.InputHTMLAttributes(enterkeyhint="send"),
    )


def sources_of(brand: Brand) -> list[Any]:
    upload, microphone = "photo" in brand.inputs, "voice" in brand.inputs
    return ["upload"] * upload + ["microphone"] * microphone


def switch(key: str, elem_id: str, width: int, offered: bool) -> gr.Checkbox:
    """key: of its label; width: pixels at least; offered: whether it is shown."""
    return gr.Checkbox(
        False,
        label=label(key),
        interactive=True,  # also where it is only shown anew
        container=False,
        elem_id=elem_id,
        min_width=width,
        visible=offered,
    )


def legal_line(brand: Brand) -> str:
    """That a program answers, what is kept, and the company's own; page.js shows one language."""
    link = ""
    if brand.privacy_url:
        address = esc(brand.privacy_url)
        link = (
            f' <a href="{address}" target="_blank" rel="noopener" data-word="privacy">Privacy</a>'
        )
    lines = (
        f'<p lang="{language}"{"" if language == DEFAULT else " hidden"}>'
        f"{esc(brand.says('legal', language) or word('legal', language))}{link}</p>"
        for language in languages()
    )
    return "".join(lines)


def voice_pill(ears: Ears) -> gr.HTML:
    """Where voice.js shows what it hears, and stops speaking. Its value is the spoken reply, see
    Desk.show_sounds.
    """

    def hear(piece: dict) -> dict:
        return ears.hear(piece)

    return gr.HTML(
        {"turn": 0, "sounds": [], "fresh": [], "said": "", "over": True},
        html_template=PILL,
        js_on_load=script("voice.js"),
        server_functions=[hear],
        elem_id="voice",
        apply_default_css=False,
    )
