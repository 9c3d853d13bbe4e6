"""Text as a person would say it: what a voice is given instead of what a screen shows.

    spoken("Error **E24** costs $12.50 [1].")   "Error E24 costs 12.50 US dollars."

Markup and citations are dropped, links shortened, long numbers said digit by digit; dates, prices,
units and days are written out as the Unicode locale data of the voice's language has them. All else
is the synthesiser's own business. Knows nothing of sound.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from mm_support.language.amounts import CURRENCIES, NUMBER, PRICE, locale_of, number_in
from mm_support.language.detect import stop_words
from mm_support.language.messages import messages
from mm_support.language.spoken_table import as_rows, summary

PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "−": "-", "‑": "-", "\u00a0": " ", "\u202f": " "}
)
UNSPEAKABLE = ("So", "Cs", "Co", "Cn", "Cf", "Cc")  # categories: emoji, controls, ...
HALF_DAYS = ("am", "pm", "a.m.", "p.m.")  # of English, which others write too
# units that no reply is about: what looks like their symbols (1st, 5G, 4K, 3 pc) is something else
UNUSUAL = frozenset(
    "mass-stone mass-carat mass-dalton mass-grain acceleration-g-force temperature-kelvin"
    " temperature-generic concentr-karat concentr-item concentr-portion-per-1e9 digital-bit"
    " digital-byte duration-century duration-decade duration-quarter energy-joule force-newton"
    " graphics-dot graphics-em length-astronomical-unit length-fathom length-light-year"
    " length-nautical-mile length-parsec length-picometer length-point speed-beaufort"
    " speed-light-speed volume-bushel volume-cup volume-dram volume-drop volume-pinch"
    " volume-pint".split()
)
ELIDED = re.compile("[b-df-hj-np-tv-z]")  # the l of l'eau
LONG = 5  # digits from which a number is the number of something
GROUPED = 7  # digits, in groups: a telephone or card number

LINK = re.compile(
    r"(?:https?://)?(?:www\.)?((?:[\w-]+\.)+[a-z]{2,}(?:/[\w./-]*\w)?)/?(?:[?#]\S*\w)?"
)
DATE = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b|\b(\d{1,2})([./])(\d{1,2})\5(\d{4})\b")
HOUR = re.compile(r"(?<![\d:])(\d{1,2}):00(?![\d:])")
GROUPS = re.compile(r"(?<![\w.,])\+?\(?\d+\)?(?:[ /-]{1,2}\(?\d+\)?)+(?![\w]|[.,]\d)")
RUN = re.compile(rf"(?<![\d.,])\d{{{LONG},}}(?![\d]|[.,]\d)|(?<![\d.,:])0\d+(?![\d]|[.,]\d)")
SERIAL = re.compile(r"(?<![\w-])\d+[A-Z]+\d[A-Z\d]*(?:-[A-Z\d]+)*(?![\w-])")
TABLE = re.compile(r"(?m)(?:^[ \t]*\|.*\|[ \t]*$\n?){3,}")
RANGE = re.compile(rf"(?<![\w.-])({NUMBER})\s?[-–—]\s?({NUMBER})(?![\w]*[-–]\d)")


def spoken(text: str, language: str = "en") -> str:
    """The text for a voice of a language, such as "en-us". Empty where nothing can be said."""
    text = without_markup(_tables(text.translate(PLAIN), language))
    text = LINK.sub(lambda match: match[1], text)
    for said in (_dates, _prices, _days, _groups, _ranges, _units, _hours, _serials):
        text = said(text, language)
    text = RUN.sub(lambda match: digits(match[0]), text)
    kept = (c for c in text if unicodedata.category(c) not in UNSPEAKABLE or c == "\n")
    return tidy("".join(kept))


def _tables(text: str, language: str) -> str:
    """A table is summed up, not read."""
    return TABLE.sub(lambda match: f"\n{summary(as_rows(match[0]), language)}\n", text)


def without_markup(text: str) -> str:
    """Drops citations, pictures, links' addresses, code marks, emphasis; headings and list items
    become sentences.
    """
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", " ", text)
    text = re.sub(r"\[([^\]]*[^\W\d][^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\s*\[\^?\d+(?:\s*[,;–-]\s*\d+)*\](?:\([^)]*\))?", "", text)
    text = re.sub(r"```\w*|</?[A-Za-z][^>]*>", " ", text)
    item = r"(?m)^\s*(?:#{1,6}|[-*+•]|>)\s+(.*?)([.!?:;,]?)[ \t]*$"
    text = re.sub(item, lambda m: m[1] + (m[2] or "."), text)
    step = r"(?m)^\s*(\d+)[.)]\s+(.*?)([.!?:;,]?)[ \t]*$"
    text = re.sub(step, lambda m: f"{m[1]}, {m[2]}{m[3] or '.'}", text)
    text = re.sub(r"(?m)^\s*\|?[\s:|-]{3,}\|?\s*$", " ", text)
    text = re.sub(r"\*\*|__|`|~~|(?<!\w)[*_]|[*_](?!\w)", "", text)
    return re.sub(r"\s*[|>→•]\s*", ", ", text)


def tidy(text: str) -> str:
    """One line, one space between words, none before punctuation, no brackets."""
    text = re.sub(r"[\[\]{}<>\\^#*_`|]", " ", text)
    text = re.sub(r"\s*[()]\s*", ", ", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([,.;:!?])", r"\1", text)
    text = re.sub(r"[,;:]+(?=[.!?,;:])", "", text)
    return text.lstrip(" ,;").rstrip(" ;")  # a comma at the end is spoken as one: it goes on


def digits(number: str) -> str:
    """ "0199" -> "0 1 9 9": digit by digit."""
    return " ".join(filter(str.isdigit, number))


def _dates(text: str, language: str) -> str:
    """2026-11-23, 23.11.2026 and 11/23/2026 with the month's name; what is no date stays."""
    from babel.dates import format_date

    def said(match: re.Match[str]) -> str:
        when = _date(match, language)
        return format_date(when, "long", locale_of(language)) if when else match[0]

    return DATE.sub(said, text)


