"""Signs that a voice would leave out or misread, in words or in signs that it reads well.

    "less than 5", "30 × 20 cm", "½ cup", "the hash key", "5 feet 10 inches"

Knows neither money nor dates (spoken.py).
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from mm_support.language.messages import messages
from mm_support.language.units import in_full

PLAIN = str.maketrans("‘’“”−‑\u00a0\u202f￥", "''\"\"--  ¥") | {ord("℃"): "°C", ord("℉"): "°F"}
SIGN_BEFORE = re.compile(
    r"(?:<|(?<!^)(?<![\w>] )(?<![\w>])>|(?<![\w~])(?<!\d )~)(?=\s?[$€£¥]?\d)", re.M
)
AT_LEAST = re.compile(r"(?<![<>=-])([<>])=(?=\s?[$€£¥]?\d)")
AT_LEAST_SIGNS = {"<": "≤", ">": "≥"}
TIMES = re.compile(r"(?<=\d)(?<!\b0)\s?[xX]\s?(?=\d)|(?<=\d [cm]m)\s?[xX]\s?(?=\d)")
FRACTION = re.compile(r"(?<![\d/.,:-])([123])/([234])(?=[ -][^\W\d_A-Z])")
FRACTIONS = {unicodedata.normalize("NFKC", sign).replace("⁄", "/"): sign for sign in "½⅓⅔¼¾"}
LETTERS = re.compile(r"\b([A-Za-z])(?:\s?[–—]\s?|(?<=[Aa])-(?=[Zz]))([A-Za-z])\b")  # A–F, a-z
SHARP = re.compile(r"(?<![^\W_])([A-G])#(?!\w)")  # a tone, and what is named after one
# keys of a telephone: what is dialled with them, and one alone that begins no line and stands
# before no number (order # 5)
DIALLED = re.compile(r"(?<![\w*#])[*#](?=[*#]*\d)[\d*#]*#(?!\w)")
KEY = re.compile(r"""(?<=[^\W_] )(["']?)([*#])\1(?=[\s.,;:!?)]|$)(?!\s?\d)""")
INCHES = re.compile(r"""(?:(?<![\w.,])(\d)'\s?)?(?<![\w.,])(\d+(?:\.\d+)?)\s?(?:"|''|″)(?!\w)|\"""")


def with_words(text: str, language: str) -> str:
    """language: of a voice, such as "en-us"."""
    text = AT_LEAST.sub(lambda match: AT_LEAST_SIGNS[match[1]], text)
    signs = _words(language, "signs")
    text = SIGN_BEFORE.sub(lambda m: f"{signs[m[0]]} " if m[0] in signs else m[0], text)
    text = _keys(SHARP.sub(r"\1 sharp", text), language)
    text = FRACTION.sub(lambda match: FRACTIONS.get(match[0], match[0]), text)
    text = LETTERS.sub(lambda match: _letters(match, language), TIMES.sub(" × ", text))
    return "\n".join(_inches(line, language) for line in text.split("\n"))


def to(language: str) -> str:
    """What stands between the ends of a range."""
    return messages(language[:2]).get("spoken.range", "-")


def _words(language: str, name: str) -> dict[str, str]:
    """Sign -> what is said for it."""
    told = filter(None, messages(language[:2]).get(f"spoken.{name}", "").split(", "))
    return {sign: word for sign, _, word in (pair.partition("=") for pair in told)}


def _keys(text: str, language: str) -> str:
    """*#06# -> star hash 0 6 hash; press # -> press hash."""
    keys = _words(language, "keys")
    text = DIALLED.sub(lambda match: " ".join(keys.get(key, key) for key in match[0]), text)
    return KEY.sub(lambda match: keys.get(match[2], match[0]), text)


def _letters(match: re.Match[str], language: str) -> str:
    """A–F -> A to F; what does not rise is no range."""
    first, last = match.groups()
    rises = first.islower() == last.islower() and first < last
    return f"{first}{to(language)}{last}" if rises else match[0]


def _inches(line: str, language: str) -> str:
    """15.6" -> 15.6 inches, 5'10" -> 5 feet 10 inches. The sign that ends a quotation is none."""
    quoted = False

    def said(match: re.Match[str]) -> str:
        nonlocal quoted
        if not match[2] or quoted and not match[1]:
            quoted = not quoted
            return match[0]
        feet = f"{_length(match[1], 'foot', language)} " if match[1] else ""
        return feet + _length(match[2], "inch", language)

    return INCHES.sub(said, line)


def _length(number: str, unit: str, language: str) -> str:
    return in_full(f"length-{unit}", number, Decimal(number), language)
