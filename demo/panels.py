"""What the assistant heard, saw, weighed and found, drawn for people as HTML.

Whatever comes from customers, models or knowledge passes through `esc` before it becomes HTML,
or through `as_markdown` before it becomes a chat message. Knows nothing of Gradio's events.
"""

from __future__ import annotations

import base64
import functools
import io
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from demo.conversation_state import Conversation, Exchange
from demo.markup import as_markdown, esc, with_lists
from demo.passages import place_of
from demo.tables import table
from demo.words import DEFAULT, has_word, said, seen_thing, word
from mm_support.as_json import opening, snippet
from mm_support.types import Entry, Hit, Holder, ImageView, KnowledgeBase, Status

log = logging.getLogger(__name__)
THUMBNAIL = 112  # px, twice the size on the page
KEPT_TURNS = 20  # exchanges whose sources stay on the page
SHOWN_LABELS, SHOWN_LINES, SHOWN_SOURCES = 4, 8, 5
CITATION = re.compile(r"&#91;(\d+)&#93;")  # as it stands once it is escaped


def reply_markdown(exchange: Exchange, number: int) -> str:
    """The reply, or what is quoted until it comes, with each [n] that names a source turned into a
    link to its passage.
    """
    shown = with_lists(exchange.text or ("" if exchange.over else exchange.meanwhile))
    return CITATION.sub(lambda m: citation_link(int(m[1]), exchange.hits, number), shown)


def citation_link(n: int, hits: Sequence[Hit], number: int) -> str:
    """The mark [n] as a link to its passage; plain where no hit has it. number: of the turn."""
    if not 1 <= n <= len(hits):
        return as_markdown(f"[{n}]")
    title = as_markdown(" ".join(hits[n - 1].entry.title.split()))
    return f'[{n}](#passage-{number}-{n} "{n}: {title}")'


def thumbnail(path: Path) -> str:
    """A small copy of a picture as a data URI; empty where the file cannot be read."""
    try:
        return _drawn_thumbnail(path)
    except OSError as problem:
        log.warning("no thumbnail for %s: %s", path, problem)
        return ""


