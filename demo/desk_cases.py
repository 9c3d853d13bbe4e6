"""The conversations at the desk as HTML, whose words page.js sets in the browser's language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from demo.panels import esc, said_title, title_of
from demo.words import has_word, language_name, said, said_or
from mm_support.as_json import snippet
from mm_support.desk.conversations import OUTCOMES
from mm_support.desk.ownership import ASSISTANT, DONE
from mm_support.desk.search import FOUND
from mm_support.language.fences import is_code, logical_lines
from mm_support.language.sentences import without_markers
from mm_support.types import Case, CaseMatch, Change, Holder, KeptTurn, Message

SHOWN = 90  # characters of what led to a hand-over in the list
SENTENCES = re.compile(r".*[.!?。！？](?=\s)", re.DOTALL)
STEP = re.compile(r"\s+\d{1,3}\.$")  # the number of a step whose words are not there


@dataclass(frozen=True)
class Seen:
    """What the page shows already, so that only what changed is drawn again."""

    listed: str = ""
    holder: Holder = Holder()
    said: tuple[KeptTurn | Message, ...] = ()
    picked: str = ""
    notes: tuple[Message, ...] = ()
    history: tuple[Change, ...] = ()

    def of_conversation(self) -> tuple:
        return self.picked, self.holder, self.said, self.notes, self.history


def case_list(
    cases: Sequence[Case], picked: str, now: datetime, closed: Sequence[Case] = ()
) -> str:
    """Buttons, one a conversation; desk.js says which one was pressed. closed: lately."""
    nobody = f'<p class="ms-muted ms-nobody">{said("desk_nobody")}</p>'
    listed = case_buttons(cases, picked, now) if cases else nobody
    if not closed:
        return listed
    return f"{listed}<h3>{said('desk_lately')}</h3>{case_buttons(closed, picked, now)}"


def case_buttons(cases: Sequence[Case], picked: str, now: datetime) -> str:
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
        f"<small>{' · '.join(facts_of(case))}</small></button>"
    )


def found_list(found: Sequence[CaseMatch], picked: str) -> str:
    """What a search found, with how much that is; desk_found.js says what is pressed."""
    how_many = said("desk_found", count=len(found)) if found else said("desk_not_found")
    most = f" {said('desk_found_most')}" if len(found) == FOUND else ""
    clear = f'<button type="button" data-clear="">{said("desk_search_end")}</button>'
    items = "".join(f"<li>{found_button(each, picked)}</li>" for each in found)
    shown = f'<ul class="ms-cases">{items}</ul>' if items else ""
    return f'<p class="ms-found" role="status">{how_many}{most}{clear}</p>{shown}'


def found_button(found: CaseMatch, picked: str) -> str:
    """A conversation with the line in which stands what was looked for, marked."""
    case, holder = found.case, found.case.holder
    current = ' aria-current="true"' if case.conversation == picked else ""
    facts = " · ".join(facts_of(case))
    return (
        f'<button type="button" class="ms-case ms-{holder.owner}"'
        f' data-conversation="{esc(case.conversation)}"{current}>'
        f"<span><b>{state(holder)}</b> {found.last:%Y-%m-%d %H:%M} UTC</span>"
        f'<span class="ms-line">{speaker(found)}: <q>{marked(found.line, found.marks)}</q></span>'
        f"<small>{facts}</small></button>"
    )


def speaker(found: CaseMatch) -> str:
    if found.who in ("customer", "assistant"):
        return said(found.who)
    noted = f" ({said('desk_noted')})" if found.who == "note" else ""
    return esc(found.author) + noted


def marked(line: str, marks: Sequence[tuple[int, int]]) -> str:
    """The line as HTML. marks: from and to which of its characters."""
    shown, end = "", 0
    for start, stop in marks:
        shown += f"{esc(line[end:start])}<mark>{esc(line[start:stop])}</mark>"
        end = stop
    return shown + esc(line[end:])


def marks(case: Case, now: datetime) -> str:
    """Danger, and whether the customer waits for words, writes, or is put off."""
    if case.holder.owner == "closed":
        return ""
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


def reason(code: str) -> str:
    key = f"reason_{code}"
    return said(key) if has_word(key) else esc(title_of(code))


def about(now: Seen, case: Case | None) -> str:
    """Whose the conversation is, why it was handed over, the summary, and what was noted; desk.js
    reads which one it is.
    """
    if not now.picked:
        choose = f'<p class="ms-muted">{said("desk_choose")}</p>'
        return f'<section class="ms-card ms-none">{choose}</section>'
    facts, summary = "", ""
    if case is not None:
        facts = "".join(f" · {fact}" for fact in facts_of(case))
        lines = "".join(f"<p>{esc(line)}</p>" for line in case.summary.splitlines())
        title = said("desk_summary")
        summary = f"<details open><summary>{title}</summary>{lines}</details>" if lines else ""
    return (
        f'<section class="ms-card" data-conversation="{esc(now.picked)}">'
        f"<h2>{state(now.holder)}{facts}</h2>"
        f"{summary}{noted(now.notes)}{told(now.history)}</section>"
    )


def facts_of(case: Case) -> list[str]:
    """Why a conversation was handed over, if it ever was, its base and its language."""
    why = [reason(case.reason)] if case.reason else []
    base = [said_title(case.knowledge)] if case.knowledge else []
    spoken = [f"<span>{esc(language_name(case.language))}</span>"] if case.language else []
    return [*why, *base, *spoken]


def closing(open_: bool) -> str:
    """The outcomes with which a conversation is closed, behind "Close"; a press says which one."""
    name = said("desk_do_close")
    if not open_:
        return f'<button type="button" disabled>{name}</button>'
    outcomes = "".join(
        f'<button type="button" data-outcome="{each}">{said_or(each)}</button>' for each in OUTCOMES
    )
    hint = f"<p>{said('desk_how_ended')}</p>"
    return f"<details><summary>{name}</summary><div>{hint}{outcomes}</div></details>"


def told(history: Sequence[Change]) -> str:
    """Who had the conversation, when and why."""
    lines = "".join(
        f"<p>{change.created:%m-%d %H:%M} <b>{name(change.who)}</b> {done(change)}</p>"
        for change in history
    )
    return f"<details><summary>{said('desk_history')}</summary>{lines}</details>" if lines else ""


def name(who: str) -> str:
    return said("assistant") if who == ASSISTANT else esc(who)


def done(change: Change) -> str:
    """What was done with a conversation: its reason says it, or is added."""
    if change.owner == "waiting":
        return f"{said_or(DONE['waiting'])}: {reason(change.why)}"
    closed = f"{said_or(DONE['closed'])}: " if change.owner == "closed" else ""
    return closed + said_or(change.why)


def noted(notes: Sequence[Message]) -> str:
    """What agents noted for each other."""
    lines = "".join(
        f'<p class="ms-note"><b>{esc(note.author)}</b> {esc(note.text)}</p>' for note in notes
    )
    return (
        f"<details open><summary>{said('desk_notes')}</summary>{lines}</details>" if notes else ""
    )


def suggestion(spoken: Sequence[KeptTurn | Message]) -> str:
    """The evidence that was found last: what the reply cited, otherwise what fitted best. What fits
    a wish for a person is only taken where nothing else was asked.
    """
    turns = [turn for turn in spoken if isinstance(turn, KeptTurn) and turn.hits]
    asked = [turn for turn in turns if turn.action != "handoff" or turn.citations]
    latest = (asked or turns)[-1:]
    return "\n\n".join(_whole(answer) for turn in latest for answer in found_in(turn))


def is_unread(spoken: Sequence[KeptTurn | Message]) -> bool:
    """Whether the assistant has not looked for what the customer wrote last, since a person has the
    conversation.
    """
    turns = [turn for turn in spoken if isinstance(turn, KeptTurn)]
    return bool(turns) and turns[-1].action == "handoff" and not turns[-1].hits


def found_in(turn: KeptTurn) -> list[str]:
    """What was found for a turn. Of entries only the beginning is kept, without its lines: of a
    reply that shows code it is the reply.
    """
    if any(map(is_code, logical_lines(turn.reply))):
        return [without_markers(turn.reply)]
    cited = [hit.entry.answer for hit in turn.hits if hit.entry.id in turn.citations]
    return cited or [turn.hits[0].entry.answer]


def _whole(kept: str) -> str:
    """What is kept of an answer, without the beginning of a sentence at its end."""
    sentences = SENTENCES.match(kept) if kept.endswith("…") else None
    return STEP.sub("", sentences[0]) if sentences else kept
