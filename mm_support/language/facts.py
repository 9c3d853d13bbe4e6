"""What of a sentence is either right or wrong: amounts, dates, times, codes, names, addresses.

    missing("It takes two weeks.", ["You get it within 14 days."])    ""
    missing("It takes 3 weeks.", ["You get it within 14 days."])      "3 weeks"

Words for units, months, weekdays and currencies are those of the Unicode locale data, so an amount
may be checked against a text in another language. Knows no meaning: what is said of an amount, a
verifier has to judge.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from mm_support.language.codes import written
from mm_support.language.detect import DEFAULT, language_of, stop_words
from mm_support.language.sentences import split_sentences, without_markers, without_step_number
from mm_support.language.telephone import PHONE, digits, without_phones
from mm_support.language.terms import UNSPACED, one_of, simplified, stem, term_set, with_digits
from mm_support.language.units import (
    CURRENCIES,
    LANGUAGES,
    SAID_ALIKE,
    calendar_names,
    calendar_words,
    unit_names,
    units_of,
)
from mm_support.language.written_dates import Day, WrittenDate, order_of, replaced
from mm_support.language.written_numbers import plain_numbers

REMEMBERED = 20_000  # texts
HOUR = ("time", 3600)
MONEY = frozenset({*CURRENCIES, "money"})  # kinds of sums
NEAR = 4  # words behind a number in which its unit may stand
FEW = (1.0, 2.0)  # number words that mostly count nothing: "one of them", "the two of you"
MOST_CAPITALS = 0.22  # share of words above which capitals mark no names, as in German

NUMBER = r"\d+(?:[.,:]\d+)*"
PIECE = re.compile(
    rf"(?P<sign>[$€£¥₹])|(?P<number>{NUMBER})(?P<nth>st|nd|rd|th)?(?![^\W\d_{UNSPACED}]*\d)"
    rf"|(?P<run>[{UNSPACED}]+)|(?P<word>(?:(?![{UNSPACED}])[^\W\d_])+(?:\.[^\W\d_]\.)?)"
    r"|(?P<mark>%|°(?:\s?[CF](?![^\W\d_]))?)|(?P<end>[.;!?](?=\s|$))"
)
TENS = {"千": 1_000, "万": 10_000, "萬": 10_000, "亿": 100_000_000, "億": 100_000_000}
MYRIADS = re.compile(rf"(?<![\d.,:])(\d+(?:\.\d+)?)([{''.join(TENS)}])")  # 12万
DISCOUNT = re.compile(  # 八五折: 85 of 100 are paid
    r"(?<![\d.])([一二三四五六七八九1-9])\s?\.?\s?([一二三四五六七八九1-9])?\s?折(?![叠页纸旧合断])"
)
EACH = re.compile("每(.{1,3})")  # 每天: a day
WEEKDAY = re.compile("(?:礼拜|周)(?=[一二三四五六日天](?![天次个小]))")  # not 每周三天
SQUARE = re.compile(r"(?<=\d)(\s?k?m)2(?!\w)")  # m² as it is typed, or normalised
PER_CENT = re.compile(r"\bper cent\b", re.IGNORECASE)
TEMPERATURES = frozenset({"degrees", "celsius", "fahrenheit"})
MARKED = TEMPERATURES | {"percent"}  # kinds that numbers are seldom of without saying so
MINUS = re.compile(
    r"(?:(?<!\w)(?:minus|moins|menos|meno|минус|мінус|miinus|μείον|영하)\s|零下|氷点下|マイナス)\s?$",
    re.IGNORECASE,
)
DASH = re.compile(rf"(?:^|[\s(:：{UNSPACED}])[-−–]$")
VERSION = re.compile(r"(?<![\d.,])(?!\d{1,3}(?:\.\d{3})+(?!\d))\d+(?:\.\d+){2,}(?![\d,])")
UNWORDED, UNSIGNED = re.compile(r"[\d./-]+"), re.compile(r"\d+")
LEADING_ZERO = re.compile(r"(?<!\d)0+(?=\d)")
CLOCK = re.compile(r"\d{1,2}:\d{2}")
MAIL_SIGN = rf"(?![{UNSPACED}])[\w.+-]"
ADDRESS = re.compile(  # each from its first sign alone, and bounded: a long word is looked at once
    rf"(?<!{MAIL_SIGN})(?:{MAIL_SIGN}){{1,64}}@[\w-]+(?:\.[\w-]+)+"
    r"|(?:https?://|www\.)[^\s<>()\[\]]+"
    r"|(?<![a-z0-9_.-])(?:[a-z0-9-]{1,63}\.){1,9}[a-z]{2,}/\S+",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W\d_](?:[\w-]*[^\W_])?")


class Amount(NamedTuple):
    """kind: what is measured, "" where the unit is not known. value: in the kind's smallest unit;
    number: as it stands in the text. said: the words; at: their place in the text of the facts.
    of: the word behind it where that is no unit, as in "50 points"; 每 of each one.
    """

    kind: str
    value: float
    number: float
    said: str
    at: int
    of: str = ""


class Numeric(NamedTuple):
    """A date that is written by numbers alone. readings: the days that it may name."""

    written: str
    readings: frozenset[Day]


class Facts(NamedTuple):
    """What a text states exactly. text: it, with digits for number words, without addresses."""

    text: str
    amounts: tuple[Amount, ...]
    days: frozenset[str]
    codes: frozenset[str]
    addresses: frozenset[str]
    dates: frozenset[Numeric] = frozenset()

    @property
    def months(self) -> frozenset[str]:
        """Those that its numeric dates may name."""
        return frozenset(f"month {day[1]}" for date in self.dates for day in date.readings)


def missing(claim: str, passages: Sequence[str], titles: Sequence[str] = ()) -> str:
    """The first fact of a claim that no passage holds, as it is written; "" where all are held.
    titles: those of the passages, whose names a claim may use wherever they stand.
    """
    claim = without_step_number(without_markers(claim)).strip()
    own, held = facts_of(claim), [facts_of(text) for text in passages]
    for amount in own.amounts:
        stated = (other for facts in held for other in facts.amounts)
        if amount.said and not any(same(amount, other) for other in stated):
            return amount.said
    for date in own.dates:
        if not any(_has_date(facts, date) for facts in held):
            return date.written
    for name in ("days", "codes", "addresses"):
        known = frozenset().union(*(getattr(facts, name) for facts in held))
        known |= frozenset().union(*(facts.months for facts in held))
        if lost := getattr(own, name) - known:
            return min(lost)
    return next((name for name in names_in(claim) if not _named(name, claim, passages, titles)), "")


def _named(name: str, claim: str, passages: Sequence[str], titles: Sequence[str]) -> bool:
    """Whether all parts of a name stand, with or without their endings, in a title, or in a
    sentence that is about the same: one that shares another word with the claim, or another name or
    amount where it is in another language.
    """
    language, others = language_of(claim), term_set(claim) - term_words(name)
    parts = [{own, stem(own, language)} for own in re.findall(r"[^\W_]+", name.lower())]

    def holds(known: frozenset[str]) -> bool:
        return not any(part.isdisjoint(known) for part in parts)

    said = map(term_words, chain.from_iterable(map(split_sentences, passages)))
    return any(holds(term_words(title)) for title in titles) or any(
        holds(known) and others & known for known in said
    )


@functools.lru_cache(REMEMBERED)
def facts_of(text: str) -> Facts:
    language = language_of(text)
    plain = plain_numbers(text, language)
    plain = unicodedata.normalize("NFKC", plain).replace("\u2011", "-")
    plain = SQUARE.sub("\\1²", plain)
    chinese = language == "zh"
    plain = DISCOUNT.sub(_share, simplified(plain)) if chinese else PER_CENT.sub("%", plain)
    addresses = frozenset(match[0].lower().rstrip(".,;") for match in ADDRESS.finditer(plain))
    dates, undated = _numeric_dates(ADDRESS.sub(" ", plain), language)
    addresses |= frozenset(digits(match[0]) for match in PHONE.finditer(undated)) - {""}
    lines = map(without_step_number, split_sentences(undated))
    bare = without_phones("\n".join(lines))
    bare = re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])", " ", bare)  # a two-year warranty
    bare = MYRIADS.sub(lambda match: f"{float(match[1]) * TENS[match[2]]:.0f}", bare)
    versions = frozenset(match[0] for match in VERSION.finditer(bare))
    codes, bare = written(bare) | versions, VERSION.sub(" , ", bare)
    worded = with_digits(bare, language)
    amounts = tuple(_amounts(worded, {_value(n) for n in re.findall(NUMBER, bare)}, language))
    amounts += tuple(_of_dates(dates, len(worded)))
    days = frozenset(_days(bare, language))
    return Facts(worded, amounts, days, codes, addresses, dates)


def _share(match: re.Match[str]) -> str:
    """八五折 -> 15%"""
    tens, ones = (int(unicodedata.numeric(digit)) if digit else 0 for digit in match.groups())
    return f"{100 - 10 * tens - ones}%"


def _numeric_dates(text: str, language: str) -> tuple[frozenset[Numeric], str]:
    """The dates with a year that a text has in numbers alone, and the text without them."""
    found = set[Numeric]()

    def taken(date: WrittenDate) -> str | None:
        if not date.has_year or not UNWORDED.fullmatch(date.written):
            return None
        found.add(Numeric(LEADING_ZERO.sub("", date.written), frozenset(date.readings)))
        return " , "

    rest = replaced(text, order_of(language), taken)
    return frozenset(found), rest


def _of_dates(dates: frozenset[Numeric], at: int) -> Iterator[Amount]:
    """The days and the years of dates, for claims that name the month in words."""
    readings = {day for date in dates for day in date.readings}
    for number in sorted({number for year, _, day in readings for number in (year, day)}):
        yield Amount("", number, number, "", at)


def _has_date(facts: Facts, date: Numeric) -> bool:
    """Whether a text has a date, in numbers or with the month in words. The same order of numbers
    is asked for only where both are written with the same signs: others read 3/4 as 4/3.
    """
    for other in facts.dates:
        alike = UNSIGNED.sub("", other.written) == UNSIGNED.sub("", date.written)
        if other.written == date.written or not alike and other.readings & date.readings:
            return True
    numbers = {amount.number for amount in facts.amounts}
    return any(
        f"month {month}" in facts.days and {year, day} <= numbers
        for year, month, day in date.readings
    )


_JOINED = re.compile(r"\d[\s.]*(?:[-–—~]|[^\W\d_]{1,4})[\s.]*\d")  # 30-8, 30 to 8, 30至8


def range_in(cell: str) -> tuple[str, float, float] | None:
    """(kind, least, most) where a cell of a table has two numbers and a unit, which may stand in
    the column's name: "Size: 4.5-10 kg", "Weight kg: 4-6"; days may be counted down, "30 to 8
    days". None for others, and for times of day, as "Hours: 9-17" are.
    """
    name, value = cell.rsplit(":", 1) if re.search(r":\s", cell) else ("", cell)
    amounts = facts_of(value).amounts
    if len(amounts) != 2 or not amounts[1].number:
        return None
    least, most = amounts
    kind, low, high = most.kind, least.value, most.value
    if not (least.kind or kind):
        units = units_of(language_of(name))
        words = re.findall(r"[^\W\d_]+[²³]?", name.lower())
        kind, size = next((units[word] for word in words if word in units), ("", 1.0))
        kind = "" if (kind, size) == HOUR else kind
        low, high = low * size, high * size
    elif not least.kind:
        low = least.number * high / most.number
    alike = kind not in ("", "clock") and least.kind in ("", kind)
    by_day = kind == "time" and high > HOUR[1] * most.number
    if alike and by_day and low > high and _JOINED.search(value):
        low, high = high, low
    return (kind, low, high) if alike and low < high else None


@functools.lru_cache(REMEMBERED)
def term_words(text: str) -> frozenset[str]:
    """The terms of a text, and its words as they stand, in small letters and without endings."""
    words = re.findall(r"[^\W_]+", text.lower())
    return term_set(text) | frozenset(words) | {stem(word, language_of(text)) for word in words}


def names_in(claim: str) -> list[str]:
    """Words in capitals inside the sentence, and any that is all capitals; none where its language
    writes nouns so.
    """
    language, words = language_of(claim), list(WORD.finditer(claim))
    known = stop_words(language) | calendar_words(language) | units_of(language).keys()
    names = [match[0] for match in words if _is_name(match, claim)]
    nouns = len(names) > 1 and len(names) > MOST_CAPITALS * len(words)
    shouted = [name for name in names if name.isupper() and len(name) > 1]
    return [name for name in (shouted if nouns else names) if name.lower() not in known]


def _is_name(match: re.Match[str], claim: str) -> bool:
    word, before = match[0], claim[: match.start()]
    inside = len(before) > 1 and before[-1] == " " and before[-2] not in ".!?…"
    return word[0].isupper() and (inside or word.isupper() and len(word) > 1)


def same(one: Amount, other: Amount) -> bool:
    """Whether both are the same amount; the number is enough where one unit is not known, or may
    be both. A share or a temperature is known by its sign: it is none of other things, "50 points".
    """
    if (one.kind, one.value) == (other.kind, other.value):
        return True
    if one.kind and other.kind:
        return one.number == other.number and one.kind != other.kind and alike(one.kind, other.kind)
    if "clock" in (one.kind, other.kind) and _hour(one) == _hour(other):
        return True
    marked = one.kind in MARKED and other.of or other.kind in MARKED and one.of
    return abs(one.number) == abs(other.number) and not marked


def alike(kind: str, other: str) -> bool:
    """Whether two kinds are the same, or one word may mean both."""
    return kind == other or frozenset((kind, other)) in SAID_ALIKE


def _hour(amount: Amount) -> float:
    return amount.value / 60 if amount.kind == "clock" else amount.number


def _amounts(text: str, digits: set[float], language: str) -> Iterator[Amount]:
    """A small number written in words is one only where a unit follows it. digits: the numbers that
    were written as such.
    """
    pieces = list(PIECE.finditer(text))
    for place, piece in enumerate(pieces):
        if not piece["number"]:
            yield from _one(pieces, place, language)
            continue
        number, spelled, at = _value(piece["number"]), piece["number"], piece.start()
        kind, size = _unit_at(pieces, place, language, number in digits)
        nth = piece["nth"] or text[:at].endswith("第")
        if number not in digits and (nth or not kind and number in FEW):
            yield Amount("", number, number, "", at)
            continue
        if CLOCK.fullmatch(spelled) or kind == "half day":
            minute = _minute_of_day(spelled, size if kind == "half day" else None)
            yield Amount("clock", minute, number, spelled, at)
            continue
        if kind in TEMPERATURES and _is_below_zero(pieces, place, text):
            number = -number
        of = "" if kind else _counted(pieces, place, text, language)
        yield Amount(kind, round(number * size, 3), number, spelled, at, of)


def _minute_of_day(spelled: str, half: float | None) -> float:
    """8:30 -> 510. half: 0 or 12 of a half day, a.m. or p.m.; None where none is told."""
    hour, minutes = _value(spelled), int("".join(spelled.split(":")[1:2]) or 0)
    if half == 12 and hour < 12:
        hour += 12
    elif half == 0 and hour == 12:
        hour = 0
    return 60 * hour + minutes


def _is_below_zero(pieces: Sequence[re.Match[str]], place: int, text: str) -> bool:
    """Whether a minus stands before a number, and not the dash of a range."""
    before = text[: pieces[place].start()]
    if MINUS.search(before):
        return True
    counted = any(piece["number"] for piece in pieces[max(0, place - 2) : place])
    return bool(DASH.search(before)) and not counted


def _counted(pieces: Sequence[re.Match[str]], place: int, text: str, language: str) -> str:
    """The word right behind a number, where it is one of a language whose units are known."""
    follows = pieces[place + 1] if place + 1 < len(pieces) else None
    if follows is None or follows.lastgroup != "word" or language not in LANGUAGES:
        return ""
    word, between = follows[0], text[pieces[place].end() : follows.start()]
    counted = word.islower() and len(word) > 2 and between == " "
    return word if counted and word not in stop_words(language) else ""


def _one(pieces: Sequence[re.Match[str]], place: int, language: str) -> Iterator[Amount]:
    """One of a unit that is named without a number: "a year", "per day", 每天."""
    text, units = pieces[place][0].lower(), units_of(language)
    for each in EACH.finditer(text):
        names = (each[1][:size] for size in (3, 2, 1))
        kind, size = next((units[name] for name in names if name in units), ("", 1.0))
        if kind:
            yield Amount(kind, size, 1.0, "", pieces[place].start() + each.start(), each[0][0])
    counted = any(piece["number"] for piece in pieces[max(0, place - 3) : place])
    counted |= place + 1 < len(pieces) and _in_front(pieces, place + 1) == text
    kind, size = units.get(text, ("", 1)) if len(text) > 2 else ("", 1)
    if kind and not counted:
        yield Amount(kind, size, 1.0, "", pieces[place].start())


def _in_front(pieces: Sequence[re.Match[str]], place: int) -> str:
    """The sign or the code of a currency in front of the number at a place, "" where there is none
    or it belongs to the number before it.
    """
    if not place or not pieces[place]["number"] or not _is_money(pieces[place - 1]):
        return ""
    sign = pieces[place - 1]
    if place > 1 and pieces[place - 2]["number"]:
        nearer = sign.start() - pieces[place - 2].end() - (pieces[place].start() - sign.end())
        taken = nearer < 0 or nearer == 0 and not (place > 2 and _is_money(pieces[place - 3]))
        return "" if taken else sign[0].lower()
    return sign[0].lower()


def _is_money(piece: re.Match[str]) -> bool:
    return piece.lastgroup == "sign" or piece[0] in CURRENCIES


def _unit_at(
    pieces: Sequence[re.Match[str]], place: int, language: str, ranges: bool
) -> tuple[str, float]:
    """What the number at a place counts: the unit behind it, before other words, or the sign in
    front; ("", 1) where none is known. ranges: whether another number may stand between.
    """
    units = units_of(language)
    if sign := _in_front(pieces, place):
        return units.get(sign, ("money", 1))
    for distance, piece in enumerate(pieces[place + 1 : place + 1 + NEAR]):
        text = re.sub(r"\s", "", piece[0].lower())
        if distance == 0 and _is_unit_too(piece, pieces[place].end(), language):
            return units[text]
        if _ends(pieces, place + 1 + distance, distance, language, ranges):
            break
        if piece.lastgroup == "run":
            longest_first = (text[i : i + n] for i in range(4) for n in (4, 3, 2, 1))
            found = next((units[name] for name in longest_first if name in units), ("", 1))
            # a half day is that of the next number: 到下午四点
            return found if found[0] != "half day" else ("", 1)
        short = len(text) < 3 and piece.lastgroup == "word"
        if text in units and not (short and (distance or text in stop_words(language))):
            return units[text]
        if piece.lastgroup == "sign" and distance == 0:
            return units.get(text, ("money", 1))
    return "", 1.0


def _is_unit_too(piece: re.Match[str], end: int, language: str) -> bool:
    """Whether a stop word right behind a number is its unit: 2 năm, 8am; "8 am" in English alone,
    where no word for a day follows it.
    """
    word, short = piece[0].lower(), piece.lastgroup == "word" and len(piece[0]) < 3
    if word in unit_names(language):
        return not short
    time = units_of(language).get(word, ("", 1))[0] == "half day"
    return time and (piece.start() == end or language == DEFAULT)


def _ends(
    pieces: Sequence[re.Match[str]], place: int, distance: int, language: str, ranges: bool
) -> bool:
    """Whether a unit behind this piece would not be that of the number before it: "30 of the days";
    "3 to 5 days" goes on.
    """
    piece = pieces[place]
    if piece.lastgroup == "end" or piece["number"]:
        return piece.lastgroup == "end" or distance != 1 or not ranges
    follows = next((own["number"] for own in pieces[place + 1 : place + 2]), None)
    in_range = ranges and distance == 0 and follows
    return not in_range and piece[0].lower() in stop_words(language)


def _days(text: str, language: str) -> Iterator[str]:
    """Weekdays and months, by number: names of both differ by language."""
    names = calendar_names(language)
    capitals = any(name[0].isupper() for name in names)
    for match in re.finditer(r"[^\W\d_]+", text):
        word = stem(match[0].lower(), language)
        begins = match.start() == 0 and match[0].lower() in stop_words(language)  # "May I ...?"
        if word in _stems(language) and not begins and (match[0][0].isupper() or not capitals):
            yield _stems(language)[word]
    unspaced, pattern = _unspaced_names(language)
    for match in pattern.finditer(WEEKDAY.sub("星期", text)) if unspaced else ():
        yield unspaced[match[0]]


@functools.lru_cache(None)
def _unspaced_names(language: str) -> tuple[dict[str, str], re.Pattern[str]]:
    """Long and short ones, and what finds one, the longest first: 二月 stands in 十二月 too.
    Not 周六, see WEEKDAY.
    """
    names = calendar_names(language, "abbreviated") | calendar_names(language)
    if "星期日" in names:
        names |= {"星期天": names["星期日"]}
    written = re.compile(rf"[{UNSPACED}]|\d월")
    whole = (name for name in names if len(name) > 1 and not name.startswith("周"))
    found = {name: names[name] for name in whole if written.search(name)}
    return found, re.compile(rf"(?<!\d){one_of(found)}")


@functools.lru_cache(None)
def _stems(language: str) -> dict[str, str]:
    names = calendar_names(language)
    return {stem(name.lower(), language): number for name, number in names.items()}


def _value(number: str) -> float:
    """1,000 and 1.000 -> 1000; 12.50, 12,5 -> 12.5; 8:30 -> 8."""
    number = number.split(":")[0]
    if re.fullmatch(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*", number):
        number = re.sub(r"[.,]", "", number)
    *whole, last = re.split(r"[.,]", number)
    return float(f"{''.join(whole)}.{last}") if whole else float(last)
