"""EML -> one document: the subject and what the mail says. Runs in the sandbox."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart

from mm_support.knowledge.readers.base import MAX_QUOTED, Block, Document, File, Remarks
from mm_support.knowledge.readers.blocks import html_blocks
from mm_support.knowledge.readers.encoding import decode
from mm_support.knowledge.readers.fields import as_day

# what mail programs put before the subject of a reply or a forwarded mail, by their languages
REPLIES = "re|fwd?|aw|wg|rv|tr|sv|vs|vb|antw|odp|pd|rif|ynt|ilt|回复|答复|转发|转寄"
_PREFIX = re.compile(rf"^\s*(?:{REPLIES})(?:\[\d+\])?\s*[:：]\s*(?=\S)", re.IGNORECASE)

# lines of an earlier mail, with the one above them that says whose ("... wrote:")
_QUOTED = re.compile(
    r"(?:(?<=\n)|\A)(?:[^\n>][^\n]{0,200}[:：][ \t]*\n\s{0,9})?(?:>[^\n]*(?:\n|\Z))+"
)


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
    text, links = _text(body, remarks), ()
    blocks = tuple(_paragraphs(_without_quoted(text, remarks)))
    if body.get_content_subtype() == "html":
        blocks, links = html_blocks(text, remarks)
    subject = " ".join(str(message["subject"] or "").split())
    while prefix := _PREFIX.match(subject):  # Re:, Fwd:, AW:
        subject = subject[prefix.end() :]
    sent = message["date"].datetime if message["date"] and message["date"].datetime else None
    updated = as_day(sent, "date", 0, remarks)
    yield Document(subject or file.stem, blocks, file.name, links=links, updated=updated)


def _text(body: MIMEPart, remarks: Remarks) -> str:
    try:
        return body.get_content()
    except LookupError:  # an encoding that nobody knows
        return decode(body.get_payload(decode=True), remarks)  # type: ignore[arg-type]  # bytes


def _without_quoted(text: str, remarks: Remarks) -> str:
    """A mail without the one that it answers, line by line behind a ">"; one that says nothing
    else is kept."""
    text = text.replace("\r\n", "\n")
    own = _QUOTED.sub("\n", text)
    quoted = _QUOTED.search(text)
    if quoted is None or not own.strip():
        return text
    said = " ".join(quoted[0].split())[:MAX_QUOTED]
    remarks.skip(0, f"'{said}' quotes an earlier mail and was left out")
    return own


def _paragraphs(text: str) -> Iterator[Block]:
    for paragraph in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        if paragraph.strip():
            yield Block("text", paragraph.strip())
