"""Editing entries in the workshop, against the fake's knowledge and a real audit log."""

from __future__ import annotations

from dataclasses import fields, replace

import gradio as gr
import pytest

from demo.door import Door
from demo.editor import Editor, EditorParts, asked, free_id, previewed
from mm_support.desk.audit import audited
from mm_support.knowledge import entries
from tests.fake_service import HOSTILE, FakeService

KEY = "a-key-that-nobody-guesses"
GOOD = "a long enough password"
BASE = "shopping"


class Picked:
    def __init__(self, entry):
        self.entry = entry


@pytest.fixture
def service():
    return FakeService()


@pytest.fixture
def editor(service):
    parts = EditorParts(*(field.name for field in fields(EditorParts)))
    return Editor(service, Door(KEY, service.accounts), parts)


@pytest.fixture
def token(service):
    service.accounts.add("Eve", "editor", GOOD, "test")
    return service.accounts.sign_in("Eve", GOOD)


def held(service):
    return {entry.id: entry for entry in service.knowledge.entries(BASE)}


def done(service):
    return [(row.who, row.what, row.subject, row.detail) for row in audited(service.store, 4)]


def test_an_entry_is_opened_changed_removed_and_brought_back(editor, service, token):
    first = service.knowledge.entries(BASE)[0]
    shown = editor.open(Picked(first.id), token, BASE)
    assert shown["title"] == first.title and shown["answer"] == first.answer
    assert shown["questions"].splitlines() == list(first.questions)
    saved = editor.save(
        token, BASE, shown["opened"], " A  new title", "New.\n", "One?\n\n One?\nTwo?"
    )
    changed = replace(first, title="A new title", answer="New.", questions=("One?", "Two?"))
    assert held(service)[first.id] == changed  # pictures, source and the rest stay
    assert saved["opened"] == changed and "A new title" in saved["told"]
    asks = editor.remove(token, BASE, changed, False)
    assert asks["sure"] and "press Remove again" in asks["told"]
    assert held(service)[first.id] == changed
    gone = editor.remove(token, BASE, changed, True)
    assert first.id not in held(service) and gone["opened"] is None and not gone["sure"]
    editor.undo(token, BASE)
    assert held(service)[first.id] == changed
    assert done(service)[:3] == [
        ("Eve", "undo", BASE, ""),
        ("Eve", "remove entry", BASE, first.id),
        ("Eve", "edit entry", BASE, first.id),
    ]


def test_a_draft_holds_the_questions_that_found_no_answer(editor, token):
    shown = editor.new(token, BASE, "Do you wrap gifts?\nGift wrapping?")
    assert shown["title"] == "Do you wrap gifts?" and shown["opened"] is None
    assert shown["questions"] == "Do you wrap gifts?\nGift wrapping?" and shown["answer"] == ""


def test_an_entry_is_added_under_an_id_of_its_own(editor, service, token):
    before = held(service)
    for _ in range(2):
        editor.save(token, BASE, None, "Gift wrapping?", "We wrap it.", "")
    assert held(service).keys() - before.keys() == {"gift-wrapping", "gift-wrapping-2"}
    assert done(service)[0] == ("Eve", "add entry", BASE, "gift-wrapping-2")
    assert free_id("礼品包装？", ()) == "礼品包装" and free_id("???", {"entry"}) == "entry-2"


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(editor, service, token):
    first = service.knowledge.entries(BASE)[0]
    service.knowledge.edit(BASE, replace(first, answer="Theirs."))
    for call in (
        lambda: editor.save(token, BASE, first, "Mine", "Mine.", ""),
        lambda: editor.remove(token, BASE, first, True),
    ):
        with pytest.raises(gr.Error, match="Somebody has changed"):
            call()
    assert held(service)[first.id].answer == "Theirs."


@pytest.mark.parametrize(
    "title, answer, questions, told",
    [
        (" ", "Answer.", "", "title must have"),
        ("x" * (entries.MAX_TITLE + 1), "Answer.", "", "title must have"),
        ("Title", "\n", "", "answer must have"),
        ("Title", "x" * (entries.MAX_ANSWER + 1), "", "answer must have"),
        ("Title", "See [1].", "", "citations"),
        ("Title", "Answer.", "\n".join(map(str, range(entries.MAX_QUESTIONS + 1))), "questions"),
        ("Title", "Answer.", "x" * (entries.MAX_TITLE + 1), "questions"),
    ],
)
def test_what_an_entry_cannot_be_is_refused_and_nothing_changes(
    editor, service, token, title, answer, questions, told
):
    before = held(service)
    with pytest.raises(gr.Error, match=told):
        editor.save(token, BASE, None, title, answer, questions)
    assert held(service) == before


def test_the_preview_shows_words_as_words():
    shown = previewed(HOSTILE, f"1. Open it.\n2. {HOSTILE}", asked(HOSTILE))
    assert "<img" not in shown and "](javascript" not in shown and "1. Open it." in shown
