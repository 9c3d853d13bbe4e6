"""A conversation on a page: its parts, and what happens when one of them is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from demo.api import REPLIES_AT_ONCE
from demo.brand import Brand
from demo.chat import Chat
from demo.conversation_layout import conversation_column
from demo.conversation_state import Conversation
from demo.convert import QUIET
from demo.examples import available
from demo.live import Ears
from demo.opening import Opening
from demo.page_parts import POLL, Desk
from demo.panels import panel
from demo.rating import Rating
from demo.service import Service

TAB_LIFETIME = 6 * 3600  # s, how long a browser tab's conversation is kept
SESSION = "mm-support-session"  # under which the browser keeps it
# what the address and the browser say: {language, knowledge}, see page.js
WHERE = "(where, picked, conversation) => [window.msWhere(), window.msPicked(picked), conversation]"
# a frame on another site may have no storage: that site's page keeps the session for it
KEPT = "(kept, conversation) => [kept?.token ? kept : window.msSession(), conversation]"
TYPING = "(conversation, _, ...given) => [conversation, window.msTyping(), ...given]"
KEEP = "(kept) => window.msKeep(kept)"
# what is sent while the page still opens waits for its base, language and kept conversation
BOX_HELD = """async (box, picked, ...asked) => {
  window.msSending(box);
  await window.msOpened;
  window.msSent(box.text);
  return [box, window.msPicked(picked), ...asked];
}"""
HELD = "async (...given) => { await window.msOpened; return given; }"


def assistant(
    demo: gr.Blocks, service: Service, folder: Path, brand: Brand, workshop: bool = False
) -> Opening:
    """Lays out the conversation and connects it; returns the handlers of its beginning.

    folder: the examples' files. workshop: how a reply came about stands beside it, instead of
    behind a link.
    """
    examples, ears = available(folder, brand.examples), Ears(service)
    with gr.Row(elem_classes=["ms-desk", "ms-workshop" if workshop else "ms-customer"]):
        with gr.Column(scale=7, min_width=300, elem_id="ms-talk"):
            parts = conversation_column(ears, examples, folder, brand)
        with gr.Column(scale=4, min_width=280, elem_id="ms-side"):
            side = gr.HTML(
                panel(Conversation()),  # type: ignore[arg-type]
                html_template="${msSections(value)}",
                elem_id="panel",
                padding=False,
            )
    kept = SESSION + ("-workshop" if workshop else "")
    del parts["legal"]  # stays as it is
    desk = Desk(
        conversation=gr.State(Conversation(), time_to_live=TAB_LIFETIME),
        session=gr.BrowserState(None, storage_key=kept, secret=SESSION),
        timer=gr.Timer(POLL, active=False),
        panel=side,
        workshop=workshop,
        **parts,
    )
    opening = Opening(Chat(service, desk, ears, examples, folder, brand))
    opening.opened = connect(demo, opening)
    return opening


def connect(demo: gr.Blocks, opening: Opening) -> Dependency:
    """Connects the conversation's events. Replies share a limit with /chat; all can be stopped.
    Returns that of the page as it opens.
    """
    chat, desk, shown = opening.chat, opening.desk, opening.desk.outputs()
    reply: dict[str, Any] = {
        "concurrency_id": "reply",
        "concurrency_limit": REPLIES_AT_ONCE,
        "trigger_mode": "once",
        **QUIET,
    }
    quick: dict[str, Any] = {"queue": False, **QUIET}
    talk = [desk.conversation, desk.session]
    picked, asked = [desk.picker, *talk], [desk.speak, *talk]
    heard = [desk.box, *picked]
    again = [desk.again.click, desk.transcript.submit]
    corrected = [desk.transcript, *talk]
    asking = [desk.picker, *asked]
    replies = [
        desk.voice.spoken(chat.send_spoken, heard, shown, **reply),
        desk.box.submit(chat.send, [desk.box, *asking], shown, js=BOX_HELD, **reply),
        desk.chat.example_select(chat.send_example, asked, shown, js=HELD, **reply),
        desk.chat.option_select(chat.send_choice, asking, shown, **reply),
        desk.form.given(chat.send_given, asking, shown, **reply),
        desk.person.click(chat.ask_for_person, asking, shown, **reply),
        gr.on(again, chat.send_edited, corrected, shown, **reply),
    ]
    typing = gr.Checkbox(False, visible=False)
    followed = [desk.conversation, typing, desk.session, desk.speak, desk.hands_free]
    desk.timer.tick(chat.follow, followed, shown, js=TYPING, **quick)
    where = gr.BrowserState({}, storage_key="mm-support-where", secret=SESSION)
    opened = demo.load(
        opening.open, [where, desk.picker, desk.conversation], shown, js=WHERE, **quick
    )
    kept = [desk.session, desk.conversation]
    resumed = opened.then(opening.resume, kept, shown, js=KEPT, **quick)
    resumed.then(None, js="() => window.msOpen()", **QUIET)
    replies.append(resumed.then(chat.rejoin, desk.conversation, shown, **reply))
    offered = [desk.person, desk.restart, desk.box, desk.transcript]
    for replied in replies:
        replied.then(chat.offer, [desk.conversation, desk.transcript], offered, **quick)
    desk.session.change(None, desk.session, None, js=KEEP, **QUIET)
    desk.box.change(None, desk.box, None, js="(box) => window.msAttached(box)", **QUIET)
    # not by cancelling the event: a reply that has just ended would be reported as an error
    desk.box.stop(chat.stop, desk.conversation, None, **quick)
    desk.forget.click(opening.forget_me, [desk.forget, *talk], shown, **quick)
    desk.restart.click(opening.restart, [*talk, desk.restart], shown, **quick)
    connect_rating(Rating(chat.service, desk), desk)
    return opened


def connect_rating(rating: Rating, desk: Desk) -> None:
    shown, commented = desk.outputs(), [desk.comment, desk.conversation]
    desk.form.rated(rating.rate_closed, desk.conversation, shown, queue=False, **QUIET)
    desk.chat.like(rating.rate_reply, desk.conversation, shown, **QUIET)
    desk.no_comment.click(rating.no_comment, None, shown, queue=False, **QUIET)
    sent = [desk.comment.submit, desk.send_comment.click]
    gr.on(sent, rating.comment, commented, shown, **QUIET)
