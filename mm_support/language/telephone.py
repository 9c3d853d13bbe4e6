"""Telephone and card numbers in a text: digits in groups, seven or more of them."""

from __future__ import annotations

import re

PHONE = re.compile(r"(?<![\w.,])\+?\(?\d+\)?(?:[ /-]\(?\d+\)?)+(?![\w]|[.,]\d)")
LONG = 7  # digits


def digits(number: str) -> str:
    """A number without what groups it; "" for a shorter one."""
    found = re.sub(r"\D", "", number)
    return found if len(found) >= LONG else ""


def without_phones(text: str) -> str:
    return PHONE.sub(lambda match: " , " if digits(match[0]) else match[0], text)
