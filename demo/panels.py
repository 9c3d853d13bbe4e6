"""What the assistant heard, saw, weighed and found, drawn for people as HTML.

Whatever comes from customers, models or knowledge passes through `esc` before it becomes HTML,
or through `as_markdown` before it becomes a chat message. Knows nothing of Gradio's events.
"""

from __future__ import annotations

import base64
import functools
import html
import io
import logging
import re
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from demo.conversation_state import Conversation, Exchange
from mm_support.as_json import snippet
from mm_support.types import Entry, Hit, KnowledgeBase, Status

log = logging.getLogger(__name__)
THUMBNAIL = 112  # px, twice the size on the page
KEPT_TURNS = 20  # exchanges whose sources stay on the page
MODALITY_NAMES = {
    "text": "Typed",
    "speech": "Spoken",
    "photo": "Photo",
    "photo_text": "Text in photo",
    "context": "Conversation",
}
OUTCOMES = {
    "answer": "Answered from the sources below",
    "clarify": "Asked for one more detail",
    "refuse": "Not something this knowledge covers",
    "handoff": "Handed over to a person",
}
# what Markdown or HTML give a meaning to: anywhere, in addresses, or where a line begins
MARKUP = re.compile(
    r"""[<>&"*_`~\[\]{}\\|$^!]|(?<=[a-z]):(?=//)|@|(?<=www)\.|^(?:[#+=-]+|\d+[.)])(?=[\s#+=-]|$)""",
    re.MULTILINE | re.IGNORECASE,
)


def esc(text: object) -> str:
    """Text as HTML that shows it literally, also inside attributes and Gradio's templates."""
    return re.sub(r"[{}$`\\]", lambda m: f"&#{ord(m[0])};", html.escape(str(text)))


def as_markdown(text: str) -> str:
    """Text as Markdown that shows it literally: whatever could mean something becomes an entity."""
    return MARKUP.sub(as_entities, unindented(text))


def as_entities(match: re.Match) -> str:
    return "".join(f"&#{ord(character)};" for character in match[0])


def unindented(text: str) -> str:
    """Without spaces at the start of lines: Markdown takes four of them for a block of code."""
    return re.sub(r"(?m)^[ \t]+", "", text)


def reply_markdown(exchange: Exchange, number: int) -> str:
    """The reply with each [n] that names a source turned into a link to it."""
    parts = re.split(r"\[(\d+)\]", unindented(exchange.text))
    shown = [
        citation_link(int(part), exchange.hits, number) if i % 2 else MARKUP.sub(as_entities, part)
        for i, part in enumerate(parts)
    ]
    return "".join(shown)


def citation_link(n: int, hits: Sequence[Hit], number: int) -> str:
    if not 1 <= n <= len(hits):
        return as_markdown(f"[{n}]")
    title = as_markdown(" ".join(hits[n - 1].entry.title.split()))
    return f'[{n}](#source-{number}-{n} "Source {n}: {title}")'


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


# -- the panel beside the chat --------------------------------------------------------------


def panel(conversation: Conversation) -> str:
    """Sections of the latest exchanges; only the last is shown until a citation leads to another."""
    if not conversation.exchanges:
        return (
            '<section class="ms-card ms-empty"><h2>How I understood you</h2><p>Type, speak or show a photo. '
            "What was heard and seen, and the sources that the reply rests on, appear here.</p></section>"
        )
    numbered = list(enumerate(conversation.exchanges, 1))[-KEPT_TURNS:]
    return "".join(turn_section(x, n, n != numbered[-1][0]) for n, x in numbered)


def turn_section(exchange: Exchange, number: int, hidden: bool) -> str:
    return (
        f'<div class="ms-turn" id="turn-{number}"{" hidden" if hidden else ""}>'
        f"{understood(exchange)}{found(exchange, number)}</div>"
    )


def understood(exchange: Exchange) -> str:
    rows = [("Asked", f"<q>{esc(snippet(exchange.wording))}</q>")] if exchange.wording else []
    if exchange.image:
        labels = "".join(chip(label.name, label.probability) for label in exchange.image.labels[:4])
        doubt = (
            ""
            if exchange.image.sure
            else f'<span class="ms-muted">not sure what it is{", perhaps" * bool(labels)}</span> '
        )
        rows.append(("Saw", doubt + labels))
        lines = "".join(
            f'<code class="ms-read">{esc(line.text)}</code>' for line in exchange.image.text[:8]
        )
        rows += [("Read", lines)] if lines else []
    if exchange.fusion:
        rows.append(("Weighed", weights_chart(exchange.fusion.weights)))
    if exchange.reply and exchange.reply.intent:
        rows.append(
            (
                "Intent",
                chip(
                    exchange.reply.intent.name.replace("_", " "), exchange.reply.intent.confidence
                ),
            )
        )
    body = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    return f'<section class="ms-card"><h2>How I understood you</h2><dl class="ms-facts">{body}</dl></section>'


def chip(name: str, probability: float) -> str:
    return f'<span class="ms-chip">{esc(name)} <small>{probability:.0%}</small></span>'


