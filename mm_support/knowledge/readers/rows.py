"""A row by its fields -> a document: what CSV, spreadsheets and JSON share.

An answer may hold HTML or Markdown, as exports do. Knows no file format.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mm_support.knowledge.readers.base import Block, Document, Remarks
from mm_support.knowledge.readers.blocks import html_blocks
from mm_support.knowledge.readers.columns import LONG, REST, is_unpublished
from mm_support.knowledge.readers.fields import as_bool, as_day, as_list, as_tags, as_text, slug
from mm_support.knowledge.readers.markdown import markdown_blocks, shown
from mm_support.knowledge.readers.tables import row_line
from mm_support.language.field_names import field_of

HTML = re.compile(
    r"<(?:p|div|span|br|ul|ol|li|a|b|i|strong|em|h[1-6]|table|tr|td|img|pre|code|blockquote|script|"
    r"style|u|hr|font|section|article|details|iframe)\b[^<>]*>|<!--",
    re.IGNORECASE,
)
ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,6}|#x[0-9a-fA-F]{2,5});")
MARKDOWN = re.compile(
    r"\*\*[^\s*][^*\n]*\*\*|!?\[[^\]\n]{0,500}\]\((?:<|https?:|/|mailto:|\w)|^#{1,6} |^```"
    r"|^\|?[ ]*:?-{3,}:?[ ]*\|",
    re.M,
)


def row_document(row: Mapping[str, Any], line: int, remarks: Remarks) -> Document | None:
    """The document of a row; None, and a remark, where it has no title or answer or is a draft."""
    if is_unpublished(row, line, remarks):
        return None
    questions = [text_of(item) for item in as_list(row.get("questions"))]
    title, code = text_of(row.get("title")) or next(iter(questions), ""), text_of(row.get("code"))
    topic = text_of(row.get("topic"))
    if title and topic and topic.lower() not in title.lower():
        questions, title = [*questions, title], f"{topic}: {title}"
    title = f"{title} ({code})" if title and code and code not in title else title
    answer = as_text(row.get("answer"))
    blocks, links = answer_blocks(answer, line, remarks)
    said = [title, *(block.text for block in blocks)]
    rest = [(name, text_of(cell)) for name, cell in row.get(REST, ())]
    told = [(name, text) for name, text in rest if text and not _is_said(text, said)]
    answers = any(block.text for block in blocks) or bool(told and code)  # goods have a price
    if not title or not answers:
        remarks.skip(line, "it has no answer" if title else "it has no title")
        return None
    if len(told) == 1 and field_of(told[0][0]) == "answer":  # an abstract is no detail
        told = [("", told[0][1])]
    blocks += (Block("text", row_line(*zip(*told)), line=line),) if told else ()
    fields = document_fields(row, line, remarks)
    fields["questions"] = tuple(text for text in questions if text and text != title)
    identity = as_text(row.get("id"))
    return Document(title, blocks, remarks.file, line, identity, row=True, links=links, **fields)


def _is_said(text: str, said: Sequence[str]) -> bool:
    """Whether a cell repeats a title or a paragraph, or is a sentence of one; a price of 5 is not
    said by "15 colours". The title as an address writes it repeats it too."""
    if text == slug(said[0]):
        return True
    return text in said or len(text) > LONG and text in "\n".join(said)


def document_fields(row: Mapping[str, Any], line: int, remarks: Remarks) -> dict[str, Any]:
    """What rows and front matter may say of a document beside its title and text."""
    days = {
        name: as_day(row.get(name), name, line, remarks)
        for name in ("updated", "valid_from", "valid_until")
    }
    return {
        "questions": tuple(as_list(row.get("questions"))),
        "intent": as_text(row.get("intent")),
        "pictures": tuple(as_list(row.get("pictures"))),
        "human_only": as_bool(row.get("human_only"), "human_only", line, remarks),
        "language": as_text(row.get("language")).split("|")[0][:35],
        "url": as_text(row.get("url")),
        "tags": tuple(dict.fromkeys([*as_tags(row.get("tags")), *as_list(row.get("category"))])),
        **days,
    }


def text_of(value: Any) -> str:
    """A title or question without HTML."""
    text = as_text(value)
    if HTML.search(page := shown(text)):
        text = " ".join(block.text for block in html_blocks(page, Remarks(""))[0])
    return " ".join((html.unescape(text) if ENTITY.search(text) else text).split())


def answer_blocks(
    text: str, line: int, remarks: Remarks
) -> tuple[tuple[Block, ...], tuple[str, ...]]:
    """Blocks and links of an answer that is HTML, Markdown or plain text."""
    if HTML.search(page := shown(text)):  # without <your name>
        return html_blocks(page, remarks, line)
    if MARKDOWN.search(text):
        return markdown_blocks(text, remarks, line)
    plain = html.unescape(text) if ENTITY.search(text) else text
    return (Block("text", plain.strip(), line=line),), ()
