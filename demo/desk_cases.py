"""The conversations at the desk as HTML, whose words page.js sets in the browser's language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from demo.panels import esc, said_title, title_of
from demo.words import has_word, said
from mm_support.as_json import snippet
from mm_support.types import Case, Holder, KeptTurn, Message

SHOWN = 90  # characters of what led to a hand-over in the list
SENTENCES = re.compile(r".*[.!?。！？](?=\s)", re.DOTALL)


@dataclass(frozen=True)
class Seen:
    """What the page shows already, so that only what changed is drawn again."""

    listed: str = ""
    holder: Holder = Holder()
    said: tuple[KeptTurn | Message, ...] = ()
    picked: str = ""
    notes: tuple[Message, ...] = ()

    def of_conversation(self) -> tuple:
        return self.picked, self.holder, self.said, self.notes


def case_list(cases: Sequence[Case], picked: str, now: datetime) -> str:
    """Buttons, one a conversation; desk.js says which one was pressed."""
    if not cases:
        return f'<p class="ms-muted ms-nobody">{said("desk_nobody")}</p>'
    items = "".join(f"<li>{case_button(case, picked, now)}</li>" for case in cases)
    return f'<ul class="ms-cases">{items}</ul>'


def case_button(case: Case, picked: str, now: datetime) -> str:
    """A conversation in the list. picked: the conversation that is open."""
    current = ' aria-current="true"' if case.conversation == picked else ""
    waits = esc(minutes((now - case.since).total_seconds()))
    kind = "ms-snoozed" if case.snoozed else f"ms-{case.holder.owner}"
    kind += " ms-danger" if case.danger else ""
    return (
        f'<button type="button" class="ms-case {kind}"'
        f' data-conversation="{esc(case.conversation)}"{current}>'
        f"<span><b>{state(case.holder)}</b> {waits}{marks(case, now)}</span>"
        f"<q>{esc(snippet(case.led, SHOWN))}</q>"
        f"<small>{reason(case)} · {said_title(case.knowledge)}</small></button>"
    )


def marks(case: Case, now: datetime) -> str:
    """Danger, and whether the customer waits for words, writes, or is put off."""
    shown = [said("desk_danger")] if case.danger else []
    shown += [said("desk_unanswered")] if case.unanswered else []
    shown += [said("desk_typing")] if case.typing else []
    if case.snoozed:
        left = minutes((case.snoozed - now).total_seconds() + 59)
        shown.append(said("desk_snoozed", time=left))
    return "".join(f'<i class="ms-unanswered">{mark}</i>' for mark in shown)


def minutes(seconds: float) -> str:
    """A time span, in units that are the same in all languages."""
    whole = int(seconds // 60)
    if whole < 1:
        return "< 1 min"
    if whole < 120:
        return f"{whole} min"
    return f"{whole // 60} h"


def state(holder: Holder) -> str:
    return said(f"desk_{holder.owner}", agent=holder.agent)


def reason(case: Case) -> str:
    key = f"reason_{case.reason}"
    return said(key) if has_word(key) else esc(title_of(case.reason))


def about(now: Seen, case: Case | None) -> str:
    """Whose the conversation is, why it was handed over, the summary, and what was noted."""
    if not now.picked:
        return f'<section class="ms-card"><p class="ms-muted">{said("desk_choose")}</p></section>'
    facts, summary = "", ""
    if case is not None:
        facts = f" · {reason(case)} · {said_title(case.knowledge)}"
        lines = "".join(f"<p>{esc(line)}</p>" for line in case.summary.splitlines())
        title = said("desk_summary")
        summary = f"<details open><summary>{title}</summary>{lines}</details>"
    return (
        f'<section class="ms-card"><h2>{state(now.holder)}{facts}</h2>'
        f"{summary}{noted(now.notes)}</section>"
    )


def noted(notes: Sequence[Message]) -> str:
    """What agents noted for each other."""
    lines = "".join(
        f'<p class="ms-note"><b>{esc(note.author)}</b> {esc(note.text)}</p>' for note in notes
    )
    return (
        f"<details open><summary>{said('desk_notes')}</summary>{lines}</details>" if notes else ""
    )


def suggestion(spoken: Sequence[KeptTurn | Message]) -> str:
    """The evidence that was found last: what the reply cited, otherwise what fitted best."""
    for turn in reversed(spoken):
        if isinstance(turn, KeptTurn) and turn.hits:
            cited = [hit.entry.answer for hit in turn.hits if hit.entry.id in turn.citations]
            return "\n\n".join(map(_whole, cited or [turn.hits[0].entry.answer]))
    return ""


def _whole(kept: str) -> str:
    """What is kept of an answer, without the beginning of a sentence at its end."""
    sentences = SENTENCES.match(kept) if kept.endswith("…") else None
    return sentences[0] if sentences else kept
