"""Finds what identifies or pays for a person in a text, and puts masks in its place: card numbers,
IBANs, e-mail addresses, phone numbers, Chinese identity numbers and US social security numbers.

    Masks().text("My card is 4111 1111 1111 1111.")   ->  "My card is [card 1]."

Numbers with a checksum are masked where it fits, so that order and serial numbers stay. National
phone numbers are those of REGIONS, and of where the language of the turn is mostly spoken. Knows no
store and no model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from mm_support.language.detect import region_of
from mm_support.types import Question

if TYPE_CHECKING:
    from phonenumbers import PhoneNumberMatch

REGIONS = ("US", "GB", "CN")  # whose phone numbers are known in every language without a code
KINDS = ("e-mail", "IBAN", "ID number", "card", "SSN", "phone")  # the surest first
# a number that goes on in letters, or after a sign that joins, is part of a longer code
_BEGINS = r"(?<![A-Za-z0-9#])(?<![A-Za-z0-9][-_./])"
_ENDS = r"(?![A-Za-z0-9])(?![-_/][A-Za-z0-9])"
_UNSPACED = "\u3040-\u30ff\u4e00-\u9fff"  # letters around which no space shows where a name begins
_LOCAL = rf"(?:[\w.!#$%&'*+/=?^`{{|}}~-](?<![{_UNSPACED}]))+|[{_UNSPACED}]+"
_LAST_LABEL = rf"[A-Za-z\u00c0-\u024f]{{2,}}|[\u0370-\u1fff]{{2,}}|[{_UNSPACED}]{{2}}"
_EMAIL = re.compile(rf"(?:{_LOCAL})@(?:[\w-]+\.)+(?:{_LAST_LABEL})")
_CARD = re.compile(rf"{_BEGINS}\d(?:[ \n.-]?\d){{13,18}}{_ENDS}")
_IBAN = re.compile(rf"{_BEGINS}[A-Za-z]{{2}}\d{{2}}")
_IDENTITY = re.compile(rf"{_BEGINS}\d{{6}}[ -]?\d{{8}}[ -]?\d{{3}}[\dXx]{_ENDS}")
_SSN = re.compile(rf"{_BEGINS}(\d{{3}})([ -])(\d{{2}})\2(\d{{4}}){_ENDS}")
_JOINED = re.compile(_BEGINS)
# first digits -> lengths, of the schemes that give cards out
_CARDS = (
    (re.compile(r"4"), (16,)),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|220[0-4]"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"30[0-5]|3[68]"), (14,)),
    (re.compile(r"35(?:2[89]|[3-8])|6011|64[4-9]|65|6304|6759|676[1-3]|50(?:18|20|38)"), (16,)),
    (re.compile(r"62|81"), (16, 17, 18, 19)),
)
_GROUPS = ((4, 6, 5), (4, 6, 4), (6, 13))  # of a card's digits, beside fours
# characters of an IBAN by country, as SWIFT registers them
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU",
        31: "MT SC",
        32: "LC",
    }.items()
    for country in countries.split()
}
_PROVINCES = frozenset(
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55)]
    + [*range(61, 66), 71, 81, 82]
)
_IDENTITY_WEIGHTS = tuple(2**place % 11 for place in range(17, 0, -1))
_BRACKETS = re.compile(r"(\(\+?\d{1,5}\))|[()]")  # those of an area code, or others
_HAN = re.compile("[\u4e00-\u9fff]")
_CHINESE_MOBILE = re.compile(rf"{_BEGINS}1[3-9]\d{{9}}{_ENDS}")  # they are written in one piece
Span = tuple[int, int]


@dataclass(frozen=True)
class Found:
    """A stretch of a text: characters start..end of it, one of KINDS."""

    start: int
    end: int
    kind: str


class Masks:
    """The masks of one turn: the same value has the same one in all its texts.

    language: of the turn, "" where it is not known. values: mask -> what stood there.
    """

    def __init__(self, language: str = "") -> None:
        self._language, self.values = language, dict[str, str]()
        self._count: dict[str, int] = dict.fromkeys(KINDS, 0)

    def text(self, text: str) -> str:
        """The text with masks; its line breaks stay."""
        return self._replaced(text, find(text, self._language)) if text else text

    def lines(self, lines: Sequence[str]) -> list[str]:
        """The same lines; a number may go on in the next one."""
        return self.text("\n".join(lines)).split("\n") if lines else []

    def known(self, text: str) -> str:
        """A text of somebody else, such as a reply, in which only what was found before is masked:
        what the company says of itself stays.
        """
        for mask, value in self.values.items():
            text = text.replace(value, mask)
        return text

    def _replaced(self, text: str, found: Sequence[Found]) -> str:
        parts, end = [], 0
        for each in found:
            value = text[each.start : each.end]
            breaks = "\n" * value.count("\n")
            parts += [text[end : each.start], self._mask(each.kind, value), breaks]
            end = each.end
        return "".join((*parts, text[end:]))

    def _mask(self, kind: str, value: str) -> str:
        mask = next((mask for mask, known in self.values.items() if known == value), "")
        if not mask:
            self._count[kind] += 1
            mask = f"[{kind} {self._count[kind]}]"
            self.values[mask] = value
        return mask


def masked_question(question: Question) -> Question:
    """The question in words that may be handed on."""
    masks = Masks(question.language)
    return replace(
        question,
        typed=masks.text(question.typed),
        heard=masks.text(question.heard),
        read_in_photo=tuple(masks.lines(question.read_in_photo)),
    )


def revealed(text: str, values: dict[str, str]) -> str:
    """The text with what stood in the masks' place."""
    for mask, value in values.items():
        text = text.replace(mask, value)
    return text