def weights_chart(weights: dict[str, float]) -> str:
    """Bars in one column, widest share first; the numbers stand beside them for screen readers."""
    bars = sorted(weights.items(), key=lambda item: -item[1])
    rows = "".join(
        f"<li><span>{esc(MODALITY_NAMES.get(name, name))}</span>{meter(share)}<b>{share:.0%}</b></li>"
        for name, share in bars
    )
    return f'<ul class="ms-weights">{rows}</ul>'


def meter(share: float) -> str:
    return f'<i class="ms-meter" aria-hidden="true"><i style="width:{min(max(share, 0), 1):.1%}"></i></i>'


def found(exchange: Exchange, number: int) -> str:
    if not exchange.fusion:
        return ""
    outcome = OUTCOMES.get(exchange.reply.action, "") if exchange.reply else ""
    items = "".join(
        source_item(hit, n, number, exchange) for n, hit in enumerate(exchange.hits[:5], 1)
    )
    body = (
        f'<ol class="ms-sources">{items}</ol>'
        if items
        else '<p class="ms-muted">Nothing that fits.</p>'
    )
    return (
        f'<section class="ms-card"><h2>What I found</h2>'
        f"{f'<p class=ms-outcome>{esc(outcome)}</p>' if outcome else ''}{body}</section>"
    )


def source_item(hit: Hit, n: int, number: int, exchange: Exchange) -> str:
    cited = exchange.reply is not None and any(c.number == n for c in exchange.reply.citations)
    by = ", ".join(
        MODALITY_NAMES.get(name, name).lower()
        for name in sorted(hit.by, key=hit.by.get, reverse=True)
    )
    where = " · ".join(part for part in (f"by {by}" if by else "", hit.entry.source) if part)
    return (
        f'<li id="source-{number}-{n}" class="ms-source{" ms-cited" if cited else ""}" tabindex="-1">'
        f"{picture(hit.entry)}<div><h3><span>{n}</span> {esc(hit.entry.title)}</h3>"
        f"<p>{esc(snippet(hit.entry.answer, 110))}</p>"
        f'<div class="ms-score">{meter(hit.score)}<b>{hit.score:.2f}</b></div>'
        f'<p class="ms-muted">{esc(where)}</p></div></li>'
    )


def picture(entry: Entry) -> str:
    address = thumbnail(entry.pictures[0]) if entry.pictures else ""
    if not address:
        return '<span class="ms-thumb" aria-hidden="true">¶</span>'
    return f'<img class="ms-thumb" src="{address}" alt="" width="56" height="56">'


# -- status and knowledge -------------------------------------------------------------------


def status_line(status: Status) -> str:
    state = "ready" if status.ready else "failed" if status.failed else "loading"
    return (
        f'<p class="ms-status ms-{state}" role="status"><i aria-hidden="true"></i>'
        f"<b>{esc(status.message)}</b><span>{esc(status.device)}</span></p>"
    )


def knowledge_table(bases: Sequence[KnowledgeBase]) -> str:
    rows = "".join(
        f"<tr><th scope=row>{esc(title_of(base.name))}</th><td>{base.entries}</td><td>{base.pictures}</td></tr>"
        for base in bases
    )
    head = (
        "<tr><th scope=col>Knowledge</th><th scope=col>Entries</th><th scope=col>Pictures</th></tr>"
    )
    table = f'<table class="ms-table"><thead>{head}</thead><tbody>{rows}</tbody></table>'
    return f'<section class="ms-card">{table}</section>'


def title_of(name: str) -> str:
    """A knowledge base's name as people read it: smart-home becomes Smart home."""
    return name.replace("-", " ").replace("_", " ").capitalize()


def entry_list(entries: Sequence[Entry], scores: Sequence[float] = ()) -> str:
    if not entries:
        return '<section class="ms-card"><p>No entries.</p></section>'
    items = []
    for i, entry in enumerate(entries):
        score = (
            f'<div class="ms-score">{meter(scores[i])}<b>{scores[i]:.2f}</b></div>'
            if scores
            else ""
        )
        asked = "".join(f"<li>{esc(question)}</li>" for question in entry.questions)
        items.append(
            f'<li class="ms-source">{picture(entry)}<details><summary>{esc(entry.title)}</summary>'
            f"<p>{esc(entry.answer)}</p><ul>{asked}</ul>"
            f'<p class="ms-muted">{esc(entry.id)} · {esc(entry.source)}</p></details>{score}</li>'
        )
    return f'<section class="ms-card"><ul class="ms-sources">{"".join(items)}</ul></section>'


def skipped_list(skipped: Sequence[tuple[str, int, str]]) -> str:
    if not skipped:
        return ""
    rows = "".join(
        f"<tr><th scope=row>{esc(file)}</th><td>{line}</td><td class=ms-words>{esc(reason)}</td></tr>"
        for file, line, reason in skipped
    )
    head = "<tr><th scope=col>File</th><th scope=col>Line</th><th scope=col class=ms-words>Why it was skipped</th></tr>"
    return f'<table class="ms-table"><thead>{head}</thead><tbody>{rows}</tbody></table>'
