"""Editing entries of a knowledge base in the workshop: title, answer and questions, with what
customers will read; adding, removing, and taking the last change back.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import gradio as gr

from demo.convert import QUIET, WordedError, plain_errors, said_problem
from demo.door import Door
from demo.markup import as_markdown, html_notice, with_lists
from demo.page_parts import Outputs
from demo.service import Service
from demo.words import label, said
from mm_support.knowledge.entries import MAX_ANSWER, MAX_QUESTIONS, MAX_TITLE
from mm_support.language.sentences import without_markers
from mm_support.types import Entry

MAX_SLUG = 60  # characters of an id that is made of a title
# a press on "Edit" says of which entry
PICK = """element.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-entry]");
  if (pressed) trigger("pick", { entry: pressed.dataset.entry });
});"""

# questions that a link of the desk's figures brings behind #, once
READ_DRAFT = """(...given) => {
  const questions = new URLSearchParams(location.hash.slice(1)).get("write") ?? "";
  if (questions) history.replaceState(null, "", location.pathname + location.search);
  window.msDraft = Boolean(questions);
  return [...given.slice(0, -1), questions];
}"""
GO_THERE = """() => {
  const answer = document.querySelector("#entry-answer textarea");
  if (!window.msDraft || !answer) return;
  answer.focus();
  answer.scrollIntoView({ block: "center" });
}"""


@dataclass(frozen=True, eq=False)
class EditorParts(Outputs):
    """opened: the entry as it was when it was opened; None: a new one. base: of which base it is.
    sure: whether "Remove" was pressed once.
    """

    column: gr.Column
    told: gr.HTML
    opened: gr.State
    base: gr.State
    sure: gr.State
    title: gr.Textbox
    answer: gr.Textbox
    questions: gr.Textbox
    preview: gr.Markdown
    save: gr.Button
    new: gr.Button
    remove: gr.Button
    undo: gr.Button


class Editor:
    """The handlers. key: what the browser showed to enter, checked with each call."""

    def __init__(self, service: Service, door: Door, parts: EditorParts) -> None:
        self.service, self.door, self.parts = service, door, parts

    def open(self, event: gr.EventData, key: str, base: str) -> dict:
        """An entry of the list, to be changed."""
        with plain_errors(said_problem):
            self.door.check(key, "edit")
            return self.show(self.entry(base, str(event.entry)), base)

    def new(self, key: str, base: str, questions: str = "") -> dict:
        """A new entry. questions: that it answers, one a line; the first is its title for now."""
        with plain_errors(said_problem):
            self.door.check(key, "edit")
            return self.show(None, base, asked(questions))

    def preview(self, key: str, title: str, answer: str, questions: str) -> str:
        with plain_errors(said_problem):
            self.door.check(key, "edit")
            return previewed(title or "", answer or "", asked(questions))

    def save(
        self, key: str, base: str, opened: Entry | None, title: str, answer: str, questions: str
    ) -> dict:
        """Raises what it has to say as an error of the page; then everything stays as typed."""
        with plain_errors(said_problem):
            person = self.door.check(key, "edit")
            entry = self.written(base, opened, title or "", answer or "", asked(questions))
            self.service.knowledge.edit(base, entry)
            what = "edit entry" if opened else "add entry"
            self.service.note(self.door.named(person), what, base, entry.id)
            return {
                **self.show(entry, base),
                self.parts.told: heading(entry) + done("saved", title=entry.title),
            }

    def remove(self, key: str, base: str, opened: Entry | None, sure: bool) -> dict:
        """Asks once more before."""
        with plain_errors(said_problem):
            person = self.door.check(key, "edit")
            if opened is None:
                raise WordedError("open_entry_first")
            if not sure:
                asks = html_notice(said("really_remove"))
                return {self.parts.sure: True, self.parts.told: heading(opened) + asks}
            self.unchanged(base, opened)
            self.service.knowledge.remove(base, opened.id)
            self.service.note(self.door.named(person), "remove entry", base, opened.id)
            return {**self.show(None, base), self.parts.told: done("removed", title=opened.title)}

    def undo(self, key: str, base: str) -> dict:
        """Takes the last change of the base back, whoever made it; pressed again, it is back."""
        with plain_errors(said_problem):
            person = self.door.check(key, "edit")
            if not base:
                raise WordedError("choose_base_first")
            self.service.knowledge.undo(base)
            self.service.note(self.door.named(person), "undo", base)
            return {**self.show(None, base), self.parts.told: done("undone")}

    def show(self, entry: Entry | None, base: str, questions: tuple[str, ...] = ()) -> dict:
        """questions: of a new entry."""
        parts, open_ = self.parts, entry is not None
        title, answer = (entry.title, entry.answer) if entry else ("".join(questions[:1]), "")
        questions = entry.questions if entry else questions
        return {
            parts.told: heading(entry),
            parts.opened: entry,
            parts.base: base,
            parts.sure: False,
            parts.title: title,
            parts.answer: answer,
            parts.questions: "\n".join(questions),
            parts.preview: previewed(title, answer, questions),
            parts.remove: gr.Button(interactive=open_),
        }

    def entry(self, base: str, entry_id: str) -> Entry:
        """Raises InputError for one that is gone."""
        for entry in self.service.knowledge.entries(base):
            if entry.id == entry_id:
                return entry
        raise WordedError("changed_meanwhile")

    def unchanged(self, base: str, opened: Entry) -> None:
        """Raises InputError where the entry is no longer as it was opened."""
        if self.entry(base, opened.id) != opened:
            raise WordedError("changed_meanwhile")

    def written(
        self, base: str, opened: Entry | None, title: str, answer: str, questions: tuple[str, ...]
    ) -> Entry:
        """The entry as it was typed. Raises InputError for what cannot be kept so."""
        title, answer = " ".join(title.split()), answer.strip()
        check_words(title, answer, questions)
        if opened is not None:
            self.unchanged(base, opened)
            return replace(opened, title=title, answer=answer, questions=questions)
        taken = {entry.id for entry in self.service.knowledge.entries(base)}
        return Entry(free_id(title, taken), title, answer, questions)


def check_words(title: str, answer: str, questions: Collection[str]) -> None:
    """Raises InputError, with what to do."""
    for name, text, most in (("title", title, MAX_TITLE), ("answer", answer, MAX_ANSWER)):
        if not 0 < len(text) <= most:
            raise WordedError(f"entry_{name}_length", limit=most)
    if len(questions) > MAX_QUESTIONS or any(len(each) > MAX_TITLE for each in questions):
        raise WordedError("too_many_questions", count=MAX_QUESTIONS, limit=MAX_TITLE)
    if without_markers(answer) != answer:
        raise WordedError("entry_markers")


def asked(questions: str | None) -> tuple[str, ...]:
    """One a line, each once."""
    lines = (" ".join(line.split()) for line in (questions or "").splitlines())
    return tuple(dict.fromkeys(filter(None, lines)))


def free_id(title: str, taken: Collection[str]) -> str:
    """An id that tells what the entry is about, and that no other has."""
    slug = re.sub(r"\W+", "-", title.casefold()).strip("-")[:MAX_SLUG] or "entry"
    numbered = (f"{slug}-{number}" for number in count(2))
    return slug if slug not in taken else next(each for each in numbered if each not in taken)


def previewed(title: str, answer: str, questions: Collection[str]) -> str:
    """The answer as it stands in a reply, below what it answers to."""
    shown = [f"**{as_markdown(title)}**"] if title.strip() else []
    shown += [f"*{as_markdown(' · '.join(questions))}*"] if questions else []
    return "\n\n".join([*shown, with_lists(answer)])


def heading(entry: Entry | None) -> str:
    return f"<h2>{said('editing', id=entry.id) if entry else said('new_entry')}</h2>"


def done(key: str, **values: str) -> str:
    return html_notice(said(key, **values), quiet=True)


def editor_part() -> EditorParts:
    """Lays the editor out; only those see it who may edit."""
    with gr.Column(visible=False, elem_id="editor") as column:
        told = gr.HTML(heading(None), elem_id="editor-told", padding=False)
        title = gr.Textbox(label=label("entry_title"), max_lines=2, elem_id="entry-title")
        answer = gr.Textbox(label=label("entry_answer"), lines=6, elem_id="entry-answer")
        questions = gr.Textbox(label=label("entry_questions"), lines=3, elem_id="entry-questions")
        preview = gr.Markdown(label=label("preview"), elem_id="preview", sanitize_html=True)
        with gr.Row():
            save = gr.Button(label("save"), size="sm", variant="primary", elem_id="save-entry")
            new = gr.Button(label("new_entry"), size="sm", elem_id="new-entry")
            remove = gr.Button(
                label("remove"), size="sm", interactive=False, elem_id="remove-entry"
            )
            undo = gr.Button(label("undo"), size="sm", elem_id="undo")
    return EditorParts(
        column=column,
        told=told,
        opened=gr.State(None),
        base=gr.State(""),
        sure=gr.State(False),
        title=title,
        answer=answer,
        questions=questions,
        preview=preview,
        save=save,
        new=new,
        remove=remove,
        undo=undo,
    )


def connect_editor(
    editor: Editor, entries: gr.HTML, bases: gr.Dropdown, key: gr.BrowserState
) -> list[Any]:
    """Returns the events after which a base may hold something else."""
    parts = editor.parts
    shown, words = parts.outputs(), [parts.title, parts.answer, parts.questions]
    where = [key, parts.base, parts.opened]
    entries.pick(editor.open, [key, bases], shown, **QUIET)
    begun = gr.on(
        [parts.new.click, bases.change],
        editor.new,
        [key, bases, gr.Textbox(visible=False)],
        shown,
        js=READ_DRAFT,
        **QUIET,
    )
    begun.success(None, None, None, js=GO_THERE)
    gr.on(
        [field.change for field in words],
        editor.preview,
        [key, *words],
        parts.preview,
        trigger_mode="always_last",
        **QUIET,
    )
    return [
        parts.save.click(editor.save, [*where, *words], shown, concurrency_limit=1, **QUIET),
        parts.remove.click(editor.remove, [*where, parts.sure], shown, **QUIET),
        parts.undo.click(editor.undo, [key, bases], shown, **QUIET),
    ]
