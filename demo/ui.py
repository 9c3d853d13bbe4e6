"""The pages: layout, then events. build_demo(service) is all that app.py needs.

Customers have `/`, those who answer them `/desk`, and those who look after the assistant
`/workshop`. One look for all three.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.routing import BaseRoute

from demo.api import REPLIES_AT_ONCE, THREADS, add_endpoints
from demo.assistants import Lifespan
from demo.brand import Brand, greeting
from demo.branding import BrandDesk
from demo.chat import Chat, Desk
from demo.conversation_state import Conversation
from demo.convert import QUIET
from demo.desk import POLL, desk_page
from demo.door import Door
from demo.edges import Limits, app_parts
from demo.examples import Example, available, bases, card
from demo.form import FILLED_IN
from demo.live import Ears
from demo.markup import esc
from demo.panels import customer_status, panel, title_of
from demo.service import Service
from demo.sign_in import leave_button
from demo.tabs import KnowledgeDesk
from demo.theme import CONVERSATION, css, head, script, theme
from demo.words import DEFAULT, i18n, label, languages, spoken, word
from demo.workshop import workshop_page
from mm_support.paths import ASSETS

HOUR = 3600  # s
LONGEST_PASTE = 100_000  # characters that stay text in the box; the limit is told when it is sent
PILL = """\
<div class="ms-voice" data-state="off">
  <i class="ms-voice-level" aria-hidden="true"></i>
  <span class="ms-voice-state" role="status"></span>
  <span class="ms-voice-words"></span>
  <button type="button" class="ms-voice-stop" data-word="stop_speaking" hidden></button>
</div>"""
SESSION = "mm-support-session"  # under which the browser keeps it
TAB_LIFETIME = 6 * HOUR  # s, how long a browser tab's conversation is kept
# what the address and the browser say: {language, knowledge}, see page.js
WHERE = "(where, conversation) => [window.msWhere(), conversation]"
# a frame on another site may have no storage: that site's page keeps the session for it
DRAFT = "() => [{ ...msWhere(), draft: new URLSearchParams(location.search).get('draft') }]"
KEPT = "(kept, conversation) => [kept?.token ? kept : window.msSession(), conversation]"
TYPING = "(conversation) => [conversation, window.msTyping()]"
KEEP = "(kept) => window.msKeep(kept)"
# what is sent while the page still opens waits for its base, language and kept conversation
BOX_HELD = """async (box, picked, ...asked) => {
  await window.msOpened;
  return [box, window.msPicked(picked), ...asked];
}"""
HELD = "async (...given) => { await window.msOpened; return given; }"


def build_demo(
    service: Service,
    assets: Path = ASSETS,
    may_add: bool = False,
    desk_key: str = "",
    brand: Brand = Brand(),  # noqa: B008
    open_workshop: bool = False,
    edit_brand: bool = False,
) -> gr.Blocks:
    """The pages and the endpoints for a service; launch them with `launch_options()`.

    assets: folder with examples/ and evaluation/; what is missing there is left out.
    may_add: whether visitors may add knowledge of their own, in the workshop. desk_key: opens the
    desk and the workshop, as accounts do; without key and accounts there is no desk. open_workshop:
    whether everybody may enter the workshop, to read and to try. edit_brand: editors may change the
    brand's file there.
    """
    examples = brand.folder or assets / "examples"
    served: list[str | Path] = [*files_of(brand, examples), assets / "evaluation"]
    gr.set_static_paths(served)  # from where they are, never cleaned up
    with gr.Blocks(
        title=brand.name, analytics_enabled=False, delete_cache=(HOUR, 24 * HOUR), fill_width=True
    ) as demo:
        customer_page(demo, service, examples, brand)
        add_endpoints(service)
    door = door_of(service, desk_key, may_add, open_workshop)
    if door.leads_somewhere("desk"):
        desk_page(demo, service, door, esc(brand.name))
    if door.leads_somewhere("workshop"):
        with demo.route("Workshop", "/workshop", show_in_navbar=False):
            leave = header(brand, "Workshop")
            knowledge = KnowledgeDesk(service, door)
            branding = BrandDesk(service, door, brand, examples, edit_brand)
            workshop_page(
                demo,
                knowledge,
                branding,
                assets,
                leave,
                lambda: assistant(demo, service, examples, brand, workshop=True),
            )
        with demo.route("Preview", "/preview", show_in_navbar=False):
            preview_page(demo, branding, service, examples, brand)
    return demo.queue(max_size=THREADS, default_concurrency_limit=4)


def door_of(service: Service, key: str, may_add: bool, open_workshop: bool) -> Door:
    """Who may do what: roles do what theirs is, everybody what the settings open."""
    opened = ["workshop"] * (may_add or open_workshop) + ["add"] * may_add
    return Door(key, service.accounts, frozenset(opened), service.provider is not None)


def files_of(brand: Brand, folder: Path) -> list[Path]:
    """The cards' files, and nothing else of a folder that may hold more."""
    cards = available(folder, brand.examples)
    shown = [folder / card.picture for card in cards if card.picture]
    return [*shown, *(file for card in cards for file in card.files(folder))]