def find(text: str, language: str = "") -> list[Found]:
    """All that is personal in a text, in its order; where two overlap, the surer kind counts."""
    plain, places = _plain(text)
    taken: list[tuple[int, int, str]] = []
    for kind, look in _FINDERS.items():
        for start, end in look(plain, language):
            if all(end <= begun or start >= ended for begun, ended, _ in taken):
                taken.append((start, end, kind))
    return [Found(places[start], places[end - 1] + 1, kind) for start, end, kind in sorted(taken)]


def _plain(text: str) -> tuple[str, Sequence[int]]:
    """The text with plain digits, letters and dashes and without invisible characters; and where
    each of its characters stands in the text.
    """
    if text.isascii():
        return text, range(len(text))
    kept = [(place, c) for place, c in enumerate(text) if unicodedata.category(c) != "Cf"]
    return "".join(_plain_character(c) for _, c in kept), [place for place, _ in kept]


def _plain_character(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(character) == "Pd":
        return "-"
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 else character


def _emails(text: str, _: str) -> Iterator[Span]:
    return (match.span() for match in _EMAIL.finditer(text))


def _cards(text: str, _: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        groups = [len(group) for group in re.split(r"\D", match[0])]
        if is_card(re.sub(r"\D", "", match[0])) and _grouped_as_card(groups):
            yield match.span()


def _grouped_as_card(groups: Sequence[int]) -> bool:
    """In one piece, in fours, as some schemes print them, or digit by digit as they are said."""
    fours = set(groups[:-1]) <= {4} and groups[-1] <= 4
    return len(groups) == 1 or fours or tuple(groups) in _GROUPS or set(groups) == {1}


def is_card(digits: str) -> bool:
    """Whether a scheme gives out such a number, and Luhn's checksum fits."""
    known = any(len(digits) in lengths and first.match(digits) for first, lengths in _CARDS)
    doubled = [2 * int(digit) for digit in digits[-2::-2]]
    single = sum(number - 9 if number > 9 else number for number in doubled)
    return known and (single + sum(map(int, digits[::-2]))) % 10 == 0


def _ibans(text: str, _: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(match[0][:2].upper(), 0)
        whole = re.compile(rf"[A-Za-z0-9](?:[ -]?[A-Za-z0-9]){{{length - 1}}}(?![A-Za-z0-9])")
        found = whole.match(text, match.start()) if length else None
        if found and is_iban(re.sub(r"[ -]", "", found[0])):
            yield found.span()


def is_iban(code: str) -> bool:
    """Whether its checksum (ISO 7064, modulo 97) fits."""
    return int("".join(str(int(c, 36)) for c in code[4:] + code[:4])) % 97 == 1


def _identities(text: str, _: str) -> Iterator[Span]:
    for match in _IDENTITY.finditer(text):
        if is_identity(re.sub(r"[ -]", "", match[0])):
            yield match.span()


def is_identity(number: str) -> bool:
    """Whether 18 characters are a Chinese identity number: province, birthday, checksum (ISO 7064,
    modulo 11-2).
    """
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    weighed = sum(int(digit) * weight for digit, weight in zip(number, _IDENTITY_WEIGHTS))
    fits = "10X98765432"[weighed % 11] == number[-1].upper()
    return fits and int(number[:2]) in _PROVINCES and number[6:8] in ("19", "20")


def _social_security(text: str, _: str) -> Iterator[Span]:
    for match in _SSN.finditer(text):
        area, group, serial = match[1], match[3], match[4]
        if area not in ("000", "666") and group != "00" and serial != "0000":
            yield match.span()


def _phones(text: str, language: str) -> Iterator[Span]:
    if sum(c.isdigit() for c in text) < 7:
        return
    from phonenumbers import Leniency, PhoneNumberMatcher

    own = region_of(language)
    chinese = own == "CN" or _HAN.search(text) is not None
    text = _BRACKETS.sub(lambda match: match[1] or " ", text)
    for region in dict.fromkeys((None, *REGIONS, own or None)):
        sure = _sure if region in (None, *REGIONS) else _surely_of
        leniency = Leniency.VALID if region else Leniency.POSSIBLE  # with a code they are sure
        for match in PhoneNumberMatcher(text, region, leniency):
            if _JOINED.match(text, match.start) and sure(match):
                yield match.start, match.end
    if chinese:
        yield from (match.span() for match in _CHINESE_MOBILE.finditer(text))


def _sure(match: PhoneNumberMatch) -> bool:
    """Whether valid digits are a phone number rather than an order's: they begin with a country or
    trunk code, or are set apart as phone numbers are.
    """
    written = match.raw_string
    if written[0] in "+0" or written.isdigit():
        return written[0] in "+0"
    return _is_grouped(match)


def _surely_of(match: PhoneNumberMatch) -> bool:
    """The same for the countries of other languages, in many of which nearly any digits are valid:
    a mobile number behind its trunk code, or digits set apart as phone numbers are there. In two
    groups, which order numbers have too, it has to be both.
    """
    from phonenumbers import PhoneNumberType, number_type

    written = match.raw_string
    mobile = written[0] == "0" and number_type(match.number) == PhoneNumberType.MOBILE
    groups = len(re.findall(r"\d+", written))
    if groups == 1:
        return mobile
    return (mobile, groups > 2, _is_grouped(match)).count(True) >= 2


def _is_grouped(match: PhoneNumberMatch) -> bool:
    """Whether its digits are set apart as phone numbers are in its country."""
    from phonenumbers import Leniency, PhoneNumberMatcher
    from phonenumbers.phonenumberutil import region_code_for_number

    region = region_code_for_number(match.number)
    return PhoneNumberMatcher(match.raw_string, region, Leniency.EXACT_GROUPING).has_next()


_FINDERS: dict[str, Callable[[str, str], Iterator[Span]]] = {
    "e-mail": _emails,
    "IBAN": _ibans,
    "ID number": _identities,
    "card": _cards,
    "SSN": _social_security,
    "phone": _phones,
}
