"""What the sender of a pasted mail wrote: without headers, what is quoted, and the signature."""

from __future__ import annotations

import functools
import re

LONGEST = 2_000  # characters that are looked at; reading takes longer by the square of them
QUOTED = re.compile(r"(?m)^[ \t]*>.*$")  # a line of an earlier mail
BLANK_LINES = re.compile(r"\n\s*\n\s*")


def own_words(text: str) -> str:
    """The newest of the mails that a text holds; "" where nothing is left of it, and of a text of
    one line. Whoever signs in the middle loses what follows, so the whole text stays the first
    thing to be searched for.
    """
    if "\n" not in text.strip():
        return ""
    mails = _parser().read(BLANK_LINES.sub("\n\n", text[:LONGEST])).replies
    bodies = (QUOTED.sub("", mail.body).strip() for mail in mails)
    return next((body for body in bodies if body.strip("\n-_ ")), "")


@functools.lru_cache(None)
def _parser():
    from mailparser_reply import EmailReplyParser
    from mailparser_reply.constants import MAIL_LANGUAGES

    languages = [name for name in MAIL_LANGUAGES if len(name) == 2]
    return EmailReplyParser(languages=languages)