@functools.lru_cache(maxsize=512)
def _drawn_thumbnail(path: Path) -> str:
    with Image.open(path) as picture:
        picture.thumbnail((THUMBNAIL, THUMBNAIL))
        data = io.BytesIO()
        picture.convert("RGB").save(data, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(data.getvalue()).decode()


# -- how a reply came about -----------------------------------------------------------------


def panel(conversation: Conversation, workshop: bool = False, whole: bool = True) -> dict:
    """Sections of the latest exchanges by their numbers, or of the last alone: page.js keeps what
    came before, and shows only the last until a reply's link leads to another.

    workshop: whether sources are named by their files, which are not for customers.
    """
    language = conversation.language
    numbered = list(enumerate(conversation.exchanges, 1))[-KEPT_TURNS if whole else -1 :]
    turns = [[n, turn_section(one, n, language, workshop)] for n, one in numbered]
    return {"whole": whole or not turns, "turns": turns or [[0, empty_panel(language)]]}


def empty_panel(language: str) -> str:
    heading, words = word("how_understood", language), word("panel_empty", language)
    return f'<section class="ms-card ms-empty"><h2>{heading}</h2><p>{words}</p></section>'


def turn_section(exchange: Exchange, number: int, language: str, workshop: bool = False) -> str:
    """What belongs to one turn of a conversation, the number-th."""
    heard = " data-heard" if exchange.transcript else ""
    return (
        f'<div class="ms-turn" id="turn-{number}"{heard} tabindex="-1">'
        f"{understood(exchange, language)}{found(exchange, number, language, workshop)}</div>"
    )


def understood(exchange: Exchange, language: str = DEFAULT) -> str:
    """What was asked, seen and read, and what it was taken for, as a list of facts."""
    rows = [("asked", f"<q>{esc(snippet(exchange.wording))}</q>")] if exchange.wording else []
    if exchange.image:
        rows += seen(exchange.image, language)
    if exchange.fusion:
        rows.append(("weighed", weights_chart(exchange.fusion.weights, language)))
    if exchange.reply and exchange.reply.intent:
        intent = exchange.reply.intent
        rows.append(("intent", chip(intent_name(intent.name, language), intent.confidence)))
    body = "".join(f"<dt>{word(name, language)}</dt><dd>{value}</dd>" for name, value in rows)
    return (
        f'<section class="ms-card"><h2>{word("how_understood", language)}</h2>'
        f'<dl class="ms-facts">{body}</dl></section>'
    )


def seen(image: ImageView, language: str) -> list[tuple[str, str]]:
    """What a photo shows and the text in it; doubts are told."""
    shown = image.labels[:SHOWN_LABELS]
    labels = "".join(chip(seen_thing(one.name, language), one.probability) for one in shown)
    if not image.sure:
        doubt = word("not_sure_perhaps" if labels else "not_sure", language)
        labels = f'<span class="ms-muted">{doubt}</span> {labels}'
    read = (f'<code class="ms-read">{esc(line.text)}</code>' for line in image.text[:SHOWN_LINES])
    rows = [("saw", labels), ("read", "".join(read))]
    return rows if image.text else rows[:1]


def intent_name(name: str, language: str = DEFAULT) -> str:
    """What a base takes a question for, as people read it; a company's own as it is called."""
    key = f"intent_{name}"
    return word(key, language) if has_word(key) else name.replace("_", " ")


def chip(name: str, probability: float) -> str:
    return f'<span class="ms-chip">{esc(name)} <small>{probability:.0%}</small></span>'


def modality_name(name: str, language: str = DEFAULT) -> str:
    key = f"modality_{name}"
    return word(key, language) if has_word(key) else name


def weights_chart(weights: dict[str, float], language: str = DEFAULT) -> str:
    """Bars in one column, widest share first; the numbers stand beside them for screen readers."""
    rows = []
    for name, share in sorted(weights.items(), key=lambda item: -item[1]):
        title = esc(modality_name(name, language))
        rows.append(f"<li><span>{title}</span>{meter(share)}<b>{share:.0%}</b></li>")
    return f'<ul class="ms-weights">{"".join(rows)}</ul>'


def meter(share: float) -> str:
    width = min(max(share, 0), 1)
    return f'<i class="ms-meter" aria-hidden="true"><i style="width:{width:.1%}"></i></i>'


def score_bar(score: float) -> str:
    return f'<div class="ms-score">{meter(score)}<b>{score:.2f}</b></div>'


def found(exchange: Exchange, number: int, language: str = DEFAULT, workshop: bool = False) -> str:
    """The outcome and the sources; nothing before the knowledge was searched."""
    if not exchange.fusion:
        return ""
    outcome = word(f"outcome_{exchange.reply.action}", language) if exchange.reply else ""
    heading = f'<p class="ms-outcome">{outcome}</p>' if outcome else ""
    hits = enumerate(exchange.hits[:SHOWN_SOURCES], 1)
    items = "".join(source_item(hit, n, number, exchange, language, workshop) for n, hit in hits)
    nothing = f'<p class="ms-muted">{word("nothing_fits", language)}</p>'
    sources = f'<ol class="ms-sources">{items}</ol>' if items else nothing
    title = word("what_found", language)
    return f'<section class="ms-card"><h2>{title}</h2>{heading}{sources}</section>'


def source_item(
    hit: Hit, n: int, number: int, exchange: Exchange, language: str, workshop: bool
) -> str:
    """The n-th source of the number-th turn."""
    cited = exchange.reply is not None and any(c.number == n for c in exchange.reply.citations)
    place = esc(hit.entry.source) if workshop else place_of(hit.entry, language, esc)
    where = " · ".join(filter(None, (esc(found_by(hit, language)), place)))
    kind = "ms-source ms-cited" if cited else "ms-source"
    return (
        f'<li id="source-{number}-{n}" class="{kind}">'
        f"{picture(hit.entry)}<div><h3><span>{n}</span> {esc(hit.entry.title)}</h3>"
        f"<p>{esc(opening(hit.entry.answer, 110))}</p>{score_bar(hit.score)}"
        f'<p class="ms-muted">{where}</p></div></li>'
    )


def found_by(hit: Hit, language: str = DEFAULT) -> str:
    """The modalities that found an entry, the strongest first; empty where none is named."""
    strongest = sorted(hit.by, key=hit.by.__getitem__, reverse=True)
    names = ", ".join(modality_name(name, language).lower() for name in strongest)
    return word("found_by", language, names=names) if names else ""


def picture(entry: Entry) -> str:
    """Small; nothing where there is none, or none that can be read."""
    address = thumbnail(entry.pictures[0]) if entry.pictures else ""
    drawn = f'<img class="ms-thumb" src="{address}" alt="" width="56" height="56">'
    return drawn if address else ""


def photo_words(view: ImageView, language: str = DEFAULT) -> str:
    """A photo that is not shown, in words: what it shows and what is read in it."""
    shows = [seen_thing(view.labels[0].name, language)] if view.sure else []
    read = [line.text for line in view.text[:SHOWN_LINES]]
    return ": ".join([word("a_photo", language), *filter(None, (", ".join([*shows, *read]),))])


# -- who has the conversation ---------------------------------------------------------------


def people_line(holder: Holder, language: str = DEFAULT) -> str:
    """Who has the customer's conversation, in a sentence; empty while only the assistant had it."""
    if holder.owner == "assistant" and not holder.agent:
        return ""
    waits = holder.owner == "waiting" and holder.minutes
    more = "_about" if waits else "_late" if holder.late else "_typing" if holder.typing else ""
    key = f"people_{holder.owner}{more}"
    sentence = esc(word(key, language, agent=holder.agent, minutes=holder.minutes))
    return f'<p class="ms-people ms-{holder.owner}" role="status"><i></i>{sentence}</p>'


# -- status and knowledge -------------------------------------------------------------------


def customer_status(status: Status, language: str = DEFAULT) -> str:
    """What customers are told: nothing, unless there is no assistant or only a poorer one."""
    if not (status.failed or status.degraded):
        return ""
    key = "not_available" if status.failed else "some_knowledge_missing"
    state = "failed" if status.failed else "degraded"
    return (
        f'<p class="ms-status ms-{state}" role="status"><i aria-hidden="true"></i>'
        f"<b>{word(key, language)}</b></p>"
    )


def status_line(status: Status) -> str:
    states = {"failed": status.failed, "degraded": status.degraded, "ready": status.ready}
    state = next((name for name, holds in states.items() if holds), "loading")
    told = said("status_ready") if state == "ready" else esc(status.message)
    return (
        f'<p class="ms-status ms-{state}" role="status"><i aria-hidden="true"></i>'
        f"<b>{told}</b><span>{esc(status.device)}</span></p>"
    )


def knowledge_table(bases: Sequence[KnowledgeBase]) -> str:
    rows = [(said_title(base.name), str(base.entries), str(base.pictures)) for base in bases]
    shown = table((said("knowledge"), said("entries"), said("pictures")), rows)
    return f'<section class="ms-card">{shown}</section>'


def title_of(name: str, language: str = DEFAULT) -> str:
    """A knowledge base's name as people read it: smart-home becomes Smart home. Those that come
    with the project are called so in the page's language; page.js says them in the picker.
    """
    key = f"base_{name.replace('-', '_')}"
    if has_word(key):
        return word(key, language)
    return name.replace("-", " ").replace("_", " ").capitalize()


def said_title(name: str) -> str:
    """HTML of the title, which page.js sets in the page's language."""
    key = f"base_{name.replace('-', '_')}"
    return said(key) if has_word(key) else esc(title_of(name))


def entry_list(
    entries: Sequence[Entry], scores: Sequence[float] = (), editable: bool = False
) -> str:
    """Entries, with their scores where they were searched for. editable: with a button each."""
    if not entries:
        return '<section class="ms-card"><p>' + said("no_entries") + "</p></section>"
    bars = [score_bar(score) for score in scores] or [""] * len(entries)
    items = (entry_item(entry, bar, editable) for entry, bar in zip(entries, bars))
    return f'<section class="ms-card"><ul class="ms-sources">{"".join(items)}</ul></section>'


def entry_item(entry: Entry, bar: str, editable: bool = False) -> str:
    """An entry that opens. bar: its score as HTML, or nothing."""
    asked = "".join(f"<li>{esc(question)}</li>" for question in entry.questions)
    opens = f'<button type="button" class="ms-edit" data-entry="{esc(entry.id)}">'
    edit = f"{opens}{said('edit')}</button>"
    return (
        f'<li class="ms-source">{picture(entry)}<details><summary>{esc(entry.title)}</summary>'
        f"<p>{esc(entry.answer)}</p><ul>{asked}</ul>"
        f'<p class="ms-muted">{esc(entry.id)} · {esc(entry.source)}</p>'
        f"{edit if editable else ''}</details>{bar}</li>"
    )


def remarks_table(title: str, groups: Sequence[dict[str, Any]]) -> str:
    """Remarks of an ingest, those of one kind in one row: where first, how often, why. title: key
    of the heading of the last.
    """
    rows = [
        (esc(", ".join(group["places"])), str(group["count"]), esc(group["reason"]))
        for group in groups
    ]
    heads = (said("ingest_where"), said("figure_times"), said(title))
    return table(heads, rows, words={2}) if rows else ""