def launch_options(
    brand: Brand = Brand(),  # noqa: B008
    limits: Limits = Limits(),  # noqa: B008
    ready: Callable[[], bool] | None = None,
    room: Callable[[], float] | None = None,
    metrics: Callable[[], bytes] | None = None,
    more: Sequence[BaseRoute] = (),
    lifespan: Lifespan | None = None,
) -> dict:
    """What gr.Blocks.launch needs for these pages; addresses and ports come from Gradio's own
    variables. ready: tells whether the service can answer, for /readyz; room: in how many seconds
    it takes another turn; metrics: what Prometheus reads; more: routes beside the pages;
    lifespan: what these need to run.
    """
    return {
        "theme": theme(brand),
        "css": css(),
        "head": head(brand),
        "i18n": i18n(own_words(brand)),
        "app_kwargs": app_parts(limits, ready, room, metrics, more) | {"lifespan": lifespan},
        "max_threads": THREADS,
        "show_error": True,
        "max_file_size": limits.file,
        "blocked_paths": [str(path) for path in limits.blocked_paths],
        "state_session_capacity": 1000,
        "run_history": False,
        "enable_monitoring": False,
        "footer_links": [],
        "pwa": False,
        "ssr_mode": False,
    }


def own_words(brand: Brand) -> dict[str, dict[str, str]]:
    """Language -> key -> words that depend on the company."""
    return {language: {"greeting": greeting(brand, language)} for language in languages()}


# -- layout ---------------------------------------------------------------------------------


def customer_page(demo: gr.Blocks, service: Service, folder: Path, brand: Brand) -> None:
    """What customers see: the conversation, and nothing of how it is made."""
    header(brand)
    desk, picker = assistant(demo, service, folder, brand)
    status = desk.status

    def look(picked: str | None, conversation: Conversation) -> dict:
        now = service.status()
        told = customer_status(now, conversation.language)
        shown: dict = {status: told, timer: gr.Timer(active=not (now.ready or now.failed))}
        if now.ready and not brand.knowledge:
            shown[picker] = picker_update(KnowledgeDesk(service).choices(), picked)
        return shown

    timer = gr.Timer(2)
    gr.on(
        [demo.load, timer.tick],
        look,
        [picker, desk.conversation],
        [status, timer, picker],
        queue=False,
        **QUIET,
    )


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
        }

    asked = gr.BrowserState({}, storage_key="mm-support-draft", secret=SESSION)
    names = ("legal", "chat", "box", "hands_free", "speak")
    outputs = [title, style, *(parts[name] for name in names)]
    demo.load(look, asked, outputs, js=DRAFT, queue=False, **QUIET)


def picker_update(choices: list[tuple[str, str]], picked: str | None) -> dict:
    """What is picked stays: it may have changed while this was on its way."""
    names = [name for _, name in choices]
    first: dict[str, Any] = {} if picked in names else {"value": names[0] if names else None}
    return gr.update(choices=choices, visible=len(names) > 1, **first)


def title_line(brand: Brand, page: str = "") -> str:
    """The logo and the name, behind a link for those who use the keyboard."""
    logo = f'<img src="{esc(brand.logo)}" alt="">' if brand.logo else '<i aria-hidden="true"></i>'
    title = f"{esc(brand.name)} · {page}" if page else esc(brand.name)
    words = word("skip_to_message")
    skip = f'<a class="ms-skip" href="#box" data-word="skip_to_message">{words}</a>'
    return f"{skip}<h1>{logo}<span>{title}</span></h1>"


def header(brand: Brand, page: str = "") -> Any:
    """page: one for those who sign in; the button with which they sign out is returned, on other
    pages the name.
    """
    offered = brand.languages or tuple(languages())
    options = "".join(
        f'<option value="{name}">{word("language_name", name)}</option>' for name in offered
    )
    chooser = f'<select id="ms-language" aria-label="{word("language")}">{options}</select>'
    if len(offered) < 2:
        chooser = ""
    with gr.Row(elem_id="ms-header", equal_height=True):
        title = gr.HTML(title_line(brand, page), elem_id="ms-brand", padding=False)
        gr.HTML(chooser, elem_id="ms-choose", padding=False)
        return leave_button() if page else title