def _date(match: re.Match[str], language: str) -> date | None:
    """Day and month behind a slash are in the order of the language, unless only the other is a
    date: 31/03/2026.
    """
    year, first, second = (match[place] for place in ((1, 2, 3) if match[1] else (7, 4, 6)))
    month_first = bool(match[1]) or (match[5] == "/" and _month_first(language))
    orders = (
        [(first, second), (second, first)] if month_first else [(second, first), (first, second)]
    )
    for month, day in orders[: 1 if match[1] or match[5] == "." else 2]:
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def _month_first(language: str) -> bool:
    return locale_of(language).date_formats["short"].pattern.lower().startswith("m")


def _prices(text: str, language: str) -> str:
    """$12.50 -> 12.50 US dollars."""
    from babel.numbers import format_currency

    def said(match: re.Match[str]) -> str:
        sign, written = (match[1], match[2]) if match[1] else (match[4], match[3])
        amount = number_in(written, language)
        if amount is None:
            return match[0]
        whole, locale = amount == int(amount), locale_of(language)
        name = {"format_type": "name", "locale": locale, "currency_digits": not whole}
        return format_currency(amount, CURRENCIES[sign], "#,##0" if whole else None, **name)

    return PRICE.sub(said, text)


def _units(text: str, language: str) -> str:
    """5 kg -> 5 kilograms. A symbol that is a word too is a unit only where a clause ends."""
    words = {symbol for symbol in _unit_names(language) if _is_word(symbol, language)}
    symbols, last = _any_of({*_unit_names(language)} - words), _any_of(words)
    unit = rf"({symbols})(?![\w/'])|({last})(?=\s*(?:[.,;:!?)]|$))"
    amount = re.compile(rf"(?<![\w.,])(?<!\d:)({NUMBER})\s?(?:{unit})")

    def said(match: re.Match[str]) -> str:
        number, name = number_in(match[1], language), _unit_names(language)[match[2] or match[3]]
        return match[0] if number is None else _in_full(name, match[1], number, language)

    return amount.sub(said, text)


