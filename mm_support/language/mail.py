"""What the sender of a mail wrote: without what is quoted, earlier mails and the signature.

Of a mail that is pasted into a message much may be cut, since the whole is searched for first
(`own_words`, mail-parser-reply). Of one that is knowledge nothing may be lost: only what marks
itself ends it (`end_of_own`). The library takes any line that begins with "Best," or "Tak" for a
signature, and time by the square of the text. Knows no MIME and no HTML.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from mm_support.language.sentences import ENDS

LONGEST = 2_000  # characters of a pasted mail that are looked at; the library is slow
BLANK_LINES = re.compile(r"\n\s*\n\s*")
# lines of an earlier mail, with the one above them that says whose ("... wrote:")
QUOTED = re.compile(
    r"(?:(?<=\n)|\A)(?:[^\n>][^\n]{0,200}[:：][ \t]*\n\s{0,9})?(?:[ \t]{0,9}>[^\n]*(?:\n|\Z))+"
)
# what mail programs put before the subject of a reply or a forwarded mail, by their languages
FORWARDS = "fwd?|wg|rv|tr|vb|pd|ilt|转发|转寄"
REPLIES = f"re|aw|sv|vs|antw|odp|rif|ynt|回复|答复|{FORWARDS}"
_PREFIX = re.compile(rf"^\s*(?:{REPLIES})(?:\[\d+\])?\s*[:：]\s*(?=\S)", re.IGNORECASE)
_FORWARDED = re.compile(rf"^\s*(?:{FORWARDS})\s*[:：]", re.IGNORECASE)
_SIGNED = re.compile(r"(?:^|\n)--[ \t]*(?:\n|$)")  # a line that says so itself (RFC 3676)
_HEADERS = re.compile(  # From: ..., Sent: ..., Subject: ...
    r"(?:(?<=\n)|\A)(?:\W{0,3}[^\W\d_][^:：\n]{0,20}[:：][^\S\n]*+\S[^\n]*+(?:\n|\Z)){3,10}"
)
_COURTESY = re.compile(r"[^\W\d][^\d,，、;；\n]{0,40}[,，]")  # "Dear all,", "Kind regards,"
_SENDER = 6  # lines of a signature, at most
_VALUE = re.compile(r"[:：][\s*]*(.*?)[\s*]*$", re.MULTILINE)  # of a header


def without_quoted(text: str) -> str:
    """A text without the lines of an earlier mail, each behind a ">"."""
    return QUOTED.sub("\n", text)


def own_words(text: str) -> str:
    """The newest of the mails that a text holds; "" where nothing is left of it, and of a text of
    one line. Whoever signs in the middle loses what follows, so the whole text stays the first
    thing to be searched for.
    """
    if "\n" not in text.strip():
        return ""
    mails = _parser().read(BLANK_LINES.sub("\n\n", text[:LONGEST])).replies
    bodies = (without_quoted(mail.body).strip() for mail in mails)
    return next((body for body in bodies if body.strip("\n-_ ")), "")


@functools.lru_cache(None)
def _parser():
    from mailparser_reply import EmailReplyParser
    from mailparser_reply.constants import MAIL_LANGUAGES

    languages = [name for name in MAIL_LANGUAGES if len(name) == 2]
    return EmailReplyParser(languages=languages)


def plain_subject(text: str) -> str:
    """A subject without the marks of replies: Re:, Fwd:, AW:."""
    while prefix := _PREFIX.match(text):
        text = text[prefix.end() :]
    return " ".join(text.split())


def is_forwarded(subject: str) -> bool:
    return bool(_FORWARDED.match(subject))


def end_of_own(text: str, subject: str) -> int | None:
    """Where a signature begins in a text, or the lines that name sender, day and subject of an
    earlier mail; None without any. subject: of the mail, plain.
    """
    if signed := _SIGNED.search(text):
        return signed.start()
    heads = _HEADERS.finditer(text) if subject else ()
    return next((own.start() for own in heads if _names(own[0], subject)), None)


def begins_with_salutation(texts: Sequence[str]) -> bool:
    """Whether the first of a mail's paragraphs is a short line that ends with a comma, and a
    sentence is below it.
    """
    below = texts[1] if len(texts) > 1 else ""
    return (
        bool(below) and below.endswith(ENDS) and _COURTESY.fullmatch(texts[0].strip()) is not None
    )


def at_farewell(texts: Sequence[str], sender: str = "") -> int | None:
    """The place of the paragraph with which a mail takes leave: behind a sentence, a short line
    that ends with a comma or is over the sender's name, and below it nothing but a few lines that
    are no sentences and say who wrote.
    """
    names = {*sender.casefold().split()}
    for at in range(max(1, len(texts) - _SENDER), len(texts)):
        first, *rest = "\n".join(texts[at:]).splitlines()
        plain = not any(line.rstrip().endswith((*ENDS, *",，:：")) for line in rest)
        signed = any(line.split() and {*line.casefold().split()} <= names for line in rest)
        courtesy = _COURTESY.fullmatch(first.strip()) or signed and not first.endswith(ENDS)
        takes_leave = courtesy and texts[at - 1].endswith(ENDS)
        if takes_leave and plain and 0 < len(rest) <= _SENDER:
            return at
    return None


def _names(lines: str, subject: str) -> bool:
    """Whether one of some lines "name: value" names the mail's subject."""
    return any(plain_subject(value) == subject for value in _VALUE.findall(lines))
