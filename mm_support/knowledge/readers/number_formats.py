"""A number and its format in a spreadsheet -> what people see: 15%, 129.00 €, 00424.

Thousands are not parted, as languages do that otherwise. Knows no file format.
"""

from __future__ import annotations

import re

GENERAL = "General"  # the number as it is
# what a format writes as it stands, the number, what it leaves room for, others
_PART = re.compile(
    r"[_*].|\[\$(?P<sign>[^\]-]*)[^\]]*\]|\[[^\]]*\]"
    r'|"(?P<text>[^"]*)"|\\(?P<escaped>.)|(?P<plain>[€$£¥₹₩ /-])'
    rf"|(?P<number>{GENERAL}|[#0?][#0?,.]*)|."
)
_SCIENTIFIC = re.compile(r"[Ee][+-]")


def formatted(value: float, form: str, plain: str) -> str:
    """The number as its format shows it. plain: as it is without one."""
    front, digits, rear = _split(form)
    if not digits or "?" in digits or _SCIENTIFIC.search(form):
        return plain
    number = plain if digits == GENERAL else _number(value, digits)
    return f"{front}{number} {rear}".strip() if rear else f"{front}{number}"


def _split(form: str) -> tuple[str, str, str]:
    """What a format writes in front of the number, the number, and what behind it: a currency, a
    unit. What stands between two parts of a number is of it: 000-000.
    """
    front, digits, rear = "", "", ""
    for part in _PART.finditer(form):
        said = part["sign"] or part["text"] or part["escaped"] or part["plain"] or ""
        if part["number"]:
            digits, rear = digits + rear + part["number"], ""
        elif digits:
            rear += said
        else:
            front += said
    return front.strip(), digits, rear.strip()


def _number(value: float, digits: str) -> str:
    """The digits of a number, as many as a format has places for."""
    whole, _, decimals = digits.partition(".")
    text = f"{value:.{len(decimals)}f}"
    if optional := len(decimals) - len(decimals.rstrip("#")):
        text = text[:-optional] + text[-optional:].rstrip("0")
    before, point, after = text.rstrip(".").partition(".")
    least = 1 if "," in whole else whole.count("0")
    return f"{_placed(before.zfill(least), whole)}{point}{after}"


def _placed(number: str, whole: str) -> str:
    """A whole number with what its format writes between digits: 12345 under 000-000 is 012-345."""
    left, placed = list(number), ""
    for sign in reversed(whole.replace(",", "")):
        if not left:
            break
        placed = (left.pop() if sign in "0#" else sign) + placed
    return "".join(left) + placed