def _any_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first; none of no words."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True)) or "(?!)"


def _is_word(symbol: str, language: str) -> bool:
    """Whether the language's grammar has a word that is written like the symbol; a lone consonant
    of the Latin script is none, but what is left of a word before an apostrophe.
    """
    return symbol in stop_words(language[:2]) and not ELIDED.fullmatch(symbol)


def _in_full(name: str, written: str, number: Decimal, language: str) -> str:
    """The unit's long form around the number as it is written, or its short one where the locale
    data has no other.
    """
    locale = locale_of(language)
    forms = locale._data["unit_patterns"][name]
    forms = forms.get("long") or forms["short"]
    return forms.get(locale.plural_form(number), forms["other"]).replace("{0}", written)


@functools.lru_cache(None)
def _unit_names(language: str) -> dict[str, str]:
    """A unit's symbol -> its name in the locale data; none that stands for a time of day."""
    patterns = locale_of(language)._data["unit_patterns"]
    short = ((name, forms.get("short", {})) for name, forms in patterns.items())
    found = {
        pattern.replace("{0}", "").strip(): name
        for name, forms in short
        if name not in UNUSUAL
        for count, pattern in forms.items()
        if count != "per" and isinstance(pattern, str) and "{0}" in pattern
    }
    found |= {"°": "angle-degree"}
    return {symbol: found[symbol] for symbol in found.keys() - _day_periods(language) - {""}}


@functools.lru_cache(None)
def _day_periods(language: str) -> frozenset[str]:
    """The words behind a time of day, in small letters, as "pm", and how they begin: the p of
    "p. m.".
    """
    periods = locale_of(language).day_periods["format"]
    names = {name for width in ("abbreviated", "wide") for name in periods[width].values()}
    plain = {name.lower().translate(PLAIN) for name in {*names, *HALF_DAYS}}
    return frozenset(plain | {name.partition(".")[0] for name in plain})


def _days(text: str, language: str) -> str:
    """Mon-Fri -> Monday to Friday."""
    days = locale_of(language).days["format"]
    names = {days["abbreviated"][day]: days["wide"][day] for day in range(7)}
    day = "|".join(map(re.escape, names))
    pair = re.compile(rf"\b({day})\.?\s?[-–—]\s?({day})\b\.?")
    return pair.sub(lambda m: names[m[1]] + _to(language) + names[m[2]], text)


def _serials(text: str, language: str) -> str:
    """Letters and digits that take turns, one by one, a pause at each hyphen: 4F7K-22XX."""
    return SERIAL.sub(lambda match: ", ".join(map(" ".join, match[0].split("-"))), text)


def _groups(text: str, language: str) -> str:
    """Digits one by one, a pause between the groups: telephone and card numbers, not ranges."""

    def said(match: re.Match[str]) -> str:
        groups = re.findall(r"\d+", match[0])
        rising = len(groups) == 2 and int(groups[0]) < int(groups[1]) and "-" in match[0]
        if rising or sum(map(len, groups)) < GROUPED:
            return match[0]
        plus = "+" if match[0].startswith("+") else ""
        return plus + ", ".join(map(digits, groups))

    return GROUPS.sub(said, text)


def _ranges(text: str, language: str) -> str:
    """3-5 days -> 3 to 5 days."""
    return RANGE.sub(lambda match: match[1] + _to(language) + match[2], text)


def _hours(text: str, language: str) -> str:
    """9:00 -> 9 o'clock."""
    hour = messages(language[:2]).get("spoken.hour")
    return HOUR.sub(lambda m: hour.format(hour=int(m[1])), text) if hour else text


def _to(language: str) -> str:
    """What stands between the ends of a range."""
    return messages(language[:2]).get("spoken.range", "-")