def assistant(
    demo: gr.Blocks, service: Service, folder: Path, brand: Brand, workshop: bool = False
) -> tuple[Desk, gr.Radio]:
    """Lays out the conversation and connects it; returns its parts and the knowledge picker.

    folder: the examples' files. workshop: how a reply came about stands beside it, instead of
    behind a link.
    """
    examples, ears = available(folder, brand.examples), Ears(service)
    with gr.Row(elem_classes=["ms-desk", "ms-workshop" if workshop else "ms-customer"]):
        with gr.Column(scale=7, min_width=300, elem_id="ms-talk"):
            parts = conversation_column(ears, examples, folder, brand)
        with gr.Column(scale=4, min_width=280, elem_id="ms-side"):
            side = gr.HTML(panel(Conversation()), elem_id="panel", padding=False)
    kept = SESSION + ("-workshop" if workshop else "")
    del parts["legal"]  # stays as it is
    desk = Desk(
        conversation=gr.State(Conversation(), time_to_live=TAB_LIFETIME),
        session=gr.BrowserState(None, storage_key=kept, secret=SESSION),
        timer=gr.Timer(POLL, active=False),
        panel=side,
        **parts,
    )
    connect(demo, Chat(service, desk, ears, examples, folder, brand))
    return desk, desk.picker


def conversation_column(
    ears: Ears, examples: list[Example], folder: Path, brand: Brand
) -> dict[str, Any]:
    """From top to bottom what one talks with: the fields of Desk, by name, and the legal line."""
    above = {
        "status": gr.HTML(elem_id="ms-status", padding=False),
        "picker": knowledge_picker(brand),
        "chat": chatbot(examples, folder),
        "form": gr.HTML(js_on_load=FILLED_IN, elem_id="ms-form", padding=False),
        "people": gr.HTML(elem_id="people", padding=False),
        "voice": voice_pill(ears),
    }
    rows = {**heard_row(), **comment_row()}
    notice = gr.HTML(elem_id="ms-notice", padding=False)
    parts = {**above, **rows, "notice": notice, "box": message_box(brand), **actions(brand)}
    legal = gr.HTML(legal_line(brand), elem_id="ms-legal", padding=False)
    forget = gr.Button(label("forget_me"), size="sm", elem_id="forget", min_width=80)
    return {**parts, "forget": forget, "legal": legal}


def heard_row() -> dict[str, Any]:
    """What was heard in a recording, to be corrected."""
    with gr.Row(visible=False, elem_id="heard") as heard:
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
    return {"heard": heard, "transcript": transcript, "again": again}


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
        {"turn": 0, "sounds": [], "said": "", "over": True},
        html_template=PILL,
        js_on_load=script("voice.js"),
        server_functions=[hear],
        elem_id="voice",
        apply_default_css=False,
    )


# -- events ---------------------------------------------------------------------------------


def connect(demo: gr.Blocks, chat: Chat) -> None:
    """Connects the conversation's events. Replies share a limit with /chat; all can be stopped."""
    desk, shown = chat.desk, chat.desk.outputs()
    reply: dict[str, Any] = {
        "concurrency_id": "reply",
        "concurrency_limit": REPLIES_AT_ONCE,
        "trigger_mode": "once",
        **QUIET,
    }
    quick: dict[str, Any] = {"queue": False, **QUIET}
    picked, asked = [desk.picker, desk.conversation], [desk.speak, desk.conversation]
    desk.voice.spoken(chat.send_spoken, [desk.box, *picked], shown, **reply)
    desk.box.submit(chat.send, [desk.box, desk.picker, *asked], shown, js=BOX_HELD, **reply)
    desk.chat.example_select(chat.send_example, asked, shown, js=HELD, **reply)
    desk.chat.option_select(chat.send_choice, [desk.picker, *asked], shown, **reply)
    desk.form.given(chat.send_given, [desk.picker, *asked], shown, **reply)
    desk.person.click(chat.ask_for_person, [desk.picker, *asked], shown, **reply)
    gr.on(
        [desk.again.click, desk.transcript.submit],
        chat.send_edited,
        [desk.transcript, desk.conversation],
        shown,
        **reply,
    )
    typing = gr.Checkbox(False, visible=False)
    followed = [desk.conversation, typing]
    desk.timer.tick(chat.follow, followed, shown, js=TYPING, **quick)
    where = gr.BrowserState({}, storage_key="mm-support-where", secret=SESSION)
    opened = demo.load(chat.open, [where, desk.conversation], shown, js=WHERE, **quick)
    resumed = opened.then(chat.resume, [desk.session, desk.conversation], shown, js=KEPT, **quick)
    resumed.then(None, js="() => window.msOpen()", **QUIET)
    desk.session.change(None, desk.session, None, js=KEEP, **QUIET)
    # not by cancelling the event: a reply that has just ended would be reported as an error
    desk.box.stop(chat.stop, desk.conversation, None, **quick)
    desk.forget.click(chat.forget_me, [desk.forget, desk.conversation], shown, **quick)
    desk.restart.click(chat.restart, desk.conversation, shown, **quick)
    desk.chat.like(chat.rate, desk.conversation, shown, **QUIET)
    desk.no_comment.click(chat.no_comment, None, shown, **quick)
    gr.on(
        [desk.comment.submit, desk.send_comment.click],
        chat.comment,
        [desk.comment, desk.conversation],
        shown,
        **QUIET,
    )
