"""EML -> one document: the subject and what the mail says, without the signature and without what
it quotes; what was forwarded stays. Runs in the sandbox."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from email.message import EmailMessage, MIMEPart
from typing import Any

from mm_support.knowledge.readers.base import Block, Document, File, Remarks, quoted
from mm_support.knowledge.readers.blocks import Blocks, html_blocks, parsed, tree_blocks
from mm_support.knowledge.readers.elements import letters_of, outermost
from mm_support.knowledge.readers.encoding import decode
from mm_support.knowledge.readers.fields import as_day
from mm_support.knowledge.readers.question_pairs import with_questions

# what mail programs put before the subject of a reply or a forwarded mail, by their languages
FORWARDS = "fwd?|wg|rv|tr|vb|pd|ilt|转发|转寄"
REPLIES = f"re|aw|sv|vs|antw|odp|rif|ynt|回复|答复|{FORWARDS}"
_PREFIX = re.compile(rf"^\s*(?:{REPLIES})(?:\[\d+\])?\s*[:：]\s*(?=\S)", re.IGNORECASE)

# lines of an earlier mail, with the one above them that says whose ("... wrote:")
_QUOTED = re.compile(
    r"(?:(?<=\n)|\A)(?:[^\n>][^\n]{0,200}[:：][ \t]*\n\s{0,9})?(?:>[^\n]*(?:\n|\Z))+"
)


_FORWARDED = re.compile(rf"^\s*(?:{FORWARDS})\s*[:：]", re.IGNORECASE)
_SIGNED = re.compile(r"(?:^|\n)--[ \t]*(?:\n|$)")  # a line that says so itself (RFC 3676)
_HEADERS = re.compile(  # From: ..., Sent: ..., Subject: ...
    r"(?:(?<=\n)|\A)(?:\W{0,3}[^\W\d_][^:：\n]{0,20}[:：][^\n]*\S[^\n]*(?:\n|\Z)){3,10}"
)
_RULE = re.compile(r"[-_ ]{3,}[^\n]{0,40}(?<=[-_ ]{3})")  # -----Original Message-----
MARKED = ("div", "span", "blockquote", "pre", "p", "table")
# how mail programs mark what is quoted, and signatures: gmail_quote, moz-signature
_ASIDE = re.compile(r"(?:^|[\s_-])(?:signature|quoted?|cite)(?=$|[\s_-])", re.IGNORECASE)


def read_mail(file: File, remarks: Remarks) -> Iterator[Document]:
    """The document of a mail; attachments are named as left out."""
    message = email.message_from_bytes(file.data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    for part in message.iter_attachments():
        remarks.skip(0, f"its attachment '{part.get_filename() or 'without a name'}' was not read")
    body = message.get_body(("html", "plain"))
    if body is None:
        remarks.skip(0, "it holds no text")
        return
    named = str(message["subject"] or "")
    subject, forwarded = _subject(named), bool(_FORWARDED.match(named))
    text, links = _text(body, remarks), ()
    if body.get_content_subtype() == "html":
        blocks, links = (html_blocks if forwarded else _html_blocks)(text, remarks)
    else:
        blocks = tuple(_paragraphs(_without_quoted(text, remarks)))
    blocks = with_questions(blocks if forwarded else _own(blocks, subject, remarks))
    sent = message["date"].datetime if message["date"] and message["date"].datetime else None
    updated = as_day(sent, "date", 0, remarks)
    yield Document(subject or file.stem, blocks, file.name, links=links, updated=updated)


def _text(body: MIMEPart, remarks: Remarks) -> str:
    try:
        return body.get_content()
    except LookupError:  # an encoding that nobody knows
        return decode(body.get_payload(decode=True), remarks)  # type: ignore[arg-type]  # bytes


def _html_blocks(text: str, remarks: Remarks) -> Blocks:
    """Blocks and links, without what the mail program marks as quoted or as a signature."""
    tree = parsed(text, remarks)
    marked = [own for own in tree.iter(*MARKED) if _is_aside(own)]
    outer = outermost(marked)
    if sum(len(letters_of(own)) for own in outer) < len(letters_of(tree)):
        for own in outer:
            _remark(own.text_content(), remarks)
            own.drop_tree()
    return tree_blocks(tree, remarks)


def _is_aside(element: Any) -> bool:
    cited = element.tag == "blockquote" and element.get("type") == "cite"
    return cited or any(_ASIDE.search(element.get(name, "")) for name in ("class", "id"))


def _own(blocks: Sequence[Block], subject: str, remarks: Remarks) -> tuple[Block, ...]:
    """The blocks up to the signature or an earlier mail; all where none would be left."""
    found = [_end(block.text, subject) for block in blocks]
    at = next((at for at, end in enumerate(found) if end is not None), None)
    if at is None:
        return tuple(blocks)
    last = replace(blocks[at], text=_without_rule(blocks[at].text[: found[at]]), parts=())
    kept = [own for own in (*blocks[:at], last) if not _RULE.fullmatch(own.text)]
    if not any(block.text for block in kept):
        return tuple(blocks)
    rest = [blocks[at].text[found[at] :], *(block.text for block in blocks[at + 1 :])]
    _remark(" ".join(rest), remarks)
    return tuple(block for block in kept if block.text or block.pictures)


def _without_rule(text: str) -> str:
    """A text without a rule at its end."""
    lines = text.strip().split("\n")
    return "\n".join(lines[:-1] if _RULE.fullmatch(lines[-1].strip()) else lines).strip()


def _end(text: str, subject: str) -> int | None:
    """Where a signature begins in a text, or the lines that name sender, day and subject of an
    earlier mail; None without any."""
    if signed := _SIGNED.search(text):
        return signed.start()
    heads = _HEADERS.finditer(text)
    return next((own.start() for own in heads if _names(own[0], subject)), None)


def _names(lines: str, subject: str) -> bool:
    """Whether one of some lines "name: value" names the mail's subject."""
    values = (
        re.split("[:：]", line, maxsplit=1)[1].strip(" *") for line in lines.strip().split("\n")
    )
    return bool(subject) and any(_subject(value) == subject for value in values)


def _subject(text: str) -> str:
    """A subject without the marks of replies: Re:, Fwd:, AW:."""
    while prefix := _PREFIX.match(text):
        text = text[prefix.end() :]
    return " ".join(text.split())


def _remark(text: str, remarks: Remarks) -> None:
    if text.strip():
        said = f"{quoted(text)} is a signature or quotes an earlier mail and was left out"
        remarks.skip(0, said)


def _without_quoted(text: str, remarks: Remarks) -> str:
    """A mail without the one that it answers, line by line behind a ">"; one that says nothing
    else is kept."""
    text = text.replace("\r\n", "\n")
    own = _QUOTED.sub("\n", text)
    earlier = _QUOTED.search(text)
    if earlier is None or not own.strip():
        return text
    remarks.skip(0, f"{quoted(earlier[0])} quotes an earlier mail and was left out")
    return own


def _paragraphs(text: str) -> Iterator[Block]:
    for paragraph in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        if paragraph.strip():
            yield Block("text", paragraph.strip())
