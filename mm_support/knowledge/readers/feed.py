"""RSS, and what WordPress exports, which is RSS too (WXR) -> one document a page or post.

Drafts, private pages, menus and files are left out and told, and so are comments. Other XML is
told. Runs in the sandbox.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mm_support.knowledge.readers.base import Document, File, Remarks, quoted
from mm_support.knowledge.readers.blocks import html_blocks
from mm_support.knowledge.readers.fields import as_day, slug
from mm_support.knowledge.readers.markdown import split_questions, titled
from mm_support.knowledge.readers.packed_xml import attribute, local, xml_tree
from mm_support.knowledge.readers.rows import text_of

PUBLISHED = ("", "publish")  # status of an item; RSS has none
# kinds of items that are no pages of their own
NO_PAGES = re.compile(r"attachment|nav_menu_item|revision|custom_css|wp_\w+|acf-.*|elementor_.*")
OTHER = "it is XML of a kind that is not read ('{}'); export HTML, CSV or JSON instead"
_BLOCK_TAG = re.compile(
    r"<(?:h[1-6]|ul|ol|li|table|tr|pre|div|blockquote|figure|p|details)\b", re.I
)
_ATTRIBUTES = r"(?:\s+[\w-]+=(?:\"[^\"\]]*\"|'[^'\]]*'|[^\s\"'\]]+)){0,40}"
_SHORTCODE = re.compile(rf"\[(/?)([a-zA-Z][\w-]*)({_ATTRIBUTES})\s*/?\]")
_TITLE = re.compile(r"\b(?:title|heading|question)=[\"']([^\"']+)[\"']")


def read_feed(file: File, remarks: Remarks) -> Iterator[Document]:
    """The documents of a file, in its order."""
    try:
        root = xml_tree(file.data)
    except ValueError:
        root = xml_tree(file.data, recover=True)  # as an export that was cut off
        remarks.warn(0, "it is no whole XML; it was read as far as it can be told")
    if local(root) != "rss":
        remarks.skip(0, OTHER.format(local(root)))
        return
    language = next((own.text or "" for own in root.iter("language")), "")
    others: Counter[str] = Counter()
    for element in root.iter("item"):
        item = _Item.of(element)
        if NO_PAGES.fullmatch(item.kind) or not item.content.strip():
            others[item.kind or "item"] += 1
        elif reason := item.hidden:
            remarks.skip(item.line, f"{quoted(item.title)} {reason}")
        else:
            yield _document(item, language, file, remarks)
    for kind, times in others.items():
        remarks.skip(0, f"{times} items of the kind '{kind}' are no pages, or are empty")


@dataclass(frozen=True)
class _Item:
    """An item as the file has it. hidden: why customers do not see it, or ""."""

    title: str
    content: str
    kind: str
    hidden: str
    url: str
    name: str
    updated: str
    tags: tuple[str, ...]
    line: int

    @classmethod
    def of(cls, element: Any) -> _Item:
        said = {_name(own): (own.text or "").strip() for own in element}
        status, secret = said.get("status", ""), said.get("post_password", "")
        hidden = "" if status in PUBLISHED else "is marked as not published"
        hidden = hidden or ("can be seen with a password alone" if secret else "")
        filed = [own for own in element if local(own) == "category" and own.text]
        shown = [own for own in filed if attribute(own, "domain") in ("", "category", "post_tag")]
        return cls(
            title=said.get("title", ""),
            content=said.get("content:encoded") or said.get("description", ""),
            kind=said.get("post_type", ""),
            hidden=hidden,
            url=said.get("link", ""),
            name=said.get("post_name", ""),
            updated=said.get("post_modified") or said.get("pubDate", ""),
            tags=tuple(dict.fromkeys(own.text.strip() for own in shown)),
            line=element.sourceline or 0,
        )


def _name(element: Any) -> str:
    """The name of an element; of the two that are "encoded", the content and the excerpt."""
    name = local(element)
    content = "/content/" in str(element.tag)
    return "content:encoded" if name == "encoded" and content else name


def _document(item: _Item, language: str, file: File, remarks: Remarks) -> Document:
    html = _without_shortcodes(_paragraphs(item.content), item.line, remarks)
    blocks, links = html_blocks(html, remarks, item.line)
    title, blocks = titled(text_of(item.title), blocks, file.stem)
    questions, blocks = split_questions(blocks)
    return Document(
        title,
        blocks,
        file.name,
        item.line,
        slug(item.name or title),
        questions=tuple(questions),
        language=language[:35],
        url=item.url,
        links=links,
        updated=as_day(item.updated, "date", item.line, remarks),
        tags=item.tags,
    )


def _without_shortcodes(html: str, line: int, remarks: Remarks) -> str:
    """The content without what a plug-in makes something of; what stands between two tags, and
    their titles, stay. Brackets that are neither closed nor have values are text."""
    closed = {found[2] for found in _SHORTCODE.finditer(html) if found[1]}
    told: set[str] = set()

    def seen(tag: re.Match[str]) -> str:
        closing, name, attributes = tag.groups()
        if name in closed:
            title = None if closing else _TITLE.search(attributes)
            return f"<p><strong>{title[1]}</strong></p>" if title else ""
        if not attributes:
            return tag[0]
        if name not in told:
            told.add(name)
            remarks.skip(line, f"what the site shows in place of {quoted(tag[0])} is not known")
        return ""

    return _SHORTCODE.sub(seen, html)


def _paragraphs(html: str) -> str:
    """The content with paragraphs where blank lines part them, as WordPress shows it."""
    if re.search(r"<p\b", html, re.IGNORECASE):
        return html
    parts = [part.strip() for part in re.split(r"\n\s*\n", html.replace("\r\n", "\n"))]
    shown = (part if _BLOCK_TAG.search(part) else part.replace("\n", "<br>") for part in parts)
    return "".join(f"<p>{part}</p>" for part in shown if part)
