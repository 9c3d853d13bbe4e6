"""Markdown and MDX, as help centres and tools export them -> one document a file."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from mm_support.knowledge.readers.base import Block, Document, File, Remarks, quoted
from mm_support.knowledge.readers.blocks import LINE, Blocks, html_blocks
from mm_support.knowledge.readers.chunks import SUFFIXES as CHUNKED
from mm_support.knowledge.readers.chunks import is_silent, without_chunks
from mm_support.knowledge.readers.columns import REST, by_field, is_unpublished
from mm_support.knowledge.readers.encoding import decode
from mm_support.knowledge.readers.fields import as_text
from mm_support.knowledge.readers.front_matter import split_front_matter
from mm_support.knowledge.readers.markup import TEMPLATE, UNCLOSED, Cleaned, clean
from mm_support.knowledge.readers.properties import remark_properties, split_properties
from mm_support.knowledge.readers.question_pairs import with_questions
from mm_support.language.fences import code_of
from mm_support.language.field_names import field_of
from mm_support.language.folding import folded

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

MAX_NESTING = 50  # lists and quotes inside each other
MAX_WORDS_MARKER = 80  # characters of the line that announces questions
_ANSWERS = re.compile(r"[?？؟][^?？؟]*\w[^?？؟]*$|[.。]\s*$|\n")
_TAG = re.compile(r"</?([a-zA-Z][\w:-]*)(>?)")
# how code is called behind its fence: ```sh [apt], ```yaml title="compose.yaml"
_CODE_NAME = re.compile(r"\[([^\[\]]+)\]|\b(?:title|filename|caption)=(?:\"([^\"]+)\"|'([^']+)')")
_END = re.compile(r"</([a-zA-Z][\w:-]*)")
# what lxml lists of tags, but for names that people rather give to what is to be filled in
PLACEHOLDERS = frozenset({"command", "title"})
LETTERS = frozenset("abiqsu")  # tags of one letter that have to be ended
NEWER_TAGS = frozenset("bdi dialog main picture search slot template".split())


def read_markdown(file: File, remarks: Remarks) -> Iterator[Document]:
    """The document of a file; its title from the front matter, the first heading or its name."""
    text = decode(file.data, remarks)
    front, body, first = split_front_matter(text, remarks)
    if file.name.lower().endswith(CHUNKED):
        body = without_chunks(body, is_silent(front), remarks, first)
    front = _dated(front)
    properties, body = split_properties(body, file.name)
    remark_properties(properties, first, remarks)
    fields = by_field({**properties, **front})
    if is_unpublished(fields, 1, remarks):
        return
    for name, _ in by_field(front)[REST]:
        remarks.skip(1, f"{quoted(name)} of its front matter is not known and is not shown")
    cleaned = clean(body, first, file.name.lower().endswith(".mdx"))
    _remark_left_out(cleaned, remarks)
    blocks, links = html_blocks(_html(cleaned), remarks)
    yield _document(file, fields, _without_templates(blocks, remarks), links, remarks)


def markdown_blocks(text: str, remarks: Remarks, line: int) -> Blocks:
    """Blocks and links of a piece of Markdown, whose line breaks are kept."""
    cleaned = clean(text, line)
    _remark_left_out(cleaned, remarks)
    return html_blocks(_html(cleaned, breaks=True), remarks)


def _dated(front: dict[str, Any]) -> dict[str, Any]:
    """Front matter whose date, that of publishing, is the last change where none other is named."""
    if any(field_of(str(name)) == "updated" for name in front):
        return front
    return {
        "updated" if str(name).lower() == "date" else name: said for name, said in front.items()
    }


def _remark_left_out(cleaned: Cleaned, remarks: Remarks) -> None:
    if cleaned.unclosed:
        remarks.skip(cleaned.unclosed, UNCLOSED)
    for line, tag in cleaned.left_out():
        remarks.skip(line, f"what the site shows in place of {quoted(tag)} is not known")


def _without_templates(blocks: Sequence[Block], remarks: Remarks) -> tuple[Block, ...]:
    """The blocks without code that the site puts a file in place of: nothing says what it is for,
    as where a tag itself is explained.
    """
    kept, before = list[Block](), ""
    for block in blocks:
        code = code_of(block.text) if block.kind == "code" else ""
        filled = before in ("", "heading", "end") and code and not TEMPLATE.sub("", code).strip()
        if filled:
            remarks.skip(block.line, f"what the site shows in place of {quoted(code)} is not known")
            continue
        kept.append(block)
        before = block.kind
    return tuple(kept)


def _document(
    file: File,
    fields: dict[str, Any],
    blocks: tuple[Block, ...],
    links: tuple[str, ...],
    remarks: Remarks,
) -> Document:
    from mm_support.knowledge.readers.rows import document_fields

    title, blocks = titled(as_text(fields.get("title")), blocks, file.stem)
    questions, blocks = split_questions(blocks)
    known = document_fields(fields, 1, remarks)
    known["questions"] = (*known["questions"], *questions)
    known["url"] = known["url"] or file.url
    return Document(title, blocks, file.name, links=links, **known)


def titled(title: str, blocks: tuple[Block, ...], fallback: str) -> tuple[str, tuple[Block, ...]]:
    """The title, and the blocks without the heading that says the same."""
    top = [block for block in blocks if block.kind == "heading" and block.level == 1]
    named = top + [block for block in blocks[:1] if block.kind == "heading"]
    name = title or next((block.text for block in named), fallback)
    same = next((block for block in named if folded(block.text) == folded(name)), None)
    return name, tuple(block for block in blocks if block is not same or block.pictures)


def split_questions(blocks: Sequence[Block]) -> tuple[list[str], tuple[Block, ...]]:
    """The list under a line or heading "Questions", and the blocks without both; a list whose items
    answer as well ("Is it open? Yes.") is text. Questions that are answered below are headings.
    """
    for at, (head, items) in enumerate(zip(blocks, blocks[1:])):
        short = len(head.text) <= MAX_WORDS_MARKER and head.kind in ("heading", "text")
        if short and items.kind == "list" and field_of(head.text) == "questions":
            questions = [re.sub(r"^\s*- ", "", part) for part in items.parts]
            if not any(map(_ANSWERS.search, questions)):
                return questions, with_questions((*blocks[:at], *blocks[at + 2 :]))
    return [], with_questions(blocks)


# -- Markdown -> HTML ----------------------------------------------------------------------


@cache
def _parser(mdx: bool, breaks: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    options = {"html": True, "maxNesting": MAX_NESTING, "breaks": breaks}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    parser.use(deflist_plugin).use(footnote_plugin)
    for rule in ("paragraph_open", "paragraph_close"):  # a tag in it may be closed behind it
        parser.add_render_rule(rule, lambda *_: "<hr>")
    for rule in ("html_block", "html_inline"):
        parser.add_render_rule(rule, _shown_token)
    # MDX knows no code by indentation, and reads Markdown inside HTML
    return parser.disable(["code", "html_block"]) if mdx else parser


def _html(cleaned: Cleaned, breaks: bool = False) -> str:
    """As HTML, in which comments tell the lines of the file."""
    parser, pieces = _parser(cleaned.mdx, breaks), []
    text = "\n".join(cleaned.lines)
    env = {"ended": _ended(text)}
    for token in parser.parse(text):
        if token.map:
            at = min(token.map[0], len(cleaned.numbers) - 1)
            pieces.append(LINE.format(cleaned.numbers[at]))
        if token.type == "fence" and (named := _CODE_NAME.search(token.info)):
            pieces.append(f"<p>{html.escape(named[named.lastindex or 0])}:</p>")
        pieces.append(parser.renderer.render([token], parser.options, env))
    return "".join(pieces)


def shown(page: str) -> str:
    """HTML in which what only looks like a tag, such as <your name>, is text."""
    return _shown(page, _ended(page))


def _shown_token(_: Any, tokens: Sequence[Any], at: int, __: Any, env: Mapping[str, Any]) -> str:
    return _shown(tokens[at].content, env["ended"])


def _shown(page: str, ended: frozenset[str]) -> str:
    """ended: tags that the whole text ends somewhere."""

    def as_seen(tag: re.Match[str]) -> str:
        name = tag[1].lower()
        letter = name in LETTERS and tag[2] and name not in ended  # Press <i> for help
        return tag[0] if _is_tag(tag[1]) and not letter else f"&lt;{tag[0][1:]}"

    return _TAG.sub(as_seen, page)


def _ended(text: str) -> frozenset[str]:
    return frozenset(name.lower() for name in _END.findall(text))


@cache
def _is_tag(name: str) -> bool:
    from lxml.html.defs import tags

    known = tags - PLACEHOLDERS | NEWER_TAGS
    return name.lower() in known or "-" in name[1:-1] and not name[0].isupper()
