"""Passages that a reply rests on, whole, with the words that it took from them marked.

Knows nothing of Gradio. What is drawn is HTML on one line, so that it may stand within Markdown.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from os.path import commonprefix

from demo.markup import as_markdown, literal
from demo.words import word
from mm_support.language.fences import is_code, logical_lines
from mm_support.types import Entry, Reply

TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")  # a word, or a character
LEAST = 3  # tokens in a row that are taken from a passage, not shared by chance
STEP = re.compile(r"(?<=\S)\s+(?=\d{1,2}[.)]\s)|\n+")  # where a line of a passage begins


def passages(reply: Reply, entries: Sequence[Entry], number: int, language: str) -> str:
    """Each source that the reply cites, closed, as <details id="passage-TURN-SOURCE">.

    entries: what the numbers in the reply stand for, the first of them 1.
    """
    cited = [citation.number for citation in reply.citations]
    shown = (
        passage(entries[n - 1], rests_on(reply.text, n), f"{number}-{n}", n, language)
        for n in cited
        if 1 <= n <= len(entries)
    )
    body = "".join(shown)
    return f'<div class="ms-passages">{body}</div>' if body else ""


def passage(entry: Entry, said: Sequence[str], place: str, n: int, language: str) -> str:
    """The entry of citation n, what was said of it marked. place: names it on the page."""
    title = as_markdown(" ".join(entry.title.split()))
    heading = f"<summary><b>{n}</b> {title}</summary>"
    lines = "".join(f"<p>{line}</p>" for line in marked_lines(entry.answer, said))
    return (
        f'<details class="ms-passage" id="passage-{place}">{heading}'
        f"{lines}{origin(entry, language)}</details>"
    )


def origin(entry: Entry, language: str) -> str:
    """Where a passage stands, on a line of its own."""
    where = place_of(entry, language, as_markdown)
    return f'<p class="ms-muted">{where}</p>' if where else ""


def place_of(entry: Entry, language: str, escaped: Callable[[str], str]) -> str:
    """Where an entry stands in what the company wrote, for customers: its section, page, and a
    link. escaped: makes words safe where they are shown.
    """
    page = word("page_number", language, page=entry.page) if entry.page else ""
    parts = [escaped(part) for part in (entry.section, page) if part]
    if re.match(r"https?://", entry.url):
        address = escaped(entry.url)
        name = word("open_source", language)
        parts.append(f'<a href="{address}" target="_blank" rel="noopener noreferrer">{name}</a>')
    return " · ".join(parts)


def rests_on(text: str, number: int) -> list[str]:
    """The stretches of a reply that cite a source: what stands before [n], up to a citation before.

    A step without a citation of its own belongs to the one above it. Brackets in code cite nothing.
    """
    lines = logical_lines(text)
    text = "".join(own.replace("[", " ") if is_code(own) else own for own in lines)
    parts = re.split(r"((?:\[\d+\]\s*)+)", text)
    said, last = [], ""
    for words, numbers in zip(parts[::2], [*parts[1::2], ""]):
        last = numbers or last
        if f"[{number}]" in last and words.strip():
            said.append(words)
    return said


def marked_lines(answer: str, said: Sequence[str]) -> list[str]:
    """The passage line by line, as HTML with <mark> around what was said; code is one of them."""
    shares, at, lines = taken(answer, said), 0, []
    for own in logical_lines(answer):
        end = at + len(own)
        if is_code(own):
            code = (marked(answer, *line, shares) for line in code_within(answer, at, end))
            lines.append(f"<code>{'&#10;'.join(code)}</code>")
        else:
            lines += [marked(answer, *line, shares) for line in lines_within(answer, at, end)]
        at = end
    return [line for line in lines if line.strip()]


def lines_within(answer: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """(begin, end) of each line of a stretch of a passage."""
    for gap in STEP.finditer(answer, begin, end):
        yield begin, gap.start()
        begin = gap.end()
    yield begin, end


def code_within(answer: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The same of the lines between fences, without the blanks that all of them share."""
    opening, *lines, _ = answer[begin:end].rstrip().splitlines(keepends=True)
    indents = [line[: len(line) - len(line.lstrip())] for line in lines if line.strip()]
    blanks = len(commonprefix(indents))
    begin += len(opening)
    for line in lines:
        said = len(line.rstrip())
        yield begin + min(blanks, said), begin + said
        begin += len(line)


def taken(answer: str, said: Sequence[str]) -> list[tuple[int, int]]:
    """(begin, end) of the stretches of a passage that were said, in characters, in order."""
    here = list(TOKEN.finditer(answer))
    words = [match[0].lower() for match in here]
    found: set[tuple[int, int]] = set()
    for sentence in said:
        there = [token.lower() for token in TOKEN.findall(sentence)]
        blocks = difflib.SequenceMatcher(None, words, there, autojunk=False).get_matching_blocks()
        least = min(LEAST, len(there))
        found |= {(block.a, block.a + block.size) for block in blocks if block.size >= least > 0}
    spans = [(here[begin].start(), here[end - 1].end()) for begin, end in merged(sorted(found))]
    return [(begin, with_stop(answer, end)) for begin, end in spans]


def with_stop(text: str, end: int) -> int:
    """Where a stretch ends with the punctuation behind it."""
    stop = re.compile(r"[^\w\s]*").match(text, end)
    return stop.end() if stop else end


def merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted spans, those that touch or overlap made one."""
    together: list[tuple[int, int]] = []
    for begin, end in spans:
        if together and begin <= together[-1][1]:
            together[-1] = (together[-1][0], max(end, together[-1][1]))
        else:
            together.append((begin, end))
    return together


def marked(text: str, begin: int, end: int, shares: Sequence[tuple[int, int]]) -> str:
    """text[begin:end] as HTML; shares: what of the whole text is marked."""
    shown, at = [], begin
    for start, stop in shares:
        start, stop = max(start, at), min(stop, end)
        if start < stop:
            said = literal(text[start:stop])
            shown += [literal(text[at:start]), f"<mark>{said}</mark>"]
            at = stop
    return "".join([*shown, literal(text[at:end])])
