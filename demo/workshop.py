"""The workshop: the page for those who look after the assistant, at /workshop.

They try it with all that it understood beside each reply, see and add knowledge, and read how well
it works. The desk's key opens it, unless whoever runs the service opens it to everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from demo.door import CLOSED_DOOR
from demo.panels import status_line
from demo.tabs import QUIET, KnowledgeDesk, evaluation_tab, knowledge_tab

if TYPE_CHECKING:
    from demo.chat import Desk

# the desk's and the workshop's key are one: whichever page is opened first keeps it
READ_KEY = """(kept) => {
  const given = new URLSearchParams(location.search).get("key");
  if (given) history.replaceState(null, "", location.pathname);
  return [given ?? kept];
}"""


def workshop_page(
    demo: gr.Blocks,
    knowledge: KnowledgeDesk,
    assets: Path,
    assistant: Callable[[], tuple[Desk, gr.Radio]],
) -> None:
    """Lays the page out and connects it. assistant: lays out the conversation."""
    key = gr.BrowserState("", storage_key="mm-support-desk", secret="mm-support-desk")
    door = gr.HTML(f"<p>{CLOSED_DOOR}</p>", visible=False, elem_id="door")
    with gr.Column(visible=not knowledge.door.key, elem_id="room") as room:
        with gr.Tabs():
            with gr.Tab("Try it"):
                desk, picker = assistant()
            with gr.Tab("Knowledge"):
                table, browsed = knowledge_tab(knowledge, picker, key)
            with gr.Tab("Evaluation"):
                evaluation_tab(assets / "evaluation")
    entered = enter(demo, knowledge, key, door, room)
    follow_status(entered, key, knowledge, desk.status, picker, browsed, table)


def enter(
    demo: gr.Blocks, knowledge: KnowledgeDesk, key: gr.BrowserState, door: gr.HTML, room: gr.Column
) -> Any:
    """Shows the room to those who have the key, to others one sentence. Returns the event."""

    def open_door(given: str) -> tuple[Any, Any, Any]:
        opens = knowledge.door.opens(given)
        kept = given if opens else ""
        return kept, gr.HTML(visible=not opens), gr.Column(visible=opens)

    return demo.load(open_door, key, [key, door, room], js=READ_KEY, queue=False, **QUIET)


def follow_status(
    entered: Any,
    key: gr.BrowserState,
    desk: KnowledgeDesk,
    status: gr.HTML,
    picker: gr.Radio,
    browsed: gr.Dropdown,
    table: gr.HTML,
) -> None:
    """Polls until the models have loaded, then fills the pickers and the list of knowledge; for
    those who entered.
    """
    timer = gr.Timer(2, active=False)

    def look(picked: str | None, given: str = "") -> dict:
        if not desk.door.opens(given):
            return {timer: gr.Timer(active=False)}
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

    shown = [status, timer, table, picker, browsed]
    entered.then(look, [picker, key], shown, queue=False, **QUIET)
    timer.tick(look, [picker, key], shown, queue=False, **QUIET)
