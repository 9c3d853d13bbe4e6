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
from mm_support.knowledge.readers.plain import text_blocks
from mm_support.knowledge.readers.question_pairs import with_questions
from mm_support.language.mail import (
    QUOTED,
    at_farewell,
    begins_with_salutation,
    end_of_own,
    is_forwarded,
    plain_subject,
    without_quoted,
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
    subject, forwarded = plain_subject(named), is_forwarded(named)
    text, links = _text(body, remarks), ()
    if body.get_content_subtype() == "html":
        blocks, links = (html_blocks if forwarded else _html_blocks)(text, remarks)
    else:
        lines = _without_quoted(text.replace("\r\n", "\n"), remarks).split("\n")
        blocks = tuple(replace(block, line=0) for block in text_blocks(lines))
    if not forwarded:
        senders = getattr(message["from"], "addresses", ())
        sender = " ".join(one.display_name for one in senders)
        blocks = _without_courtesies(_own(blocks, subject, remarks), sender, remarks)
    blocks = with_questions(blocks)
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
    found = [end_of_own(block.text, subject) for block in blocks]
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


def _without_courtesies(
    blocks: Sequence[Block], sender: str, remarks: Remarks
) -> tuple[Block, ...]:
    """The blocks without a salutation, and without a farewell and who wrote. sender: by name."""
    texts = [block.text for block in blocks]
    end = at_farewell(texts, sender) or len(blocks)
    start = int(begins_with_salutation(texts))
    for text in texts[:start]:
        remarks.skip(0, f"{quoted(text)} is a salutation and was left out")
    _remark("\n".join(texts[end:]), remarks)
    return tuple(blocks[start:end])


def _without_rule(text: str) -> str:
    """A text without a rule at its end."""
    lines = text.strip().split("\n")
    return "\n".join(lines[:-1] if _RULE.fullmatch(lines[-1].strip()) else lines).strip()


def _remark(text: str, remarks: Remarks) -> None:
    if text.strip():
        said = f"{quoted(text)} is a signature or quotes an earlier mail and was left out"
        remarks.skip(0, said)


def _without_quoted(text: str, remarks: Remarks) -> str:
    """A mail without the one that it answers; one that says nothing else is kept."""
    own = without_quoted(text)
    earlier = QUOTED.search(text)
    if earlier is None or not own.strip():
        return text
    _remark(earlier[0], remarks)
    return own
